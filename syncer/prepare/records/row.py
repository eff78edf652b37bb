"""One row on its way into a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from syncer.prepare.judge.judgement import json_text

Source = Mapping[str, object] | bytes
"""A row as the artifact has it: an object, or the JSON text of one."""


@dataclass(frozen=True, slots=True)
class Row:
    """One data row, numbered from 1. `record` is its JSON, b"" where `refusal` says why it is none."""

    number: int
    source: Source
    record: bytes = b""
    refusal: str = ""


def rejected_line(row: Row, reason: str) -> bytes:
    """Return the row's line in a file of rejected rows."""
    source = row.source if isinstance(row.source, bytes) else json_text(row.source)
    return b'{"rowNumber": %d, "sourceRow": %b, "error": %b}\n' % (row.number, source, json_text(reason))


def key_of(field: str) -> bytes:
    """Return the beginning of a record's member."""
    return msgspec.json.encode(field) + b":"


def record_of(keys: Iterable[bytes], values: Iterable[bytes]) -> bytes:
    """Write a record of members' beginnings and of their values, which are JSON."""
    return b"{" + b",".join(key + value for key, value in zip(keys, values, strict=True)) + b"}"
