"""One event, one line: the text form of the log.

Keys are sorted and absent facts are left out: equal events are equal lines, and a diff shows what happened and no more.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from syncer.errors import Conflict
from syncer.model.events import VERSION, AnyEvent

_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


class UnreadableLine(ValueError):
    """The line is no event of this format. It may be the torn end of an append that was cut off."""


def encode(event: AnyEvent) -> bytes:
    """Return the event as one line with its newline."""
    facts = _without_absent(msgspec.to_builtins(event))
    return json.dumps(facts, sort_keys=True, separators=(", ", ": "), ensure_ascii=False).encode() + b"\n"


def decode(line: bytes) -> AnyEvent:
    """Read one line.

    Raises UnreadableLine when it is no event, and Conflict when a newer syncer wrote it: its meaning is not known here,
    and a log that is understood in part must not be acted on.
    """
    try:
        event = _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        _refuse_newer(line)
        raise UnreadableLine(str(error)) from None
    if event.v != VERSION:
        _refuse_newer(line)
        raise UnreadableLine(f"version {event.v} was never written")
    if not event.id:
        raise UnreadableLine("the event has no id")
    return event


def _refuse_newer(line: bytes) -> None:
    try:
        version = json.loads(line)["v"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return
    if isinstance(version, int) and version > VERSION:
        raise Conflict(
            f"the log was written in format {version}, and this syncer reads format {VERSION}",
            why="a newer version of syncer wrote it",
            next_step="upgrade syncer on this machine to the version that wrote the log",
        )


def _without_absent(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {key: _without_absent(item) for key, item in value.items() if item is not None}
    return [_without_absent(item) for item in value] if isinstance(value, (list, tuple)) else value
