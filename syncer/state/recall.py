"""Read lines of the log again: the fold keeps of what is over only where it was written."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TypeVar

from syncer.errors import SyncerError
from syncer.model.events import AnyEvent
from syncer.state.lines import UnreadableLine, decode, encode
from syncer.state.segments import changed_in_use, unreadable_log

T = TypeVar("T")
_SPAN = 1 << 40
"""Offsets within one file stay below this; the number of the file stands above it."""


class SegmentLines:
    """The lines of the files of a folder. One file is open at a time: lines that belong together stand together.

    Safe between threads. What is open is closed with the last reference to this.
    """

    def __init__(self) -> None:
        self._paths: list[Path] = []
        self._starts: dict[Path, int] = {}
        self._lock = threading.Lock()
        self._opened = contextlib.ExitStack()
        self._file: tuple[Path, BinaryIO] | None = None
        weakref.finalize(self, self._opened.close)

    def start(self, path: Path) -> int:
        """Return the place of the file's first byte; those of the others follow it."""
        if path not in self._starts:
            self._starts[path] = len(self._paths) * _SPAN
            self._paths.append(path)
        return self._starts[path]

    def event(self, place: int) -> AnyEvent:
        """Return the event whose line begins at this place. Raises Conflict when there is none any more."""
        number, offset = divmod(place, _SPAN)
        path = self._paths[number]
        try:
            with self._lock:
                return event_at(self._opened_file(path), offset)
        except UnreadableLine:
            raise changed_in_use(path, "was rewritten") from None
        except OSError as error:
            raise unreadable_log(path, error) from error

    def _opened_file(self, path: Path) -> BinaryIO:
        if self._file is None or self._file[0] != path:
            self._file = None
            self._opened.close()
            self._file = (path, self._opened.enter_context(path.open("rb")))
        return self._file[1]


class TemporaryLines:
    """Lines of a log that stands in no file here, in a file without a name. Safe between threads."""

    def __init__(self) -> None:
        try:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as this does
        except OSError as error:
            raise _no_room(error) from error
        self._lock = threading.Lock()
        weakref.finalize(self, self._file.close)

    def fill(self, write: Callable[[BinaryIO], T]) -> T:
        """Let somebody write to the end of the file, not through its buffer, and return what they say about it."""
        with self._lock:
            return write(self._file)

    def put(self, event: AnyEvent) -> int | None:
        """Add an event and return its place, or None if the disk is full: then the log has to keep it in memory."""
        line = encode(event)
        with self._lock:
            place = self._file.seek(0, os.SEEK_END)
            try:
                is_whole = self._file.raw.write(line) == len(line)  # what a buffer cannot write it would try for ever
            except OSError:
                is_whole = False
            return place if is_whole else None

    def read(self, place: int, size: int) -> bytes:
        with self._lock:
            self._file.seek(place)
            return self._file.read(size)

    def event(self, place: int) -> AnyEvent:
        """Return the event whose line begins at this place."""
        with self._lock:
            return event_at(self._file, place)


def _no_room(error: OSError) -> SyncerError:
    return SyncerError(
        f"there is no room for a copy of the state log: {error.strerror or error}",
        why="the log is read from git into a temporary file",
        next_step="make room in the folder for temporary files, or name another one: TMPDIR=FOLDER",
    )


def event_at(file: BinaryIO, offset: int) -> AnyEvent:
    """Read the line that begins there. Raises UnreadableLine where none does."""
    file.seek(offset)
    return decode(file.readline())
