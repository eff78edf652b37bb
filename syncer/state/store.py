"""Where the log lives and how it is changed: read it, decide on exactly what was read, append, all as one step.

A store offers `transact`: the decision is made on the log as it stands, and nobody else appends between the decision
and the append. That makes a permit a compare-and-swap, whatever the store is made of.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from syncer.errors import Conflict, SyncerError
from syncer.model.events import AnyEvent
from syncer.model.log import Log
from syncer.state.lines import encode
from syncer.state.recall import SegmentLines
from syncer.state.run_lock import RunLock
from syncer.state.segments import (
    SEGMENT_BYTES,
    Segment,
    append,
    named,
    pasted,
    read_new,
    segment_path,
    segments,
    settle,
    sync_directory,
    unreadable_log,
    unwritable,
)

Decision = Callable[[Log], Sequence[AnyEvent]]
LOCK_FILE = ".lock"
IGNORED = "# made by syncer: locks and torn lines are no history\n.*\n"


class Store(Protocol):
    """A log that many runs share. `queue_length` says how many permits are worth giving in one transaction."""

    @property
    def queue_length(self) -> int: ...

    @property
    def is_shared(self) -> bool:
        """Whether runs of other machines or clones write to it too."""

    def read(self) -> Log:
        """Return the log as it stands now. The object is the store's own and grows; it must not be changed."""

    def refresh(self) -> Log:
        """Return the log as it stands now wherever it is shared, asked anew. Raises SyncerError when that fails."""

    def transact(self, decide: Decision) -> tuple[AnyEvent, ...]:
        """Call `decide` with the exact log and append what it returns, durably and as one step.

        Returns the events as they were written. What `decide` raises is passed on, and nothing is written then.
        """

    def merge(self, events: Iterable[AnyEvent]) -> int:
        """Append the events of another log that this one lacks, as they are, and return how many those were.

        Raises Conflict, and writes nothing, when an event of the same id stands here with other contents.
        """

    def note(self, decide: Decision) -> tuple[AnyEvent, ...]:
        """Keep events that only tell what happened: durable when this returns, shared with the next `transact`."""

    def flush(self) -> None:
        """Share what was noted. Raises SyncerError that says where it is kept when that fails."""

    def show(self) -> None:
        """Bring this clone's own files up to what is shared, where that harms nothing of the user's."""

    def run_lock(self, description: str) -> contextlib.AbstractContextManager[None]:
        """Hold the log for one run of this machine; see `RunLock.hold`."""

    def is_held(self) -> bool:
        """Whether a run of this machine holds the log now. Leaves no trace."""

    def warnings(self) -> list[str]:
        """Return what was odd but harmless about the log when it was last read."""


def stamped(drafts: Sequence[AnyEvent], log: Log, new_id: Callable[[], str]) -> tuple[AnyEvent, ...]:
    """Give each draft its id and the id of the event before it in its spec's log."""
    tails: dict[str, str] = {}
    events = []
    for draft in drafts:
        seen = tails.get(draft.spec, log.tail(draft.spec))
        event = msgspec.structs.replace(draft, id=new_id(), seen=seen)
        events.append(event)
        tails[draft.spec] = event.id
    return tuple(events)


def lacking(given: Log, log: Log) -> list[AnyEvent]:
    """Return the events of one log that another lacks. Raises Conflict for an id that stands for two events."""
    return [event for event in given if not log.holds(event)]


