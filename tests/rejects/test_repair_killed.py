"""A repair that is killed outright, at every request that it makes: each row arrives exactly once all the same."""

from __future__ import annotations

import multiprocessing
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from syncer.apply.progress import Silent, Step
from syncer.errors import Refused, Unavailable
from syncer.operations.rejects_repair import repair
from tests.apply.killer import Effect, Killer
from tests.apply.workspace import INIT, MAPPING, ORDERS, START, STATUS, UPLOAD, Noted, only, results
from tests.rejects.ward import REPAIR, SICK, WELL, Ward

if TYPE_CHECKING:
    from syncer.plan import PlannedImport

GoOn = Literal["apply", "repair", "again"]

if sys.platform == "win32":
    _context = multiprocessing.get_context("spawn")
else:  # a server that has imported everything once forks a clean child in milliseconds
    _context = multiprocessing.get_context("forkserver")
    _context.set_forkserver_preload([__name__, "duckdb", "filelock", "syncer.api.client", "syncer.apply.schedule"])


def _repair(root: str, environ: dict[str, str], given: str, fixed: str) -> None:
    _, outcome = repair(
        Path(root), given, environ=environ, reporter=lambda _: Silent(), tell=lambda _: None, fixed=Path(fixed)
    )
    sys.exit(outcome.exit_code)


def kill_one_repair(ward: Ward, given: str, fixed: Path, at: int, effect: Effect) -> str | None:
    """Repair in another process until its `at`-th request, and return which that was; None if it ended before."""
    killer = Killer(at, effect)
    ward.watch(killer.watch)
    killer.process = _context.Process(
        target=_repair, args=(str(ward.root), ward.environ, given, str(fixed)), daemon=True
    )
    killer.process.start()
    killer.process.join(60)
    assert killer.process.exitcode is not None, "the repair hangs"
    ward.watch(lambda *_: None)
    return killer.killed_at


def go_on(ward: Ward, how: GoOn, given: str, fixed: Path) -> None:
    """Continue with the next apply, or with the same command, with or without the file.

    A repair of which the log knows nothing was not begun, so that apply leaves it to the command. A permitted job takes
    no other rows, and is left to apply.
    """
    if how == "apply":
        ward.run()
    if ward.open_rows():
        with suppress(Refused):
            ward.repair(fixed if how == "again" else None, given)
    ward.run()


@pytest.mark.parametrize("effect", ["drop_before", "drop_after"])
@pytest.mark.parametrize("how", ["apply", *(pytest.param(how, marks=pytest.mark.slow) for how in ("repair", "again"))])
def test_each_row_is_sent_once_more_wherever_the_repair_is_killed(ward: Ward, effect: Effect, how: GoOn) -> None:
    """For every request of a repair into an append object: kill it there, go on, and count the rows."""
    ward.spec("shop", ORDERS)
    expected: list[str] = []
    killed_at: list[str] = []
    for number in range(1, 30):
        ward.file(f"orders/{number:02}.csv", "id,at,amount", f"bad{number},2026-04-21T16:30:00Z,much")
        ward.run()
        given = str(ward.log("shop")[-1]["import"])
        fixed = ward.mended(f"bad{number},2026-04-21T16:30:00Z,{number}")
        expected.append(f"bad{number}")
        where = kill_one_repair(ward, given, fixed, number, effect)
        go_on(ward, how, given, fixed)
        assert ward.merged("orders", "order_id") == sorted(expected), where
        assert (ward.open_rows(), ward.kept) == ({}, []), where
        assert "running" not in ward.jobs()
        ward.check_clean()
        if where is None:
            break
        killed_at.append(where)
    assert {INIT, UPLOAD, MAPPING, START, STATUS} <= set(killed_at)
    assert ward.jobs().count("completed") == 2 * len(expected)


def test_rows_that_are_kept_without_a_claim_are_imported_by_nobody(sick: Ward) -> None:
    """A repair that died before its claim was never decided on as far as the log knows: apply leaves it alone."""
    sick.emulator.faults.add(match="GET /metadata/objects/*", do="status", status=500, times=0)
    with pytest.raises(Unavailable):
        sick.repair(sick.mended())
    sick.emulator.faults.clear()
    assert len(sick.kept) == 2
    before = len(sick.emulator.requests)
    plan, outcome = sick.plan_and_run()
    assert (plan.runnable, outcome.exit_code, sick.calls(since=before)) == ((), 0, [])
    assert sick.repaired().rows.valid == 2  # the same command goes on with the rows that somebody mended
    assert sick.kept == []


class Cut(Exception):
    """The machine is gone."""


def cut_at(ward: Ward, step: Step) -> None:
    """Repair until the step, and fail there as if the disk or the machine had."""

    def on_step(_: PlannedImport, now: Step) -> None:
        if now is step:
            raise Cut

    with pytest.raises(Cut):
        ward.repair(ward.mended(), reporter=Noted(on_step))


def test_lost_rows_are_given_up_before_a_permit(sick: Ward) -> None:
    """The claim holds nothing: the rows are open, and a new repair is another generation of it."""
    cut_at(sick, Step.UPLOADED)
    shutil.rmtree(sick.root / ".syncer" / "repairs")
    assert results(sick.run()) == {}
    entry = only(sick.listed())
    assert (entry.account.open, "submitted no job" in entry.repair) == (2, True)
    end = sick.repaired(sick.mended(WELL[1], WELL[0]))
    assert (end.rows.valid, end.item.generation) == (2, 2)
    assert sick.jobs().count("completed") == 2
    sick.check_clean()


def test_changed_rows_are_not_sent(sick: Ward) -> None:
    """What was prepared is what is sent, or nothing is."""
    cut_at(sick, Step.CLAIMED)
    (rows,) = (sick.root / ".syncer" / "repairs").glob("*.rows")
    rows.write_text(rows.read_text("utf-8").replace("7", "8"), "utf-8")
    before = len(sick.emulator.requests)
    end = only(sick.run().imports)
    assert (end.result, "are changed" in end.message) == ("failed", True)
    assert f"syncer rejects repair {sick.first}" in end.next_step
    assert INIT not in sick.calls(since=before)
    assert sick.repaired(sick.mended()).rows.valid == 2
    sick.check_clean()


def test_after_a_permit_only_that_job_may_be_started(sick: Ward) -> None:
    """Wherever the kept rows are: the job has them."""
    cut_at(sick, Step.SUBMITTED)
    shutil.rmtree(sick.root / ".syncer" / "repairs")
    with pytest.raises(Refused, match="permitted already"):
        sick.repair(sick.mended(*SICK))
    assert results(sick.run()) == {REPAIR: "completed"}
    assert sick.merged("orders", "order_id") == ["bad1", "bad2", "o1"]
    sick.check_clean()


def test_a_repair_of_before_the_spec_changed_is_begun_anew(sick: Ward) -> None:
    """Its rows were prepared for another mapping; the plan says so, and imports new files all the same."""
    cut_at(sick, Step.CLAIMED)
    sick.spec(
        "shop", ORDERS.replace("id: order_id", "id: {to: order_id, type: string}") + "constants: {import_source: web}\n"
    )
    sick.orders("b.csv", "o2")
    plan, outcome = sick.plan_and_run()
    assert results(outcome) == {"orders/b.csv": "completed"}
    assert f"begin it anew: syncer rejects repair {sick.first}" in only(only(plan.specs).warnings)
    with pytest.raises(Refused, match="the spec changed since"):
        sick.repair()
    assert sick.repaired(sick.mended()).rows.valid == 2
    sick.check_clean()
