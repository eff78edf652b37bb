"""`syncer doctor` on the command line: every format, the filter, the exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from syncer.cli.parser import DOCTOR_AREAS
from syncer.emulator.testing import Emulator
from syncer.operations.doctor import Area, Status

RunCli = Callable[..., Any]


def test_the_areas_of_the_option_are_those_that_there_are() -> None:
    """Completion and help must not import what checks them."""
    assert get_args(Area) == DOCTOR_AREAS


def test_each_check_is_a_line_below_its_area(cli: RunCli, emulator: Emulator) -> None:
    """A project that is well exits with 0; the last line counts."""
    assert emulator

    ran = cli("doctor")

    lines = ran.out.splitlines()
    assert ran.code == 0
    assert [line for line in lines if line in DOCTOR_AREAS] == list(DOCTOR_AREAS)
    assert "  ok       in/*.csv: found in/a.csv" in lines
    assert lines[-1].endswith("3 skipped.")


def test_what_is_wrong_is_told_with_why_and_how_to_mend_it(cli: RunCli) -> None:
    """Nobody is at the project's API, and no token is given: the token comes first in the exit code."""
    ran = cli("doctor", "--only", "api")

    assert ran.code == 6
    assert "  failed   API token: no credentials for the Import Jobs API" in ran.out
    assert "           why: neither EXPERITURE_API_KEY nor" in ran.out
    assert "           mend: export EXPERITURE_API_KEY=…" in ran.out
    assert "specs" not in ran.out.splitlines()


def test_json_holds_everything(cli: RunCli, project: Path) -> None:
    """With the version of its format, the exit code and each problem's place."""
    (project / "specs" / "crm.yaml").write_text("version: 1\n", "utf-8")

    ran = cli("doctor", "--only", "specs", "--only", "disk", "-o", "json")

    told = json.loads(ran.out)
    assert (ran.code, told["exit_code"], told["format_version"]) == (65, 65, 1)
    assert {check["status"] for check in told["checks"]} <= set(get_args(Status))
    (specs,) = [check for check in told["checks"] if check["area"] == "specs"]
    assert set(specs) == {"area", "subject", "status", "what", "where", "why", "next_step", "problems"}
    assert specs["problems"][0]["path"] == "specs/crm.yaml"


def test_text_shows_problems_at_their_place(cli: RunCli, project: Path) -> None:
    """As validate does: path, line and column, and the line itself."""
    (project / "specs" / "crm.yaml").write_text("version: 2\n", "utf-8")

    assert "           specs/crm.yaml:1:10:" in cli("doctor", "--only", "specs").out


def test_markdown_is_a_table_that_nothing_breaks(cli: RunCli, project: Path) -> None:
    """A path with a bar in it stays in its cell."""
    spec = (project / "specs" / "crm.yaml").read_text("utf-8").replace("in/*.csv", "a|b/*.csv")
    (project / "specs" / "crm.yaml").write_text(spec, "utf-8")

    ran = cli("doctor", "--only", "disk", "-o", "markdown")

    assert ran.code == 1
    rows = [line for line in ran.out.splitlines() if line.startswith("| disk")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {6}
    assert "**failed**" in ran.out


def test_annotations_stand_where_people_look(cli: RunCli, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In GitHub Actions a failure is an annotation; a problem of a file is one at its line."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    (project / "specs" / "crm.yaml").write_text("version: 2\n", "utf-8")

    ran = cli("doctor", "--only", "specs", "--only", "api")

    assert "::error file=specs/crm.yaml,line=1,col=10::" in ran.err
    assert "::error::API token: no credentials" in ran.err


def test_an_area_that_there_is_not_is_wrong_usage(cli: RunCli) -> None:
    """With a suggestion."""
    ran = cli("doctor", "--only", "spec")

    assert ran.code == 64
    assert "did you mean 'specs'?" in ran.err
