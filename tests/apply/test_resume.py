"""What a run finds that an earlier one left: a permitted job is asked first, and no other one takes its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncer.apply.context import Stop
from syncer.apply.progress import Step
from syncer.errors import AuthError, Interrupted
from syncer.operations.apply import apply
from syncer.plan import Action
from tests.apply.workspace import (
    INIT,
    ONE_IMPORT,
    ORDERS,
    PEOPLE,
    START,
    STATUS,
    UPLOAD,
    Hurried,
    Noted,
    Workspace,
    only,
    results,
)

if TYPE_CHECKING:
    from syncer.emulator.faults import Fault
    from syncer.plan import Plan, PlannedImport

REFUSED_TOKEN = {"do": "status", "status": 401, "code": "CDP_ETL.AUTH.TOKEN_INVALID"}


def stopped_at(step: Step, stop: Stop) -> Noted:
    """Return a reporter that asks for the end of the run, as a signal does, once an import reaches `step`."""

    def on_step(_: PlannedImport, reached: Step) -> None:
        if reached is step:
            stop.by_signal(15)

    return Noted(on_step)


def interrupt(workspace: Workspace, step: Step) -> None:
    """Run until an import reaches `step`, and no further."""
    stop = Hurried()
    workspace.run(reporter=stopped_at(step, stop), stop=stop)


def leave_permitted(workspace: Workspace) -> None:
    """Run until the first job is permitted; the API refuses to start it."""
    workspace.emulator.faults.add(match="POST /import-jobs/*/start", **REFUSED_TOKEN)
    with pytest.raises(AuthError):
        workspace.run()


def test_a_permitted_job_that_was_not_started_is_started(workspace: Workspace) -> None:
    """The next run asks for its state and starts that very job; nothing is made or uploaded again."""
    workspace.spec("shop", ORDERS)
    workspace.orders("a.csv", "o1", "o2")
    leave_permitted(workspace)
    assert workspace.events("shop") == ["claimed", "submitted"]
    before = len(workspace.emulator.requests)
    assert results(workspace.run()) == {"orders/a.csv": "completed"}
    assert workspace.writes(since=before) == [START]
    asked = workspace.calls(since=before)
    assert asked.index(STATUS) < asked.index(START)
    assert workspace.merged("orders", "order_id") == ["o1", "o2"]
    assert workspace.events("shop") == ["claimed", "submitted", "finished"]


def test_a_running_job_is_followed(workspace: Workspace) -> None:
    """A job that still runs is polled to its end, and not started again."""
    workspace.emulator.faults.add(match="POST /import-jobs/*/start", do="stick", seconds=60)
    workspace.spec("shop", ORDERS)
    workspace.orders("a.csv", "o1")
    interrupt(workspace, Step.RUNNING)
    before = len(workspace.emulator.requests)
    polls: list[str] = []

    def watch(_: str, path: str) -> Fault | None:
        polls.append(path)
        if len(polls) == 4:
            workspace.emulator.clock.advance(61)
        return None

    workspace.watch(watch)
    assert results(workspace.run()) == {"orders/a.csv": "completed"}
    assert workspace.writes(since=before) == []
    assert workspace.calls(since=before).count(STATUS) >= 3
    assert workspace.merged("orders", "order_id") == ["o1"]


def test_a_job_that_completed_meanwhile_is_recorded(workspace: Workspace) -> None:
    """Its end goes into the log with one question and no write, also when the source file is gone by now."""
    workspace.spec("shop", ORDERS)
    path = workspace.orders("a.csv", "o1")
    interrupt(workspace, Step.RUNNING)
    assert workspace.events("shop") == ["claimed", "submitted"]
    path.unlink()
    before = len(workspace.emulator.requests)
    outcome = workspace.run()
    assert results(outcome) == {"orders/a.csv": "completed"}
    assert only(outcome.imports).rows.inserts == 1
    assert workspace.writes(since=before) == []
    assert workspace.events("shop") == ["claimed", "submitted", "finished"]


def test_a_job_that_failed_meanwhile_is_recorded_and_the_next_run_tries_again(workspace: Workspace) -> None:
    """A recorded failure makes room for another job, and the rows arrive once."""
    workspace.emulator.faults.add(
        match="POST /import-jobs/*/start", do="job_fails", code="CDP_ETL.IMPORT.SOURCE_UNREADABLE", message="corrupt"
    )
    workspace.spec("shop", ORDERS)
    workspace.orders("a.csv", "o1")
    interrupt(workspace, Step.RUNNING)
    outcome = workspace.run()
    assert only(outcome.imports).result == "failed"
    assert "CDP_ETL.IMPORT.SOURCE_UNREADABLE" in only(outcome.imports).message
    assert "syncer apply" in only(outcome.imports).next_step
    assert outcome.exit_code == 1
    assert results(workspace.run()) == {"orders/a.csv": "completed"}
    assert workspace.merged("orders", "order_id") == ["o1"]


def test_a_failed_job_that_is_taken_up_holds_nobody_on_its_object(workspace: Workspace) -> None:
    """Its end is known, so other specs' imports into the same object go on in the same run."""
    workspace.emulator.faults.add(
        match="POST /import-jobs/*/start", do="job_fails", code="CDP_ETL.IMPORT.SOURCE_UNREADABLE", message="corrupt"
    )
    workspace.spec("shop", ORDERS)
    workspace.orders("a.csv", "o1")
    interrupt(workspace, Step.RUNNING)
    workspace.spec("other", ORDERS.replace("orders/", "data/"))
    workspace.file("data/z.csv", "id,at,amount", "z1,2026-04-21T16:30:00Z,1")
    assert results(workspace.run()) == {"data/z.csv": "completed", "orders/a.csv": "failed"}


