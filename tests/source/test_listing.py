"""Which files a source has, what they are called, and in which order they come."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from syncer.errors import SourceError
from syncer.model.files import SourceFile, size_advice, size_refusal
from syncer.model.spec import Source
from syncer.source.fingerprints import FingerprintCache
from syncer.source.listing import find

posix = pytest.mark.skipif(sys.platform == "win32", reason="such names and links are POSIX")


def write(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"a\n{name}\n")


def listed(root: Path, *uris: str, local_roots: tuple[Path, ...] = (), **source: Any) -> list[SourceFile]:
    spec_source = Source.model_validate({"uri": uris, **source})
    return find(spec_source, root=root, cache=FingerprintCache(root / ".cache"), local_roots=local_roots).files


def paths(root: Path, *uris: str, **more: Any) -> list[str]:
    return [file.path for file in listed(root, *uris, **more)]


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("data/a.csv", ["data/a.csv"]),
        ("./data//a.csv", ["data/a.csv"]),
        ("data/*.csv", ["data/a.csv", "data/b.csv"]),
        ("data/?.csv", ["data/a.csv", "data/b.csv"]),
        ("data/[!a].csv", ["data/b.csv"]),
        ("data/**/*.csv", ["data/a.csv", "data/b.csv", "data/deep/c.csv", "data/deep/er/d.csv"]),
        ("data/**", ["data/a.csv", "data/b.csv", "data/deep/c.csv", "data/deep/er/d.csv"]),
        ("**/c.csv", ["data/deep/c.csv"]),
        ("data/*/c.csv", ["data/deep/c.csv"]),
        ("data/*/*/*.csv", ["data/deep/er/d.csv"]),
        ("data/none*.csv", []),
        ("data/none.csv", []),
        ("data/deep", []),
    ],
)
def test_globs(uri: str, expected: list[str], tmp_path: Path) -> None:
    """`*`, `?` and `[…]` stay in one folder, `**` crosses folders, no match is an empty list, folders are no files."""
    write(tmp_path, "data/a.csv", "data/b.csv", "data/deep/c.csv", "data/deep/er/d.csv")
    assert paths(tmp_path, uri) == expected


def test_hidden_names_are_found_only_by_name(tmp_path: Path) -> None:
    """A name that begins with a dot is half written or nobody's business, unless the glob names the dot."""
    write(tmp_path, "data/.a.csv", "data/.hidden/b.csv", "data/c.csv")
    assert paths(tmp_path, "data/*.csv") == paths(tmp_path, "data/**/*.csv") == ["data/c.csv"]
    assert paths(tmp_path, "data/.*.csv") == ["data/.a.csv"]
    assert paths(tmp_path, "data/.hidden/*.csv") == ["data/.hidden/b.csv"]


def test_a_file_matched_twice_counts_once(tmp_path: Path) -> None:
    """Several URIs, relative and absolute, that reach one file give one source file."""
    write(tmp_path, "data/a.csv", "data/b.csv")
    uris = ("data/*.csv", "data/a.csv", f"file://{tmp_path.as_posix()}/data/a.csv", "./data/../data/b.csv")
    assert paths(tmp_path, *uris) == ["data/a.csv", "data/b.csv"]


