"""`identity: content`: the same bytes under a new name are imported once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from syncer.model.events import AnyEvent
from syncer.model.files import SourceFile
from syncer.plan import Action, Filters, Plan, make_plan
from tests.model.making import NOW, Making, file, spec
from tests.plan.test_history import unique
from tests.plan.world import actions, decided, inputs, plan_of, spec_input

CONTENT: dict[str, Any] = {"source": {"identity": "content"}}
OWN = spec(**CONTENT)
A, COPY, OTHER = file("data/a.csv"), file("data/b.csv"), file("data/c.csv", "C")
LATER = NOW + timedelta(minutes=10)


def done(source: SourceFile = A, generation: int = 1, job: str = "imp_1") -> list[AnyEvent]:
    return list(Making(source=source, generation=generation).whole(job))


# --- imported before -------------------------------------------------------------------------------------------------


def test_the_same_bytes_under_a_new_name_are_recognised() -> None:
    """Whether or not the first name is still there."""
    for files in ((COPY,), (A, COPY)):
        item = plan_of(OWN, *files, events=done()).imports[-1]
        assert (item.action, item.imported) == (Action.SKIP, True)
        assert item.reason == "the same bytes were imported as data/a.csv on 2026-11-23"


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([Making(source=A).baselined()], id="baselined"),
        pytest.param(done(file("data/a.csv", fingerprint="path:")), id="by another identity, bytes never recorded"),
    ],
)
def test_what_was_recorded_as_imported_counts(events: list[AnyEvent]) -> None:
    """An operator's word does; what nobody read does not."""
    expected = Action.SKIP if len(events) == 1 else Action.IMPORT
    assert decided(OWN, COPY, events=events).action is expected


def test_bytes_that_a_job_was_given_under_another_tag_are_recognised() -> None:
    """A spec that turns to `identity: content` knows what its jobs read before."""
    m = Making(source=file("s3://bucket/a.csv", fingerprint="etag:1:10"))
    events: list[AnyEvent] = [m.claimed(), m.submitted(content="sha256:A"), m.completed()]
    copy = file("s3://bucket/b.csv", tag="etag:2:10")
    assert decided(OWN, copy, events=events).action is Action.SKIP


def test_an_earlier_version_of_a_path_counts() -> None:
    """What `latest.csv` held last week is known when it is kept under a name of its own."""
    latest = file("data/a.csv", "B")
    plan = plan_of(OWN, latest, COPY, events=unique([*done(), *done(latest, 2, "imp_2")]))
    assert actions(plan) == ["skip data/a.csv", "skip data/b.csv"]


@pytest.mark.parametrize(
    ("own", "events"),
    [
        pytest.param(spec(), done(), id="another identity"),
        pytest.param(OWN, [*done(), Making(source=A).forgotten()], id="forgotten"),
        pytest.param(OWN, [Making(source=A).claimed(), Making(source=A).failed()], id="failed"),
        pytest.param(spec("other", **CONTENT), done(), id="another spec"),
        pytest.param(spec(target={"object": "orders"}, **CONTENT), done(), id="another object"),
    ],
)
def test_what_is_not_imported_there_is_imported(own: Any, events: list[AnyEvent]) -> None:
    """Only a finished import of this very spec and object, that nobody took back, speaks for the bytes."""
    assert decided(own, COPY, events=unique(events)).action is Action.IMPORT


def test_the_history_of_a_renamed_spec_is_its_own() -> None:
    """Bytes are recognised under every name that the spec had."""
    own = spec("crm-2", formerly=["crm"], **CONTENT)
    assert decided(own, COPY, events=done()).action is Action.SKIP


def test_a_path_with_a_history_follows_its_own() -> None:
    """Changed to bytes that another path had, or asked for again, it is imported."""
    changed = unique([*done(), *done(file("data/b.csv", "B"), 1, "imp_2")])
    assert decided(OWN, COPY, events=changed).action is Action.REIMPORT
    m = Making(source=COPY)
    asked = unique([*done(), *m.whole("imp_2"), m.forgotten()])
    assert decided(OWN, COPY, events=asked).action is Action.IMPORT


