"""What a URI means to an object store, without one: which keys, and which listings hold them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from syncer.errors import SourceError
from syncer.model.spec import Source
from syncer.source.fingerprints import FingerprintCache
from syncer.source.found import NothingKnown
from syncer.source.listing import find
from syncer.source.patterns import Range, RemotePattern, parse_remote, ranges
from syncer.source.remote import RemoteSearch
from tests.sources.looking import Memory


def pattern(key: str, uri: str = "s3://b/") -> RemotePattern:
    return parse_remote(uri + key, Source.model_validate({"uri": "any"}))


@pytest.mark.parametrize(
    ("uri", "root", "key"),
    [
        ("s3://b/in/a.csv", "s3://b/", "in/a.csv"),
        ("S3://b/in/a.csv", "s3://b/", "in/a.csv"),
        ("gs://b/a%20b#c?.csv", "gs://b/", "a%20b#c?.csv"),
        ("az://c/x", "az://c/", "x"),
        ("abfs://c/x", "az://c/", "x"),
        ("abfss://c/x", "az://c/", "x"),
        ("abfss://c@acc.dfs.core.windows.net/x", "abfss://c@acc.dfs.core.windows.net/", "x"),
        ("abfs://c@acc.dfs.core.windows.net/x", "abfss://c@acc.dfs.core.windows.net/", "x"),
    ],
)
def test_a_uri_names_a_bucket_and_a_key(uri: str, root: str, key: str) -> None:
    """Spellings of one place are one place, and nothing in a key is decoded."""
    parsed = pattern("", uri)
    assert (parsed.place.root, parsed.key) == (root, key)


@pytest.mark.parametrize("uri", ["s3://", "s3://b", "s3://b/", "s3:///k", "s3://b*/k", "gs://b-{date}/k", "az://[c]/k"])
def test_a_bucket_is_named_by_itself(uri: str) -> None:
    """A URI without a key, or with a pattern for its bucket, is refused with the way to write it."""
    with pytest.raises(SourceError, match="does not name a bucket and a key") as raised:
        pattern("", uri)
    assert "://bucket/folder/*.csv" in raised.value.next_step


@pytest.mark.parametrize(
    ("key", "prefix"),
    [
        ("in/a.csv", "in/a.csv"),
        ("in/part-*.csv", "in/part-"),
        ("in/*/a.csv", "in/"),
        ("in/dt={date}/x.csv", "in/dt="),
        ("**", ""),
        ("in/a[1].csv", "in/a"),
    ],
)
def test_what_is_listed_is_the_longest_literal_prefix(key: str, prefix: str) -> None:
    """One listing holds every file, and as little else as a prefix allows; a marker's whole folder where one is set."""
    assert ranges(pattern(key), None, no_folders) == [Range(prefix)]
    assert ranges(pattern(key), None, no_folders, whole_folder=True) == [Range(prefix[: prefix.rfind("/") + 1])]


def no_folders(prefix: str) -> list[str]:
    raise AssertionError(f"folders of {prefix!r} were asked for")


DAYS = [date(2025, 12, 30) + timedelta(days=number) for number in range(40)]


@pytest.mark.parametrize(
    ("key", "written", "prefixes"),
    [
        ("in/{date:%Y}/{date:%m}/{date:%d}/*.csv", "in/%Y/%m/%d/a.csv", ["in/2026/02/06/", "in/2026/02/07/"]),
        ("in/{date:%Y-%m}/{date:%d}/*.csv", "in/%Y-%m/%d/a.csv", ["in/2026-02/06/", "in/2026-02/07/"]),
        ("in/{date:%Y}/{date:%j}/*.csv", "in/%Y/%j/a.csv", ["in/2026/037/", "in/2026/038/"]),
        ("in/dt={date}/x/*.csv", "in/dt=%Y-%m-%d/x/a.csv", ["in/dt=2026-02-06/x/", "in/dt=2026-02-07/x/"]),
        ("in/dt={date}/*/a*.csv", "in/dt=%Y-%m-%d/x/a.csv", ["in/dt=2026-02-06/", "in/dt=2026-02-07/"]),
        ("in/{date:%Y%m}/x-{date:%d}.csv", "in/%Y%m/x-%d.csv", ["in/202602/x-"]),
        ("in/{date:%Y}/*/{date:%m}/a.csv", "in/%Y/x/%m/a.csv", ["in/2026/"]),
        ("in/{date:%m}/{date:%Y}/a.csv", "in/%m/%Y/a.csv", ["in/02/2026/a.csv"]),
        ("in/{date:%Y-%d}/{date:%m}/a.csv", "in/%Y-%d/%m/a.csv", ["in/2026-06/02/a.csv", "in/2026-07/02/a.csv"]),
    ],
)
def test_old_folders_are_not_listed(key: str, written: str, prefixes: list[str]) -> None:
    """From a day on, only folders that may hold that day or a later one are listed, and all of these."""
    store = Memory(sorted({f"{day:{written}}" for day in DAYS}))

    found = ranges(pattern(key), DAYS[-2], store.folders)

    assert sorted(one.prefix for one in found) == prefixes
    assert all(any(f"{day:{written}}".startswith(one.prefix) for one in found) for day in DAYS[-2:])


