"""What imports do to each other: order in a spec, one job on an object, dependencies, vanished and deleted specs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from syncer.model.events import AnyEvent
from syncer.plan import Action, Filters, make_plan
from tests.model.making import NOW, Making, file, spec
from tests.plan.world import APPEND, actions, inputs, plan_of, spec_input

A, B, C = file("data/a.csv"), file("data/b.csv"), file("data/c.csv")
LATER = NOW + timedelta(minutes=10)


def failed_for_good(making: Making) -> list[AnyEvent]:
    return [making.claimed(), making.failed("final")]


# --- order -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "more", "held"),
    [
        ({}, {}, True),
        ({"on_failure": "block"}, {"write_modes": APPEND}, True),
        ({"on_failure": "continue"}, {}, False),
        ({}, {"write_modes": APPEND}, False),
        ({}, {"write_modes": {}}, True),
    ],
)
def test_later_files_wait_behind_a_failing_one_where_order_matters(
    own: dict[str, Any], more: dict[str, Any], held: bool
) -> None:
    """By default the order is kept unless the object is known to append; the spec's word decides before that."""
    events: list[AnyEvent] = [*failed_for_good(Making(source=B))]
    plan = plan_of(spec(**own), A, B, C, events=events, **more)
    assert actions(plan) == ["import data/a.csv", "blocked data/b.csv", f"{'blocked' if held else 'import'} data/c.csv"]
    assert plan.specs[0].keep_order == held
    if held:
        assert "held behind data/b.csv" in plan.imports[2].reason
        assert not plan.imports[2].attention


def test_what_is_held_behind_a_waiting_file_waits() -> None:
    """Behind another run's file there is nothing wrong, only something unfinished."""
    claim = Making(source=A).claimed(lease=LATER)
    plan = plan_of(spec(), A, B, events=[claim], exclusive=False)
    assert actions(plan) == ["wait data/a.csv", "wait data/b.csv"]
    assert plan.imports[1].reason.startswith("after data/a.csv: run run-1")


def test_a_job_that_is_resumed_holds_nobody_back() -> None:
    """It is brought to its end first, and the others follow in the same run."""
    m = Making(source=B)
    plan = plan_of(spec(), A, B, C, events=[m.claimed(), m.submitted()])
    assert actions(plan) == ["import data/a.csv", "resume data/b.csv", "import data/c.csv"]


# --- one job on an object --------------------------------------------------------------------------------------------


def others_job(**more: Any) -> list[AnyEvent]:
    m = Making(spec("other"), file("other/o.csv"))
    return [m.claimed(**more), m.submitted("imp_9")]


def test_a_living_run_s_job_on_the_object_is_waited_for() -> None:
    """Whichever spec permitted it, one job at a time runs on an object."""
    specs = [spec_input(spec("other"), file("other/o.csv")), spec_input(spec(), A)]
    plan = make_plan(inputs(specs, others_job(lease=LATER), exclusive=False))
    assert actions(plan) == ["wait other/o.csv", "wait data/a.csv"]
    assert plan.imports[1].reason == "run run-1 has job imp_9 on object profiles"


def test_another_object_is_free() -> None:
    """A job on one object holds nothing on another."""
    specs = [
        spec_input(spec("other"), file("other/o.csv")),
        spec_input(spec(target={"object": "orders"}), A),
    ]
    plan = make_plan(inputs(specs, others_job(lease=LATER), exclusive=False))
    assert actions(plan) == ["wait other/o.csv", "import data/a.csv"]


def test_a_job_that_this_plan_resumes_frees_its_object() -> None:
    """The dead run's job is ended first and the imports on its object are begun after it."""
    specs = [spec_input(spec("other"), file("other/o.csv")), spec_input(spec(), A)]
    plan = make_plan(inputs(specs, others_job()))
    assert actions(plan) == ["resume other/o.csv", "import data/a.csv"]


def test_a_job_that_the_run_leaves_out_holds_its_object() -> None:
    """Nothing is planned on an object whose running job nobody will bring to its end."""
    specs = [spec_input(spec("other"), file("other/o.csv")), spec_input(spec(), A)]
    plan = make_plan(inputs(specs, others_job(), filters=Filters(specs=("crm",))))
    assert actions(plan) == ["blocked data/a.csv"]
    assert plan.imports[0].reason == "job imp_9 of spec other may be running on object profiles"


def test_a_contradiction_holds_its_object() -> None:
    """While one of two permitted jobs may still run, nothing else is begun on the object."""
    m = Making(spec("other"), file("other/o.csv"))
    specs = [spec_input(spec("other"), file("other/o.csv")), spec_input(spec(), A)]
    plan = make_plan(inputs(specs, [m.claimed(), m.submitted("imp_8"), m.submitted("imp_9")]))
    assert actions(plan) == ["blocked other/o.csv", "blocked data/a.csv"]
    assert [item.attention for item in plan.imports] == [True, False]


# --- dependencies ----------------------------------------------------------------------------------------------------

BASE = spec("base", target={"object": "orders"})
UPON = spec("upon", depends_on=["base"])


def depending(*base_files: Any, events: list[AnyEvent] | None = None, base: Any = None, **more: Any) -> Any:
    specs = [spec_input(UPON, A), base or spec_input(BASE, *base_files)]
    return make_plan(inputs(specs, events or [], **more))


def only_upon(plan: Any) -> Any:
    (item,) = [item for item in plan.imports if item.spec == "upon"]
    return item