@pytest.mark.parametrize("change", ["column", "gone"])
def test_a_permitted_job_is_not_started_after_its_spec_changed(workspace: Workspace, change: str) -> None:
    """What it would import is not what the spec says now: it needs attention, and nothing is started in its place."""
    workspace.spec("shop", ORDERS)
    workspace.orders("a.csv", "o1")
    leave_permitted(workspace)
    if change == "gone":
        (workspace.root / "specs" / "shop.yaml").unlink()
        workspace.spec("crm", PEOPLE)
    else:
        workspace.spec("shop", ORDERS.replace("  amount: {to: amount, type: number}\n", ""))
    before = len(workspace.emulator.requests)
    outcome = workspace.run()
    end = only(outcome.imports)
    assert end.result == "attention"
    for word in ("--start", "--abandon"):
        assert f': syncer state resolve {end.item.import_id} {word} --reason "' in end.next_step
    assert outcome.exit_code == 1
    assert workspace.writes(since=before) == []
    assert workspace.merged("orders", "order_id") == []
    assert workspace.events("shop") == ["claimed", "submitted"]


def test_a_running_job_is_followed_although_its_spec_changed(workspace: Workspace) -> None:
    """It has been started: asking it is all that is left to do, whatever the spec says."""
    workspace.spec("shop", ORDERS)
    workspace.orders("a.csv", "o1")
    interrupt(workspace, Step.RUNNING)
    workspace.spec("shop", ORDERS.replace("  amount: {to: amount, type: number}\n", ""))
    assert results(workspace.run()) == {"orders/a.csv": "completed"}
    assert workspace.merged("orders", "order_id") == ["o1"]


@pytest.mark.parametrize("extra", ["", 'list: {create: "Spring"}\n', "on_failure: continue\n"])
def test_a_permitted_job_comes_before_a_new_file_that_sorts_before_it(workspace: Workspace, extra: str) -> None:
    """Nothing can start on the object before that job has ended, so it is taken up first and both arrive."""
    workspace.spec("crm", PEOPLE + extra)
    workspace.people("b.csv", "b@example.com")
    leave_permitted(workspace)
    workspace.people("a.csv", "a@example.com")
    outcome = workspace.run()
    assert results(outcome) == {"data/a.csv": "completed", "data/b.csv": "completed"}
    assert [ended.item.action for ended in outcome.imports] == [Action.IMPORT, Action.RESUME]
    assert workspace.merged("profiles", "email") == ["a@example.com", "b@example.com"]


def test_a_permitted_job_comes_before_another_specs_file_on_its_object(workspace: Workspace) -> None:
    """A spec whose name sorts before does not lose its run to the job that another one left."""
    workspace.spec("zebra", PEOPLE)
    workspace.people("b.csv", "b@example.com")
    leave_permitted(workspace)
    workspace.spec("aardvark", PEOPLE.replace("data/*", "early/*"))
    workspace.file("early/a.csv", "email_address,FirstName", "a@example.com,Ann")
    assert results(workspace.run()) == {"early/a.csv": "completed", "data/b.csv": "completed"}


