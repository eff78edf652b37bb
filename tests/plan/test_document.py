"""A saved plan: read back as it was, refused when it was altered, stale when what it decided on has moved."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from syncer.errors import Conflict
from syncer.model.events import AnyEvent
from syncer.model.files import SourceFile
from syncer.model.identity import digest
from syncer.plan import Filters, Inputs, Plan, make_plan, only, stale
from syncer.plan.document import SavedPlan, from_document, to_document
from tests.model.making import NOW, Making, file, spec
from tests.plan.world import actions, inputs, plan_of, spec_input

A, B = file("data/a.csv"), file("data/b.csv")
FILTERS = Filters(
    specs=("crm",),
    tags=("pii",),
    exclude=("x",),
    since=date(2026, 11, 1),
    until=date(2026, 11, 30),
    over_limits=("crm",),
    out_of_order=("crm",),
)


def saved(plan: Plan) -> SavedPlan:
    """Take the plan through a file and back."""
    return from_document(json.loads(json.dumps(to_document(plan))), "plan.json")


def test_a_saved_plan_comes_back() -> None:
    """Digest, workspace, filters and every runnable decision survive the file."""
    plan = plan_of(spec(tags=["pii"]), A, B, filters=FILTERS)
    kept = saved(plan)
    assert (kept.digest, kept.workspace, kept.filters) == (plan.digest, plan.workspace, FILTERS)
    assert kept.covers == {item.cover: f"import crm: {item.file.path}" for item in plan.imports}
    assert len(kept.covers) == 2


def test_a_plan_that_was_saved_before_there_was_an_override_is_read() -> None:
    """What it does not say it did not ask for."""
    document = to_document(plan_of(None, A))
    del document["filters"]["out_of_order"], document["checksum"]
    document["checksum"] = digest(document)
    assert from_document(document, "plan.json").filters == Filters()


def test_only_runnable_decisions_are_covered() -> None:
    """What is skipped or blocked binds nobody."""
    plan = plan_of(spec(), A, B, events=Making(source=A).whole())
    assert list(saved(plan).covers.values()) == ["import crm: data/b.csv"]


def test_a_saved_plan_holds_no_absolute_path() -> None:
    """It may be made on one machine and applied on another."""
    assert "/project/" not in json.dumps(to_document(plan_of(None, A)))


def _reason(document: dict[str, Any]) -> None:
    document["imports"][0]["reason"] = "because"


def _more(document: dict[str, Any]) -> None:
    document["filters"]["over_limits"] = ["crm"]


def _less(document: dict[str, Any]) -> None:
    document["imports"].pop()


def _unsigned(document: dict[str, Any]) -> None:
    del document["checksum"]


@pytest.mark.parametrize("tamper", [_reason, _more, _less, _unsigned])
def test_an_altered_plan_is_refused(tamper: Callable[[dict[str, Any]], None]) -> None:
    """Whatever was reviewed is what is applied."""
    document = to_document(plan_of(None, A, B))
    tamper(document)
    with pytest.raises(Conflict, match="changed after it was saved") as caught:
        from_document(document, "plan.json")
    assert caught.value.exit_code == 5


@pytest.mark.parametrize("document", [None, [], "x", {}, {"digest": "d"}])
def test_what_is_no_plan_is_refused(document: Any) -> None:
    """Any other JSON is told apart."""
    with pytest.raises(Conflict, match="is not a saved plan"):
        from_document(document, "plan.json")


def test_a_plan_of_another_format_is_refused_with_both_versions() -> None:
    """Its decisions may mean something else here."""
    with pytest.raises(Conflict, match="plan format 2, and this syncer reads format 1"):
        from_document({**to_document(plan_of(None, A)), "format_version": 2}, "plan.json")


# --- stale -----------------------------------------------------------------------------------------------------------


def before(*files: SourceFile, events: list[AnyEvent] | None = None) -> dict[str, str]:
    return saved(make_plan(inputs(spec_input(None, *(files or (A, B))), events or []))).covers


MOVED: dict[str, Inputs] = {
    "the spec changed": inputs(spec_input(spec(description="new"), A, B)),
    "its rows are prepared in another way": inputs(spec_input(None, A, B, preparation="newer")),
    "the file changed": inputs(spec_input(None, file("data/a.csv", "Z"), B)),
    "the file vanished": inputs(spec_input(None, B)),
    "another run imported it": inputs(spec_input(None, A, B), Making(source=A).whole()),
    "another run permitted it": inputs(spec_input(None, A, B), [Making(source=A).submitted()]),
    "an attempt failed meanwhile": inputs(spec_input(None, A, B), [Making(source=A).failed()]),
    "the spec was suspended": inputs(spec_input(spec(suspend=True), A, B)),
    "another run is at it": inputs(
        spec_input(None, A, B), [Making(source=A).claimed(lease=NOW + timedelta(hours=1))], exclusive=False
    ),
}


@pytest.mark.parametrize("now", MOVED.values(), ids=MOVED.keys())
def test_a_plan_is_stale_when_what_it_decided_on_has_moved(now: Inputs) -> None:
    """The decision that would not be taken now is named."""
    moved = stale(before(), make_plan(now))
    assert "import crm: data/a.csv" in moved


def test_a_plan_is_stale_when_a_dependency_has_work_that_it_did_not_have() -> None:
    """The dependant would no longer come after it."""
    upon = spec_input(spec("upon", depends_on=["base"]), A)
    base = spec("base", target={"object": "orders"})
    covers = saved(make_plan(inputs([upon, spec_input(base)]))).covers
    assert stale(covers, make_plan(inputs([upon, spec_input(base, B)]))) == ["import upon: data/a.csv"]


def test_an_unrelated_import_does_not_make_a_plan_stale() -> None:
    """What came since is left to the next plan, and what was decided is done."""
    other = Making(spec("other"), file("other/o.csv"))
    specs = [spec_input(None, A, B, file("data/c.csv")), spec_input(spec("other"), file("other/p.csv"))]
    now = make_plan(inputs(specs, other.whole(), now=NOW + timedelta(hours=5)))
    assert stale(before(), now) == []
    assert actions(only(now, before().keys())) == ["import data/a.csv", "import data/b.csv"]


def test_an_unchanged_world_gives_the_same_digest() -> None:
    """Time alone changes no decision."""
    one, other = plan_of(None, A, B), plan_of(None, A, B, now=NOW + timedelta(days=1))
    assert one.digest == other.digest
    assert one.digest != plan_of(None, A).digest
    assert one.digest != plan_of(None, A, B, workspace="staging").digest


# --- filters ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), {"one", "two", "three"}),
        (Filters(specs=("one", "two")), {"one", "two"}),
        (Filters(tags=("pii",)), {"one", "three"}),
        (Filters(tags=("pii", "daily")), {"one", "two", "three"}),
        (Filters(specs=("one", "two"), tags=("pii",)), {"one"}),
        (Filters(exclude=("one",)), {"two", "three"}),
        (Filters(specs=("one",), exclude=("one",)), set()),
    ],
)
def test_filters_choose_specs(filters: Filters, expected: set[str]) -> None:
    """Any of the names and any of the tags, and none of the excluded."""
    tags = {"one": ["pii"], "two": ["daily"], "three": ["pii", "weekly"]}
    specs = [spec_input(spec(name, tags=given), file(f"{name}/a.csv")) for name, given in tags.items()]
    plan = make_plan(inputs(specs, filters=filters))
    assert {item.spec for item in plan.imports} == {shown.name for shown in plan.specs} == expected
    assert filters.selects == (expected != {"one", "two", "three"} or bool(filters.tags))


@pytest.mark.parametrize("uri", ["data/*.csv", "s3://bucket/*.csv"])
def test_a_source_without_files_says_so_wherever_it_is(uri: str) -> None:
    """An empty bucket is as telling as an empty folder."""
    assert plan_of(spec(source={"uri": uri})).specs[0].warnings == (f"no file matches {uri}",)


def test_a_spec_without_files_says_so() -> None:
    """A typo in a URI looks like nothing to do, so the plan mentions it."""
    assert plan_of(None).specs[0].warnings == ("no file matches data/*.csv",)
    assert plan_of(None, A).specs[0].warnings == ()
