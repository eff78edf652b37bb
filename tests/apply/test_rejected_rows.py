"""What becomes of rows that the platform rejects."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from syncer.emulator.faults import Fault
from tests.apply.workspace import ERROR_FILE, ERRORS, PEOPLE, Hurried, Noted, Workspace, only, results, shape_of

if TYPE_CHECKING:
    from pathlib import Path

    from syncer.apply.outcome import ImportOutcome

TIMED = PEOPLE.replace("first_name}", "first_name, ts: {to: signed_up_at, type: datetime}}")


@pytest.fixture
def rejected(workspace: Workspace) -> Workspace:
    """A project whose one file has two rows that will be rejected and one that will not."""
    workspace.spec("crm", TIMED)
    workspace.file(
        "data/a.csv",
        "email_address,FirstName,ts",
        "not-an-email,Nancy,2026-04-21T16:30:00Z",
        "jane@example.com,Jane,2026-04-21",
        "ann@example.com,Ann,2026-04-21T16:30:00Z",
    )
    return workspace


def kept_file(workspace: Workspace, outcome: ImportOutcome) -> Path:
    assert outcome.rejects_file is not None
    return workspace.root / outcome.rejects_file


def test_rejected_rows_are_kept_whole_and_told_by_their_reasons(rejected: Workspace) -> None:
    """The private file is the guide's, row for row; outcome and log have the reasons and no row."""
    end = only(rejected.run().imports)
    assert end.result == "completed"
    assert [(each.reason, each.count, each.first_row) for each in end.rejections] == [
        ("email_address: invalid email format", 1, 1),
        ("signed_up_at: naive datetime — include timezone offset", 1, 2),
    ]
    lines = [json.loads(line) for line in kept_file(rejected, end).read_text(encoding="utf-8").splitlines()]
    assert [line["rowNumber"] for line in lines] == [1, 2]
    assert lines[0]["sourceRow"]["email_address"] == "not-an-email"
    recorded = rejected.log("crm")[-1]
    assert recorded["rejections"][0] == {"reason": end.rejections[0].reason, "count": 1, "first_row": 1}
    assert recorded["rejects_file"] == end.rejects_file
    text = (rejected.root / "state" / "crm.jsonl").read_text(encoding="utf-8")
    for value in ("not-an-email", "jane@example.com", "Nancy", "error-files"):
        assert value not in text


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_rejected_rows_are_for_their_owners_eyes(rejected: Workspace) -> None:
    """The file is 0600 in folders of 0700, whatever the umask says."""
    before = os.umask(0)
    try:
        path = kept_file(rejected, only(rejected.run().imports))
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (path.parent, path.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("store", [None, "kept/rows"])
def test_git_never_sees_rejected_rows(rejected: Workspace, store: str | None) -> None:
    """Adding everything adds neither the rows nor anything else that is private, wherever they are kept."""
    if store:
        rejected.environ["SYNCER_REJECTS__STORE"] = store
    path = kept_file(rejected, only(rejected.run().imports))
    for command in (["git", "init", "-q"], ["git", "add", "-A"]):
        subprocess.run(command, cwd=rejected.root, check=True)
    added = subprocess.run(["git", "ls-files"], cwd=rejected.root, check=True, capture_output=True, text=True).stdout
    assert "state/crm.jsonl" in added
    assert path.name not in added
    assert ".syncer" not in added
    assert path.exists()


@pytest.mark.parametrize("call", ["GET /import-jobs/*/errors", "GET /error-files/*"])
def test_a_completion_is_recorded_although_the_rows_cannot_be_fetched(rejected: Workspace, call: str) -> None:
    """The import happened: it is recorded once, with a warning, and never sent again."""
    rejected.emulator.faults.add(match=call, do="status", status=500, times=0)
    end = only(rejected.run().imports)
    assert (end.result, end.rejects_file, end.rows.invalid) == ("completed", None, 2)
    assert "could not be fetched" in only(end.warnings)
    assert rejected.events("crm") == ["claimed", "submitted", "finished"]
    before = len(rejected.emulator.requests)
    assert rejected.run().imports == ()
    assert len(rejected.emulator.requests) == before


def test_rejected_rows_that_the_api_does_not_give_are_missed(rejected: Workspace) -> None:
    """A count of rejected rows without a file of them is a warning, not silence."""

    def watch(method: str, path: str) -> Fault | None:
        if shape_of(method, path) == ERRORS:
            rejected.emulator.world.jobs.change(path.split("/")[-2], invalid_rows=0)
        return None

    rejected.watch(watch)
    end = only(rejected.run().imports)
    assert (end.result, end.rows.invalid, end.rejects_file) == ("completed", 2, None)
    assert "no file of them" in only(end.warnings)


def test_a_completion_is_recorded_although_the_rows_cannot_be_kept(rejected: Workspace) -> None:
    """A store that is no folder costs the rows and a warning, not the record of the import."""
    rejected.file("in-the-way", "a file")
    rejected.environ["SYNCER_REJECTS__STORE"] = "in-the-way"
    end = only(rejected.run().imports)
    assert end.result == "completed"
    assert "cannot be kept" in only(end.warnings)
    assert rejected.events("crm") == ["claimed", "submitted", "finished"]


def test_a_download_that_is_cut_off_leaves_nothing_half(rejected: Workspace) -> None:
    """Only a whole file of rejected rows ever has its name."""
    rejected.emulator.faults.add(match="GET /error-files/*", do="drop_after", times=0)
    end = only(rejected.run().imports)
    assert end.rejects_file is None
    rows = rejected.root / ".syncer" / "rejects"
    assert [path.name for path in rows.rglob("*") if path.is_file()] == [".gitignore"]


def test_a_file_of_nothing_but_rejected_rows_is_systematic(workspace: Workspace) -> None:
    """The import is done and will not be repeated, and the run exits 3 so that somebody looks."""
    workspace.spec("crm", PEOPLE)
    workspace.people("a.csv", "one", "two")
    workspace.people("b.csv", "b@example.com")
    outcome = workspace.run()
    assert [end.systematic for end in outcome.imports] == [True, False]
    assert results(outcome) == {"data/a.csv": "completed", "data/b.csv": "completed"}
    assert outcome.exit_code == 3
    bad, good = outcome.imports
    assert bad.message.startswith("every row was rejected: most often dates without an offset or a wrong column")
    assert bad.rejects_file is not None
    assert bad.rejects_file in bad.message
    assert f"syncer forget {bad.item.import_id} --reason " in bad.next_step
    assert (good.message, good.next_step) == ("", "")
    assert only(outcome.imports[0].rejections).count == 2
    assert workspace.run().exit_code == 0


def test_nothing_is_asked_about_rows_when_all_are_valid(workspace: Workspace) -> None:
    """No rejected row, no call for them and no folder."""
    workspace.spec("crm", PEOPLE)
    workspace.people("a.csv", "a@example.com")
    end = only(workspace.run().imports)
    assert (end.rejections, end.rejects_file, end.warnings) == ((), None, ())
    assert not {ERRORS, ERROR_FILE} & set(workspace.calls())
    assert not (workspace.root / ".syncer" / "rejects").exists()


def test_a_stop_while_rows_are_fetched_leaves_the_rest_to_the_next_run(rejected: Workspace) -> None:
    """The end is recorded with its rows, by whoever gets to it."""
    stop = Hurried()

    def watch(method: str, path: str) -> Fault | None:
        if shape_of(method, path) == ERRORS and not stop.is_set():
            stop.by_signal(15)
            return Fault(match=f"GET {path}", do="status", status=503)
        return None

    rejected.watch(watch)
    assert results(rejected.run(stop=stop, reporter=Noted())) == {"data/a.csv": "interrupted"}
    assert rejected.events("crm") == ["claimed", "submitted"]
    end = only(rejected.run().imports)
    assert (end.result, len(end.rejections)) == ("completed", 2)
    assert end.rejects_file is not None


def test_an_address_that_ran_out_is_asked_for_again(rejected: Workspace) -> None:
    """The address of the rejected rows expires; the API gives a fresh one, and no row is lost for that."""
    rejected.emulator.faults.add(match="GET /error-files/*", do="status", status=403)
    end = only(rejected.run().imports)
    assert end.warnings == ()
    assert end.rejects_file is not None
    assert rejected.calls().count(ERRORS) == 2
