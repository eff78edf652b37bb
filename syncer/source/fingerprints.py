"""Hash files once, and remember the hashes by what `stat` says of a file.

A checkout gives every file a new modification time, so only content tells versions apart: the fingerprint is
`sha256:<hex>` of the bytes. The cache is a convenience: losing it costs time and nothing else.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from syncer.errors import SourceError
from syncer.source.cache_file import replace_file
from syncer.source.folders import unreadable
from syncer.source.stopping import Stop, check

BLOCK_BYTES = 1 << 20
"""Larger blocks are no faster; at this size hashing runs at the speed of sha256 itself and leaves the GIL to others."""
CLOCK_GRANULARITY_NS = 2 * 10**9
"""The coarsest file clock in use (FAT). A file this fresh could be written again without its times showing it."""
MAX_ENTRIES = 1_000_000
CHANGED = "{path} changed while it was read"

Progress = Callable[[int], None]


class FileIdentity(NamedTuple):
    """What `stat` says of one version of a file. Equal identities mean equal bytes, but for the clock's granularity.

    The change time is what a same-size rewrite with a restored modification time still moves.
    """

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileIdentity:
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)

    def fresh_at(self, now_ns: int) -> bool:
        """Whether a rewrite at this moment could leave the times as they are."""
        return now_ns - max(self.mtime_ns, self.ctime_ns) < CLOCK_GRANULARITY_NS


class Hashed(NamedTuple):
    """A hash and the version of the file that was hashed. `settled`: no later rewrite can look like this version."""

    digest: str
    status: os.stat_result
    settled: bool

    @property
    def identity(self) -> FileIdentity:
        return FileIdentity.of(self.status)


Stored = tuple[int, int, int, int, str]


class FingerprintCache:
    """Hashes of earlier runs, by path. A context manager: what was learnt is written on leaving, if there is anything.

    Safe for concurrent runs: the file is replaced as a whole, after merging what others wrote meanwhile. A file that is
    missing, damaged or of another version counts as empty, and a folder that cannot be written to is no error.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, Stored] | None = None
        self._learnt: dict[str, Stored] = {}
        self._asked: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.save()

    def digest(self, path: str, identity: FileIdentity) -> str | None:
        """Return the hex digest of this version of the file, or None if it has to be hashed."""
        if self._known is None:
            self._known = self._load()
        self._asked.add(path)
        entry = self._known.get(path)
        return entry[4] if entry is not None and entry[:4] == identity else None

    def remember(self, path: str, hashed: Hashed) -> None:
        """Keep a hash for later runs, unless the file was so fresh that its next version could look the same."""
        if not hashed.settled:
            return
        entry: Stored = (*hashed.identity, hashed.digest)
        self._learnt[path] = entry
        if self._known is not None:
            self._known[path] = entry

    def save(self) -> None:
        """Write what was learnt since the last save. Failing to is silent: the next run hashes again."""
        import msgspec

        if not self._learnt:
            return
        merged = {**self._load(), **self._learnt}
        if len(merged) > MAX_ENTRIES:
            merged = {path: entry for path, entry in merged.items() if path in self._asked}
        if replace_file(self._path, msgspec.json.encode((1, merged))):
            self._learnt = {}

    def _load(self) -> dict[str, Stored]:
        import msgspec

        try:
            content = msgspec.json.decode(self._path.read_bytes(), type=tuple[int, dict[str, Stored]])
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return {}
        version, entries = content
        return entries if version == 1 else {}


def hash_file(path: str, location: str, *, stop: Stop | None = None, progress: Progress | None = None) -> Hashed:
    """Hash one file as it stands. `progress` is told the bytes of each block.

    A file that changes meanwhile is hashed once more. Raises SourceError if it changes again or cannot be read,
    Interrupted if `stop` says so.
    """
    for _ in range(2):
        hashed = _hash_once(path, location, stop, progress)
        if hashed is not None:
            return hashed
    raise SourceError(
        CHANGED.format(path=path),
        where=path,
        why="something is still writing it",
        next_step="run again when the file is complete; write exports to another name and rename them when done",
    )


def _hash_once(path: str, location: str, stop: Stop | None, progress: Progress | None) -> Hashed | None:
    sha, size, block = hashlib.sha256(), 0, memoryview(bytearray(BLOCK_BYTES))
    started_ns = time.time_ns()
    try:
        with Path(location).open("rb", buffering=0) as file:
            before = FileIdentity.of(os.fstat(file.fileno()))
            while count := file.readinto(block):
                check(stop)
                sha.update(block[:count])
                size += count
                if progress is not None:
                    progress(count)
                if size > before.size:  # it grows: following it could take forever
                    break
        # By name, not by handle: a file that was replaced meanwhile is a new version under this name.
        after = Path(location).stat()
    except OSError as error:
        raise unreadable(path, error) from error
    if FileIdentity.of(after) != before or size != before.size:
        return None
    return Hashed(sha.hexdigest(), after, settled=not before.fresh_at(started_ns))