# --- in one plan -----------------------------------------------------------------------------------------------------


def test_of_new_files_with_the_same_bytes_the_first_is_imported() -> None:
    """In the order of the spec; the others are left out for now."""
    plan = plan_of(OWN, A, COPY, OTHER, file("data/d.csv"))
    assert actions(plan) == ["import data/a.csv", "skip data/b.csv", "import data/c.csv", "skip data/d.csv"]
    for item in (plan.imports[1], plan.imports[3]):
        assert (item.reason, item.imported) == ("the same bytes as data/a.csv, which comes first", False)


def test_another_identity_imports_every_file() -> None:
    """By its tag or its path a file is itself, whatever bytes others have."""
    assert actions(plan_of(spec(), A, COPY)) == ["import data/a.csv", "import data/b.csv"]


@pytest.mark.parametrize(
    ("own", "first", "more"),
    [
        ({}, file("data/a.csv", missing_marker="data/_OK"), {}),
        ({"limits": {"max_files_per_run": 1}}, A, {"before": file("data/0.csv", "0")}),
        ({}, A, {"events": unique([Making(source=A).claimed(), Making(source=A).failed("final")])}),
        ({}, A, {"events": [Making(source=A).claimed(lease=LATER)], "exclusive": False}),
    ],
)
def test_behind_a_first_that_does_not_run_they_wait(own: dict[str, Any], first: SourceFile, more: Any) -> None:
    """They are neither imported in its stead nor forgotten."""
    before = [more.pop("before")] if "before" in more else []
    plan = plan_of(spec(**CONTENT, **own), *before, first, COPY, **more)
    item = plan.imports[-1]
    assert (item.action, item.attention) == (Action.BLOCKED, False)
    assert item.reason == "the same bytes as data/a.csv, which comes first and is held back"


def test_behind_a_first_that_waits_for_another_spec_they_wait() -> None:
    """What holds the first back may only be known when all specs are."""
    base = spec_input(spec("base", target={"object": "orders"}, suspend=True), file("base/a.csv"))
    own = spec_input(spec(depends_on=["base"], **CONTENT), A, COPY)
    plan = make_plan(inputs([base, own]))
    assert [item.action for item in plan.imports] == [Action.BLOCKED] * 3


def test_a_first_that_is_left_out_is_no_first() -> None:
    """A copy within the window is imported when the original lies before it."""
    old = file("data/a.csv", date=date(2026, 10, 1))
    new = file("data/b.csv", date=date(2026, 11, 2))
    plan = plan_of(OWN, old, new, filters=Filters(since=date(2026, 11, 1)))
    assert actions(plan) == ["skip data/a.csv", "import data/b.csv"]


def test_what_was_begun_comes_first() -> None:
    """A file that was renamed while its job ran is not imported under its new name beside it."""
    m = Making(source=file("data/z.csv"))
    plan = plan_of(OWN, A, file("data/z.csv"), events=[m.claimed(), m.failed()])
    assert actions(plan) == ["skip data/a.csv", "retry data/z.csv"]
    renamed = plan_of(OWN, A, events=[m.claimed(), m.submitted()])
    assert actions(renamed) == ["resume data/z.csv", "skip data/a.csv"]


def test_the_next_plan_recognises_what_this_one_left_out() -> None:
    """Once the first is imported its copies are known by its import."""
    plan = plan_of(OWN, A, COPY, events=done())
    assert actions(plan) == ["skip data/a.csv", "skip data/b.csv"]
    assert [item.imported for item in plan.imports] == [True, True]


def test_copies_count_for_no_limit() -> None:
    """A limit on files counts what would be sent."""
    own = spec(limits={"files": 1}, **CONTENT)
    plan: Plan = plan_of(own, A, COPY)
    assert plan.refusals == ()
