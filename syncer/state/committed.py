"""The log as one commit holds it, and what its files become when events are added."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from pathlib import Path, PurePosixPath

from syncer.errors import SyncerError
from syncer.model.events import AnyEvent
from syncer.state.git import GitFailed, Repository
from syncer.state.lines import encode
from syncer.state.recall import TemporaryLines
from syncer.state.segments import SEGMENT_BYTES, Segment, in_sequence, parse, segment_path


class Committed:
    """The state folder of one commit; None stands for a ref that does not exist yet.

    What its files hold is written to `lines`, from where events are recalled. Files that were appended to are kept as
    bytes while the commit is the tip, so that the next append reads nothing again.
    """

    def __init__(self, repository: Repository, folder: str, tip: str | None, lines: TemporaryLines) -> None:
        self.tip = tip
        self._repository = repository
        self._folder = Path(folder)
        self._lines = lines
        self._segments: dict[str, Segment] = {}
        self._stored: dict[str, tuple[int, int]] = {}
        self._contents: dict[str, bytes] = {}

    def events(self) -> Iterator[tuple[int, AnyEvent]]:
        """Yield everything the commit's log says, each with its place among the lines.

        Raises Conflict as a log on disk does.
        """
        if self.tip is None:
            return
        blobs = self._repository.files(self.tip, self._folder.as_posix())
        found = in_sequence(self._folder, [PurePosixPath(path).name for path in blobs])
        stored = self._copied([blobs[_path_of(segment)] for segment in found])
        for segment in found:
            path = _path_of(segment)
            self._stored[path] = start, _ = stored[blobs[path]]
            self._segments[path] = segment
            for offset, event in parse(segment, BytesIO(self._content(path))):
                yield start + offset, event

    def _copied(self, blobs: list[str]) -> dict[str, tuple[int, int]]:
        try:
            return self._lines.fill(lambda file: self._repository.blobs(blobs, file))
        except GitFailed as error:
            raise SyncerError(
                f"the state log cannot be read from git: {error.said}",
                where=f"{self._folder.as_posix()} at {self.tip}",
                why="it is copied into the folder for temporary files, and read from there",
                next_step="make room there (or name another one: TMPDIR=FOLDER), and check the clone: git fsck",
            ) from error

    def _content(self, path: str) -> bytes:
        if path not in self._contents and path in self._stored:
            return self._lines.read(*self._stored[path])
        return self._contents.get(path, b"")

    def holds_file(self, path: str, data: bytes) -> bool:
        """Whether the file stands here as it is, or with more at its end: then nothing of it can be missing."""
        return self._content(path).startswith(data)

    def warnings(self) -> list[str]:
        return [segment.warning for segment in self._segments.values() if segment.warning]

    def with_events(self, events: Iterable[AnyEvent]) -> dict[str, bytes]:
        """Return the new contents of each file that the events are appended to, by path."""
        lines: dict[str, list[bytes]] = defaultdict(list)
        for event in events:
            lines[event.spec].append(encode(event))
        return {self._path(spec): self._mended(spec) + b"".join(new) for spec, new in lines.items()}

    def advanced(self, tip: str, contents: dict[str, bytes], events: Sequence[AnyEvent]) -> None:
        """Take over what a commit on top of this one holds: the same log with these events at its end."""
        for event in events:
            path = self._path(event.spec)
            if path not in self._segments:
                self._segments.update({s.path.as_posix(): s for s in in_sequence(self._folder, [Path(path).name])})
        for path, data in contents.items():
            segment = self._segments[path]
            segment.read_to, segment.lines, segment.tail, segment.torn = len(data), data.count(b"\n"), b"", False
            self._contents[path] = data
        self.tip = tip

    def _current(self, spec: str) -> Segment | None:
        own = [segment for segment in self._segments.values() if segment.spec == spec]
        return max(own, key=lambda segment: segment.number, default=None)

    def _path(self, spec: str) -> str:
        last = self._current(spec)
        if last is None:
            return segment_path(self._folder, spec, 1).as_posix()
        full = last.read_to >= SEGMENT_BYTES and not last.tail
        return segment_path(self._folder, spec, last.number + 1 if full else last.number).as_posix()

    def _mended(self, spec: str) -> bytes:
        """Return the current file without a torn tail, which stays in the history, or with its last line ended."""
        last = self._segments.get(self._path(spec))
        if last is None:
            return b""
        data = self._content(last.path.as_posix())
        if last.torn:
            return data[: last.read_to]
        return data + b"\n" if last.tail else data


def _path_of(segment: Segment) -> str:
    return segment.path.as_posix()
