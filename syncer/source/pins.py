"""Open a source file, and make sure that the bytes that were read are those of its fingerprint."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from syncer.errors import SourceError
from syncer.model.files import SourceFile, size_refusal
from syncer.source.fingerprints import CHANGED, FileIdentity, FingerprintCache, hash_file
from syncer.source.folders import unreadable
from syncer.source.stopping import Stop

CONTENT = "sha256:"


@dataclass(frozen=True, slots=True)
class Pin:
    """One version of a source file, held to while it is read.

    `digest` is set where the times of the file cannot tell its next version apart, because it was written a moment
    ago: then the content is compared once more after the read.
    """

    path: str
    location: str
    identity: FileIdentity
    digest: str | None = None


def pin(file: SourceFile, *, root: Path, cache: FingerprintCache, stop: Stop | None = None) -> Pin:
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
        return Pin(file.path, location, identity)
    expected = file.fingerprint.removeprefix(CONTENT)
    known = cache.digest(file.path, identity)
    if known == expected:
        return Pin(file.path, location, identity)
    hashed = hash_file(file.path, location, stop=stop)
    cache.remember(file.path, hashed)
    if hashed.digest != expected:
        raise SourceError(
            f"{file.path} changed since it was planned",
            where=file.path,
            next_step="syncer plan",
        )
    return Pin(file.path, location, hashed.identity, None if hashed.settled else hashed.digest)


def verify_unchanged(held: Pin, *, stop: Stop | None = None) -> None:
    """Raise SourceError if the file is no longer the version that was pinned: what was read since must not be used."""
    try:
        identity = FileIdentity.of(Path(held.location).stat())
    except OSError as error:
        raise unreadable(held.path, error) from error
    same = identity == held.identity
    if same and held.digest is not None:
        same = hash_file(held.path, held.location, stop=stop).digest == held.digest
    if not same:
        raise SourceError(
            CHANGED.format(path=held.path),
            where=held.path,
            why="what was read may be neither the old version nor the new one, so it was thrown away",
            next_step="run again when the file is complete",
        )


@contextmanager
def pinned(file: SourceFile, *, root: Path, cache: FingerprintCache, stop: Stop | None = None) -> Iterator[Pin]:
    """Hold on to the file's version for the length of a read: `pin` before, `verify_unchanged` after.

    Whatever the block made of the file is good if, and only if, the block is left without an error.
    """
    held = pin(file, root=root, cache=cache, stop=stop)
    yield held
    verify_unchanged(held, stop=stop)


def open_source(file: SourceFile, root: Path) -> BinaryIO:
    """Open the file's bytes as they are stored, through fsspec. Raises SourceError when they cannot be had."""
    import fsspec

    try:
        opened = fsspec.filesystem("file").open(str(root.absolute() / file.path), "rb")
    except OSError as error:
        raise unreadable(file.path, error) from error
    return cast("BinaryIO", opened)
