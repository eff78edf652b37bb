"""Events that tell what happened and have not reached the shared log yet: kept on this disk until they have."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from syncer.errors import Conflict, SyncerError
from syncer.model.events import AnyEvent
from syncer.state.lines import UnreadableLine, decode, encode
from syncer.state.segments import Segment, append


class Spool:
    """One run's file of events under way, in the log's own format, so that `state merge` can read it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._segment = Segment(path, "", 1)

    def append(self, events: Iterable[AnyEvent]) -> None:
        """Keep the events durably. Raises SyncerError when the disk refuses."""
        data = b"".join(encode(event) for event in events)
        if not data:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            whole = self.path.stat().st_size if self.path.exists() else 0
        except OSError as error:
            raise SyncerError(
                f"what happened cannot be kept: {error.strerror or error}", where=self.path.as_posix()
            ) from error
        try:
            append(self._segment, data)
        except SyncerError:
            with contextlib.suppress(OSError):  # half a line must not spoil the one that may come after it
                os.truncate(self.path, whole)
            raise

    def replace(self, events: Iterable[AnyEvent]) -> None:
        """Keep these events instead of those that were kept: at no moment are there fewer than both have."""
        written = Spool(self.path.with_suffix(".new"))
        written.clear()
        written.append(events)
        if written.path.exists():
            written.path.replace(self.path)
            self._segment = Segment(self.path, "", 1)
        else:
            self.clear()

    def clear(self) -> None:
        """Forget what was kept: it has reached the shared log."""
        self.path.unlink(missing_ok=True)
        self._segment = Segment(self.path, "", 1)


def left_behind(folder: Path) -> tuple[dict[Path, list[AnyEvent]], list[Path]]:
    """Return what runs that died on this machine could not push, by file, and the files that cannot be understood."""
    found: dict[Path, list[AnyEvent]] = {}
    unreadable = []
    for path in sorted(folder.glob("*.jsonl")):
        try:
            found[path] = _readable(path.read_bytes())
        except (UnreadableLine, Conflict, OSError):
            unreadable.append(path)
    return found, unreadable


def _readable(data: bytes) -> list[AnyEvent]:
    """Decode the lines; a torn last one was never relied on. Raises UnreadableLine, and Conflict for a newer format."""
    *whole, tail = data.split(b"\n")
    events = [decode(line) for line in whole if line.strip()]
    try:
        return [*events, decode(tail)] if tail.strip() else events
    except UnreadableLine:
        return events