class LocalStore:
    """The log in a folder of this machine: an exclusive file lock around each check and append.

    Safe between threads and between processes on one file system. The folder is made at the first append, so reading
    never leaves a trace.
    """

    queue_length = 1
    is_shared = False

    def __init__(
        self,
        directory: Path,
        *,
        new_id: Callable[[], str] = lambda: secrets.token_hex(8),
        segment_bytes: int = SEGMENT_BYTES,
        sync: Callable[[int], None] = os.fsync,
    ) -> None:
        self._directory = directory
        self._new_id = new_id
        self._segment_bytes = segment_bytes
        self._sync = sync
        self._lines = SegmentLines()
        self._log = Log(recall=self._lines.event)
        self._segments: dict[Path, Segment] = {}
        self._thread_lock = threading.RLock()
        self._failure: SyncerError | None = None
        self._run_lock = RunLock(directory)

    def read(self) -> Log:
        try:
            with self._thread_lock:
                self._read_on()
                return self._log
        except OSError as error:
            raise unreadable_log(error.filename or self._directory, error) from error

    def _read_on(self) -> None:
        present = segments(self._directory)
        self._check_present({found.path for found in present})
        for found in present:
            segment = self._segments.setdefault(found.path, found)
            start = self._lines.start(segment.path)
            for offset, event in read_new(segment):
                self._log.add(event, start + offset)

    def refresh(self) -> Log:
        return self.read()

    def _check_present(self, present: set[Path]) -> None:
        for path in sorted(self._segments.keys() - present):
            raise Conflict(
                f"{named(path)} vanished while the log was in use",
                why="the log is append-only; something removed the file",
                next_step=f"restore it from git: git checkout -- {pasted(path)}",
            )

    def warnings(self) -> list[str]:
        torn = [segment.warning for segment in self._segments.values() if segment.warning]
        holes = [
            f"{spec}: the log lacks event {event_id}, which a later event saw; look for it with: git log -p -- "
            f"{pasted(segment_path(self._directory, spec, 1))}"
            for event_id, spec in self._log.holes().items()
        ]
        return torn + holes

    def transact(self, decide: Decision) -> tuple[AnyEvent, ...]:
        return self._transact(lambda log: stamped(decide(log), log, self._new_id))

    def _transact(self, decide: Callable[[Log], tuple[AnyEvent, ...]]) -> tuple[AnyEvent, ...]:
        with self._thread_lock:
            if self._failure is not None:
                raise self._failure
            with self._exclusive(LOCK_FILE):
                events = decide(self.read())
                self._append(events)
                self.read()
                return events

    def note(self, decide: Decision) -> tuple[AnyEvent, ...]:
        return self.transact(decide)

    def flush(self) -> None:
        """Do nothing: what was noted is where it belongs."""

    def show(self) -> None:
        """Do nothing: the files are the log."""

    def merge(self, events: Iterable[AnyEvent]) -> int:
        given = Log(events)
        return len(self._transact(lambda log: tuple(lacking(given, log))))

    def _append(self, events: Sequence[AnyEvent]) -> None:
        by_spec: dict[str, list[AnyEvent]] = defaultdict(list)
        for event in events:
            by_spec[event.spec].append(event)
        for spec, own in by_spec.items():
            try:
                append(self._current_segment(spec), b"".join(encode(event) for event in own), sync=self._sync)
            except SyncerError as error:
                self._failure = error
                raise

    def _current_segment(self, spec: str) -> Segment:
        own = [segment for segment in self._segments.values() if segment.spec == spec]
        last = max(own, key=lambda segment: segment.number, default=None)
        if last is None:
            return Segment(segment_path(self._directory, spec, 1), spec, 1)
        if last.read_to >= self._segment_bytes and not last.tail:  # a tail is mended in its own file first
            return Segment(segment_path(self._directory, spec, last.number + 1), spec, last.number + 1)
        return last

    @contextlib.contextmanager
    def run_lock(self, description: str) -> Iterator[None]:
        """Hold the folder for one run; what an earlier one left is durable by then, however it died."""
        self._make_directory()
        with self._run_lock.hold(description):
            settle(self._directory, sync=self._sync)
            yield

    def is_held(self) -> bool:
        return self._run_lock.is_held()

    @contextlib.contextmanager
    def _exclusive(self, name: str) -> Iterator[None]:
        import filelock

        self._make_directory()
        lock = filelock.FileLock(self._directory / name)
        try:
            lock.acquire()
        except OSError as error:
            raise unwritable(self._directory / name, error) from error
        try:
            yield
        finally:
            lock.release()

    def _make_directory(self) -> None:
        ignore = self._directory / ".gitignore"
        if ignore.exists():
            return
        whole = self._directory / f".gitignore.{secrets.token_hex(4)}"
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            whole.write_text(IGNORED, encoding="utf-8")
            whole.replace(ignore)  # half of it would be taken for all of it, and locks would be committed
            sync_directory(self._directory.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                whole.unlink(missing_ok=True)
            raise SyncerError(
                f"the state folder cannot be made: {error.strerror or error}",
                where=self._directory.as_posix(),
                why="nothing is started without a durable record, so the run stops here",
                next_step="make room or mend the disk, then run: syncer apply",
            ) from error
