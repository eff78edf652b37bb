"""Events that tell what happened and have not reached the shared log yet: kept on this disk until they have."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

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
        if data:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            append(self._segment, data)

    def clear(self) -> None:
        """Forget what was kept: it has reached the shared log."""
        self.path.unlink(missing_ok=True)
        self._segment = Segment(self.path, "", 1)


def left_behind(folder: Path) -> dict[Path, list[AnyEvent]]:
    """Return what runs that died on this machine could not push, by file. A torn last line was never relied on."""
    return {path: list(_readable(path)) for path in sorted(folder.glob("*.jsonl"))}


def _readable(path: Path) -> Iterable[AnyEvent]:
    for line in path.read_bytes().split(b"\n"):
        if line.strip():
            try:
                yield decode(line)
            except UnreadableLine:
                return
