"""What the log says of one path under one spec: in full while something may still happen, else in few bytes.

In a log of years nearly everything is over. A path whose every generation was imported or closed, with no job that
could still be started, is packed: in memory stays what tells its versions apart, and the rest is read again if needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from syncer.model.events import AnyEvent
from syncer.model.generation import CONTENT, Generation


class Summary(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One generation in short.

    `imported`: the platform has it as far as the log knows, and nobody has asked to send it again. `modified` is the
    source file's time when it was claimed last, `read` what its bytes turned out to be where the fingerprint is no
    digest of them.
    """

    number: int
    import_id: str
    fingerprint: str
    imported: bool
    modified: datetime | None = None
    read: str | None = None

    @property
    def content(self) -> str | None:
        """The digest of this version's bytes (`sha256:<hex>`), where the log can tell."""
        return self.fingerprint if self.fingerprint.startswith(CONTENT) else self.read


class Packed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A path of which everything is over: the lines that tell of it, in their order, and its generations."""

    lines: tuple[int, ...]
    summaries: tuple[Summary, ...]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Packed)


def unpacked(data: bytes) -> Packed:
    return _decoder.decode(data)


class PathHistory:
    """The generations of a path of which something may still happen, and the lines that told of them so far."""

    __slots__ = ("generations", "lines")

    def __init__(self) -> None:
        self.generations: dict[tuple[int, str], Generation] = {}
        self.lines: list[int] = []

    def add(self, line: int, event: AnyEvent) -> None:
        key = (event.generation, event.import_id)
        life = self.generations.get(key)
        if life is None:
            life = Generation(event.generation, event.import_id, event.path, event.fingerprint)
            self.generations[key] = life
        life.add(event)
        self.lines.append(line)

    def packed(self) -> bytes | None:
        """Return it for `unpacked`, or None while it is not over."""
        lives = self.generations.values()
        for life in lives:
            if not is_over(life):
                return None
        summaries = tuple(_summary(life, is_imported=life.forgotten is None) for life in lives)
        return _encoder.encode(Packed(tuple(self.lines), summaries))


def newest_is(fingerprint: str, summaries: Sequence[Summary]) -> bool:
    """Whether the newest of a path's generations is this version, and was imported."""
    newest = max(each.number for each in summaries)
    return any(each.imported and each.number == newest and each.fingerprint == fingerprint for each in summaries)


def is_over(life: Generation) -> bool:
    """Whether a generation was imported or closed, and no job of it could still be started."""
    if not (life.finishes or life.resolutions or life.baseline or life.forgotten):
        return False
    return not life.open_permits and (life.forgotten is not None or life.done)


def summary(life: Generation) -> Summary:
    return _summary(life, is_imported=life.is_imported)


def _summary(life: Generation, *, is_imported: bool) -> Summary:
    claim, read = life.last_claim, life.content
    return Summary(
        life.number,
        life.import_id,
        life.fingerprint,
        is_imported,
        claim.modified if claim is not None else None,
        read if read != life.fingerprint else None,
    )
