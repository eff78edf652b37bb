"""Which imports run after which, and which side by side."""

from __future__ import annotations

import threading
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from syncer.apply.progress import Step
from tests.apply.workspace import ORDERS, PEOPLE, START, Noted, Workspace, meeting, results

if TYPE_CHECKING:
    from syncer.apply.outcome import ImportOutcome
    from syncer.plan import PlannedImport

PERSON = "email_address,FirstName"
REFUSED_MAPPING = {"do": "status", "status": 422, "code": "CDP_ETL.VALIDATION.REQUEST_SCHEMA"}


class Overlaps(Noted):
    """Keeps how many imports of each object were at work at once, and in which order files began and ended."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._at_work: dict[str, set[str]] = {}
        self.most: dict[str, int] = {}
        self.order: list[str] = []

    def step(self, item: PlannedImport, step: Step, detail: str = "") -> None:
        del detail
        if step is Step.CLAIMED:
            with self._lock:
                at_work = self._at_work.setdefault(item.object, set())
                at_work.add(item.file.path)
                self.most[item.object] = max(self.most.get(item.object, 0), len(at_work))
                self.order.append(item.file.path)

    def finished(self, item: PlannedImport, outcome: ImportOutcome) -> None:
        del outcome
        with self._lock:
            self._at_work.get(item.object, set()).discard(item.file.path)


def people_spec(folder: str, extra: str = "") -> str:
    return PEOPLE.replace("data/*", f"{folder}/*") + extra


def person(workspace: Workspace, path: str) -> None:
    workspace.file(path, PERSON, f"{path.replace('/', '-')}@example.com,Ann")


def test_an_object_has_one_job_at_a_time(workspace: Workspace) -> None:
    """Two specs of one object and several files each never overlap, and files keep their order."""
    for folder in ("one", "two"):
        workspace.spec(folder, people_spec(folder))
        for number in (1, 2, 10):
            person(workspace, f"{folder}/{number}.csv")
    seen = Overlaps()
    assert workspace.run(reporter=seen).exit_code == 0
    assert seen.most == {"profiles": 1}
    for folder in ("one", "two"):
        own = [path for path in seen.order if path.startswith(folder)]
        assert own == [f"{folder}/{number}.csv" for number in (1, 2, 10)]
    spans = workspace.emulator.query("SELECT started_at, finished_at FROM jobs ORDER BY started_at")
    assert all(ended <= begun for (_, ended), (begun, _) in pairwise(spans))


def test_an_import_that_ends_elsewhere_lets_no_second_job_onto_a_busy_object(workspace: Workspace) -> None:
    """While a job of one object runs, imports of another begin and end, and the object's next file still waits."""
    for folder in ("one", "two"):
        workspace.spec(folder, people_spec(folder))
        person(workspace, f"{folder}/1.csv")
    workspace.spec("shop", ORDERS)
    for number in (1, 2, 3):
        workspace.orders(f"{number}.csv", f"o{number}")
    elsewhere_done = threading.Event()

    class Slow(Overlaps):
        def step(self, item: PlannedImport, step: Step, detail: str = "") -> None:
            super().step(item, step, detail)
            if step is Step.RUNNING and item.object == "profiles":
                assert elsewhere_done.wait(20)

        def finished(self, item: PlannedImport, outcome: ImportOutcome) -> None:
            super().finished(item, outcome)
            if item.file.path == "orders/3.csv":
                elsewhere_done.set()

    seen = Slow()
    assert workspace.run(reporter=seen).exit_code == 0
    assert seen.most == {"orders": 1, "profiles": 1}


def test_objects_are_imported_side_by_side(workspace: Workspace) -> None:
    """Each of two imports waits in the middle for the other one to get there: only an overlap lets them through."""
    workspace.spec("crm", PEOPLE)
    workspace.spec("shop", ORDERS)
    workspace.people("a.csv", "a@example.com")
    workspace.orders("o.csv", "o1")
    both = threading.Barrier(2)
    assert workspace.run(reporter=meeting(both)).exit_code == 0


def test_a_failing_import_stops_no_other_spec(workspace: Workspace) -> None:
    """Neither a spec of another object nor one of the same object is held back by it."""
    workspace.spec("bad", people_spec("bad"))
    workspace.spec("good", people_spec("good"))
    workspace.spec("shop", ORDERS)
    workspace.file("bad/a.csv", "nothing,mapped", "1,2")
    person(workspace, "good/a.csv")
    workspace.orders("o.csv", "o1")
    outcome = workspace.run()
    assert results(outcome) == {"bad/a.csv": "failed", "good/a.csv": "completed", "orders/o.csv": "completed"}
    assert outcome.exit_code == 1


