"""A file that may still be being written is not read, and what comes after it waits where order matters."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from syncer.model.events import AnyEvent
from syncer.model.files import SourceFile
from syncer.plan import Action
from tests.model.making import NOW, Making, file, spec
from tests.plan.test_history import unique
from tests.plan.world import actions, decided, plan_of

TEN: dict[str, Any] = {"source": {"ready": {"min_age": "10m"}}}
MARKER = "s3://bucket/dt=1/_SUCCESS"


def remote(name: str = "a.csv", *, age: timedelta = timedelta(days=1), **more: Any) -> SourceFile:
    return file(f"s3://bucket/{name}", modified=NOW - age, fingerprint=f"etag:{name}:10", **more)


@pytest.mark.parametrize(
    ("age", "reason"),
    [
        (timedelta(seconds=0), "not ready: modified 0s ago, ready.min_age is 10m"),
        (timedelta(seconds=59), "not ready: modified 59s ago, ready.min_age is 10m"),
        (timedelta(minutes=9, seconds=59), "not ready: modified 9m ago, ready.min_age is 10m"),
        (timedelta(minutes=-3), "not ready: modified 0s ago, ready.min_age is 10m"),
        (timedelta(minutes=10), None),
    ],
)
def test_a_young_object_is_left_alone(age: timedelta, reason: str | None) -> None:
    """Up to `ready.min_age` it may be written to again; a store's clock that is ahead of ours makes it young."""
    item = decided(spec(**TEN), remote(age=age))
    if reason is None:
        assert item.action is Action.IMPORT
    else:
        assert (item.action, item.reason, item.attention) == (Action.BLOCKED, reason, False)


def test_local_files_have_no_age() -> None:
    """A fresh checkout makes every file of it new."""
    assert decided(spec(**TEN), file(modified=NOW)).action is Action.IMPORT


@pytest.mark.parametrize("source", [remote(missing_marker=MARKER), file(missing_marker="data/_SUCCESS")])
def test_a_file_without_its_marker_is_left_alone(source: SourceFile) -> None:
    """Wherever it lies, and the marker that is missing is named."""
    item = decided(spec(source={"ready": {"marker": "_SUCCESS"}}), source)
    assert (item.action, item.attention) == (Action.BLOCKED, False)
    assert item.reason == f"not ready: {source.missing_marker} is missing"


def test_a_missing_marker_is_told_before_the_age() -> None:
    """Of two reasons to wait the one that somebody can see is told."""
    own = spec(source={"ready": {"marker": "_SUCCESS", "min_age": "10m"}})
    assert "is missing" in decided(own, remote(age=timedelta(), missing_marker=MARKER)).reason


@pytest.mark.parametrize(
    ("events", "action"),
    [
        (list(Making(source=remote()).whole()), Action.SKIP),
        ([Making(source=remote()).claimed(), Making(source=remote()).submitted()], Action.RESUME),
    ],
)
def test_what_begins_nothing_needs_not_be_ready(events: list[AnyEvent], action: Action) -> None:
    """What was imported stays so, and a permitted job is brought to its end."""
    assert decided(source=remote(missing_marker=MARKER), events=unique(events)).action is action


def test_what_failed_for_good_says_so_although_it_is_not_ready() -> None:
    """The reason that calls for attention is not hidden by one that mends itself."""
    m = Making(source=remote())
    item = decided(source=remote(missing_marker=MARKER), events=[m.claimed(), m.failed("final")])
    assert (item.attention, "failed for good" in item.reason) == (True, True)


def test_an_empty_file_that_is_not_ready_is_waited_for() -> None:
    """It may well be filled yet, so it does not call for attention."""
    item = decided(source=remote(size=0, missing_marker=MARKER))
    assert (item.reason, item.attention) == (f"not ready: {MARKER} is missing", False)


def test_a_changed_file_that_is_not_ready_asks_nothing() -> None:
    """Neither its bytes nor the object's write mode are looked at while it may still change."""
    before = remote()
    m = Making(source=before)
    now = file(before.path, fingerprint="etag:other:10", missing_marker=MARKER)
    for content in ("sha256:X", None):
        events: list[AnyEvent] = [m.claimed(), m.submitted(content=content), m.completed()]
        plan = plan_of(spec(), now, events=events, write_modes={})
        assert (plan.unread, plan.undecided, plan.attention) == (frozenset(), frozenset(), ())
        assert plan.imports[0].reason == f"not ready: {MARKER} is missing"


@pytest.mark.parametrize(
    ("own", "then"), [({}, "blocked"), ({"on_failure": "block"}, "blocked"), ({"on_failure": "continue"}, "import")]
)
def test_later_files_wait_where_order_matters(own: dict[str, Any], then: str) -> None:
    """Newer rows would else be overwritten by the ones that are waited for."""
    plan = plan_of(spec(**own), remote("1.csv"), remote("2.csv", missing_marker=MARKER), remote("3.csv"))
    assert [line.partition(" ")[0] for line in actions(plan)] == ["import", "blocked", then]
    if then == "blocked":
        reason = "held behind s3://bucket/2.csv, which is not ready (on_failure: block)"
        assert (plan.imports[2].reason, plan.attention) == (reason, ())