def test_a_job_that_the_api_does_not_know_needs_attention(workspace: Workspace) -> None:
    """It may have run before it was forgotten: no other job is made, in this run or the next."""
    workspace.spec("shop", ORDERS)
    workspace.orders("a.csv", "o1")
    leave_permitted(workspace)
    workspace.emulator.faults.add(
        match="GET /import-jobs/*", do="status", status=404, code="CDP_ETL.NOT_FOUND", times=0
    )
    for _ in range(2):
        before = len(workspace.emulator.requests)
        outcome = workspace.run()
        assert only(outcome.imports).result == "attention"
        assert only(outcome.imports).job in only(outcome.imports).message
        assert outcome.exit_code == 1
        assert workspace.writes(since=before) == []
    assert workspace.events("shop") == ["claimed", "submitted"]


def test_a_claim_without_a_permit_is_taken_over(workspace: Workspace) -> None:
    """A run that died before its permit left nothing that counts: the next claims with a higher epoch and imports."""
    workspace.spec("shop", ORDERS)
    workspace.orders("a.csv", "o1")
    interrupt(workspace, Step.UPLOADED)
    assert workspace.events("shop") == ["claimed"]
    assert results(workspace.run()) == {"orders/a.csv": "completed"}
    assert [line["epoch"] for line in workspace.log("shop") if line["event"] == "claimed"] == [1, 2]
    assert workspace.jobs() == ["completed"]
    assert workspace.merged("orders", "order_id") == ["o1"]


@pytest.mark.parametrize("step", [step for step in Step if step not in (Step.PART, Step.RETRYING, Step.STUCK)])
def test_a_run_that_is_stopped_at_any_step_is_continued(workspace: Workspace, step: Step) -> None:
    """Whatever it had done by then, the next run ends with each row there exactly once."""
    workspace.spec("shop", ORDERS)
    workspace.orders("a.csv", "o1")
    workspace.orders("b.csv", "o2", "o3")
    stop = Hurried()
    outcome = workspace.run(reporter=stopped_at(step, stop), stop=stop)
    assert set(results(outcome).values()) == {"interrupted"}
    assert stop.signal_number == 15
    assert set(results(workspace.run()).values()) == {"completed"}
    assert workspace.merged("orders", "order_id") == ["o1", "o2", "o3"]
    assert workspace.jobs().count("completed") == 2


def test_a_run_that_is_stopped_while_it_plans_sends_nothing(workspace: Workspace) -> None:
    """Hashing large files takes long: it is stopped, too, and the error knows the signal."""
    workspace.spec("shop", ORDERS)
    workspace.orders("a.csv", "o1")
    stop = Hurried()
    stop.by_signal(15)
    with pytest.raises(Interrupted) as caught:
        workspace.run(stop=stop)
    assert caught.value.signal_number == 15
    assert workspace.emulator.requests == []
    assert not (workspace.root / "state").exists()


def test_a_run_that_is_stopped_before_its_first_claim_leaves_none(workspace: Workspace) -> None:
    """A signal that comes as the plan is shown leaves no claim and no job."""
    workspace.spec("shop", ORDERS)
    workspace.orders("a.csv", "o1")
    stop = Hurried()

    def shown(_: Plan) -> Noted:
        stop.by_signal(2)
        return Noted()

    _, outcome = apply(workspace.root, environ=workspace.environ, reporter=shown, stop=stop)
    assert results(outcome) == {"orders/a.csv": "interrupted"}
    assert workspace.log("shop") == []
    assert workspace.writes() == []


def test_a_stop_in_the_middle_of_an_upload_ends_it_there(workspace: Workspace) -> None:
    """The upload does not run to its end first, no permit is given, and the next run imports the file once."""
    workspace.spec("shop", ORDERS)
    workspace.orders("a.csv", *(f"{number:01000}" for number in range(2_500)))
    stop = Hurried()

    class OnFirstBytes(Noted):
        def sent(self, item: PlannedImport, done: int, total: int) -> None:
            del item
            assert done < total or stop.is_set()
            stop.by_signal(15)

    outcome = workspace.run(reporter=OnFirstBytes(), stop=stop)
    assert results(outcome) == {"orders/a.csv": "interrupted"}
    assert workspace.events("shop") == ["claimed"]
    assert results(workspace.run()) == {"orders/a.csv": "completed"}
    assert len(workspace.merged("orders", "order_id")) == 2_500
    assert workspace.writes()[-4:] == ONE_IMPORT
    assert workspace.calls().count(INIT) == 2
    assert workspace.calls().count(UPLOAD) == 2
