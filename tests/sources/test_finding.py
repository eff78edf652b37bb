"""Which files a source has: one meaning of a URI, whatever store it names."""

from __future__ import annotations

import itertools
from datetime import date

import pytest

from syncer.errors import SourceError
from syncer.source.found import NothingKnown
from syncer.source.sources import Wanted
from tests.sources.looking import Look

TREE = [
    "top.csv",
    "data/a.csv",
    "data/ab.csv",
    "data/b.csv",
    "data/.half.csv",
    "data/.tmp/x.csv",
    "data/deep/c.csv",
    "data/deep/.old/c.csv",
    "data/deep/er/d.csv",
    "data-2/a.csv",
]
DEEP = ["data/a.csv", "data/ab.csv", "data/b.csv", "data/deep/c.csv", "data/deep/er/d.csv"]

# What is in a name that a URL, a glob or a template would make something else of.
ODD = ["a b.csv", "ü/日本 é.csv", "a#b.csv", "p%20q.csv", "x+y.csv", "&=;@,!$'().csv", "c[1].csv", "q?.csv", "s*.csv"]


PATTERNS = {
    "data/a.csv": ["data/a.csv"],
    "*.csv": ["top.csv"],
    "data/*.csv": ["data/a.csv", "data/ab.csv", "data/b.csv"],
    "data/a*.csv": ["data/a.csv", "data/ab.csv"],
    "data/?.csv": ["data/a.csv", "data/b.csv"],
    "data/[a-b].csv": ["data/a.csv", "data/b.csv"],
    "data/[!b].csv": ["data/a.csv"],
    "data*/a.csv": ["data/a.csv", "data-2/a.csv"],
    "data/*/*.csv": ["data/deep/c.csv"],
    "data/*/*/*.csv": ["data/deep/er/d.csv"],
    "data/**/*.csv": DEEP,
    "data/**": DEEP,
    "**": [*DEEP, "data-2/a.csv", "top.csv"],
    "**/d.csv": ["data/deep/er/d.csv"],
    "data/**/er/*.csv": ["data/deep/er/d.csv"],
    "data/.*.csv": ["data/.half.csv"],
    "data/.tmp/*.csv": ["data/.tmp/x.csv"],
    "data/none.csv": [],
    "data/none*.csv": [],
    "data/deep": [],
    "data": [],
}


def test_a_pattern_finds_the_same_files_in_every_store(look: Look) -> None:
    """`*`, `?` and `[…]` stay in one folder, `**` crosses folders, hidden names are found by their dot alone."""
    for key in TREE:
        look.bucket.put(key, b"a\n")

    assert {pattern: look.keys(pattern, format="csv") for pattern in PATTERNS} == PATTERNS


def test_a_file_that_several_uris_name_counts_once(look: Look) -> None:
    """The files of all URIs come in one order, each of them once."""
    for key in TREE:
        look.bucket.put(key, b"a\n")

    assert look.keys("data/b.csv", "top.csv", "data/*.csv") == [*DEEP[:3], "top.csv"]


def test_what_is_known_of_a_file(look: Look) -> None:
    """Path, size, format and compression are there without reading it, and the path opens it again."""
    look.bucket.put("in/Orders.JSONL.GZ", b"12345")

    (file,) = look.find("in/*")

    assert (file.size, file.format, file.compression, file.date) == (5, "jsonl", "gzip", None)
    assert look.key(file.path) == "in/Orders.JSONL.GZ"
    assert file.modified.tzinfo is not None
    assert look.read(file, "in/*") == b"12345"


@pytest.mark.parametrize("one_by_one", [False, True], ids=["glob", "literal"])
def test_odd_names_are_files_like_any_other(look: Look, *, one_by_one: bool) -> None:
    """Nothing in a name is decoded, expanded or escaped: it is found, held and read as it is called."""
    for key in ODD:
        look.bucket.put(f"in/{key}", key.encode())
    patterns = [f"in/{key}" for key in ODD] if one_by_one else ["in/**/*.csv"]

    files = look.find(*patterns)

    assert sorted(look.key(file.path) for file in files) == sorted(f"in/{key}" for key in ODD)
    assert all(look.read(file, *patterns) == look.key(file.path).removeprefix("in/").encode() for file in files)


