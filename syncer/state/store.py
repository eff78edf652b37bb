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

from syncer.errors import Conflict, SyncerError, Waiting
from syncer.model.events import AnyEvent
from syncer.model.log import Log
from syncer.state.lines import encode
from syncer.state.segments import SEGMENT_BYTES, Segment, append, read_new, segment_path, segments, sync_directory

Decision = Callable[[Log], Sequence[AnyEvent]]
LOCK_FILE = ".lock"
PATIENCE = 0.5
"""Seconds that a run waits for the folder: longer than `is_held` has it while it looks."""
RUN_LOCK_FILE = ".run.lock"
IGNORED = "# made by syncer: locks and torn lines are no history\n.*\n"


class Store(Protocol):
    """A log that many runs share."""

    def read(self) -> Log:
        """Return the log as it stands now. The object is the store's own and grows; it must not be changed."""

    def transact(self, decide: Decision) -> tuple[AnyEvent, ...]:
        """Call `decide` with the exact log and append what it returns, durably and as one step.

        Returns the events as they were written. What `decide` raises is passed on, and nothing is written then.
        """

    def merge(self, events: Iterable[AnyEvent]) -> int:
        """Append the events of another log that this one lacks, as they are, and return how many those were.

        Raises Conflict, and writes nothing, when an event of the same id stands here with other contents.
        """

    def warnings(self) -> list[str]:
        """Return what was odd but harmless about the log when it was last read."""


class LocalStore:
    """The log in a folder of this machine: an exclusive file lock around each check and append.

    Safe between threads and between processes on one file system. The folder is made at the first append, so reading
    never leaves a trace.
    """

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
        self._log = Log()
        self._segments: dict[Path, Segment] = {}
        self._thread_lock = threading.RLock()
        self._failure: SyncerError | None = None

    def read(self) -> Log:
        with self._thread_lock:
            present = segments(self._directory)
            self._check_present({found.path for found in present})
            for found in present:
                segment = self._segments.setdefault(found.path, found)
                for event in read_new(segment):
                    self._log.add(event)
            return self._log

    def _check_present(self, present: set[Path]) -> None:
        for path in sorted(self._segments.keys() - present):
            raise Conflict(
                f"{path.name} vanished while the log was in use",
                why="the log is append-only; something removed the file",
                next_step=f"restore it from git: git checkout -- {path.as_posix()}",
            )

    def warnings(self) -> list[str]:
        torn = [segment.warning for segment in self._segments.values() if segment.warning]
        holes = [
            f"{spec}: the log lacks event {event_id}, which a later event saw; look for it with: git log -p -- "
            f"{segment_path(self._directory, spec, 1).as_posix()}"
            for event_id, spec in self._log.holes().items()
        ]
        return torn + holes

    def transact(self, decide: Decision) -> tuple[AnyEvent, ...]:
        return self._transact(decide, self._stamped)

    def _transact(
        self, decide: Decision, stamp: Callable[[Sequence[AnyEvent]], tuple[AnyEvent, ...]]
    ) -> tuple[AnyEvent, ...]:
        with self._thread_lock:
            if self._failure is not None:
                raise self._failure
            with self._exclusive(LOCK_FILE):
                drafts = decide(self.read())
                events = stamp(drafts)
                self._append(events)
                self.read()
                return events

    def merge(self, events: Iterable[AnyEvent]) -> int:
        def lacking(log: Log) -> Sequence[AnyEvent]:
            given = Log(events)  # what contradicts itself is refused, and what stands twice counts once
            return [event for event in given if not log.holds(event)]

        return len(self._transact(lacking, tuple))

    def _stamped(self, drafts: Sequence[AnyEvent]) -> tuple[AnyEvent, ...]:
        tails: dict[str, str] = {}
        stamped = []
        for draft in drafts:
            event_id = self._new_id()
            seen = tails.get(draft.spec, self._log.tail(draft.spec))
            stamped.append(msgspec.structs.replace(draft, id=event_id, seen=seen))
            tails[draft.spec] = event_id
        return tuple(stamped)

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
        """Hold the folder for one run. Raises Waiting, naming the holder, when another run of this machine has it."""
        import filelock  # noqa: PLC0415 - only runs need it, and plans must start quickly

        self._make_directory()
        path = self._directory / RUN_LOCK_FILE
        lock = filelock.FileLock(path)
        try:
            lock.acquire(timeout=PATIENCE)
        except filelock.Timeout:
            raise Waiting(
                "another run is at work on this state folder",
                where=self._holder(path),
                next_step="wait until it has ended, then run: syncer apply",
            ) from None
        try:
            self._holder_note(path).write_text(description, encoding="utf-8")
            yield
        finally:
            self._holder_note(path).unlink(missing_ok=True)
            lock.release()

    def is_held(self) -> bool:
        """Whether a run of this machine holds the folder now. Leaves no trace."""
        path = self._directory / RUN_LOCK_FILE
        if not path.exists():
            return False
        import filelock  # noqa: PLC0415 - see run_lock

        lock = filelock.FileLock(path, blocking=False)
        try:
            with lock:
                return False
        except filelock.Timeout:
            return True

    @contextlib.contextmanager
    def _exclusive(self, name: str) -> Iterator[None]:
        import filelock  # noqa: PLC0415 - see run_lock

        self._make_directory()
        with filelock.FileLock(self._directory / name):
            yield

    def _make_directory(self) -> None:
        ignore = self._directory / ".gitignore"
        if ignore.exists():
            return
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            ignore.write_text(IGNORED, encoding="utf-8")
            sync_directory(self._directory.parent)
        except OSError as error:
            raise SyncerError(
                f"the state folder cannot be made: {error.strerror or error}", where=self._directory.as_posix()
            ) from error

    @staticmethod
    def _holder_note(path: Path) -> Path:
        return path.with_suffix(".holder")

    def _holder(self, path: Path) -> str:
        try:
            return self._holder_note(path).read_text(encoding="utf-8")
        except OSError:
            return "it has not said who it is"
