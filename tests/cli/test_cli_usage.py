"""The command line itself: help, options anywhere, and mistakes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from syncer import __version__
from syncer.cli.main import load, verb_parser
from syncer.cli.parser import defaults
from syncer.cli.verbs import VERBS

RunCli = Callable[..., Any]


def test_help_names_every_command(cli: RunCli) -> None:
    """`syncer --help` shows the verb table and exits with 0."""
    ran = cli("--help")

    assert ran.code == 0
    for verb, about in VERBS.items():
        assert f"  {verb} " in ran.out
        assert about in ran.out


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_its_own_help(cli: RunCli, verb: str) -> None:
    """`syncer VERB --help` shows its options and the common ones, and runs nothing."""
    ran = cli(verb, "--help")

    assert ran.code == 0
    assert f"usage: syncer {verb}" in ran.out
    assert "--project" in ran.out
    assert ran.err == ""


def test_the_version_is_told_twice(cli: RunCli) -> None:
    """`--version` is one line, `version` what a bug report needs."""
    assert cli("--version").out == f"syncer {__version__}\n"
    assert f"syncer {__version__}\npython 3." in cli("version").out
    assert json.loads(cli("version", "-o", "json").out)["format_version"] == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "which command?"),
        (("pln",), "unknown command 'pln'; did you mean 'plan'?"),
        (("--projct", "x", "plan"), "unknown option --projct; did you mean '--project'?"),
        (("plan", "--detailed-exitcodes"), "did you mean '--detailed-exitcode'?"),
        (("plan", "--spec=a", "--tga=b"), "unknown option --tga; did you mean '--tag'?"),
        (("plan", "extra"), "unexpected argument 'extra'"),
        (("plan", "--out"), "expected one argument"),
        (("plan", "--since", "yesterday"), "--since yesterday: expected a date such as 2026-11-01"),
        (("plan", "--since", "2026-11-02", "--until", "2026-11-01"), "no day is in between"),
        (("plan", "-o", "jsn"), "'jsn' is not one of text, json, markdown, github-matrix; did you mean 'json'?"),
        (("plan", "--set", "api.timeout"), "expected KEY=VALUE"),
        (("plan", "--set", "api=1", "--set", "api.timeout=1s"), "was given a value before"),
        (("plan", "-C", "nowhere"), "nowhere is not a folder"),
        (("plan", "--spec", "cmr"), "did you mean 'crm'?"),
        (("apply", "p.json", "--tag", "x"), "exclude each other"),
        (("history", "--limit", "0"), "is not a number of 1 or more"),
        (("emulate",), "required: --data"),
        (("emulate", "--data", "d", "--port", "99999"), "is not a port"),
        (("emulate", "--data", "d", "--client", "a"), "expected ID:SECRET"),
        (("completion", "tcsh"), "is not one of bash, zsh, fish"),
        (("demo", "--dir", "specs"), "is not empty"),
    ],
)
def test_a_wrong_command_line_exits_with_64(cli: RunCli, arguments: tuple[str, ...], told: str) -> None:
    """Every mistake is told on stderr, never with argparse's exit code, and nothing is printed as data."""
    ran = cli(*arguments)

    assert ran.code == 64
    assert ran.out == ""
    assert ran.err.startswith("error: ")
    assert told in ran.err
    assert "Traceback" not in ran.err


def test_common_options_stand_before_or_after_the_verb(cli: RunCli) -> None:
    """-o json means the same on both sides, and both sides add up."""
    before, after = cli("-o", "json", "schema"), cli("schema", "-o", "json")
    assert before.out == after.out

    mixed = cli("--set", "api.timeout=x", "validate", "--set", "api.poll.max=y")

    assert mixed.code == 65
    assert "api.timeout" in mixed.out
    assert "api.poll.max" in mixed.out


def test_names_and_options_mix() -> None:
    """Names may stand before and after options."""
    parsed = verb_parser("history", load("history")).parse(["a", "--limit", "3", "b"], defaults())

    assert parsed.names == ["a", "b"]
    assert parsed.limit == 3


def test_outside_a_project_the_cure_is_told(cli: RunCli, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without specs/ or syncer.yaml there is nothing to work on, and that is a usage error."""
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")

    ran = cli("plan")

    assert ran.code == 64
    assert "no syncer project" in ran.err
    assert "or begin one:\n\n    syncer init" in ran.err


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("plan", "--help"), ("completion", "bash")])
def test_nothing_heavy_is_imported_to_say_so(arguments: tuple[str, ...]) -> None:
    """Help, version and completion import argparse and the verbs that they are about."""
    code = (
        "import sys; from syncer.cli import run; code = run(sys.argv[1:]); print(code, *sys.modules, file=sys.stderr)"
    )

    ran = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, encoding="utf-8", check=True)

    code_told, *modules = ran.stderr.split()
    assert code_told == "0"
    assert {name.partition(".")[0] for name in modules} & {
        "pydantic",
        "yaml",
        "duckdb",
        "fsspec",
        "urllib3",
        "json",
    } == set()
    if arguments[0].startswith("--"):
        assert not any(name.startswith("syncer.cli.commands") for name in modules)
