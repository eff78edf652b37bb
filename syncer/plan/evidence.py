"""Whether a file still has the bytes that were imported: from what listings tell, and from what reading it told.

A store may give the same bytes another tag (a metadata edit, another storage class, an upload in other parts), so a
changed tag alone proves nothing where the bytes that were imported are known.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from syncer.model.files import SourceFile, size_refusal
from syncer.model.generation import CONTENT, Generation

_OF_THE_BYTES = ("sha256", "md5")
_WITH_SIZE = ("etag", "crc32c", "unread")


class Likeness(Enum):
    """What a file is to an imported version of it, the closest first."""

    SAME = 1
    """Known by the same tag."""
    SAME_BYTES = 2
    """Known by another tag, and every byte is the same."""
    UNREAD = 3
    """Known by another tag; to read it would tell."""
    UNKNOWN = 4
    """Known by a tag of another kind, and nothing can tell."""
    CHANGED = 5


def likeness(life: Generation, file: SourceFile, content: str | None) -> Likeness:
    """Compare the file with an imported version; `content` is what `content_of` says of the file."""
    if life.fingerprint == file.fingerprint:
        return Likeness.SAME
    size = _size(life)
    before, now = scheme(life.fingerprint), scheme(file.fingerprint)
    if (size is not None and size != file.size) or (before == now and now in _OF_THE_BYTES):
        return Likeness.CHANGED
    imported = life.content
    if imported is not None and content is not None:
        return Likeness.SAME_BYTES if imported == content else Likeness.CHANGED
    if _tags(life) & {file.fingerprint, file.tag}:
        return Likeness.SAME
    if imported is not None:  # what is too large to be imported was never imported as it is
        return Likeness.UNREAD if size_refusal(file.size) is None else Likeness.CHANGED
    return Likeness.CHANGED if before == now else Likeness.UNKNOWN


def content_of(file: SourceFile, generations: Iterable[Generation] = ()) -> str | None:
    """Return the digest of the file's bytes, where they were read now or when this version was imported before."""
    if file.content is not None:
        return file.content
    if file.fingerprint.startswith(CONTENT):
        return file.fingerprint
    tags = {file.fingerprint, file.tag}
    return next((life.content for life in generations if life.content and _tags(life) & tags), None)


def scheme(fingerprint: str) -> str:
    """Return how a version is told from others: the word before the colon."""
    return fingerprint.partition(":")[0]


def _tags(life: Generation) -> set[str]:
    """Return every word by which listings knew this version."""
    return {life.fingerprint, *(claim.tag for claim in life.claims if claim.tag)}


def _size(life: Generation) -> int | None:
    claim = life.last_claim
    if claim is not None:
        return claim.size
    size = life.fingerprint.rpartition(":")[2] if scheme(life.fingerprint) in _WITH_SIZE else ""
    return int(size) if size.isdecimal() else None
