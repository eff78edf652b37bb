"""A run that is stopped past its lease and wakes up, and clocks that are hours off: no harm."""

from __future__ import annotations

import os
import signal
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from syncer.emulator.options import Options
from tests.apply.workspace import MAPPING, START, STATUS, UPLOAD, results, shape_of
from tests.git.clones import never_overlap

if TYPE_CHECKING:
    import subprocess

    from syncer.emulator.faults import Fault
    from tests.git.clones import Clone, Project

UNIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGSTOP")


@pytest.fixture
def options() -> Options:
    """Jobs that take long enough to be met by another run."""
    return Options(job_seconds=0.05)


class Freezer:
    """Stops a process when its `nth` request of one kind arrives, before or after the request takes effect."""

    def __init__(self, call: str, nth: int) -> None:
        self.frozen = threading.Event()
        self.process: subprocess.Popen[str] | None = None
        self._call = call
        self._left = nth

    def watch(self, method: str, path: str) -> Fault | None:
        if shape_of(method, path) == self._call and not self.frozen.is_set() and self.process is not None:
            self._left -= 1
            if self._left == 0:
                os.kill(self.process.pid, signal.SIGSTOP)
                self.frozen.set()
        return None


# After the claim; after the upload; permitted and not started; started; before the queue's second and third start.
# The platform refuses an upload to the job that the other run has used, which takes a while to believe.
AFTER_CLAIM = pytest.param("POST /import-jobs", 1, marks=pytest.mark.slow)
POINTS = [AFTER_CLAIM, (UPLOAD, 1), (MAPPING, 3), (START, 1), (STATUS, 1), (START, 2), (START, 3)]


@UNIX
@pytest.mark.parametrize(("call", "nth"), POINTS)
def test_a_frozen_run_wakes_to_finished_work_and_does_no_harm(project: Project, call: str, nth: int) -> None:
    """A second clone takes over and finishes; the sleeper finds its permits refused or its jobs ended."""
    rows = project.orders(3)
    sleeper, second = project.clone("one", SYNCER_STATE__LEASE="1ms"), project.clone("two")
    freezer = Freezer(call, nth)
    sleeper.watch(freezer.watch)
    child = sleeper.process()
    freezer.process = child
    try:
        assert freezer.frozen.wait(60), child.communicate(timeout=5)
        assert second.run().exit_code == 0
        assert second.merged("orders", "order_id") == rows
    finally:
        os.kill(child.pid, signal.SIGCONT)
    out, err = child.communicate(timeout=60)
    assert child.returncode in (0, 75), out + err
    _check(project, second, rows)


@UNIX
@pytest.mark.parametrize(("call", "nth"), [AFTER_CLAIM, (START, 1), (START, 2)])
def test_a_frozen_run_may_wake_in_the_middle_of_the_other(project: Project, call: str, nth: int) -> None:
    """Both then work on the same objects for a while, and one of them yields at each step."""
    rows = project.orders(4)
    sleeper, second = project.clone("one", SYNCER_STATE__LEASE="1ms"), project.clone("two")
    freezer = Freezer(call, nth)
    sleeper.watch(freezer.watch)
    child = sleeper.process()
    freezer.process = child
    assert freezer.frozen.wait(60)
    seen: list[str] = []

    def wake(method: str, path: str) -> Fault | None:
        if shape_of(method, path) == START and not seen:
            seen.append(path)
            os.kill(child.pid, signal.SIGCONT)
        return None

    second.watch(wake)
    assert second.run().exit_code in (0, 75)
    os.kill(child.pid, signal.SIGCONT)
    out, err = child.communicate(timeout=60)
    assert child.returncode in (0, 75), out + err
    assert second.run().exit_code in (0, 75)
    assert second.run().exit_code == 0
    _check(project, second, rows)


@pytest.mark.parametrize("hours", [-6, 6])
def test_a_clock_that_is_hours_off_does_no_harm(project: Project, hours: int) -> None:
    """Its leases are over at once or hold for hours; either way each row is there once."""
    rows = project.orders(3)
    wrong, right = project.clone("one"), project.clone("two")
    met: list[dict[str, str]] = []

    def other(method: str, path: str) -> Fault | None:
        if shape_of(method, path) == START and not met:
            met.append({})
            thread.start()
        return None

    thread = threading.Thread(target=lambda: met.append(results(right.run())))
    wrong.watch(other)
    outcome = wrong.run(clock=lambda: datetime.now(UTC) + timedelta(hours=hours))
    thread.join(60)
    assert outcome.exit_code in (0, 75)
    assert wrong.run(clock=lambda: datetime.now(UTC) + timedelta(hours=hours)).exit_code == 0
    assert right.run().exit_code == 0
    _check(project, right, rows)


def _check(project: Project, clone: Clone, rows: list[str]) -> None:
    assert clone.merged("orders", "order_id") == rows
    assert never_overlap(project.intervals("orders"))
    verification = clone.verify()
    assert verification.clean, verification.anomalies
    ends = [line["job"] for line in project.remote.lines("shop") if line["event"] == "finished"]
    assert len(set(ends)) == len(ends)
