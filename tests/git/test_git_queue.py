"""A queue of permits that does not come to its end: what is given back, what is left, who goes on with it."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from syncer.emulator.faults import Fault
from syncer.emulator.options import Options
from tests.apply.workspace import ORDERS, START, results, shape_of
from tests.git.clones import never_overlap, order_file

if TYPE_CHECKING:
    import subprocess

    from tests.git.clones import Clone, Project

BLOCK = ORDERS + "on_failure: block\n"
SECOND_FAILS = {
    "match": "POST /import-jobs/*/start",
    "nth": 2,
    "do": "job_fails",
    "code": "CDP_ETL.VALIDATION.MAPPING",
    "message": "a scripted failure",
}


def seed(project: Project, count: int) -> list[str]:
    files = {f"orders/{number}.csv": order_file(f"o{number}") for number in range(count)}
    project.seed({"specs/shop.yaml": BLOCK, **files})
    return [f"o{number}" for number in range(count)]


def test_permits_behind_a_failure_are_given_back_and_granted_again(project: Project) -> None:
    """Nobody started them; when the failed file is corrected the next run imports them with jobs of their own."""
    rows = seed(project, 4)
    clone = project.clone("one")
    clone.emulator.faults.add(**SECOND_FAILS)
    outcome = clone.run()
    assert list(results(outcome).values()) == ["completed", "failed", "held", "held"]
    assert Counter(project.remote.events("shop")) == {"claimed": 4, "submitted": 4, "finished": 2, "resolved": 2}
    assert len(clone.requests(START)) == 2
    clone.orders("1.csv", "o1", "o1b")  # a corrected file is another version
    other = project.clone("two")
    other.orders("1.csv", "o1", "o1b")
    assert set(results(other.run()).values()) == {"completed"}
    assert clone.merged("orders", "order_id") == sorted([*rows, "o1b"])
    assert never_overlap(project.intervals("orders"))
    assert clone.verify().clean


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_run_that_dies_before_it_gives_back_leaves_each_row_at_most_once(project: Project) -> None:
    """Killed as it asks for the failed job's state: the next run brings what is permitted to a recorded end."""
    rows = seed(project, 4)
    clone = project.clone("one", SYNCER_STATE__LEASE="1ms")
    clone.emulator.faults.add(**SECOND_FAILS)
    faults = clone.emulator.faults
    child: list[subprocess.Popen[str]] = []
    started = []

    def watch(method: str, path: str) -> Fault | None:
        if shape_of(method, path) == START:
            started.append(path)
        elif len(started) == 2 and method == "GET" and child:
            child.pop().kill()
        return faults.take(method, path)

    clone.watch(watch)
    child.append(clone.process())
    run = child[0]
    run.communicate(timeout=60)
    assert run.returncode == -9
    other = project.clone("two")
    found = results(other.run())
    assert set(found.values()) <= {"completed", "failed", "attention", "held"}
    assert found["orders/1.csv"] == "failed"
    there = other.merged("orders", "order_id")
    assert len(set(there)) == len(there)
    assert set(there) <= set(rows) - {"o1"}
    assert never_overlap(project.intervals("orders"))
    assert other.verify().clean
    other.run()  # only who was given a permit may give it back, so what the dead run left is brought to its end
    there = other.merged("orders", "order_id")
    assert there == [row for row in rows if row != "o1"]
    assert never_overlap(project.intervals("orders"))
    assert other.verify().clean
    before = len(other.calls())
    assert other.run().exit_code == 1  # the failed file needs attention until somebody looks at it
    assert START not in other.calls(since=before)


class TestDetaching:
    """Runs that do not wait for their jobs."""

    @pytest.fixture
    def options(self) -> Options:
        return Options(job_seconds=600)

    @pytest.mark.parametrize("how", [("--no-wait",), ("--max-wait", "1s")])
    def test_jobs_are_left_running_and_anyone_goes_on_at_once(self, project: Project, how: tuple[str, ...]) -> None:
        """Exit 75, the job is on record, and another clone need not wait for a lease of half an hour."""
        rows = seed(project, 3)
        clone = project.clone("one")
        code, out, err = clone.cli("apply", *how)
        assert code == 75, out + err
        assert "syncer apply" in out + err
        assert clone.jobs().count("running") == 1
        assert len(clone.requests(START)) == 1
        other = project.clone("two")
        assert _while_time_passes(other) == 0
        assert other.merged("orders", "order_id") == rows
        assert never_overlap(project.intervals("orders"))
        assert other.verify().clean

    def test_no_wait_starts_one_job_an_object(self, project: Project) -> None:
        """Only what is started is permitted: nothing is left for the next run to give back."""
        seed(project, 3)
        clone = project.clone("one")
        assert clone.run(wait_for_jobs=False).exit_code == 75
        assert project.remote.events("shop").count("submitted") == 1
        assert clone.run(wait_for_jobs=False).exit_code == 75
        assert len(clone.requests(START)) == 1


def _while_time_passes(clone: Clone) -> int:
    """Apply while the platform's clock runs ten minutes a poll."""

    def watch(method: str, path: str) -> Fault | None:
        if method == "GET" and "/import-jobs/" in path:
            clone.emulator.clock.advance(601)
        return None

    clone.watch(watch)
    return clone.run().exit_code