def test_paths_do_not_depend_on_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is called the same from wherever the command runs, and its location is absolute."""
    write(tmp_path / "project", "data/a.csv")
    monkeypatch.chdir(tmp_path)
    from_above = listed(Path("project"), "data/*.csv")
    monkeypatch.chdir(tmp_path / "project" / "data")
    from_within = listed(tmp_path / "project", "data/*.csv")
    assert from_above == from_within
    assert Path(from_within[0].location) == tmp_path / "project" / "data" / "a.csv"


@posix
@pytest.mark.parametrize(
    "name",
    [
        "with space.csv",
        "ünï-☃.csv",
        "#1.csv",
        "100%.csv",
        "%20.csv",
        "a+b.csv",
        "q?.csv",
        "s*.csv",
        "e[1].csv",
        "a\nb.csv",
    ],
)
def test_names_are_taken_as_they_are(name: str, tmp_path: Path) -> None:
    """A name with special characters is found by a glob and by itself: an existing file is no glob."""
    write(tmp_path, f"data/{name}", "data/qx.csv", "data/sx.csv", "data/e1.csv")
    assert f"data/{name}" in paths(tmp_path, "data/*.csv")
    assert paths(tmp_path, f"data/{name}") == paths(tmp_path, f"file://{tmp_path}/data/{name}") == [f"data/{name}"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems normalise names")
def test_unicode_forms_are_not_mixed_up(tmp_path: Path) -> None:
    """`é` as one character and as two are two names, kept as the disk has them."""
    write(tmp_path, "caf\u00e9.csv", "cafe\u0301.csv")
    assert paths(tmp_path, "*.csv") == ["cafe\u0301.csv", "caf\u00e9.csv"]
    assert paths(tmp_path, "caf\u00e9.csv") == ["caf\u00e9.csv"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    """The log could not name such a file, so it is an error and not silently left out."""
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.csv")).write_text("a\n")
    with pytest.raises(SourceError, match="not UTF-8"):
        listed(tmp_path, "*.csv")


def test_dates_in_paths(tmp_path: Path) -> None:
    """`{date:…}` finds days of the calendar only, and the order is by day before anything else."""
    write(tmp_path, "x/dt=2026-11-02/p.csv", "x/dt=2026-11-10/p.csv", "x/dt=2026-02-30/p.csv", "x/dt=latest/p.csv")
    write(tmp_path, "y/z-20261105.csv", "y/a-20261106.csv", "y/2026/1/x.csv", "y/2026/11/07/x.csv")
    found = listed(tmp_path, "x/dt={date:%Y-%m-%d}/*.csv", "y/*-{date:%Y%m%d}.csv", "y/{date:%Y/%m/%d}/x.csv")
    assert [(file.path, file.date) for file in found] == [
        ("x/dt=2026-11-02/p.csv", date(2026, 11, 2)),
        ("y/z-20261105.csv", date(2026, 11, 5)),
        ("y/a-20261106.csv", date(2026, 11, 6)),
        ("y/2026/11/07/x.csv", date(2026, 11, 7)),
        ("x/dt=2026-11-10/p.csv", date(2026, 11, 10)),
    ]
    assert paths(tmp_path, f"file://{tmp_path.as_posix()}/x/dt={{date:%Y-%m-%d}}/*.csv") == [
        "x/dt=2026-11-02/p.csv",
        "x/dt=2026-11-10/p.csv",
    ]


def test_order(tmp_path: Path) -> None:
    """Files come in natural path order, or by modification time where the spec says so."""
    write(tmp_path, "part-2.csv", "part-10.csv", "part-1.csv")
    assert paths(tmp_path, "*.csv") == ["part-1.csv", "part-2.csv", "part-10.csv"]
    for age, name in enumerate(["part-1.csv", "part-10.csv", "part-2.csv"]):
        os.utime(tmp_path / name, (10**9 - age, 10**9 - age))
    found = listed(tmp_path, "*.csv", order="modified")
    assert [file.path for file in found] == ["part-2.csv", "part-10.csv", "part-1.csv"]
    assert found[-1].modified == datetime.fromtimestamp(10**9, UTC)


def test_formats(tmp_path: Path) -> None:
    """The extension tells format and compression in any letter case; `source.format` overrides it."""
    names = ["a.csv", "b.JSONL", "c.ndjson", "d.parquet", "e.csv.gz", "f.jsonl.GZ", "g.ndjson.gz"]
    write(tmp_path, *names, "plain")
    found = {file.path: (file.format, file.compression) for file in listed(tmp_path, "*.*")}
    formats = [("csv", None), ("jsonl", None), ("jsonl", None), ("parquet", None), ("csv", "gzip"), ("jsonl", "gzip")]
    assert found == dict(zip(names, [*formats, ("jsonl", "gzip")], strict=True))
    (plain,) = listed(tmp_path, "plain", format="jsonl")
    assert (plain.format, plain.compression) == ("jsonl", None)


@pytest.mark.parametrize(("name", "source"), [("a.txt", {}), ("a.parquet.gz", {}), ("a.gz", {"format": "parquet"})])
def test_a_file_that_cannot_be_imported_is_not_passed_over(name: str, source: dict[str, Any], tmp_path: Path) -> None:
    """A matched file whose format nobody knows is an error that names it."""
    write(tmp_path, name)
    with pytest.raises(SourceError, match=name):
        listed(tmp_path, "a.*", **source)


def test_an_empty_file_is_found(tmp_path: Path) -> None:
    """A file of 0 bytes is a source file like any other: what becomes of it is the plan's decision."""
    (tmp_path / "a.csv").touch()
    (file,) = listed(tmp_path, "*.csv")
    assert (file.size, file.fingerprint) == (
        0,
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    )


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    """No match is no error, but a folder that does not exist is a mistake in the spec."""
    write(tmp_path, "data")
    for uri in ("missing/*.csv", "missing/a.csv", "data/a.csv"):
        with pytest.raises(SourceError, match="does not exist"):
            listed(tmp_path, uri)


