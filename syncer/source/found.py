"""What a search for source files gives, and what it may be told beforehand."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Protocol

from syncer.errors import SourceError
from syncer.model.files import SourceFile
from syncer.model.order import order_key
from syncer.model.spec import Source

BY_PATH = "path:"
"""The fingerprint of every file whose path alone tells it apart."""
UNREAD = "unread:"
"""The scheme of a file that is too large to import: it is listed, so that a plan can say so, but not worth hashing."""


class Known(Protocol):
    """What the log says of a path, so that what is done is not carried further, nor read again."""

    def is_settled(self, path: str, fingerprint: str) -> bool:
        """Whether this very version needs no decision any more; it is then counted and left out."""
        ...

    def content_of(self, path: str, tag: str) -> str | None:
        """Return the content fingerprint under which the version with this tag was imported, or None."""
        ...


class NothingKnown:
    """A log that has never heard of any file."""

    def is_settled(self, path: str, fingerprint: str) -> bool:  # noqa: ARG002 - the protocol's arguments
        return False

    def content_of(self, path: str, tag: str) -> str | None:  # noqa: ARG002 - the protocol's arguments
        return None


@dataclass(slots=True)
class Found:
    """The files of one source in their order of import. `settled` counts those that were left out as done.

    `problem` says why the source could not be listed; then there are no files.
    """

    files: list[SourceFile] = field(default_factory=list)
    settled: int = 0
    problem: SourceError | None = None

    def joined(self, other: Found, order: str) -> Found:
        """Return both as the files of one source. A file that is in both counts once."""
        if self.problem or other.problem:
            return Found(problem=self.problem or other.problem)
        settled = self.settled + other.settled
        if not (self.files and other.files):  # each by itself is in order, and a long list takes long to sort
            return Found(self.files or other.files, settled)
        files = {file.path: file for file in (*other.files, *self.files)}
        return Found(sorted(files.values(), key=lambda file: order_key(file, order)), settled)


class Markers:
    """The `ready.marker` of a source: which file beside another one says that it is complete."""

    def __init__(self, source: Source) -> None:
        self._marker = source.ready.marker if source.ready is not None else None
        pieces = re.split(r"\{file\.(?:name|stem)\}", self._marker or "")
        self._name = re.compile(".+".join(map(re.escape, pieces)), re.DOTALL)

    def __bool__(self) -> bool:
        return self._marker is not None

    def is_marker(self, path: str) -> bool:
        """Whether a file of this name is a marker, and so no data."""
        return self._marker is not None and self._name.fullmatch(path.rpartition("/")[2]) is not None

    def of(self, file: SourceFile) -> str:
        """Return the path of the marker that this file waits for."""
        name = (self._marker or "").replace("{file.name}", file.name).replace("{file.stem}", file.stem)
        folder, slash, _ = file.path.rpartition("/")
        return f"{folder}{slash}{name}"