def test_where_order_matters_a_failing_file_holds_the_later_ones(workspace: Workspace) -> None:
    """Into an upsert object later files wait, in this run and in the next, and nothing of them is sent."""
    workspace.spec("crm", PEOPLE)
    workspace.file("data/a.csv", "nothing,mapped", "1,2")
    workspace.people("b.csv", "b@example.com")
    outcome = workspace.run()
    assert results(outcome) == {"data/a.csv": "failed", "data/b.csv": "held"}
    assert "on_failure: block" in outcome.imports[1].message
    assert workspace.run().exit_code == 1
    assert START not in workspace.calls()


@pytest.mark.parametrize(("extra", "later"), [("", "completed"), ("on_failure: block\n", "held")])
def test_rows_that_are_appended_do_not_wait_for_a_failing_file(workspace: Workspace, extra: str, later: str) -> None:
    """Into an append object order does not matter, unless the spec says that it does."""
    workspace.spec("shop", ORDERS + extra)
    workspace.file("orders/a.csv", "nothing,mapped", "1,2")
    workspace.orders("b.csv", "o1")
    assert results(workspace.run()) == {"orders/a.csv": "failed", "orders/b.csv": later}


def test_on_failure_continue_lets_later_files_through(workspace: Workspace) -> None:
    """The spec's own choice holds for an upsert object, too."""
    workspace.spec("crm", PEOPLE + "on_failure: continue\n")
    workspace.file("data/a.csv", "nothing,mapped", "1,2")
    workspace.people("b.csv", "b@example.com")
    assert results(workspace.run()) == {"data/a.csv": "failed", "data/b.csv": "completed"}


@pytest.mark.parametrize("dependent", ["aaa", "zzz"])
def test_dependencies_come_first_on_one_object(workspace: Workspace, dependent: str) -> None:
    """Both specs write one object: whichever comes first in the plan, the dependency is imported first."""
    workspace.spec(dependent, people_spec("late", "depends_on: [mmm]\n"))
    workspace.spec("mmm", people_spec("early"))
    for path in ("late/1.csv", "late/2.csv", "early/1.csv", "early/2.csv"):
        person(workspace, path)
    seen = Overlaps()
    assert workspace.run(reporter=seen).exit_code == 0
    assert seen.order == ["early/1.csv", "early/2.csv", "late/1.csv", "late/2.csv"]


def test_dependencies_come_first_on_another_object(workspace: Workspace) -> None:
    """Objects run side by side, but not past a dependency."""
    workspace.spec("aaa", ORDERS + "depends_on: [crm]\n")
    workspace.spec("crm", PEOPLE)
    workspace.orders("o.csv", "o1")
    workspace.people("a.csv", "a@example.com")
    seen = Overlaps()
    assert workspace.run(reporter=seen).exit_code == 0
    assert seen.order == ["data/a.csv", "orders/o.csv"]


def test_a_failed_dependency_holds_what_depends_on_it(workspace: Workspace) -> None:
    """Directly and through others: nothing of them is begun."""
    workspace.spec("first", people_spec("first"))
    workspace.spec("second", ORDERS + "depends_on: [first]\n")
    workspace.spec("third", people_spec("third", "depends_on: [second]\n"))
    workspace.file("first/a.csv", "nothing,mapped", "1,2")
    workspace.orders("o.csv", "o1")
    person(workspace, "third/a.csv")
    outcome = workspace.run()
    assert results(outcome) == {"first/a.csv": "failed", "orders/o.csv": "held", "third/a.csv": "held"}
    assert workspace.log("second") == workspace.log("third") == []
    assert START not in workspace.calls()


def test_a_job_that_may_still_run_holds_its_object(workspace: Workspace) -> None:
    """While it is not known whether a job has ended, nothing else is started on its object; other objects go on."""
    workspace.spec("one", people_spec("one"))
    workspace.spec("two", people_spec("two"))
    workspace.spec("shop", ORDERS)
    person(workspace, "one/a.csv")
    person(workspace, "two/a.csv")
    workspace.orders("o.csv", "o1")
    first: list[str] = []

    def on_step(item: PlannedImport, step: Step) -> None:
        if step is Step.SUBMITTED and item.spec == "one":
            job = workspace.log("one")[-1]["job"]
            first.append(job)
            workspace.emulator.faults.add(match=f"GET /import-jobs/{job}", do="status", status=500, times=0)

    outcome = workspace.run(reporter=Noted(on_step))
    assert results(outcome) == {"one/a.csv": "unfinished", "orders/o.csv": "completed", "two/a.csv": "held"}
    assert first[0] in outcome.imports[-1].message
    workspace.emulator.faults.clear()
    assert set(results(workspace.run()).values()) == {"completed"}


def test_every_import_is_told_to_the_reporter_once(workspace: Workspace) -> None:
    """Also those that never begin."""
    workspace.spec("crm", PEOPLE)
    workspace.file("data/a.csv", "nothing,mapped", "1,2")
    workspace.people("b.csv", "b@example.com")
    reporter = Noted()
    workspace.run(reporter=reporter)
    assert sorted(reporter.ended) == ["data/a.csv", "data/b.csv"]