def test_a_name_with_glob_characters_names_itself_first(look: Look) -> None:
    """`export[1].csv` is that file where there is one, and a glob where there is none."""
    look.bucket.put("in/export1.csv", b"a\n")
    assert look.keys("in/export[1].csv") == ["in/export1.csv"]

    look.bucket.put("in/export[1].csv", b"a\n")
    assert look.keys("in/export[1].csv") == ["in/export[1].csv"]


DATED = [
    "in/2026/09/30/a.csv",
    "in/2026/10/01/a.csv",
    "in/2026/10/31/a.csv",
    "in/2026/10/31/b.csv",
    "in/2026/11/01/a.csv",
    "in/2026/02/30/a.csv",  # no real day
    "in/2026/1x/01/a.csv",
    "in/2026/11/01/deeper/a.csv",
]


def test_dates_of_three_folders(look: Look) -> None:
    """Each file has its day, days come in their order, and what is no day is no file of the source."""
    for key in DATED:
        look.bucket.put(key, b"a\n")
    pattern = "in/{date:%Y}/{date:%m}/{date:%d}/*.csv"

    files = look.find(pattern)

    assert [look.key(file.path) for file in files] == DATED[:5]
    assert [file.date for file in files[:2]] == [date(2026, 9, 30), date(2026, 10, 1)]
    assert look.keys(pattern, earliest=date(2026, 10, 31)) == DATED[2:5]


def test_dates_of_one_folder(look: Look) -> None:
    """A day in a folder's name bounds the search, from that day on."""
    for day in ("2025-12-31", "2026-01-01", "2026-01-02", "latest"):
        look.bucket.put(f"in/dt={day}/part-1.csv", b"a\n")
    pattern = "in/dt={date}/part-*.csv"

    assert look.keys(pattern) == [f"in/dt={day}/part-1.csv" for day in ("2025-12-31", "2026-01-01", "2026-01-02")]
    assert look.keys(pattern, earliest=date(2026, 1, 1)) == look.keys(pattern)[1:]
    assert look.keys(pattern, earliest=date(2027, 1, 1)) == []


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%Y%j"])
def test_dates_in_names(look: Look, form: str) -> None:
    """A day in a file's name bounds the search too, whether or not such names sort as their days do."""
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 2)]
    names = [f"in/orders-{day:{form}}-1.csv" for day in days]
    look.bucket.put("in/orders-none.csv", b"a\n")
    for name in names:
        look.bucket.put(name, b"a\n")
    pattern = f"in/orders-{{date:{form}}}-*.csv"

    assert look.keys(pattern) == names
    assert look.keys(pattern, earliest=days[1]) == names[1:]


def test_a_month_above_its_year(look: Look) -> None:
    """A folder that tells no year yet is not taken for an old one."""
    for key in ("in/01/2026/a.csv", "in/12/2025/a.csv"):
        look.bucket.put(key, b"a\n")

    assert look.keys("in/{date:%m}/{date:%Y}/*.csv", earliest=date(2026, 1, 1)) == ["in/01/2026/a.csv"]


def test_the_first_of_days_bounds_nothing(look: Look) -> None:
    """A search from the beginning of time finds all there is."""
    look.bucket.put("in/2026-01-01.csv", b"a\n")

    assert look.keys("in/{date}.csv", earliest=date.min) == ["in/2026-01-01.csv"]
    assert look.keys("in/{date}.csv", earliest=date(999, 1, 1)) == ["in/2026-01-01.csv"]


def test_paths_come_in_the_order_of_people(look: Look) -> None:
    """`part-2` comes before `part-10`."""
    for number in (10, 2, 1):
        look.bucket.put(f"in/part-{number}.csv", b"a\n")

    assert look.keys("in/part-*.csv") == [f"in/part-{number}.csv" for number in (1, 2, 10)]


