"""How little a store is asked: which listings are made, seen where they are made."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from syncer.source.found import NothingKnown
from syncer.source.sources import Wanted
from tests.sources.conftest import CLOUDS
from tests.sources.looking import Folder, Look

pytestmark = pytest.mark.parametrize("store", CLOUDS, indirect=True)


def prefixes(look: Look) -> list[str]:
    """Return the prefixes that were listed, below the test's folder."""
    assert isinstance(look.bucket, Folder)
    start = f"{look.bucket.folder}/"
    assert all(prefix.startswith(start) for prefix in look.asked.prefixes)
    return [prefix.removeprefix(start) for prefix in look.asked.prefixes]


def test_a_file_that_is_named_in_full_is_looked_at(look: Look) -> None:
    """Nothing is listed for it."""
    look.bucket.put("in/a.csv", b"a\n")

    assert look.keys("in/a.csv") == ["in/a.csv"]
    assert (look.asked.listings, len(look.asked.looks)) == ([], 1)


def test_a_large_prefix_beside_a_small_one_is_not_listed(look: Look) -> None:
    """Only what begins like the pattern comes from the store."""
    look.bucket.put_many([f"in/big-{number}.csv" for number in range(60)])
    look.bucket.put_many([f"in/small-{number}.csv" for number in range(3)])

    assert len(look.keys("in/small-*.csv")) == 3
    assert prefixes(look) == ["in/small-"]
    assert len(look.asked.listed) == 3


def test_old_days_are_not_listed(look: Look) -> None:
    """The folders of a year, a month and a day are chosen by their names, and the chosen days alone are listed."""
    first = date(2025, 11, 1)
    days = [first + timedelta(days=7 * number) for number in range(12)]
    look.bucket.put_many([f"in/{day:%Y/%m/%d}/{name}.csv" for day in days for name in "ab"])

    found = look.keys("in/{date:%Y}/{date:%m}/{date:%d}/*.csv", earliest=days[-2])

    assert found == [f"in/{day:%Y/%m/%d}/{name}.csv" for day in days[-2:] for name in "ab"]
    assert prefixes(look) == [f"in/{day:%Y/%m/%d}/" for day in days[-2:]]
    assert len(look.asked.listed) == 4
    assert len(look.asked.folders) == 3  # the years, the months of the one, the days of the other


def test_a_marker_lists_its_whole_folder_and_no_older_one(look: Look) -> None:
    """What stands beside the files of a day is listed with them."""
    for day in ("2026-01-01", "2026-01-02"):
        look.bucket.put_many([f"in/{day}/part-1.csv", f"in/{day}/_SUCCESS"])

    files = look.find("in/{date}/part-*.csv", ready={"marker": "_SUCCESS"}, earliest=date(2026, 1, 2))

    assert [(look.key(file.path), file.missing_marker) for file in files] == [("in/2026-01-02/part-1.csv", "")]
    assert prefixes(look) == ["in/2026-01-02/"]


def test_a_name_with_a_date_begins_in_the_middle(look: Look) -> None:
    """Where names sort as their days do, the store is told from which one on it should list."""
    look.bucket.put_many([f"in/x-202601{day:02}.csv" for day in range(1, 20)])

    assert look.keys("in/x-{date:%Y%m%d}.csv", earliest=date(2026, 1, 18)) == ["in/x-20260118.csv", "in/x-20260119.csv"]
    ((prefix, after),) = look.asked.listings
    assert after == f"{prefix}20260117"
    begins_at_the_first = look.bucket.uri().startswith("az:")  # whatever it is told
    assert len(look.asked.listed) == (19 if begins_at_the_first else 3)


def test_sources_that_share_a_prefix_share_a_listing(look: Look) -> None:
    """What one listing holds is listed once, however many sources read it; another folder has a listing of its own."""
    keys = ["in/a.csv", "in/b.jsonl", "in/deep/c.csv", "out/d.csv"]
    look.bucket.put_many(keys)
    patterns = ["in/*.csv", "in/**", "in/deep/*.csv", "in/**/*.jsonl", "in/a*", "out/*"]
    wanted = [Wanted(source=look.source(pattern), known=NothingKnown()) for pattern in patterns]

    found = look.find_all(*wanted)

    assert [[look.key(file.path) for file in one.files] for one in found] == [
        ["in/a.csv"],
        ["in/a.csv", "in/b.jsonl", "in/deep/c.csv"],
        ["in/deep/c.csv"],
        ["in/b.jsonl"],
        ["in/a.csv"],
        ["out/d.csv"],
    ]
    assert prefixes(look) == ["in/", "out/"]


def test_a_bounded_source_beside_an_unbounded_one(look: Look) -> None:
    """Each has its own days, out of the one listing that holds both."""
    look.bucket.put_many([f"in/x-2026010{day}.csv" for day in range(1, 4)])
    source = look.source("in/x-{date:%Y%m%d}.csv")

    bounded, whole = look.find_all(
        Wanted(source=source, known=NothingKnown(), earliest=date(2026, 1, 3)),
        Wanted(source=source, known=NothingKnown()),
    )

    assert (len(bounded.files), len(whole.files)) == (1, 3)
    assert prefixes(look) == ["in/x-"]


def test_a_listing_that_begins_late_is_not_shared_with_what_is_before(look: Look) -> None:
    """A source whose files sort before the beginning of another one's listing has a listing of its own."""
    look.bucket.put_many(["in/2026-01-01.csv", "in/2026-01-02.csv", "in/1999-99-99.csv"])

    late, early = look.find_all(
        Wanted(source=look.source("in/{date}.csv"), known=NothingKnown(), earliest=date(2026, 1, 2)),
        Wanted(source=look.source("in/1*.csv"), known=NothingKnown()),
    )

    assert [look.key(file.path) for file in late.files] == ["in/2026-01-02.csv"]
    assert [look.key(file.path) for file in early.files] == ["in/1999-99-99.csv"]


def test_what_is_done_is_counted_and_not_carried_on(look: Look) -> None:
    """A version that needs no decision any more is no more than one of a number."""
    look.bucket.put_many(["in/a.csv", "in/b.csv"])
    a, b = look.find("in/*.csv")

    class Settled(NothingKnown):
        def is_settled(self, path: str, fingerprint: str) -> bool:
            return (path, fingerprint) == (a.path, a.fingerprint)

    (found,) = look.find_all(Wanted(source=look.source("in/*.csv"), known=Settled()))

    assert (found.files, found.settled) == ([b], 1)
