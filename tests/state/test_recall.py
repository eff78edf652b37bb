"""A log that is over is read again where it stands, on this disk or in a commit, and is not kept in memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from syncer.errors import Conflict, SyncerError
from syncer.model.events import AnyEvent
from syncer.model.log import Lineage, Log
from syncer.state.committed import Committed
from syncer.state.git import GitFailed, Identity, Repository
from syncer.state.git_store import GitStore, Place
from syncer.state.recall import TemporaryLines
from syncer.state.store import LocalStore, Store
from tests.model.making import WORKSPACE, Making, file

CRM = Lineage(("crm",), WORKSPACE, "profiles")
IMPORTS = 60
MakeStore = Callable[[], Store]


def path_of(number: int) -> str:
    return f"data/dt=2026-11-23/part-{number:05}.csv"


def imports(count: int, first: int = 0) -> Iterator[AnyEvent]:
    """Yield the events of imports that went well, without ids."""
    for number in range(first, first + count):
        m = Making(source=file(path_of(number), f"{number:064x}"))
        yield from m.whole(f"imp_{number:022}")


@pytest.fixture(params=["folder", "commits"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> MakeStore:
    """Open one log anew: in a folder, with many files to it, or in a git repository."""
    if request.param == "folder":
        return lambda: LocalStore(tmp_path / "state", segment_bytes=20_000)
    subprocess.run(["git", "init", "-q", "-b", "main", tmp_path], check=True)
    place = Place(folder="state", branch="main", remote=None, author=Identity("Ann", "ann@example.com"))
    return lambda: GitStore(
        Repository(tmp_path),
        place,
        private=tmp_path / ".syncer",
        run="run-1",
        sleep=lambda _: None,
        jitter=lambda: 0.5,
    )


def told(log: Log, number: int) -> list[tuple[str, str | None]]:
    """Return what the log tells of one file: the kind and the job of each event."""
    (life,) = log.generations(CRM, path_of(number))
    return [(type(event).__name__, getattr(event, "job", None)) for event in life.events()]


def whole(number: int) -> list[tuple[str, str | None]]:
    job = f"imp_{number:022}"
    return [("Claimed", None), ("Submitted", job), ("Finished", job)]


def test_every_event_is_found_again(store: MakeStore) -> None:
    """What one store wrote and another one reads is told in full by both, old and new, however many files it takes."""
    writer = store()
    written = list(writer.transact(lambda _: list(imports(IMPORTS))))
    written += writer.transact(lambda _: list(imports(2, first=IMPORTS)))
    for log in (writer.read(), store().read()):
        assert [told(log, number) for number in (0, IMPORTS // 2, IMPORTS, IMPORTS + 1)] == [
            whole(number) for number in (0, IMPORTS // 2, IMPORTS, IMPORTS + 1)
        ]
        assert list(log) == written
        assert all(log.holds(event) for event in written)


def test_threads_read_side_by_side(store: MakeStore) -> None:
    """Each of many threads gets the events that it asked for."""
    store().transact(lambda _: list(imports(IMPORTS)))
    log = store().read()
    numbers = list(range(IMPORTS)) * 4
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda number: told(log, number), numbers)) == [whole(number) for number in numbers]


def test_reading_keeps_no_event(store: MakeStore) -> None:
    """Memory grows by a few hundred bytes an import, and by nothing for the lines that tell of it."""

    def kept(count: int, first: int) -> int:
        store().transact(lambda _: list(imports(count, first)))
        reader = store()
        tracemalloc.start()
        try:
            log = reader.read()
            size, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert len(log) == 3 * (first + count)
        return size

    few = kept(100, 0)
    assert (kept(700, 100) - few) / 700 < 1_000


def swap_lines(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[3:], *lines[:3]]))


@pytest.mark.parametrize(
    ("damage", "error", "words"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[::-1]), Conflict, "was rewritten while it was in use"),
        (swap_lines, Conflict, "became event"),
        (lambda path: os.truncate(path, 0), Conflict, "was rewritten while it was in use"),
        (lambda path: path.unlink(), SyncerError, "could not be read: No such file"),
    ],
    ids=["reversed", "swapped", "emptied", "removed"],
)
def test_a_file_that_changed_under_the_log_is_noticed(
    tmp_path: Path, damage: Callable[[Path], object], error: type[SyncerError], words: str
) -> None:
    """What is read again must be what was read before: everything rests on it."""
    store = LocalStore(tmp_path)
    store.transact(lambda _: list(imports(2)))
    log = LocalStore(tmp_path).read()
    damage(tmp_path / "crm.jsonl")
    with pytest.raises(error, match=words):
        log.generations(CRM, path_of(0))


def test_git_writes_blobs_of_any_size_to_a_file(tmp_path: Path) -> None:
    """Each has its offset and size there, also one that is empty or stands twice, behind what was there before."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    repository, contents = Repository(tmp_path), [b"", b"one\n", b"\n\n", b"x" * 100_000, b"one\n"]
    ids = [repository.run("hash-object", "-w", "--stdin", data=data).decode().strip() for data in contents]
    lines = TemporaryLines()
    first = lines.put(Making().claimed())
    found = lines.fill(lambda into: repository.blobs(ids, into))
    assert [lines.read(*found[each]) for each in ids] == contents
    assert first is not None
    assert lines.event(first) == Making().claimed()
    assert lines.fill(lambda into: repository.blobs([], into)) == {}
    with pytest.raises(GitFailed, match="missing in this clone"):
        lines.fill(lambda into: repository.blobs(["0" * 40], into))


FULL_DISK = """
import resource, signal
from syncer.model.log import Log
from syncer.state.recall import TemporaryLines
from tests.model.making import Making, file
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))
lines = TemporaryLines()
log = Log(recall=lines.event)
events = [event for number in range(9) for event in Making(source=file(version=str(number))).whole(f"imp_{number}")]
places = [lines.put(event) for event in events]
assert None in places and places[0] == 0
for event, place in zip(events, places):
    log.add(event, place)
assert list(log) == events
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on the size of a file")
def test_a_full_disk_loses_nothing() -> None:
    """What happened is known although there is no room for it in the temporary file."""
    subprocess.run([sys.executable, "-W", "error", "-c", FULL_DISK], check=True, cwd=Path(__file__).parents[2])


def test_a_log_that_cannot_be_read_from_git_is_no_log(tmp_path: Path) -> None:
    """A clone that lacks what its tip names is an error that says so, never an empty log."""
    subprocess.run(["git", "init", "-q", "-b", "main", tmp_path], check=True)
    repository = Repository(tmp_path)
    commit = repository.commit(None, {"state/crm.jsonl": b"{}\n"}, "a log", Identity("Ann", "ann@example.com"))
    blob = repository.files(commit, "state")["state/crm.jsonl"]
    (tmp_path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(SyncerError, match=r"cannot be read from git: .* is missing in this clone") as caught:
        list(Committed(repository, "state", commit, TemporaryLines()).events())
    assert "git fsck" in caught.value.next_step