def test_an_ordered_date_in_a_name_tells_where_to_begin() -> None:
    """A listing begins a day before the first name that is wanted, where names sort as their days do."""
    day = date(2026, 1, 1)
    assert ranges(pattern("in/x-{date:%Y%m%d}.csv"), day, no_folders) == [Range("in/x-", "in/x-20251231")]
    assert ranges(pattern("in/x-{date}*.csv"), day, no_folders) == [Range("in/x-", "in/x-2025-12-31")]
    for unordered in ("in/x-{date:%d-%m-%Y}.csv", "in/*-{date}.csv", "in/{date:%Y-%m}.csv"):
        assert all(not one.after for one in ranges(pattern(unordered), day, no_folders))
    for early in (date.min, date(1000, 1, 1)):
        assert ranges(pattern("in/x-{date}.csv"), early, no_folders) == [Range("in/x-")]


NAMES = st.text(st.sampled_from("ab1.[]-*"), min_size=1, max_size=4).filter(lambda name: name not in (".", ".."))
TREES = st.lists(st.lists(NAMES, min_size=1, max_size=3).map("/".join), min_size=1, max_size=12, unique=True)
SEGMENTS = st.one_of(
    NAMES,
    st.just("**"),
    st.lists(st.sampled_from(["*", "?", "[ab]", "[!a]", "[]a]", "[", "]", ".", "a", "b", "1", "**", "-"]), max_size=4)
    .map("".join)
    .filter(lambda segment: segment not in ("", ".", "..")),
)
PATTERNS = st.lists(SEGMENTS, min_size=1, max_size=3).map("/".join)


@given(TREES, st.lists(PATTERNS, min_size=1, max_size=4))
def test_a_pattern_finds_in_a_store_what_it_finds_on_a_disk(tree: list[str], globs: list[str]) -> None:
    """For any tree of files and any patterns, the keys that a store gives are the files that a walk gives."""
    folders = {"/".join(key.split("/")[:depth]) for key in tree for depth in range(1, key.count("/") + 1)}
    keys = [key for key in tree if key not in folders]
    assume(not folders & set(globs))  # a folder that is called like the glob is asked for literally on a disk
    with TemporaryDirectory() as temporary:
        root = Path(temporary)
        for key in keys:
            path = root / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        for glob in globs:
            assert in_store(keys, glob) == on_disk(root, glob), glob


def in_store(keys: Iterable[str], glob: str, earliest: date | None = None) -> list[str]:
    store = Memory(sorted(keys))
    source = Source.model_validate({"uri": f"s3://b/{glob}", "format": "csv"})
    search = RemoteSearch(lambda _: store, lambda *_: "")
    search.add(0, source, [pattern(glob)], NothingKnown(), earliest)
    found = search.run()[0]
    assert found.problem is None
    return [file.path.removeprefix("s3://b/") for file in found.files]


def on_disk(root: Path, glob: str, earliest: date | None = None) -> list[str]:
    source = Source.model_validate({"uri": glob, "format": "csv", "identity": "path"})
    try:
        found = find(source, root=root, cache=FingerprintCache(root / ".cache"), earliest=earliest)
    except SourceError as error:
        if "does not exist" not in error.what:
            raise
        return []  # a folder that is missing is a mistake on a disk, and nothing in a store
    return [file.path for file in found.files]


FORMS = ["%Y", "%m", "%d", "%Y-%m", "%Y%m%d", "%Y-%m-%d", "%j", "%Y-%d", "%H"]
DATED = st.lists(
    st.sampled_from([f"{{date:{form}}}" for form in FORMS] + ["x", "*", "dt={date}", "{date:%Y%m%d}*", "**"]),
    min_size=1,
    max_size=4,
).map("/".join)


@given(
    DATED,
    st.sampled_from(["{date:%d}.csv", "{date}.csv", "a.csv", "*.csv", "*-{date:%Y%m%d}.csv", "{date}*"]),
    st.data(),
)
def test_a_bound_leaves_out_what_is_older_and_nothing_else(folders: str, name: str, data: st.DataObject) -> None:
    """Whatever dates a URI has and wherever, the files from a day on are those of the whole search from that day on."""
    uri = f"{folders}/{name}"
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 2, 28), date(2026, 10, 11)]
    keys = sorted({key for day in days for key in keys_of(uri, day)})
    earliest = data.draw(st.sampled_from(days))
    assert in_store(keys, uri, earliest) == dated_from(keys, uri, earliest)


def keys_of(uri: str, day: date) -> list[str]:
    """Write keys that the URI matches and that stand for the day, and some for other days."""
    at = datetime(day.year, day.month, day.day, 5, tzinfo=UTC)
    wild = uri.replace("{date}", "{date:%Y-%m-%d}")
    for form in FORMS:
        wild = wild.replace(f"{{date:{form}}}", f"{at:{form}}")
    return [
        wild.replace("**", deep).replace("*", text) for deep, text in itertools.product(("x/y", "z"), ("q", "20260101"))
    ]


def dated_from(keys: Iterable[str], uri: str, earliest: date) -> list[str]:
    """Search everything, and keep what is not older."""
    everything = in_store(keys, uri)
    reader = pattern(uri).dates()
    if not pattern(uri).dated:
        return everything
    return [key for key in everything if (day := reader(key)) is not None and day >= earliest]
