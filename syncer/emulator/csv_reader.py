"""CSV: UTF-8, comma, a header row, RFC 4180 quoting without leniency.

Blank lines are no rows. An open quote, text after a closing quote and invalid UTF-8 fail the job. A byte order mark is
not taken off: it makes the first column's name another one.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import TYPE_CHECKING, Any

from syncer.emulator.reading import MAX_ROW_BYTES, Row, missing_column, open_bytes, repeated_column, unreadable
from syncer.emulator.rules import text_rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from syncer.emulator.catalogue import FieldDefinition
    from syncer.emulator.rules import Rule

EXTRA_CELLS = "_extra"
"""Where a rejected row shows the cells that no column is left for."""


class CsvReader:
    """Reads the `columns` of one CSV file."""

    def __init__(self, path: Path, columns: Sequence[str], *, compressed: bool) -> None:
        self._path = path
        self._columns = columns
        self._compressed = compressed
        self._header: list[str] = []

    def rows(self) -> Iterator[Row]:
        csv.field_size_limit(
            max(csv.field_size_limit(), MAX_ROW_BYTES)
        )  # the limit is the interpreter's, so only raise it
        with open_bytes(self._path, compressed=self._compressed) as stream:
            text = io.TextIOWrapper(stream, encoding="utf-8", errors="strict", newline="")
            records = (record for record in csv.reader(text, strict=True) if record)
            try:
                yield from self._data_rows(records)
            except UnicodeDecodeError as error:
                raise unreadable("invalid UTF-8") from error
            except csv.Error as error:
                raise unreadable(f"broken CSV: {error}") from error

    def _data_rows(self, records: Iterator[list[str]]) -> Iterator[Row]:
        self._header = next(records, [])
        if not self._header:
            raise unreadable("it has no header row")
        positions = self._positions()
        width = len(self._header)
        for record in records:
            if len(record) == width:
                yield Row([record[position] or None for position in positions], None, record)
            else:
                yield Row((), f"row: expected {width} columns, found {len(record)}", record)

    def _positions(self) -> list[int]:
        counts = Counter(self._header)
        for column in self._columns:
            if not counts[column]:
                raise missing_column(column)
            if counts[column] > 1:
                raise repeated_column(column)
        return [self._header.index(column) for column in self._columns]

    def rule(self, column: str, field: FieldDefinition) -> Rule:  # noqa: ARG002 - a CSV cell is text whatever its column
        return text_rule(field)

    def originals(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        return [self._original(row.original) for row in rows]

    def _original(self, cells: list[str]) -> dict[str, Any]:
        shown: dict[str, Any] = dict(zip(self._header, cells, strict=False))
        if len(cells) > len(self._header):
            shown[EXTRA_CELLS] = cells[len(self._header) :]
        return shown