def test_dependants_come_after_what_is_pending() -> None:
    """Both run, one after the other."""
    item = only_upon(depending(B))
    assert (item.action, item.after) == (Action.IMPORT, ("base",))


def test_dependants_are_free_when_nothing_is_pending() -> None:
    """A dependency that is up to date orders nothing."""
    m = Making(BASE, B)
    item = only_upon(depending(B, events=list(m.whole())))
    assert (item.action, item.after) == (Action.IMPORT, ())


def test_dependants_are_held_by_a_failing_dependency() -> None:
    """None of the imports that a spec depends on may be failing."""
    item = only_upon(depending(B, events=failed_for_good(Making(BASE, B))))
    assert (item.action, item.reason) == (Action.BLOCKED, "depends on base, which needs attention")


def test_dependants_are_held_by_a_source_that_cannot_be_listed() -> None:
    """What is pending there is not known, so nothing may come after it."""
    item = only_upon(depending(base=spec_input(BASE, problem="no such folder")))
    assert (item.action, item.reason) == (Action.BLOCKED, "depends on base, whose source cannot be listed")


def test_dependants_are_held_by_a_suspended_dependency() -> None:
    """A suspended spec with pending files does not finish in this run."""
    base = spec_input(spec("base", target={"object": "orders"}, suspend=True), B)
    assert only_upon(depending(base=base)).reason == "depends on base, whose imports are held back"


def test_dependants_are_held_by_a_throttled_dependency() -> None:
    """Pending imports finish first, also those that only the next run begins."""
    base = spec_input(spec("base", target={"object": "orders"}, limits={"max_files_per_run": 1}), B, C)
    assert only_upon(depending(base=base)).action is Action.BLOCKED


def test_dependants_are_held_by_pending_imports_that_the_run_leaves_out() -> None:
    """Choosing only the dependant does not make its dependency up to date."""
    plan = depending(B, filters=Filters(specs=("upon",)))
    assert actions(plan) == ["blocked data/a.csv"]
    assert plan.imports[0].reason == "depends on base, which has pending imports that this run leaves out"
    done = list(Making(BASE, B).whole())
    assert actions(depending(B, events=done, filters=Filters(specs=("upon",)))) == ["import data/a.csv"]


def test_a_hold_goes_on_through_a_chain() -> None:
    """What is held back holds back in its turn, in whatever order the specs stand."""
    last = spec("alast", depends_on=["upon"], target={"object": "people"})
    specs = [spec_input(last, C), spec_input(UPON, A), spec_input(BASE, B)]
    plan = make_plan(inputs(specs, failed_for_good(Making(BASE, B))))
    assert actions(plan) == ["blocked data/c.csv", "blocked data/a.csv", "blocked data/b.csv"]
    assert plan.imports[0].reason == "depends on upon, whose imports are held back"


def test_what_is_running_is_not_held_by_a_dependency() -> None:
    """A permitted job is brought to its end whatever its spec depends on."""
    m = Making(UPON, A)
    events: list[AnyEvent] = [m.claimed(), m.submitted(), *failed_for_good(Making(BASE, B))]
    assert only_upon(depending(B, events=events)).action is Action.RESUME


# --- specs that are gone ---------------------------------------------------------------------------------------------


def test_a_job_of_a_deleted_spec_is_brought_to_its_end() -> None:
    """Its end is recorded under its own spec; no digest allows to start it anew."""
    m = Making(spec("gone"), file("gone/a.csv.gz"))
    (item,) = plan_of(spec(), events=[m.claimed(size=5), m.submitted()]).imports
    assert (item.action, item.spec, item.job, item.spec_digest) == (Action.RESUME, "gone", "imp_1", "")
    assert item.reason == "job imp_1 was permitted by a spec that no longer imports into profiles"


def test_a_job_on_an_object_that_the_spec_had_before_is_brought_to_its_end() -> None:
    """Giving a spec another object does not leave its running job alone."""
    m = Making(spec(), A)
    plan = plan_of(spec(target={"object": "orders"}), A, events=[m.claimed(), m.submitted()])
    assert actions(plan) == ["resume data/a.csv", "import data/a.csv"]
    assert [item.object for item in plan.imports] == ["profiles", "orders"]


def test_two_jobs_of_a_deleted_spec_for_one_part_are_not_started() -> None:
    """A contradiction is one under whatever spec, and is shown once."""
    m = Making(spec("gone"))
    (item,) = plan_of(spec(), events=[m.claimed(), m.submitted("imp_1"), m.submitted("imp_2")]).imports
    assert (item.action, item.attention) == (Action.BLOCKED, True)


def test_a_job_of_a_deleted_spec_that_a_living_run_has_is_waited_for() -> None:
    """Another run's job is its own."""
    m = Making(spec("gone"))
    events: list[AnyEvent] = [m.claimed(lease=LATER), m.submitted()]
    (item,) = plan_of(spec(), events=events, exclusive=False).imports
    assert item.action is Action.WAIT


def test_a_run_for_some_specs_leaves_deleted_ones_alone() -> None:
    """Letting a rail be passed chooses nothing; naming specs does."""
    m = Making(spec("gone"))
    events: list[AnyEvent] = [m.claimed(), m.submitted()]
    for word in (Filters(over_limits=("crm",)), Filters(out_of_order=("crm",))):
        assert plan_of(spec(), events=events, filters=word).imports
    assert not plan_of(spec(), events=events, filters=Filters(specs=("crm",))).imports
