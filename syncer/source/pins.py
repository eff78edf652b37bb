"""Hold on to one version of a source file while it is read: what was read is then that version, or not used."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from syncer.errors import SourceError
from syncer.model.files import SourceFile, size_refusal
from syncer.source.fingerprints import CHANGED, FileIdentity, FingerprintCache, hash_file
from syncer.source.folders import unreadable
from syncer.source.stopping import Stop

CONTENT = "sha256:"


class Held(Protocol):
    """One version of a source file. Whatever is made of its bytes is good if, and only if, `verify` raises nothing.

    `location` is where it is on this disk, None for an object in a store. `version` is what holds the read, in the
    store's words, "" for local files.
    """

    @property
    def path(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def location(self) -> Path | None: ...

    @property
    def version(self) -> str: ...

    def open(self, *, stop: Stop | None = None) -> BinaryIO:
        """Open the stored bytes, seekable. Raises SourceError when they cannot be had, also while reading."""
        ...

    def verify(self, *, stop: Stop | None = None) -> None:
        """Raise SourceError if what was read since may not be the version that was taken hold of."""
        ...


@dataclass(frozen=True, slots=True)
class LocalPin:
    """A version of a file on this disk. See `Held`.

    `digest` is set where the times of the file cannot tell its next version apart, because it was written a moment
    ago: then the content is compared once more after the read.
    """

    path: str
    location: Path
    identity: FileIdentity
    digest: str | None = None
    version: str = ""

    @property
    def size(self) -> int:
        return self.identity.size

    def open(self, *, stop: Stop | None = None) -> BinaryIO:  # noqa: ARG002 - a local read never takes long
        try:
            return self.location.open("rb", buffering=0)
        except OSError as error:
            raise unreadable(self.path, error) from error

    def verify(self, *, stop: Stop | None = None) -> None:
        try:
            identity = FileIdentity.of(self.location.stat())
        except OSError as error:
            raise unreadable(self.path, error) from error
        same = identity == self.identity
        if same and self.digest is not None:
            same = hash_file(self.path, str(self.location), stop=stop).digest == self.digest
        if not same:
            raise changed_while_read(self.path)


def pin_local(file: SourceFile, *, root: Path, cache: FingerprintCache, stop: Stop | None = None) -> LocalPin:
    """Take hold of the version that `file.fingerprint` names, before reading it.

    Costs a stat where the cache knows the file, a hash otherwise. Raises SourceError when the file is another version
    by now, is missing or unreadable, or is larger than the API accepts.
    """
    location = str(root.absolute() / file.path)
    try:
        status = Path(location).stat()
    except OSError as error:
        raise unreadable(file.path, error) from error
    if (refusal := size_refusal(status.st_size)) is not None:
        raise SourceError(f"{file.path} is too large", where=file.path, why=refusal, next_step="split the file")
    identity = FileIdentity.of(status)
    if not file.fingerprint.startswith(CONTENT):
        return LocalPin(file.path, Path(location), identity)
    expected = file.fingerprint.removeprefix(CONTENT)
    known = cache.digest(file.path, identity)
    if known == expected:
        return LocalPin(file.path, Path(location), identity)
    hashed = hash_file(file.path, location, stop=stop)
    cache.remember(file.path, hashed)
    if hashed.digest != expected:
        raise changed_since_planned(file.path)
    return LocalPin(file.path, Path(location), hashed.identity, None if hashed.settled else hashed.digest)


def changed_since_planned(path: str) -> SourceError:
    """Explain that a file is another version than the one that was planned."""
    return SourceError(f"{path} changed since it was planned", where=path, next_step="syncer plan")


def changed_while_read(path: str) -> SourceError:
    """Explain that what was read of a file is of no use."""
    return SourceError(
        CHANGED.format(path=path),
        where=path,
        why="what was read may be neither the old version nor the new one, so it was thrown away",
        next_step="run again when the file is complete",
    )
