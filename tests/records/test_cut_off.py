"""Runs that end between the permit and the end: what is there is gone on with, and never by another way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from syncer.errors import AuthError
from syncer.model.log import Standing
from syncer.state.store import LocalStore
from tests.apply.killed import start_run
from tests.apply.killer import Effect, Killer
from tests.apply.workspace import ONE_IMPORT, Hurried, Noted, Workspace, only, results
from tests.records.specs import BATCH, PEOPLE, batches, numbered, people

if TYPE_CHECKING:
    from syncer.plan import PlannedImport

TWO_BATCHES = 10_005


def kill_at_batch(workspace: Workspace, at: int, effect: Effect) -> None:
    killer = Killer(at, effect, only=BATCH)
    workspace.watch(killer.watch)
    killer.process = start_run(workspace.root, workspace.environ)
    killer.process.join(60)
    assert killer.killed_at == BATCH
    workspace.watch(lambda *_: None)


def check_done(workspace: Workspace, rows: int) -> None:
    """Every row is there once, and nothing of the import is open."""
    assert workspace.emulator.query("SELECT count(*), count(DISTINCT email) FROM profiles") == [(rows, rows)]
    assert workspace.jobs() == []
    store = LocalStore(workspace.root / "state")
    (life,) = [life for _, _, life in store.read().all_generations("127.0.0.1")]
    assert (life.standing, life.open_permits, len(life.permits)) == (Standing.DONE, [], 1)


@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("effect", ["drop_before", "drop_after"])
def test_a_run_that_is_killed_at_a_batch_is_gone_on_with(workspace: Workspace, at: int, effect: Effect) -> None:
    """The next run takes the permit over and sends every batch again, the same bytes under the same keys."""
    workspace.spec("crm", PEOPLE)
    people(workspace, "a.csv", *numbered(TWO_BATCHES))
    kill_at_batch(workspace, at, effect)
    assert workspace.events("crm") == ["claimed", "submitted"]
    before = len(workspace.emulator.requests)
    outcome = only(workspace.run().imports)
    assert outcome.result == "completed"
    assert outcome.rows.read == outcome.rows.valid == TWO_BATCHES
    assert workspace.events("crm") == ["claimed", "submitted", "claimed", "finished"]
    assert [line["epoch"] for line in workspace.log("crm") if line["event"] != "finished"] == [1, 1, 2]
    again = batches(workspace, since=before)
    assert len(again) == 2
    keys = {each.headers["idempotency-key"] for each in again}
    assert {each.headers["idempotency-key"] for each in batches(workspace)} == keys
    check_done(workspace, TWO_BATCHES)


def leave_open(workspace: Workspace, *, after: int = 0) -> None:
    """Run until so many batches are answered; the token is refused for the next."""
    workspace.emulator.faults.add(
        match="POST /records/*", do="status", status=401, code="CDP_ETL.AUTH.TOKEN_INVALID", nth=after + 1
    )
    with pytest.raises(AuthError):
        workspace.run()


def test_a_wish_to_stop_is_heard_between_two_batches(workspace: Workspace) -> None:
    """The permit stays open, and the next run sends all of it."""
    workspace.spec("crm", PEOPLE)
    people(workspace, "a.csv", *numbered(TWO_BATCHES))
    stop = Hurried()

    class Stopping(Noted):
        def polled(self, item: PlannedImport, job: str, rows: Any, seconds: float) -> None:
            del item, job, rows, seconds
            stop.by_signal(15)

    assert only(workspace.run(reporter=Stopping(), stop=stop).imports).result == "interrupted"
    assert len(batches(workspace)) == 1
    assert workspace.events("crm") == ["claimed", "submitted"]
    assert results(workspace.run()) == {"data/a.csv": "completed"}
    check_done(workspace, TWO_BATCHES)


def test_a_batch_without_an_answer_leaves_the_permit_open(workspace: Workspace) -> None:
    """Past all patience the import is unfinished, never failed; the next run goes on."""
    workspace.spec("crm", PEOPLE)
    people(workspace, "a.csv", *numbered(3))
    workspace.emulator.faults.add(match="POST /records/*", do="status_after", status=503, times=0)
    assert only(workspace.run().imports).result == "unfinished"
    assert workspace.events("crm") == ["claimed", "submitted"]
    workspace.watch(lambda *_: None)
    assert results(workspace.run()) == {"data/a.csv": "completed"}
    assert len({each.headers["idempotency-key"] for each in workspace.requests(BATCH)}) == 1
    check_done(workspace, 3)


def test_an_answer_that_is_late_is_waited_for(workspace: Workspace) -> None:
    """429 and 5xx are tried again with the same key, and nothing of it is seen in the end."""
    workspace.spec("crm", PEOPLE)
    people(workspace, "a.csv", *numbered(3))
    workspace.emulator.faults.add(match="POST /records/*", do="status", status=429, code="CDP_ETL.RATE.LIMITED")
    assert results(workspace.run()) == {"data/a.csv": "completed"}
    tried = workspace.requests(BATCH)
    assert [each.status for each in tried] == [429, 200]
    assert len({each.headers["idempotency-key"] for each in tried}) == 1


@pytest.mark.parametrize("change", ["file", "no file", "spec", "no spec"])
def test_what_cannot_be_made_again_needs_attention(workspace: Workspace, change: str) -> None:
    """Another file or spec gives other batches: nothing is sent, and the object is held until somebody decides."""
    workspace.spec("crm", PEOPLE)
    people(workspace, "a.csv", *numbered(3))
    leave_open(workspace)
    match change:
        case "file":
            people(workspace, "a.csv", *numbered(4))
        case "no file":
            (workspace.root / "data/a.csv").unlink()
        case "spec":
            workspace.spec("crm", PEOPLE.replace("  FirstName: first_name\n", ""))
        case "no spec":
            (workspace.root / "specs/crm.yaml").unlink()
    before = len(workspace.emulator.requests)
    outcome = workspace.run().imports[0]
    assert outcome.result == "attention", outcome.message
    assert "state resolve" in outcome.next_step
    assert workspace.writes(since=before) == []
    assert "finished" not in workspace.events("crm")


def test_a_spec_and_a_file_that_are_brought_back_are_gone_on_with(workspace: Workspace) -> None:
    """Attention is no end: what was permitted is sent once it can be made again."""
    workspace.spec("crm", PEOPLE)
    people(workspace, "a.csv", *numbered(3))
    leave_open(workspace)
    (workspace.root / "data/a.csv").unlink()
    workspace.run()
    people(workspace, "a.csv", *numbered(3))
    assert results(workspace.run()) == {"data/a.csv": "completed"}
    check_done(workspace, 3)


def test_nothing_else_is_imported_on_the_object_meanwhile(workspace: Workspace) -> None:
    """An open permit holds the object: what came later waits, and overtakes nothing."""
    workspace.spec("crm", PEOPLE)
    people(workspace, "a.csv", *numbered(3))
    leave_open(workspace)
    (workspace.root / "data/a.csv").unlink()
    workspace.spec("other", PEOPLE.replace("data/*", "orders/*").replace("via: records", "via: import"))
    workspace.file("orders/b.csv", "email_address,FirstName,points", "p1@x.io,Later,1")
    before = len(workspace.emulator.requests)
    assert set(results(workspace.run()).values()) <= {"attention", "held"}
    assert workspace.writes(since=before) == []


def test_a_first_batch_that_is_refused_is_the_end(workspace: Workspace) -> None:
    """Nothing was written, so the import has failed for good, and a corrected spec is tried by itself."""
    workspace.spec("crm", PEOPLE.replace("first_name", "nickname"))
    people(workspace, "a.csv", *numbered(3))
    outcome = only(workspace.run().imports)
    assert outcome.result == "failed"
    assert workspace.events("crm") == ["claimed", "submitted", "finished"]
    assert workspace.log("crm")[-1]["failure"]["kind"] == "final"
    assert "p0@x.io" not in str(workspace.log("crm"))
    workspace.spec("crm", PEOPLE)
    assert results(workspace.run()) == {"data/a.csv": "completed"}
    assert len(set(permit_jobs(workspace))) == 2


def permit_jobs(workspace: Workspace) -> list[str]:
    return [line["job"] for line in workspace.log("crm") if line["event"] == "submitted"]


def test_a_later_batch_that_is_refused_needs_attention(workspace: Workspace) -> None:
    """Some rows are there, so it has not failed; the object is held, and an operator's word ends it."""
    workspace.spec("crm", PEOPLE)
    people(workspace, "a.csv", *numbered(TWO_BATCHES))
    workspace.emulator.faults.add(
        match="POST /records/*", do="status", status=400, code="CDP_ETL.VALIDATION.REQUEST_INVALID", nth=2
    )
    outcome = only(workspace.run().imports)
    assert outcome.result == "attention"
    assert "10,000 of its rows" in outcome.message
    assert workspace.events("crm") == ["claimed", "submitted"]
    assert results(workspace.run()) == {"data/a.csv": "completed"}
    check_done(workspace, TWO_BATCHES)


def test_a_queue_of_batches_and_jobs_keeps_its_order(workspace: Workspace) -> None:
    """Files of one spec are imported in order, whichever way each of them goes."""
    workspace.spec("crm", PEOPLE.replace("via: records", "via: auto"))
    people(workspace, "a.csv", "p1@x.io,First,1", "p2@x.io,First,1")
    people(workspace, "b.csv", "p1@x.io,Second,2")
    people(workspace, "c.csv", "p1@x.io,Third,3", "p3@x.io,Third,3")
    assert set(results(workspace.run()).values()) == {"completed"}
    assert workspace.writes() == [BATCH, *ONE_IMPORT, BATCH]
    assert workspace.emulator.query("SELECT email, first_name FROM profiles ORDER BY 1") == [
        ("p1@x.io", "Third"),
        ("p2@x.io", "First"),
        ("p3@x.io", "Third"),
    ]
