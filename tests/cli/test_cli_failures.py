"""How errors are shown, and the exit codes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from syncer import errors
from syncer.cli.console import Console
from syncer.cli.failures import exit_code, show
from syncer.cli.parser import defaults

RunCli = Callable[..., Any]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.SyncerError("x"), 1),
        (errors.Refused("x"), 4),
        (errors.Conflict("x"), 5),
        (errors.AuthError("x"), 6),
        (errors.UsageError("x"), 64),
        (errors.InvalidInput([]), 65),
        (errors.Waiting("x"), 75),
        (errors.Interrupted("x", signal_number=2), 130),
        (errors.Interrupted("x", signal_number=15), 143),
    ],
)
def test_exit_codes(error: errors.SyncerError, code: int) -> None:
    """Each kind of error has the exit code that the documentation promises."""
    assert exit_code(error) == code


def test_an_error_says_what_where_why_and_what_next(capsys: pytest.CaptureFixture[str]) -> None:
    """The first line is what happened; the next command stands on a line of its own."""
    error = errors.RequestRejected(
        "the API refused the mapping",
        where="spec crm",
        why="no such field",
        correlation_id="corr-1",
        next_step="check it: syncer validate --online",
    )

    code = show(error, Console(defaults(), environ={}))

    assert code == 1
    assert capsys.readouterr().err.splitlines() == [
        "error: the API refused the mapping",
        "  where: spec crm",
        "  why: no such field",
        "  correlation id: corr-1",
        "",
        "check it:",
        "",
        "    syncer validate --online",
    ]


def test_every_problem_is_shown_with_its_line(cli: RunCli, project: Path) -> None:
    """A command that meets wrong specs exits with 65 and shows all problems, each at its place."""
    (project / "specs" / "crm.yaml").write_text("version: 1\nmaping: {}\nsource: {uri: a.csv}\ntarget: {}\n", "utf-8")

    ran = cli("plan")

    assert ran.code == 65
    assert ran.err.startswith("error: ")
    assert "specs/crm.yaml:2:1: unknown key 'maping'\n  maping: {}\n  ^\n" in ran.err
    assert "specs/crm.yaml:4:" in ran.err


def test_errors_are_json_where_json_was_asked_for(cli: RunCli, project: Path) -> None:
    """A program that reads stdout finds the error there, with every problem in fields."""
    (project / "specs" / "crm.yaml").write_text("version: 2\n", "utf-8")

    ran = cli("plan", "-o", "json")

    document = json.loads(ran.out)
    assert document["format_version"] == 1
    assert document["error"]["exit_code"] == ran.code == 65
    assert document["error"]["problems"][0]["path"] == "specs/crm.yaml"


def test_a_defect_is_kept_in_a_file(cli: RunCli, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected error shows no traceback: that goes, without secrets, to a private file that is named."""
    secret = "a-token-that-nobody-may-see"
    monkeypatch.setenv("EXPERITURE_API_KEY", secret)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(f"{secret} at https://h/p?X-Amz-Signature=abc")

    monkeypatch.setattr("syncer.operations.plan.reconcile", broken)

    ran = cli("plan")

    (crash,) = (project / ".syncer").glob("crash-*.txt")
    text = crash.read_text("utf-8")
    assert ran.code == 1
    assert ran.err.startswith("error: a defect in syncer (RuntimeError)\n")
    assert crash.name in ran.err
    assert "Traceback" not in ran.err
    assert "Traceback" in text
    assert "in broken" in text
    for hidden in (secret, "X-Amz", "abc"):
        assert hidden not in ran.err
        assert f"={hidden}" not in text
        assert hidden == "abc" or hidden not in text
    if sys.platform != "win32":
        assert crash.stat().st_mode & 0o077 == 0


def test_ctrl_c_is_130(cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt where nothing handles it ends the command quietly."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("syncer.operations.plan.reconcile", interrupted)

    ran = cli("plan")

    assert ran.code == 130
    assert ran.err == "interrupted\n"


def test_every_rail_that_holds_a_run_is_named(cli: RunCli, project: Path) -> None:
    """Text has one line a rail with its way past it, JSON has them in fields, and the next step is the first's."""
    spec = (project / "specs" / "crm.yaml").read_text("utf-8")
    (project / "specs" / "crm.yaml").write_text(spec + "limits: {files: 1}\n", "utf-8")
    (project / "specs" / "more.yaml").write_text(spec + "limits: {files: 1}\n", "utf-8")

    (project / "in" / "b.csv").write_text("email,name\nbob@example.com,Bob\n", "utf-8")

    text, document = cli("apply").err, json.loads(cli("apply", "-o", "json").out)["error"]

    assert "\n  spec crm: 2 files are pending (limits.files: 1)\n      raise it in specs/crm.yaml, or" in text
    assert "\n  spec more: 2 files are pending (limits.files: 1)\n      raise it in specs/more.yaml, or" in text
    assert [each["setting"] for each in document["refusals"]] == [
        "limits.files: 1",
        "limits.files: 1",
    ]
    assert document["refusals"][0]["override"] == document["next_step"]
    assert "--over-limits crm" in document["next_step"]
