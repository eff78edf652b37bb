"""`syncer check`: predicted rejections are the actual ones, and nothing is sent."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from syncer.emulator.testing import Emulator
from tests.cli.conftest import RunCli


def checked(cli: RunCli, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
    """Run the command and return what it says of each file."""
    ran = cli("check", "-o", "json", *arguments)
    assert ran.code == code, ran.out + ran.err
    files: list[dict[str, Any]] = json.loads(ran.out)["files"]
    return files


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_what_is_predicted_is_what_the_api_rejects(cli: RunCli, project: Path, emulator: Emulator) -> None:
    """Row numbers, source rows and reasons are the same, to the letter."""
    (project / "in" / "a.csv").write_text("email,name,ssn\nada@example.com,Ada,1\nnobody,Bob,2\n,Cy,3\n", "utf-8")
    (found,) = checked(cli)
    assert (found["rows"], found["invalid"], found["fields_known"]) == (3, 2, True)
    predicted = rows_of(project / found["rejects"])
    assert not [each for each in emulator.requests if each.method == "POST"]
    assert cli("apply").code == 0
    (kept,) = (project / ".syncer" / "rejects").rglob("*.jsonl")
    assert predicted == rows_of(kept)
    assert "ssn" not in json.dumps(predicted)


def test_without_credentials_the_mapping_is_judged(cli: RunCli) -> None:
    """What the object asks for is not known, and the answer says so."""
    (found,) = checked(cli)
    assert (found["invalid"], found["fields_known"]) == (0, False)
    assert "the fields of the object are not known" in cli("check").out


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize(
    ("checks", "over"),
    [
        ("checks: {max_invalid: 49%}", "checks.max_invalid is 49%"),
        ("checks: {min_rows: 3}", "checks.min_rows is 3"),
        ("on_invalid: abort", "on_invalid is abort"),
        ("checks: {max_invalid: 50%, min_rows: 2}", ""),
    ],
)
def test_a_file_is_held_against_the_checks_of_its_spec(cli: RunCli, project: Path, checks: str, over: str) -> None:
    """The exit code tells a pipeline, the last column tells a person."""
    spec = project / "specs" / "crm.yaml"
    spec.write_text(f"{spec.read_text('utf-8')}{checks}\n", "utf-8")
    (found,) = checked(cli, "crm", code=3 if over else 0)
    assert found["over"] == over


@pytest.mark.usefixtures("emulator")
def test_any_file_can_be_checked_as_a_spec_s(cli: RunCli, project: Path) -> None:
    """It need not be pending, nor match the spec's URI."""
    (project / "other.csv").write_text("email,name\nx,X\n", "utf-8")
    (found,) = checked(cli, "crm", "--file", "other.csv")
    assert (found["path"], found["invalid"]) == ("other.csv", 1)
    assert cli("check", "--file", "other.csv").code == 64
    assert cli("check", "crm", "--file", "gone.csv").code == 1


@pytest.mark.usefixtures("emulator")
def test_a_file_that_cannot_be_prepared_is_told_among_the_others(cli: RunCli, project: Path) -> None:
    """One broken export hides no other file."""
    (project / "in" / "b.csv").write_text("name\nBob\n", "utf-8")
    good, broken = checked(cli, code=1)
    assert (good["invalid"], broken["problem"][:29]) == (1, "in/b.csv has no column 'email")


@pytest.mark.usefixtures("emulator")
def test_rows_are_shown_to_nobody_else(cli: RunCli, project: Path) -> None:
    """They are in a private file that git does not see, and neither on the screen nor in the log."""
    (found,) = checked(cli)
    assert "nobody" not in cli("check").out + cli("check", "-o", "markdown").out
    path = project / found["rejects"]
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (path.parent / ".gitignore").read_text("utf-8") == "*\n"
    assert not (project / "state").exists()
