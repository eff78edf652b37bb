"""What operators do about record batches: rejected rows got and repaired, permits resolved, logs verified."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from syncer.errors import AuthError, Refused, SyncerError
from syncer.operations.ledger import open_ledger
from syncer.operations.rejects import rejects_list
from syncer.operations.rejects_get import get
from syncer.operations.rejects_repair import repair
from syncer.operations.state_verify import state_verify
from syncer.operations.state_write import resolve
from tests.apply.workspace import Noted, only, results
from tests.records.specs import BATCH, PEOPLE, batches, numbered, people, permit

if TYPE_CHECKING:
    from syncer.operations.ledger import Ledger
    from tests.apply.workspace import Workspace


def ledger_of(workspace: Workspace) -> Ledger:
    return open_ledger(workspace.root, environ=workspace.environ)


def leave_open(workspace: Workspace) -> str:
    """Have a file permitted whose first batch is not taken; return its import."""
    workspace.spec("crm", PEOPLE)
    people(workspace, "a.csv", *numbered(3))
    workspace.emulator.faults.add(match="POST /records/*", do="status", status=401, code="CDP_ETL.AUTH.TOKEN_INVALID")
    with pytest.raises(AuthError):
        workspace.run()
    found: str = permit(workspace)["import"]
    return found


def test_rejected_rows_are_listed_and_got(workspace: Workspace) -> None:
    """They are here as those of a job are; on a machine that lacks them the reason is told, and no API is asked."""
    workspace.spec("crm", PEOPLE)
    people(workspace, "a.csv", "a@x.io,Ann,7", "nobody,Bob,1", "c@x.io,Cy,1")
    workspace.run()
    (entry,) = rejects_list(ledger_of(workspace))
    assert (entry.account.open, [file.is_here for file in entry.files]) == (1, [True])
    got = get(ledger_of(workspace), entry.import_id, out=workspace.root / "rows.csv")
    assert got.rows == 1
    assert "nobody,Bob,1,2,email: invalid email format" in (workspace.root / "rows.csv").read_text(encoding="utf-8")
    shutil.rmtree(workspace.root / ".syncer" / "rejects")
    before = len(workspace.emulator.requests)
    with pytest.raises(SyncerError, match="rejected on another machine") as caught:
        get(ledger_of(workspace), entry.import_id)
    assert "syncer check crm --file data/a.csv" in caught.value.next_step
    assert workspace.emulator.requests[before:] == []


def test_a_repair_goes_as_records_too(workspace: Workspace) -> None:
    """The mended row, a lone one, is sent by the same way, and the accounts are closed."""
    workspace.spec("crm", PEOPLE)
    people(workspace, "a.csv", "a@x.io,Ann,7", "nobody,Bob,1", "c@x.io,Cy,1")
    workspace.run()
    (entry,) = rejects_list(ledger_of(workspace))
    fixed = workspace.file("fixed.csv", "email_address,FirstName,points", "bob@x.io,Bob,1")
    repair(
        workspace.root,
        entry.import_id,
        environ=workspace.environ,
        reporter=lambda _: Noted(),
        tell=lambda _: None,
        fixed=fixed,
    )
    assert workspace.writes() == [BATCH, BATCH]
    assert batches(workspace)[1].json["records"] == [{"email": "bob@x.io", "first_name": "Bob", "points": 1}] * 2
    assert workspace.merged("profiles", "email") == ["a@x.io", "bob@x.io", "c@x.io"]
    assert rejects_list(ledger_of(workspace)) == ()
    assert state_verify(ledger_of(workspace)).clean


def test_an_open_permit_can_be_given_up(workspace: Workspace) -> None:
    """After that the file is tried anew, under another permit."""
    import_id = leave_open(workspace)
    resolve(ledger_of(workspace), import_id, "abandon", reason="nobody sent it")
    assert results(workspace.run()) == {"data/a.csv": "completed"}
    jobs = [line["job"] for line in workspace.log("crm") if line["event"] == "submitted"]
    assert jobs == [f"records-{import_id}-1-1", f"records-{import_id}-1-2"]
    assert state_verify(ledger_of(workspace)).clean


def test_an_open_permit_can_be_taken_as_imported(workspace: Workspace) -> None:
    """Then nothing is sent any more."""
    import_id = leave_open(workspace)
    resolve(ledger_of(workspace), import_id, "completed", reason="its rows are there")
    before = len(workspace.emulator.requests)
    assert workspace.run().imports == ()
    assert workspace.writes(since=before) == []


def test_there_is_no_job_to_start(workspace: Workspace) -> None:
    """An operator who asks for that is told what can be done instead, and nothing is recorded."""
    import_id = leave_open(workspace)
    with pytest.raises(Refused, match="no job to start") as caught:
        resolve(ledger_of(workspace), import_id, "start", reason="it is still right")
    assert "syncer apply" in caught.value.next_step
    assert workspace.events("crm") == ["claimed", "submitted"]


def test_an_object_without_file_imports_takes_records(workspace: Workspace) -> None:
    """ingestion.fileImport forbids jobs; records do not need any."""
    workspace.spec(
        "consents",
        """
version: 1
source: {uri: data/*.csv}
target: {object: consents, match_key: consent_id, via: records}
mapping: {id: consent_id, email: email}
""",
    )
    workspace.file("data/a.csv", "id,email", "c1,a@x.io", "c2,b@x.io")
    assert only(workspace.run().imports).result == "completed"
    assert workspace.merged("consents", "consent_id") == ["c1", "c2"]
