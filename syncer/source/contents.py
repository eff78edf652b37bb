"""Remember what the bytes of remote files were, by the store's word for their version."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from syncer.source.cache_file import replace_file

MAX_ENTRIES = 1_000_000


class Contents:
    """Content digests of earlier reads. Losing the file costs time and nothing else; failing to write it is silent.

    Thread-safe, and safe for concurrent runs: the file is replaced as a whole, after merging what others wrote.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, tuple[str, str]] | None = None
        self._learnt: dict[str, tuple[str, str]] = {}
        self._lock = Lock()

    def get(self, path: str, version: str) -> str | None:
        """Return `sha256:<hex>` of this version of the file, or None if it has to be read."""
        with self._lock:
            if self._known is None:
                self._known = self._load()
            stored = self._known.get(path)
        return stored[1] if stored is not None and stored[0] == version else None

    def remember(self, path: str, version: str, digest: str) -> None:
        with self._lock:
            self._learnt[path] = (version, digest)
            if self._known is not None:
                self._known[path] = (version, digest)

    def save(self) -> None:
        """Write what was learnt since the last save."""
        import msgspec

        with self._lock:
            if not self._learnt:
                return
            merged = {**self._load(), **self._learnt}
            if len(merged) > MAX_ENTRIES:
                merged = dict(self._learnt)
            if replace_file(self._path, msgspec.json.encode((1, merged))):
                self._learnt = {}

    def _load(self) -> dict[str, tuple[str, str]]:
        import msgspec

        try:
            content = msgspec.json.decode(self._path.read_bytes(), type=tuple[int, dict[str, tuple[str, str]]])
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return {}
        return content[1] if content[0] == 1 else {}
