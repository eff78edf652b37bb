"""What is pending may not run now: suspended, outside its window, too large, empty, or its object closed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from syncer.model.events import AnyEvent
from syncer.model.files import GB
from syncer.plan import Action, Filters, suspended
from tests.model.making import NOW, Making, file, spec
from tests.plan.world import actions, decided, plan_of

TODAY = NOW.date()


@pytest.mark.parametrize(
    ("suspend", "reason"),
    [
        (True, "suspended"),
        ({"reason": "migration 412"}, "suspended: migration 412"),
        ({"until": "2026-11-24"}, "suspended until 2026-11-24"),
        ({"until": "2026-11-24", "reason": "x"}, "suspended until 2026-11-24: x"),
    ],
)
def test_a_suspended_spec_imports_nothing(suspend: Any, reason: str) -> None:
    """Suspension blocks without calling for attention, and says why and until when."""
    item = decided(spec(suspend=suspend))
    assert (item.action, item.reason, item.attention) == (Action.BLOCKED, reason, False)


@pytest.mark.parametrize("suspend", [False, {"until": "2026-11-23"}, {"until": "2026-11-22", "reason": "x"}])
def test_work_resumes_at_midnight_utc_of_the_day(suspend: Any) -> None:
    """From the first moment of the `until` day, in UTC, the spec works again."""
    assert decided(spec(suspend=suspend)).action is Action.IMPORT


def test_the_day_of_a_suspension_is_utc() -> None:
    """A clock in another zone does not move the end."""
    until = spec(suspend={"until": "2026-11-24"}).suspend
    east = timezone(timedelta(hours=9))
    assert suspended(until, datetime(2026, 11, 24, 8, 59, tzinfo=east)) is not None
    assert suspended(until, datetime(2026, 11, 24, 9, 0, tzinfo=east)) is None


def test_suspension_silences_what_is_known_to_fail() -> None:
    """People suspend a spec because of such a file, and nothing is asked of the API for its sake."""
    m = Making()
    assert not decided(spec(suspend=True), events=[m.claimed(), m.failed("final")]).attention
    changed = plan_of(spec(suspend=True), file(version="B"), events=m.whole(), write_modes={})
    assert (changed.undecided, changed.attention) == (frozenset(), ())


def test_suspension_takes_nothing_back() -> None:
    """What was imported stays imported."""
    assert decided(spec(suspend=True), events=Making().whole()).action is Action.SKIP


@pytest.mark.parametrize(
    ("dated", "modified", "since", "action"),
    [
        (date(2026, 11, 1), NOW, "2026-11-01", Action.IMPORT),
        (date(2026, 10, 31), NOW, "2026-11-01", Action.SKIP),
        (None, datetime(2026, 11, 1, tzinfo=UTC), "2026-11-01", Action.IMPORT),
        (None, datetime(2026, 10, 31, 23, 59, tzinfo=UTC), "2026-11-01", Action.SKIP),
        (None, datetime(2026, 11, 1, 1, tzinfo=timezone(timedelta(hours=2))), "2026-11-01", Action.SKIP),
    ],
)
def test_since_counts_by_the_path_s_date_else_by_modification(
    dated: date | None, modified: datetime, since: str, action: Action
) -> None:
    """A file before the day is left out; days are UTC."""
    item = decided(spec(source={"since": since}), file(date=dated, modified=modified))
    assert item.action is action
    assert (item.reason == f"before source.since {since}") == (action is Action.SKIP)


@pytest.mark.parametrize(
    ("filters", "action", "reason"),
    [
        (Filters(since=date(2026, 11, 10)), Action.IMPORT, "new file"),
        (Filters(until=date(2026, 11, 10)), Action.IMPORT, "new file"),
        (Filters(since=date(2026, 11, 11)), Action.SKIP, "before --since 2026-11-11"),
        (Filters(until=date(2026, 11, 9)), Action.SKIP, "after --until 2026-11-09"),
    ],
)
def test_a_backfill_takes_the_days_it_is_given(filters: Filters, action: Action, reason: str) -> None:
    """Both ends belong to the window."""
    item = decided(source=file(date=date(2026, 11, 10)), filters=filters)
    assert (item.action, item.reason) == (action, reason)


def test_a_backfill_goes_behind_source_since() -> None:
    """--since replaces the spec's own; --until alone does not."""
    own, old = spec(source={"since": "2026-11-01"}), file(date=date(2026, 10, 5))
    assert decided(own, old, filters=Filters(since=date(2026, 10, 1))).action is Action.IMPORT
    assert decided(own, old, filters=Filters(until=TODAY)).action is Action.SKIP