def test_the_order_of_modification(look: Look) -> None:
    """What was written first comes first, whatever it is called."""
    look.bucket.put("in/z.csv", b"a\n")
    (first,) = look.find("in/z.csv")
    for _ in itertools.count():  # until the store's clock, which may tell whole seconds only, has moved on
        look.bucket.put("in/a.csv", b"a\n")
        if look.find("in/a.csv")[0].modified > first.modified:
            break

    assert look.keys("in/*.csv", order="modified") == ["in/z.csv", "in/a.csv"]
    assert look.keys("in/*.csv", order="path") == ["in/a.csv", "in/z.csv"]


def test_a_folder_is_ready_with_its_marker(look: Look) -> None:
    """A file without the marker beside it says which one is missing, and the marker is no data."""
    for key in ("in/1/a.csv", "in/1/_SUCCESS", "in/2/a.csv", "in/3/_SUCCESS"):
        look.bucket.put(key, b"a\n")

    files = look.find("in/*/*", ready={"marker": "_SUCCESS"})

    assert [look.key(file.path) for file in files] == ["in/1/a.csv", "in/2/a.csv"]
    assert files[0].missing_marker == ""
    assert look.key(files[1].missing_marker) == "in/2/_SUCCESS"


@pytest.mark.parametrize(
    ("marker", "beside"), [("{file.name}.done", "in/a.csv.done"), ("{file.stem}.ok", "in/a.ok"), ("ok", "in/ok")]
)
def test_each_file_is_ready_with_its_own_marker(look: Look, marker: str, beside: str) -> None:
    """A marker may be called after its file; it is found beside a file that is named in full too."""
    for key in ("in/a.csv", "in/b.csv", beside):
        look.bucket.put(key, b"a\n")

    for patterns in (("in/*",), ("in/a.csv", "in/b.csv")):
        files = look.find(*patterns, ready={"marker": marker}, format="csv")
        waiting = {look.key(file.path): bool(file.missing_marker) for file in files}
        assert waiting == {"in/a.csv": False, "in/b.csv": marker != "ok"}


def test_a_bucket_that_does_not_exist(own: Look) -> None:
    """The problem names it, and the sources beside it have their files."""
    own.bucket.put("in/a.csv", b"a\n")
    gone = f"{own.bucket.uri().rstrip('/')}-gone"
    missing = [
        Wanted(source=own.source("in/*.csv").model_copy(update={"uri": f"{gone}/{pattern}"}), known=NothingKnown())
        for pattern in ("in/*.csv", "in/a.csv", "in/{date}/a.csv")
    ]
    there = Wanted(source=own.source("in/*.csv"), known=NothingKnown())

    *problems, found = own.find_all(*missing, there)

    for one in problems:
        assert isinstance(one.problem, SourceError)
        assert f"{own.bucket.name.rpartition('/')[2]}-gone" in str(one.problem)
        assert one.files == []
    assert [own.key(file.path) for file in found.files] == ["in/a.csv"]


def test_what_one_source_cannot_read_is_no_problem_of_another(look: Look) -> None:
    """A name that tells no format fails the source that asks for it, and not the one that shares its folder."""
    look.bucket.put("in/a.csv", b"a\n")
    look.bucket.put("in/notes", b"a\n")
    everything, tables = (Wanted(source=look.source(pattern), known=NothingKnown()) for pattern in ("in/*", "in/*.csv"))

    for wanted in ((everything, tables), (tables, everything)):
        found = dict(zip((one.source.uri for one in wanted), look.find_all(*wanted), strict=True))
        problem = found[everything.source.uri].problem
        assert problem is not None
        assert "in/notes" in str(problem)
        assert [look.key(file.path) for file in found[tables.source.uri].files] == ["in/a.csv"]


def test_an_outside_write_is_seen_at_once(look: Look) -> None:
    """No listing and no look is kept: what others write, overwrite and delete is there in the next search."""
    look.bucket.put("in/a.csv", b"a\n1\n")
    look.keys("in/*.csv")
    look.bucket.put("in/b.csv", b"a\n")
    look.bucket.put("in/a.csv", b"a\n1\n2\n")

    assert [file.size for file in look.find("in/*.csv")] == [6, 2]
    assert [file.size for file in look.find("in/a.csv")] == [6]
    look.bucket.delete("in/a.csv")
    assert look.keys("in/*.csv") == ["in/b.csv"]
    assert look.keys("in/a.csv") == []
