"""Fingerprints: hashed once, never believed wrongly, and pinned while a file is read."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from syncer.errors import Interrupted, SourceError
from syncer.model.files import SourceFile
from syncer.model.spec import Source
from syncer.source import fingerprints
from syncer.source.fingerprints import BLOCK_BYTES, FileIdentity, FingerprintCache, Hashed, hash_file
from syncer.source.listing import find
from syncer.source.pins import pin_local

YEAR_NS = 365 * 86400 * 10**9


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files count as long written: their change time cannot be set back."""
    monkeypatch.setattr(fingerprints, "CLOCK_GRANULARITY_NS", 0)


def found(root: Path, cache: FingerprintCache, read: list[int] | None = None) -> list[SourceFile]:
    return find(Source(uri="*.csv"), root=root, cache=cache, progress=(read if read is not None else []).append).files


def one(root: Path, cache: FingerprintCache) -> SourceFile:
    (file,) = found(root, cache)
    return file


def hashed_bytes(root: Path, cache: Path) -> int:
    """List in a run of its own, and return how many bytes it had to hash."""
    read: list[int] = []
    with FingerprintCache(cache) as opened:
        found(root, opened, read)
    return sum(read)


def test_a_fingerprint_is_the_hash_of_the_bytes(tmp_path: Path) -> None:
    """Whatever the name and the times, equal bytes have equal fingerprints."""
    content = os.urandom(3 * BLOCK_BYTES // 2)
    (tmp_path / "a.csv").write_bytes(content)
    (tmp_path / "b.csv").write_bytes(content)
    os.utime(tmp_path / "b.csv", (1, 1))
    first, second = found(tmp_path, FingerprintCache(tmp_path / "cache"))
    assert first.fingerprint == second.fingerprint == f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_identity_path_reads_nothing(tmp_path: Path) -> None:
    """A spec that identifies files by path never hashes them."""
    (tmp_path / "a.csv").write_text("a\n")
    read: list[int] = []
    source = Source(uri="*.csv", identity="path")
    (file,) = find(source, root=tmp_path, cache=FingerprintCache(tmp_path / "cache"), progress=read.append).files
    assert (file.fingerprint, read) == ("path:", [])


@pytest.mark.usefixtures("settled")
def test_a_file_is_hashed_once(tmp_path: Path) -> None:
    """The next run knows every file that did not change, and does not touch the cache then."""
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("a\n1\n")
    cache = tmp_path / ".syncer" / "cache" / "fingerprints.json"
    assert hashed_bytes(tmp_path, cache) == 8
    before = cache.stat()
    assert hashed_bytes(tmp_path, cache) == 0
    assert (cache.stat().st_mtime_ns, cache.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    (tmp_path / "b.csv").write_text("a\n2\n")
    assert hashed_bytes(tmp_path, cache) == 4
    assert hashed_bytes(tmp_path, cache) == 0


@pytest.mark.usefixtures("settled")
def test_a_stopped_run_keeps_what_it_hashed(tmp_path: Path) -> None:
    """`stop` is asked before each block; the next run hashes only what was left."""
    for number in range(20):
        (tmp_path / f"{number}.csv").write_text("a\n")
    read: list[int] = []
    with FingerprintCache(tmp_path / "cache") as cache, pytest.raises(Interrupted):
        find(Source(uri="*.csv"), root=tmp_path, cache=cache, progress=read.append, stop=lambda: len(read) > 10)
    assert 0 < hashed_bytes(tmp_path, tmp_path / "cache") <= 2 * (20 - 8)


@pytest.mark.usefixtures("settled")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no change time")
def test_a_rewrite_with_restored_times_is_noticed(tmp_path: Path) -> None:
    """Same size, same inode, same modification time: the change time tells."""
    path = tmp_path / "a.csv"
    path.write_text("a\n1\n")
    cache = tmp_path / "cache"
    hashed_bytes(tmp_path, cache)
    times = path.stat()
    while path.stat().st_ctime_ns == times.st_ctime_ns:  # until the file clock ticks
        path.write_text("a\n2\n")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert hashed_bytes(tmp_path, cache) == 4


def test_a_file_written_a_moment_ago_is_not_believed(tmp_path: Path) -> None:
    """Within the clock's granularity a same-size rewrite leaves no trace, so such a file is hashed again next time."""
    (tmp_path / "a.csv").write_text("a\n1\n")
    cache = tmp_path / "cache"
    assert hashed_bytes(tmp_path, cache) == 4
    assert not cache.exists()
    assert hashed_bytes(tmp_path, cache) == 4


def test_what_fresh_means() -> None:
    """The later of both times counts, and a time in the future is never old."""
    old, now = time.time_ns() - YEAR_NS, time.time_ns()
    assert not FileIdentity(1, old, old, 1).fresh_at(now)
    assert FileIdentity(1, now, old, 1).fresh_at(now)
    assert FileIdentity(1, old, now, 1).fresh_at(now)
    assert FileIdentity(1, now + YEAR_NS, old, 1).fresh_at(now)


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("content", [b"", b"\xff\x00", b"[1,{", b"[9,{}]", b"{}", b'[1,{"a.csv":[1]}]', b"[1]"])
def test_a_damaged_cache_costs_time_only(content: bytes, tmp_path: Path) -> None:
    """Whatever stands in the cache file, files are hashed and the cache is written anew."""
    (tmp_path / "a.csv").write_text("a\n1\n")
    cache = tmp_path / "cache"
    cache.write_bytes(content)
    assert hashed_bytes(tmp_path, cache) == 4
    assert hashed_bytes(tmp_path, cache) == 0


@pytest.mark.usefixtures("settled")
def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    """A read-only disk is hashed anew each time, and nothing is left lying around."""
    (tmp_path / "a.csv").write_text("a\n1\n")
    (tmp_path / "cache").mkdir()
    assert hashed_bytes(tmp_path, tmp_path / "cache") == 4
    assert hashed_bytes(tmp_path, tmp_path / "a.csv" / "cache") == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "cache"]


def test_concurrent_runs_keep_what_the_other_learnt(tmp_path: Path) -> None:
    """Runs that save at the same time never damage the file, and merge what they find in it."""
    (tmp_path / "a.csv").write_text("a\n")
    status = (tmp_path / "a.csv").stat()
    path = tmp_path / "cache"

    def learn(number: int) -> None:
        with FingerprintCache(path) as cache:
            cache.remember(f"{number}.csv", Hashed("00", status, settled=True))

    learn(0)
    threads = [threading.Thread(target=learn, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert FingerprintCache(path).digest("0.csv", FileIdentity.of(status)) == "00"
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith("cache")] == ["cache"]


def test_a_hundred_thousand_entries_load_fast(tmp_path: Path) -> None:
    """A large cache costs a fraction of a second."""
    (tmp_path / "a.csv").write_text("a\n")
    status = (tmp_path / "a.csv").stat()
    with FingerprintCache(tmp_path / "cache") as cache:
        for number in range(100_000):
            cache.remember(f"data/part-{number}.csv", Hashed("0" * 64, status, settled=True))
    started = time.process_time()
    assert FingerprintCache(tmp_path / "cache").digest("data/part-7.csv", FileIdentity.of(status)) == "0" * 64
    assert time.process_time() - started < 1


def writing_after(path: Path, content: bytes, times: int) -> tuple[list[int], fingerprints.Progress]:
    """Give a progress callback that appends to the file at each of the first `times` blocks."""
    told: list[int] = []

    def progress(count: int) -> None:
        told.append(count)
        if len(told) <= times:
            with path.open("ab") as file:
                file.write(content)

    return told, progress


def test_a_file_that_changes_once_while_it_is_hashed_is_hashed_again(tmp_path: Path) -> None:
    """The hash is of one version, the later one."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"a\n")
    _, progress = writing_after(path, b"1\n", 1)
    hashed = hash_file("a.csv", str(path), progress=progress)
    assert hashed.digest == hashlib.sha256(b"a\n1\n").hexdigest()
    assert hashed.status.st_size == 4


def test_a_file_that_keeps_changing_is_an_error(tmp_path: Path) -> None:
    """After the second attempt the file is named, rather than waited for."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"a\n")
    _, progress = writing_after(path, b"1\n", 10)
    with pytest.raises(SourceError, match="changed while it was read"):
        hash_file("a.csv", str(path), progress=progress)


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be replaced there")
def test_a_file_that_is_replaced_while_it_is_hashed_is_hashed_again(tmp_path: Path) -> None:
    """The file of that name counts, not the one that was opened."""
    path, other = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_bytes(b"a\n1\n")
    other.write_bytes(b"a\n2\n")

    def replace(_: int) -> None:
        if other.exists():
            other.replace(path)

    assert hash_file("a.csv", str(path), progress=replace).digest == hashlib.sha256(b"a\n2\n").hexdigest()


def test_a_read_of_an_unchanged_file_is_good(tmp_path: Path) -> None:
    """A pinned file can be read by its path in the project."""
    (tmp_path / "a #1[x].csv").write_text("a\n1\n")
    cache = FingerprintCache(tmp_path / "cache")
    file = one(tmp_path, cache)
    held = pin_local(file, root=tmp_path, cache=cache)
    with held.open() as stream:
        assert stream.read() == b"a\n1\n"
    held.verify()


@pytest.mark.parametrize("restored", [False, True])
def test_a_change_during_a_read_is_an_error(tmp_path: Path, *, restored: bool) -> None:
    """What was read is not used, also where size and times say nothing because the file was written a moment ago."""
    path = tmp_path / "a.csv"
    path.write_text("a\n1\n")
    cache = FingerprintCache(tmp_path / "cache")
    file = one(tmp_path, cache)
    held = pin_local(file, root=tmp_path, cache=cache)
    path.write_text("a\n2\n")
    if restored:
        held = type(held)(held.path, held.location, FileIdentity.of(path.stat()), held.digest)
    with pytest.raises(SourceError, match="changed while it was read"):
        held.verify()


def test_a_change_since_the_plan_is_an_error(tmp_path: Path) -> None:
    """The bytes of another version are never taken for those of the fingerprint."""
    path = tmp_path / "a.csv"
    path.write_text("a\n1\n")
    cache = FingerprintCache(tmp_path / "cache")
    file = one(tmp_path, cache)
    path.write_text("a\n2\n")
    with pytest.raises(SourceError, match="changed since it was planned"):
        pin_local(file, root=tmp_path, cache=cache)
    path.unlink()
    with pytest.raises(SourceError, match=r"a\.csv cannot be read"):
        pin_local(file, root=tmp_path, cache=cache)


def test_the_same_bytes_with_other_times_are_the_same_version(tmp_path: Path) -> None:
    """A fresh checkout between plan and apply changes nothing."""
    path = tmp_path / "a.csv"
    path.write_text("a\n1\n")
    cache = FingerprintCache(tmp_path / "cache")
    file = one(tmp_path, cache)
    path.unlink()
    path.write_text("a\n1\n")
    pin_local(file, root=tmp_path, cache=cache).verify()


@pytest.mark.skipif(sys.platform == "win32", reason="sparse files need a call of their own")
def test_a_file_over_the_limit_is_never_pinned(tmp_path: Path) -> None:
    """Whatever a plan says, no file over 50 GB is read."""
    with (tmp_path / "a.csv").open("wb") as file:
        file.truncate(50 * 10**9 + 1)
    cache = FingerprintCache(tmp_path / "cache")
    with pytest.raises(SourceError, match="too large"):
        pin_local(one(tmp_path, cache), root=tmp_path, cache=cache)
