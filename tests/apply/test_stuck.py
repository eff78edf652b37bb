"""Jobs that take far longer than they should, and tokens that end in the middle."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from syncer.apply.progress import Silent, Step
from syncer.operations.connect import utc_now
from tests.apply.workspace import ORDERS, STATUS, Workspace, only, results, shape_of

if TYPE_CHECKING:
    from syncer.emulator.faults import Fault
    from syncer.plan import PlannedImport


class Told(Silent):
    def __init__(self) -> None:
        self.stuck: list[str] = []

    def step(self, item: PlannedImport, step: Step, detail: str = "") -> None:
        del item
        if step is Step.STUCK:
            self.stuck.append(detail)


def test_a_stuck_job_is_told_about_once_and_left_alone(workspace: Workspace) -> None:
    """Past twice the typical time: one warning with all that support asks for, no second job, and its end counts."""
    workspace.spec("shop", ORDERS)
    workspace.orders("a.csv", "o1", "o2")
    workspace.emulator.faults.add(match="POST /import-jobs/*/start", do="stick", seconds=3600)
    faults, passed, asked = workspace.emulator.faults, timedelta(), 0
    told = Told()

    def watch(method: str, path: str) -> Fault | None:
        nonlocal asked, passed
        asked += shape_of(method, path) == STATUS
        passed = timedelta(minutes=asked)
        if asked == 9:
            workspace.emulator.clock.advance(3601)
        return faults.take(method, path)

    def clock() -> datetime:
        return utc_now() + passed

    workspace.watch(watch)
    outcome = workspace.run(reporter=told, clock=clock)  # type: ignore[arg-type]  # any reporter will do
    assert results(outcome) == {"orders/a.csv": "completed"}
    job = only(outcome.imports).job
    detail = only(told.stuck)
    permit = next(line for line in workspace.log("shop") if line["event"] == "submitted")
    assert detail.count(job) == 2
    assert permit["correlation_id"] in detail
    assert "not tried again" in detail
    assert workspace.jobs() == ["completed"]
    assert workspace.merged("orders", "order_id") == ["o1", "o2"]