def test_a_failing_file_before_since_holds_nobody_up() -> None:
    """Moving `since` past a broken file is how a spec leaves it behind."""
    old, new = file("data/a.csv", date=date(2026, 10, 1)), file("data/b.csv", date=date(2026, 11, 1))
    m = Making(source=old)
    events: list[AnyEvent] = [m.claimed(), m.failed("final")]
    assert actions(plan_of(spec(), old, new, events=events)) == ["blocked data/a.csv", "blocked data/b.csv"]
    moved = spec(source={"since": "2026-11-01"})
    assert actions(plan_of(moved, old, new, events=events)) == ["skip data/a.csv", "import data/b.csv"]


def test_a_failing_file_outside_a_backfill_stays_visible() -> None:
    """A window on the command line does not make a failure disappear, nor what it holds back run."""
    old, new = file("data/a.csv", date=date(2026, 10, 1)), file("data/b.csv", date=date(2026, 11, 1))
    m = Making(source=old)
    plan = plan_of(spec(), old, new, events=[m.claimed(), m.failed("final")], filters=Filters(since=date(2026, 11, 1)))
    assert [item.file.path for item in plan.attention] == ["data/a.csv"]
    assert not plan.runnable


def test_a_changed_file_outside_a_backfill_asks_nothing() -> None:
    """What it would take to decide about a file that is not wanted is not asked of the API."""
    changed = file(version="B", date=date(2026, 10, 1))
    filters = Filters(since=date(2026, 11, 1))
    plan = plan_of(spec(), changed, events=Making().whole(), write_modes={}, filters=filters)
    assert (actions(plan), plan.undecided) == (["skip data/a.csv"], frozenset())


def test_what_failed_for_good_says_so_whatever_else_is_wrong() -> None:
    """The reason that is already known is not hidden by a later one."""
    m = Making()
    item = decided(events=[m.claimed(), m.failed("final")], closed=frozenset({"profiles"}))
    assert "failed for good" in item.reason


def test_an_empty_file_needs_attention() -> None:
    """The API refuses it, so it is refused here with the reason, once it is not imported."""
    item = decided(source=file(size=0))
    assert (item.action, item.attention) == (Action.BLOCKED, True)
    assert "empty" in item.reason


def test_a_file_of_more_than_50_gb_needs_attention() -> None:
    """The vendor's limit is refused before anything is sent, with the advice to split."""
    item = decided(source=file(size=50 * GB + 1))
    assert (item.action, item.attention, item.advice) == (Action.BLOCKED, True, "")
    assert "chunks of 5-8 GB" in item.reason


def test_a_file_of_more_than_10_gb_comes_with_the_advice() -> None:
    """It is imported, and the guide's advice stands beside it."""
    item = decided(source=file(size=11 * GB))
    assert item.action is Action.IMPORT
    assert "chunks of 5-8 GB" in item.advice
    assert decided(source=file(size=10 * GB)).advice == ""


def test_an_object_that_takes_no_import_jobs_needs_attention() -> None:
    """What the Metadata API says of the object is believed before a job is made."""
    item = decided(closed=frozenset({"profiles"}))
    assert (item.action, item.attention) == (Action.BLOCKED, True)
    assert "ingestion.fileImport" in item.reason
