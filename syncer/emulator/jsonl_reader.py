"""JSONL: one JSON object a line, UTF-8, lines end with a line feed.

A line that is not a JSON object is a rejected row; a blank line is such a line. A last line that is broken and has no
line feed is a file that was cut off, and fails the job, as invalid UTF-8 does. A column that some rows lack is null in
them; one that every row lacks fails the job.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from syncer.emulator.reading import MAX_ROW_BYTES, Row, missing_column, open_bytes, unreadable
from syncer.emulator.rules import native_rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from syncer.emulator.catalogue import FieldDefinition
    from syncer.emulator.rules import Rule

RAW_LINE = "_raw"
"""Where a rejected row shows a line that is not a JSON object."""


class _RepeatedKeyError(ValueError):
    """An object has one key twice. `args[0]` is the key."""


class JsonlReader:
    """Reads the `columns` of one JSONL file."""

    def __init__(self, path: Path, columns: Sequence[str], *, compressed: bool) -> None:
        self._path = path
        self._columns = columns
        self._compressed = compressed
        self._decode = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant).decode

    def rows(self) -> Iterator[Row]:
        unseen = set(self._columns)
        objects = False
        for line, ended in self._lines():
            row = self._row(line, ended=ended)
            if row.error is None:
                objects = True
                if unseen:
                    unseen.difference_update(row.original)
            yield row
        if objects and unseen:
            raise missing_column(min(unseen, key=self._columns.index))

    def _lines(self) -> Iterator[tuple[str, bool]]:
        """Each line without its line feed, and whether it had one."""
        empty = True
        with open_bytes(self._path, compressed=self._compressed) as stream:
            while line := stream.readline(MAX_ROW_BYTES + 1):
                empty = False
                if len(line) > MAX_ROW_BYTES:
                    raise unreadable(f"a line is longer than {MAX_ROW_BYTES} bytes")
                try:
                    text = line.decode("utf-8")
                except UnicodeDecodeError as error:
                    raise unreadable("invalid UTF-8") from error
                yield text.removesuffix("\n"), text.endswith("\n")
        if empty:
            raise unreadable("it is empty")

    def _row(self, line: str, *, ended: bool) -> Row:
        try:
            value = self._decode(line)
        except _RepeatedKeyError as error:
            return Row((), f"row: duplicate key {error.args[0]}", line)
        except (ValueError, RecursionError) as error:
            if not ended:
                raise unreadable("its last line is cut off") from error
            return Row((), "row: not valid JSON", line)
        if not isinstance(value, dict):
            return Row((), "row: not a JSON object", line)
        return Row([value.get(column) for column in self._columns], None, value)

    def rule(self, column: str, field: FieldDefinition) -> Rule:  # noqa: ARG002 - JSON types belong to values, not columns
        return native_rule(field)

    def originals(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        return [row.original if row.error is None else {RAW_LINE: row.original} for row in rows]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _RepeatedKeyError(key)
            seen.add(key)
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
