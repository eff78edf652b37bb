"""Status and history: where every spec stands, and what was done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from syncer.errors import UsageError
from syncer.operations.history import history
from syncer.operations.status import SpecStatus, status
from tests.apply.workspace import ORDERS, PEOPLE, Workspace, only

if TYPE_CHECKING:
    from collections.abc import Callable

FAILED_JOB = {"do": "job_fails", "code": "CDP_ETL.VALIDATION.REQUEST_SCHEMA", "message": "no such field"}


def standing(workspace: Workspace, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> SpecStatus:
    found: SpecStatus = only(status(workspace.root, environ=workspace.environ, clock=clock))
    return found


def test_a_spec_goes_from_never_over_pending_to_ok(workspace: Workspace) -> None:
    """Its state says what is true of it now, and asking costs no call."""
    workspace.spec("crm", PEOPLE + 'owner: "@acme/crm"\n')
    assert standing(workspace).state == "never"
    workspace.people("a.csv", "a@example.com", "no-address")
    assert (standing(workspace).state, standing(workspace).pending) == ("pending", 1)
    assert workspace.emulator.requests == []
    workspace.run()
    now = standing(workspace)
    assert (now.state, now.imported, now.pending, now.rejects.rejected, now.owner) == ("ok", 1, 0, 1, "@acme/crm")
    assert now.last_import is not None
    assert now.last_run == workspace.log("crm")[-1]["run"]


def test_a_spec_that_was_not_fed_for_long_is_stale(workspace: Workspace) -> None:
    """`expect_every` counts from the last completed import; before the first there is nothing to count from."""
    workspace.spec("crm", PEOPLE + "expect_every: 24h\n")
    assert standing(workspace).reason == (
        "no file was ever imported; none matches the source; expect_every counts from the first"
    )
    workspace.people("a.csv", "a@example.com")
    workspace.run()
    assert standing(workspace).state == "ok"
    later = datetime.now(UTC) + timedelta(hours=25)
    assert standing(workspace, lambda: later).state == "stale"


def test_a_failing_spec_says_why(workspace: Workspace) -> None:
    """Failing goes before pending, and names the file and the code."""
    workspace.emulator.faults.add(match="POST /import-jobs/*/start", **FAILED_JOB)
    workspace.spec("shop", ORDERS)
    workspace.orders("a.csv", "o1")
    workspace.run()
    workspace.orders("b.csv", "o2")
    now = standing(workspace)
    assert now.state == "failing"
    assert "orders/a.csv" in now.reason
    assert "CDP_ETL.VALIDATION.REQUEST_SCHEMA" in now.reason


def test_a_spec_that_fails_again_and_again_is_failing_before_its_last_attempt(workspace: Workspace) -> None:
    """The next run tries again, and nobody should have to wait for the last attempt to hear of it."""
    workspace.emulator.faults.add(
        match="POST /import-jobs/*/start", do="job_fails", code="CDP_ETL.INTERNAL", message=""
    )
    workspace.spec("shop", ORDERS)
    workspace.orders("a.csv", "o1")
    workspace.run()
    now = standing(workspace)
    assert (now.state, now.pending) == ("failing", 1)
    assert "attempt 1 of 3 failed" in now.reason
    workspace.run()
    assert standing(workspace).state == "ok"


def test_a_spec_whose_last_import_took_no_row_is_failing(workspace: Workspace) -> None:
    """It is done as far as the API is concerned, but nothing has arrived."""
    workspace.spec("crm", PEOPLE)
    workspace.people("a.csv", "no-address", "none-either")
    workspace.run()
    assert (standing(workspace).state, standing(workspace).rejects.rejected) == ("failing", 2)
    assert standing(workspace).reason == "data/a.csv: every row of the last import was rejected"
    workspace.people("a.csv", "a@example.com")
    workspace.run()
    assert standing(workspace).state == "ok"


def test_a_suspended_spec_is_told_with_its_reason(workspace: Workspace) -> None:
    """Neither pending nor blocked: somebody decided it."""
    workspace.spec("crm", PEOPLE + "suspend: {reason: migration 412}\n")
    workspace.people("a.csv", "a@example.com")
    assert (standing(workspace).state, standing(workspace).reason) == ("suspended", "suspended: migration 412")


def test_history_tells_ends_newest_first_and_everything_when_asked(workspace: Workspace) -> None:
    """Each end with job, counts, reasons and who did it; with `events`, claims and permits as well."""
    workspace.spec("crm", PEOPLE)
    workspace.people("a.csv", "a@example.com", "no-address")
    workspace.run()
    workspace.people("b.csv", "b@example.com")
    workspace.run()
    entries = history(workspace.root, environ=workspace.environ)
    assert [(entry.path, entry.outcome) for entry in entries] == [
        ("data/b.csv", "completed"),
        ("data/a.csv", "completed"),
    ]
    first = entries[1]
    assert first.rows is not None
    assert (first.rows.invalid, first.rejections[0].count, first.rejects_file is not None) == (1, 1, True)
    assert first.job
    assert first.actor
    assert first.correlation_id
    everything = history(workspace.root, environ=workspace.environ, events=True)
    assert [entry.event for entry in everything] == ["finished", "submitted", "claimed"] * 2
    assert len(history(workspace.root, environ=workspace.environ, limit=1)) == 1


def test_history_is_found_by_file_import_and_any_name_of_a_spec(workspace: Workspace) -> None:
    """A renamed spec's history follows it; a name that nobody knows is a mistake, not an empty answer."""
    workspace.spec("crm", PEOPLE)
    workspace.people("a.csv", "a@example.com")
    workspace.people("b.csv", "b@example.com")
    workspace.run()
    (workspace.root / "specs" / "crm.yaml").unlink()
    workspace.spec("people", PEOPLE + "formerly: [crm]\n")
    assert workspace.run().imports == ()
    for name in ("crm", "people"):
        assert len(history(workspace.root, environ=workspace.environ, names=[name])) == 2
    assert only(history(workspace.root, environ=workspace.environ, path="data/a.csv")).path == "data/a.csv"
    wanted = workspace.log("crm")[0]["import"]
    assert {entry.import_id for entry in history(workspace.root, environ=workspace.environ, import_id=wanted[:6])} == {
        wanted
    }
    with pytest.raises(UsageError, match="nobody"):
        history(workspace.root, environ=workspace.environ, names=["nobody"])


def test_looking_changes_nothing(workspace: Workspace) -> None:
    """Status and history leave every file of the state as it was and ask the API nothing."""
    workspace.spec("crm", PEOPLE)
    workspace.people("a.csv", "a@example.com")
    workspace.run()
    before, asked = workspace.hashes(), len(workspace.emulator.requests)
    status(workspace.root, environ=workspace.environ)
    history(workspace.root, environ=workspace.environ, events=True)
    assert workspace.hashes() == before
    assert len(workspace.emulator.requests) == asked
