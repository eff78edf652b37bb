"""`syncer doctor` on specs, settings and this machine's own folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.doctor.examined import Examined, examine

if TYPE_CHECKING:
    from pathlib import Path

SPEC = """\
version: 1
source: {{uri: "{uri}"}}
target: {{object: profiles}}
mapping: {{email: email}}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "specs").mkdir(parents=True)
    (root / "in").mkdir()
    (root / "in" / "a.csv").write_text("email\n", "utf-8")
    (root / "specs" / "crm.yaml").write_text(SPEC.format(uri="in/*.csv"), "utf-8")
    return root


def look(root: Path, **environ: str) -> Examined:
    return examine(root, ["specs", "disk"], environ)


def test_a_project_that_is_well_passes(root: Path) -> None:
    """The first file of each source is named, and the room that is left."""
    found = look(root)

    assert found.exit_code == 0
    assert found.with_status("ok") == [check.subject for check in found.found.checks]
    assert found["in/*.csv"].what == "found in/a.csv"
    assert "B free" in found["room"].what


def test_a_broken_spec_stops_no_other_check(root: Path) -> None:
    """Its problems have their places, and the other specs are looked at."""
    (root / "specs" / "bad.yaml").write_text(SPEC.format(uri="in/*.txt") + "mappings: {}\n", "utf-8")

    found = look(root)

    assert found.exit_code == 65
    places = {(problem.path, problem.line) for problem in found["syncer.yaml and specs/"].problems}
    assert ("specs/bad.yaml", 5) in places
    assert "of 2 specs, 1 can be looked at" in found["syncer.yaml and specs/"].why
    assert found["in/*.csv"].status == "ok"
    assert "in/*.txt" not in found


def test_broken_settings_are_told_whatever_was_asked_for(root: Path) -> None:
    """What rests on them is skipped: the defaults would lead to other places."""
    (root / "syncer.yaml").write_text("api: {base_url: nowhere}\n", "utf-8")

    found = examine(root, ["api", "state"], {})

    assert found.exit_code == 65
    assert found["syncer.yaml and specs/"].problems[0].path == "syncer.yaml"
    assert found.with_status("skipped") == ["api", "state"]


def test_a_warning_about_specs_fails_nothing(root: Path) -> None:
    """Two specs for the same files may be meant."""
    (root / "specs" / "twin.yaml").write_text(SPEC.format(uri="in/*.csv"), "utf-8")

    found = look(root)

    assert found.exit_code == 0
    (told,) = [check for check in found.found.checks if check.status == "warning"]
    assert "imports the same files" in told.problems[0].message


def test_a_project_without_specs_is_told_how_to_begin(root: Path) -> None:
    """It is no failure."""
    (root / "specs" / "crm.yaml").unlink()

    found = look(root)

    assert found.exit_code == 0
    assert "syncer schema" in found["syncer.yaml and specs/"].next_step


def test_a_folder_that_is_not_there_is_told(root: Path) -> None:
    """As plan tells it."""
    (root / "specs" / "gone.yaml").write_text(SPEC.format(uri="gone/*.csv"), "utf-8")

    found = look(root)

    assert found.exit_code == 1
    assert "the folder gone does not exist" in found["gone/*.csv"].what


def test_a_way_out_of_the_allowed_folders_is_told(root: Path, tmp_path: Path) -> None:
    """A symlink leads elsewhere; with the setting that allows it, it may."""
    (tmp_path / "elsewhere").mkdir()
    (root / "out").symlink_to(tmp_path / "elsewhere")
    (root / "specs" / "out.yaml").write_text(SPEC.format(uri="out/*.csv"), "utf-8")

    refused = look(root)
    allowed = look(root, SYNCER_ALLOW__LOCAL_ROOTS=f".,{tmp_path / 'elsewhere'}")

    assert refused.exit_code == 1
    assert "allow.local_roots" in refused["out/*.csv"].next_step
    assert allowed["out/*.csv"].status == "ok"


@pytest.mark.parametrize(("name", "subject"), [(".syncer", ".syncer"), ("scratch", "prepare.temp_dir")])
def test_a_folder_that_cannot_be_written_to_is_told(root: Path, name: str, subject: str) -> None:
    """A file stands in its way here, so that not even root can write there."""
    (root / "syncer.yaml").write_text("prepare: {temp_dir: scratch}\n", "utf-8")
    (root / name).write_text("a file", "utf-8")

    found = look(root)

    assert found.exit_code == 1
    assert found.with_status("failed") == [check.subject for check in found.found.checks if subject in check.subject]
    assert found[subject].next_step


def test_too_little_room_is_a_warning(root: Path) -> None:
    """Against the memory that preparing may take."""
    found = look(root, SYNCER_PREPARE__MEMORY_LIMIT="900000TB")

    assert found.exit_code == 0
    assert found["room"].status == "warning"
    assert "prepare.temp_dir" in found["room"].next_step
