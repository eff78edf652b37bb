"""How far back a source is listed: back from the last finished day, so that an outage loses nothing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.model.events import AnyEvent
from syncer.model.files import SourceFile
from syncer.model.log import Lineage, Log
from syncer.model.spec import Spec
from syncer.plan import Filters
from syncer.plan.dates import date_reader
from syncer.plan.window import earliest_day
from tests.model.making import WORKSPACE, Making, file, spec
from tests.plan.test_history import unique

URI = "s3://bucket/dt={date:%Y-%m-%d}/*.csv"
NONE = Filters()


def dated(name: str = "crm", **source: Any) -> Spec:
    return spec(name, source={"uri": URI, "lookback": "7d", **source})


def on(day: date, name: str = "a.csv") -> SourceFile:
    return file(f"s3://bucket/dt={day}/{name}", f"{day}{name}")


def november(day: int) -> SourceFile:
    return on(date(2026, 11, day))


def done(*files: SourceFile) -> list[AnyEvent]:
    return [event for n, each in enumerate(files) for event in Making(source=each).whole(f"imp_{n}")]


def earliest(own: Spec, events: list[AnyEvent], filters: Filters = NONE) -> date | None:
    lineage = Lineage(own.lineage, WORKSPACE, own.target.object)
    return earliest_day(Log(unique(events)), lineage, own, filters)


@pytest.mark.parametrize(
    ("lookback", "expected"),
    [("7d", 13), ("1d", 19), ("0d", 20), ("1h", 19), ("24h", 19), ("25h", 18), ("36h", 18), ("1w", 13)],
)
def test_it_counts_whole_days_back_from_the_last_finished_one(lookback: str, expected: int) -> None:
    """However long ago that was; a part of a day takes all of it in."""
    own = dated(lookback=lookback)
    assert earliest(own, done(november(18), november(20), november(19))) == date(2026, 11, expected)


@pytest.mark.parametrize("events", [[], done(file("s3://bucket/elsewhere/a.csv"))])
def test_nothing_bounds_a_source_of_which_nothing_is_finished(events: list[AnyEvent]) -> None:
    """The first run sees everything; so does one after the URI has changed altogether."""
    assert earliest(dated(), events) is None


def test_without_lookback_only_since_bounds() -> None:
    """And without either nothing does."""
    assert earliest(dated(lookback=None), done(november(20))) is None
    assert earliest(dated(lookback=None, since="2026-11-05"), done(november(20))) == date(2026, 11, 5)


@pytest.mark.parametrize(("since", "expected"), [("2026-11-05", 13), ("2026-11-15", 15)])
def test_the_later_of_both_bounds(since: str, expected: int) -> None:
    """What is before `source.since` is never imported, so it need not be listed."""
    assert earliest(dated(since=since), done(november(20))) == date(2026, 11, expected)


def test_a_backfill_goes_before_all() -> None:
    """--since asks for what lies behind every other bound; --until leaves it where it is."""
    own, day = dated(since="2026-11-15"), date(2026, 1, 1)
    assert earliest(own, done(november(20)), Filters(since=day)) == day
    assert earliest(own, done(november(20)), Filters(until=date(2026, 11, 30))) == date(2026, 11, 15)


def test_a_baseline_is_a_finished_day() -> None:
    """What an operator recorded as imported needs not be looked for."""
    assert earliest(dated(), [Making(source=november(20)).baselined()]) == date(2026, 11, 13)


OLD = november(2)


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([Making(source=OLD).claimed()], id="cut off"),
        pytest.param([Making(source=OLD).claimed(), Making(source=OLD).failed("final")], id="failed"),
        pytest.param([*Making(source=OLD).whole(), Making(source=OLD).forgotten()], id="forgotten"),
        pytest.param(
            [*Making(source=OLD).whole(), Making(source=file(OLD.path, "B"), generation=2).failed()], id="failed change"
        ),
    ],
)
def test_what_is_not_settled_stays_in_sight(events: list[AnyEvent]) -> None:
    """A failure does not vanish because other days went well, and what was forgotten can be found again."""
    assert earliest(dated(), [*done(november(20)), *events]) == date(2026, 11, 2)


def test_what_is_not_settled_alone_bounds_nothing() -> None:
    """While no day is finished, older ones may still have to be found."""
    assert earliest(dated(), [Making(source=OLD).claimed()]) is None


def test_the_history_of_a_renamed_spec_counts_and_another_s_does_not() -> None:
    """The lineage is that of the spec."""
    renamed = spec("crm-2", formerly=["crm"], source={"uri": URI, "lookback": "7d"})
    assert earliest(renamed, done(november(20))) == date(2026, 11, 13)
    assert earliest(dated("other"), done(november(20))) is None


def test_the_calendar_has_a_beginning() -> None:
    """A lookback longer than time goes back to its first day."""
    assert earliest(dated(lookback="9999w"), done(on(date(2, 1, 1)))) == date(1, 1, 1)


@given(st.lists(st.integers(0, 400), min_size=1), st.integers(0, 60))
def test_a_file_is_listed_again_only_as_far_back_as_asked(days: list[int], lookback: int) -> None:
    """Every day from the bound on is at most `lookback` before the newest finished one."""
    dates = [date(2025, 6, 1) + timedelta(days=n) for n in days]
    bound = earliest(dated(lookback=f"{lookback}d"), done(*(on(day, f"{n}.csv") for n, day in enumerate(dates))))
    assert bound == max(dates) - timedelta(days=lookback)


@pytest.mark.parametrize(
    ("uris", "path", "expected"),
    [
        (["data/{date:%Y-%m-%d}.csv"], "data/2026-11-02.csv", date(2026, 11, 2)),
        (["file://data/{date:%Y-%m-%d}.csv"], "data/2026-11-02.csv", date(2026, 11, 2)),
        (["./data//{date:%Y/%m/%d}/*.csv"], "data/2026/11/02/x.csv", date(2026, 11, 2)),
        (["S3://b/{date:%Y-%m-%d}/**/*.csv"], "s3://b/2026-11-02/x/y.csv", date(2026, 11, 2)),
        (["gs://b/x/*.csv", "gs://b/{date:%Y%m%d}.csv"], "gs://b/20261102.csv", date(2026, 11, 2)),
        (["gs://b/x/*.csv"], "gs://b/20261102.csv", None),
        (["gs://b/{date:%Y%m%d}.csv"], "gs://other/20261102.csv", None),
        (["s3://b/{date:%Y-%m-%d}/*.csv"], "s3://b/2026-02-30/x.csv", None),
    ],
)
def test_a_path_s_day_is_what_the_listing_reads(uris: list[str], path: str, expected: date | None) -> None:
    """Whatever form the URI is written in, also when the same reader is asked again."""
    read = date_reader(uris)
    assert [read(path), read(path)] == [expected, expected]
