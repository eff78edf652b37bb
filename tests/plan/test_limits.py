"""Rails: what throttles a run and what refuses it, naming the setting and the one-off override."""

from __future__ import annotations

from typing import Any

import pytest

from syncer.model.events import AnyEvent
from syncer.model.samples import RowEstimate, Sample
from syncer.plan import Filters, Refusal, make_plan
from tests.model.making import Making, file, spec
from tests.plan.world import actions, inputs, plan_of, spec_input

FILES = tuple(file(f"data/{number}.csv", rows=10) for number in range(3))


@pytest.mark.parametrize(
    ("limits", "setting", "reason"),
    [
        ({"files": 2}, "limits.files: 2", "3 files are pending"),
        ({"rows": 29}, "limits.rows: 29", "30 rows are pending (counted)"),
        ({"compute_rows": 59}, "limits.compute_rows: 59", "60 rows of merge compute are pending (rows: counted)"),
    ],
)
def test_a_limit_that_is_passed_refuses_the_run(limits: dict[str, Any], setting: str, reason: str) -> None:
    """The refusal names the setting, what is pending, and how to go on once."""
    (refusal,) = plan_of(spec(limits=limits), *FILES).refusals
    assert (refusal.spec, refusal.setting, refusal.reason) == ("crm", setting, reason)
    assert refusal.override == "raise it in specs/crm.yaml, or allow this one run: --over-limits crm"


@pytest.mark.parametrize("limits", [{"files": 3}, {"rows": 30}, {"compute_rows": 60}])
def test_a_limit_that_is_just_met_refuses_nothing(limits: dict[str, Any]) -> None:
    """Only more than the limit is refused."""
    assert plan_of(spec(limits=limits), *FILES).refusals == ()


def test_the_override_is_for_the_named_spec_only() -> None:
    """--over-limits lets one spec pass, and the others keep their rails."""
    specs = [spec_input(spec(name, limits={"files": 1}), *FILES) for name in ("crm", "other")]
    plan = make_plan(inputs(specs, filters=Filters(over_limits=("crm",))))
    assert [refusal.spec for refusal in plan.refusals] == ["other"]


def test_only_what_is_pending_counts() -> None:
    """What was imported or is being resumed is no new load."""
    events: list[AnyEvent] = [*Making(source=FILES[0]).whole("imp_1"), Making(source=FILES[1]).submitted("imp_2")]
    assert plan_of(spec(limits={"files": 1, "rows": 10}), *FILES, events=events).refusals == ()


def test_files_that_nobody_counted_do_not_slip_through() -> None:
    """A limit on rows is never inert: uncounted rows refuse like too many."""
    (refusal,) = plan_of(spec(limits={"rows": 100}), FILES[0], file("data/z.csv")).refusals
    assert refusal.reason == "10 rows are pending (counted), and the rows of 1 file more are not known"


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"rows": 1_009}, "~1,010 rows are pending (estimated from samples)"),
        ({"compute_rows": 2_019}, "~2,020 rows of merge compute are pending (rows: estimated from samples)"),
    ],
)
def test_estimated_rows_are_held_to_the_limits_and_called_so(limits: dict[str, Any], reason: str) -> None:
    """A sample is enough to hold a run back, and one estimate makes the sum an estimate."""
    samples = {"data/z.csv": Sample(rows=RowEstimate(1_000, exact=False))}
    own = spec_input(spec(limits=limits), FILES[0], file("data/z.csv"), samples=samples)
    (refusal,) = make_plan(inputs(own)).refusals
    assert refusal.reason == reason
    assert make_plan(inputs(own, filters=Filters(over_limits=("crm",)))).refusals == ()


def test_rows_that_a_resumed_job_imports_are_no_new_load() -> None:
    """Its merge compute was budgeted by the run that began it."""
    m = Making(source=FILES[0])
    own = spec(limits={"compute_rows": 40})
    assert plan_of(own, *FILES, events=[m.claimed(), m.submitted()]).refusals == ()


def test_a_throttle_lets_the_first_files_through() -> None:
    """The next run goes on; nothing is refused and nothing needs attention."""
    plan = plan_of(spec(limits={"max_files_per_run": 2, "files": 2}), *FILES)
    assert actions(plan) == ["import data/0.csv", "import data/1.csv", "blocked data/2.csv"]
    assert plan.imports[2].reason == "limits.max_files_per_run is 2; the next run goes on"
    assert (plan.refusals, plan.attention) == ((), ())


def test_a_resumed_job_does_not_use_up_the_throttle() -> None:
    """It was counted by the run that began it."""
    m = Making(source=FILES[0])
    plan = plan_of(spec(limits={"max_files_per_run": 1}), *FILES, events=[m.claimed(), m.submitted()])
    assert actions(plan) == ["resume data/0.csv", "import data/1.csv", "blocked data/2.csv"]


def test_a_spec_that_is_left_out_refuses_nothing() -> None:
    """Rails are those of the chosen specs."""
    specs = [spec_input(spec("bad", checks={"min_rows": 1}), FILES[0]), spec_input(spec(), FILES[1])]
    assert make_plan(inputs(specs, filters=Filters(exclude=("bad",)))).refusals == ()


def test_a_renamed_spec_without_formerly_is_refused_with_the_cure() -> None:
    """Its files would all be imported a second time."""
    history = list(Making(spec("crm"), FILES[0]).whole())
    (refusal,) = plan_of(spec("crm-2"), *FILES, events=history).refusals
    assert refusal == Refusal(
        spec="crm-2",
        setting="formerly",
        reason="files such as data/0.csv were imported by spec crm, which is gone",
        override="if it was renamed, write `formerly: [crm]` in specs/crm-2.yaml",
    )


@pytest.mark.parametrize(
    "own",
    [
        pytest.param(spec("crm-2", formerly=["crm"]), id="with formerly"),
        pytest.param(spec("crm-2", target={"object": "orders"}), id="for another object"),
    ],
)
def test_what_is_no_unnamed_rename_is_not_refused(own: Any) -> None:
    """A history that follows its spec, or belongs to another object, holds nobody up."""
    history = list(Making(spec("crm"), FILES[0]).whole())
    assert plan_of(own, *FILES, events=history).refusals == ()


def test_files_that_the_spec_has_imported_itself_are_its_own() -> None:
    """A spec that took a file over long ago is not refused for the one that had it before."""
    own = spec("crm-2")
    history = [*Making(spec("crm"), FILES[0]).whole("imp_1"), *Making(own, FILES[0]).whole("imp_2")]
    assert plan_of(own, *FILES, events=history).refusals == ()


def test_two_declared_specs_may_read_the_same_files() -> None:
    """Only a spec that is gone can have been renamed."""
    specs = [spec_input(spec("crm"), *FILES), spec_input(spec("crm-2"), *FILES)]
    assert make_plan(inputs(specs, Making(spec("crm"), FILES[0]).whole())).refusals == ()
