"""What two clones, an operator and a crash could do between two steps of a run, and what must come of it."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from syncer.apply.progress import Step
from syncer.emulator.options import Options
from syncer.operations.apply import apply
from syncer.operations.ledger import open_ledger
from syncer.operations.state_write import resolve
from syncer.plan import Action, Filters
from tests.apply.workspace import MAPPING, ORDERS, PEOPLE, START, Hurried, Noted, only, results
from tests.git.clones import never_overlap, order_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncer.apply.outcome import ImportOutcome, RunOutcome
    from syncer.model.events import Submitted
    from syncer.plan import Plan, PlannedImport
    from tests.git.clones import Clone, Project

PEOPLE_FILE = "email_address,FirstName,ssn\n{0},Ann,secret\n"
NAMES = "list: {create: Spring}\naudience: {create: Prospects}\n"
BLOCKED = """
version: 1
source: {uri: blocked/*.csv}
target: {object: suppressions, match_key: email}
mapping: {email: email}
"""
UNENDING = pytest.mark.parametrize("options", [Options(job_seconds=3600)])


def later() -> datetime:
    """When every lease of now is over."""
    return datetime.now(UTC) + timedelta(hours=1)


def once(at: Step, act: Callable[[], object], ending: str = "") -> Noted:
    """Return a reporter that acts when an import of a file of such a name first comes to a step, within that step."""
    done: list[str] = []

    def on_step(item: PlannedImport, step: Step) -> None:
        if step is at and item.file.path.endswith(ending) and not done:
            done.append(item.file.path)
            act()

    return Noted(on_step)


def stopped_at(clone: Clone, step: Step, ending: str = "", **options: object) -> dict[str, str]:
    """Run until a step and end politely there."""
    stop = Hurried()
    return results(clone.run(reporter=once(step, lambda: stop.by_signal(15), ending), stop=stop, **options))


def permit_of(clone: Clone, path: str) -> Submitted:
    ledger = open_ledger(clone.root, environ=clone.environ)
    permits = ledger.store.read().open_permits(ledger.workspace)
    return next(permit for permit in permits if permit.path == path)


def by_file(name: str, pattern: str) -> dict[str, str]:
    return {f"specs/{name}.yaml": ORDERS.replace("orders/*.csv", pattern)}


def test_a_queued_job_that_an_operator_gave_up_is_not_started(project: Project) -> None:
    """The owner is alive and slow, its lease is over, somebody imports the file by another job: its rows come once."""
    rows = project.orders(2)
    owner, other = project.clone("one"), project.clone("two")
    given: list[Submitted] = []

    def give_up() -> None:
        given.append(permit_of(other, "orders/001.csv"))
        ledger = open_ledger(other.root, environ=other.environ, clock=later)
        resolve(ledger, given[0].import_id, "abandon", reason="the run looks dead")
        assert set(results(other.run(clock=later)).values()) == {"completed"}

    outcome = owner.run(reporter=once(Step.RUNNING, give_up, "000.csv"))
    assert results(outcome) == {"orders/000.csv": "completed", "orders/001.csv": "held"}
    assert given[0].job in outcome.imports[1].message
    assert owner.merged("orders", "order_id") == rows
    states = dict(project.emulator.query("SELECT id, state FROM jobs"))
    assert states[given[0].job] == "ready"
    assert owner.verify().clean
    assert owner.run().imports == ()


@pytest.mark.parametrize("has_claimed", [True, False])
def test_of_two_contents_at_one_new_path_one_is_imported(project: Project, *, has_claimed: bool) -> None:
    """Both clones planned it as new: the slower one is held, says why, and from then on sees a changed file."""
    project.seed({"specs/shop.yaml": ORDERS})
    slow, quick = project.clone("one"), project.clone("two")
    slow.orders("a.csv", "o1")
    quick.orders("a.csv", "o1", "o2")

    def overtake() -> None:
        assert results(quick.run(clock=later)) == {"orders/a.csv": "completed"}

    if has_claimed:
        outcome = slow.run(reporter=once(Step.MAPPED, overtake))
    else:

        def planned(_: Plan) -> Noted:
            overtake()
            return Noted()

        _, outcome = apply(slow.root, environ=slow.environ, reporter=planned, stop=Hurried())
    held = only(outcome.imports)
    assert held.result == "held"
    assert ("newer version" if has_claimed else "with other contents") in held.message
    assert slow.merged("orders", "order_id") == ["o1", "o2"]
    assert slow.verify().clean
    plan, _ = slow.plan_and_run()
    changed = only(plan.imports)
    assert changed.action is Action.BLOCKED
    assert "on_change" in changed.reason
    assert slow.merged("orders", "order_id") == ["o1", "o2"]


def test_a_mapping_that_was_corrected_after_a_crash_is_the_one_that_counts(project: Project) -> None:
    """The file passes unchanged and its first job had its mapping: the corrected one is neither refused nor ignored."""
    project.orders(1)
    clone = project.clone("one")
    assert stopped_at(clone, Step.MAPPED) == {"orders/000.csv": "interrupted"}
    clone.spec("shop", ORDERS.replace("type: number", "type: string"))
    assert results(clone.run()) == {"orders/000.csv": "completed"}
    ends = [line["outcome"] for line in project.remote.lines("shop") if line["event"] == "finished"]
    assert ends == ["completed"]
    first, second = clone.requests(MAPPING)
    assert first.path != second.path
    assert only(clone.requests(START)).path.split("/")[-2] == second.path.split("/")[-2]
    assert clone.verify().clean


@UNENDING
def test_a_permitted_job_waits_for_one_that_the_filter_leaves_out(project: Project) -> None:
    """A run left one job running and one permitted on an object; chosen alone, the second is not started."""
    project.seed(
        {**by_file("first", "orders/a*.csv"), **by_file("second", "orders/b*.csv")}
        | {"orders/a.csv": order_file("o1"), "orders/b.csv": order_file("o2")}
    )
    left, other = project.clone("one"), project.clone("two")
    assert set(stopped_at(left, Step.RUNNING).values()) == {"interrupted"}
    assert left.jobs() == ["running", "ready"]
    stop = Hurried()
    started = once(Step.RUNNING, lambda: stop.by_signal(15))
    waiting = other.run(reporter=started, stop=stop, filters=Filters(specs=("second",)), clock=later)
    assert results(waiting) == {"orders/b.csv": "detached"}
    assert "may be running on orders" in waiting.imports[0].message
    assert other.jobs() == ["running", "ready"]
    assert waiting.exit_code == 75


def test_the_batch_value_outlives_a_takeover(project: Project) -> None:
    """The job that was taken over fails and the file is tried again: under the value of the first claim."""
    spec = PEOPLE + 'batch: {field: import_batch, value: "{run}"}\non_failure: continue\n'
    project.seed({"specs/crm.yaml": spec, "data/a.csv": PEOPLE_FILE.format("a@example.com")})
    first, second = project.clone("one"), project.clone("two")
    faults = project.emulator.faults
    faults.add(match="POST /import-jobs/*/start", do="status", status=503, times=6)
    assert results(first.run()) == {"data/a.csv": "unfinished"}
    code = "CDP_ETL.IMPORT.SOURCE_UNREADABLE"
    faults.add(match="POST /import-jobs/*/start", do="job_fails", code=code, message="cannot read it")
    assert results(second.run()) == {"data/a.csv": "failed"}
    assert results(second.run()) == {"data/a.csv": "completed"}
    claims = [line for line in project.remote.lines("crm") if line["event"] == "claimed"]
    assert len({line["run"] for line in claims}) == 3
    (batch,) = {line.get("batch") for line in claims}
    assert batch == claims[0]["run"]
    assert project.emulator.query("SELECT import_batch FROM profiles") == [(batch,)]
    assert second.verify().clean


@pytest.mark.parametrize("until", [None, Step.SUBMITTED])
def test_two_runs_on_two_objects_create_a_list_once(project: Project, until: Step | None) -> None:
    """Both decided to create it before either was permitted: one is refused, and joins it in the next run."""
    project.seed(
        {
            "specs/crm.yaml": PEOPLE + NAMES,
            "specs/stop.yaml": BLOCKED + NAMES,
            "data/a.csv": PEOPLE_FILE.format("a@example.com"),
            "blocked/b.csv": "email\nb@example.com\n",
        }
    )
    slow, quick = project.clone("one"), project.clone("two")
    crm, stop = Filters(specs=("crm",)), Filters(specs=("stop",))

    def create() -> None:
        if until is None:
            assert results(quick.run(filters=stop)) == {"blocked/b.csv": "completed"}
        else:
            assert stopped_at(quick, until, filters=stop) == {"blocked/b.csv": "interrupted"}

    refused = only(slow.run(reporter=once(Step.MAPPED, create), filters=crm).imports)
    assert refused.result == "held"
    assert "creates the same list or audience" in refused.message
    assert set(results(slow.run()).values()) == {"completed"}
    made = only(project.emulator.query("SELECT id FROM lists"))[0]
    permits = [p for spec in ("crm", "stop") for p in project.remote.lines(spec) if p["event"] == "submitted"]
    joined = {"create": False, "id": made, "name": "Spring"}
    assert [p["list"] for p in permits if p["spec"] == "crm"] == [joined]
    assert [p["spec"] for p in permits if p["audience"].get("create")] == ["stop"]
    assert only(project.emulator.query("SELECT count(*) FROM list_members"))[0] == 2
    assert slow.verify().clean


@UNENDING
def test_what_was_queued_behind_a_job_that_is_left_running_is_left_too(project: Project) -> None:
    """When the time is up, all that was permitted is detached, nothing counts as failed, and the exit code is 75."""
    project.orders(3)
    clone = project.clone("one")
    hours: list[timedelta] = []
    outcome = clone.run(
        reporter=once(Step.RUNNING, lambda: hours.append(timedelta(hours=1))),
        clock=lambda: datetime.now(UTC) + sum(hours, timedelta()),
        max_wait=timedelta(minutes=5),
    )
    assert set(results(outcome).values()) == {"detached"}
    assert outcome.exit_code == 75
    assert clone.jobs() == ["running", "ready", "ready"]
    assert sorted(project.remote.events("shop")) == sorted(["claimed", "submitted"] * 3 + ["claimed"] * 3)


@pytest.mark.parametrize("options", [Options(job_seconds=1)])
def test_what_waits_behind_a_job_that_was_taken_over_is_left_to_the_next_run(project: Project) -> None:
    """The other run may be at that very job, so nothing else of the queue is started beside it, of whatever spec."""
    files = {f"orders/{name}.csv": order_file(name) for name in "abc"}
    specs = by_file("one", "orders/a*.csv") | by_file("two", "orders/b*.csv") | by_file("zz", "orders/c*.csv")
    project.seed(specs | files)
    owner, other = project.clone("one"), project.clone("two")
    at_second = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        runs: list[Future[RunOutcome]] = []

        class AfterTheFirst(Noted):
            def finished(self, item: PlannedImport, outcome: ImportOutcome) -> None:
                super().finished(item, outcome)
                if item.file.path == "orders/a.csv":
                    reporter = once(Step.RUNNING, at_second.set, "b.csv")
                    runs.append(pool.submit(other.run, clock=later, reporter=reporter))
                    assert at_second.wait(30)

        outcome = owner.run(reporter=AfterTheFirst())
        taken = runs[0].result()
    assert set(results(taken).values()) == {"completed"}
    assert results(outcome) == {"orders/a.csv": "completed", "orders/b.csv": "held", "orders/c.csv": "detached"}
    assert outcome.exit_code == 75
    assert never_overlap(project.intervals("orders"))
    assert owner.verify().clean