def test_other_protocols_are_refused(tmp_path: Path) -> None:
    """A store that cannot be read is named, rather than taken for a folder."""
    with pytest.raises(SourceError, match="s3://"):
        listed(tmp_path, "s3://bucket/a.csv")


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """Give a folder that others can reach, and drop root's right to read everything."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        root = os.geteuid() == 0
        yield Path(folder)
        if root:
            os.seteuid(0)


@posix
def test_what_may_not_be_read_is_an_error(unprivileged: Path) -> None:
    """A folder or file without permission is named: leaving it out would look like nothing to do."""
    write(unprivileged, "shut/a.csv", "open/b.csv", "above/shut/c.csv")
    shut = (unprivileged / "shut", unprivileged / "open" / "b.csv", unprivileged / "above" / "shut")
    for path in shut:
        path.chmod(0)
    if os.geteuid() == 0:
        os.seteuid(65534)
    for uri in ("shut/*.csv", "open/*.csv", "above/**/*.csv", "shut/a.csv"):
        with pytest.raises(SourceError, match="cannot be read") as caught:
            listed(unprivileged, uri)
        assert "right to read" in caught.value.next_step
    if os.getuid() == 0:
        os.seteuid(0)
    for path in shut:
        path.chmod(0o755)


@posix
def test_only_regular_files_are_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders, sockets, pipes and broken symlinks are passed over; a symlink to a file within the project is a file."""
    write(tmp_path, "real/a.csv")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "broken.csv").symlink_to("nowhere")
    (tmp_path / "link.csv").symlink_to("real/a.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.csv")
        assert paths(tmp_path, "*.csv") == ["link.csv"]
    for name in ("pipe.csv", "broken.csv", "folder.csv"):
        assert paths(tmp_path, name) == []


@posix
def test_symlinks_stay_within_the_allowed_roots(tmp_path: Path) -> None:
    """A link out of the project is refused, wherever on the way it stands, unless its target is an allowed root."""
    write(tmp_path, "outside/a.csv", "project/data/b.csv")
    project = tmp_path / "project"
    (project / "file.csv").symlink_to("../outside/a.csv")
    (project / "folder").symlink_to("../outside")
    (project / "within").symlink_to("data")
    for uri in ("file.csv", "*.csv", "folder/*.csv", "fol*/*.csv", "../outside/*.csv", f"{tmp_path}/outside/a.csv"):
        with pytest.raises(SourceError, match="outside the project"):
            listed(project, uri)
        assert len(listed(project, uri, local_roots=(tmp_path / "outside",))) == 1
    assert paths(project, "w*/*.csv") == ["within/b.csv"]
    assert paths(project, "**/b.csv") == ["data/b.csv"]
    assert paths(project, f"{tmp_path}/outside/*.csv", local_roots=(Path("../outside"),)) == [
        f"{tmp_path.as_posix()}/outside/a.csv"
    ]


@posix
def test_a_linked_checkout_names_its_files_alike(tmp_path: Path) -> None:
    """An absolute URI inside the project is relative in the log, also where a symlink leads to the project."""
    write(tmp_path, "real/a.csv")
    (tmp_path / "link").symlink_to("real")
    for uri in (f"{tmp_path}/real/*.csv", f"{tmp_path}/link/*.csv"):
        assert paths(tmp_path / "link", uri) == ["a.csv"]


def sparse(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.truncate(size)


@pytest.mark.skipif(sys.platform == "win32", reason="sparse files need a call of their own")
def test_a_file_over_the_limit_is_listed_but_not_hashed(tmp_path: Path) -> None:
    """Over 50 GB a file comes with a fingerprint that is no hash, so that a plan can refuse it at once."""
    sparse(tmp_path / "huge.csv", 50 * 10**9 + 1)
    (file,) = listed(tmp_path, "*.csv")
    assert file.fingerprint == "unread:50000000001"
    assert "split" in (size_refusal(file.size) or "")


def test_size_advice() -> None:
    """Over 10 GB the vendor guide advises chunks of 5-8 GB, over 50 GB nothing is accepted."""
    assert size_advice(10 * 10**9, "csv") is None
    assert "Parquet" in (size_advice(10 * 10**9 + 1, "csv") or "")
    assert "Parquet" not in (size_advice(20 * 10**9, "parquet") or "none")
    assert size_refusal(50 * 10**9) is None
    assert size_advice(51 * 10**9, "csv") is None


def test_listing_imports_nothing_heavy() -> None:
    """Finding files needs neither fsspec nor DuckDB: a plan with nothing to do must be instant."""
    code = (
        "import sys, pathlib\n"
        "from syncer.source import listing, fingerprints, pins; from syncer.model.spec import Source\n"
        "root = pathlib.Path('.'); cache = fingerprints.FingerprintCache(root / 'none')\n"
        "listing.find(Source(uri='*.csv'), root=root, cache=cache)\n"
        "assert not {'fsspec', 'duckdb', 'aiohttp', 'asyncio'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
