"""Parquet, through DuckDB: only the mapped columns are read.

A column's type decides for all of its values: a field takes only a column of its own kind, so a timestamp without a
zone is a naive datetime in every row, and text is never a number. Integers are numbers too.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import duckdb

from syncer.emulator.reading import Row, missing_column, repeated_column, unreadable
from syncer.emulator.rules import NAIVE_DATETIME, native_rule, not_native, rejecting
from syncer.emulator.store import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from syncer.emulator.catalogue import FieldDefinition
    from syncer.emulator.rules import Rule

_FETCH = 10_000
_INTEGERS = r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?"
_TAKES = {
    "string": r"VARCHAR|JSON|ENUM\(.*\)",
    "email": r"VARCHAR|ENUM\(.*\)",
    "enum": r"VARCHAR|ENUM\(.*\)",
    "integer": _INTEGERS,
    "number": rf"{_INTEGERS}|FLOAT|DOUBLE|DECIMAL\(.*\)",
    "boolean": r"BOOLEAN",
    "date": r"DATE",
    "datetime": r"TIMESTAMP.* WITH TIME ZONE",
}
_BARE_POINT = re.compile(r'"(?:[^"\\]|\\.)*"|([:,\[]-?)\.')
"""A text, or what stands before a number that DuckDB writes without the zero before its point."""
_VALUE = {
    "string": "{0}::VARCHAR",
    "email": "{0}::VARCHAR",
    "enum": "{0}::VARCHAR",
    "integer": "{0}",
    "number": "{0}::DOUBLE",
    "boolean": "{0}",
    "date": "strftime({0}, '%Y-%m-%d')",
    "datetime": "strftime(make_timestamp(epoch_us({0}::TIMESTAMPTZ)), '%Y-%m-%dT%H:%M:%S.%fZ')",
}


class ParquetReader:
    """Reads the columns of one Parquet file that `fields` names, on a session of the caller's."""

    def __init__(self, path: Path, fields: dict[str, FieldDefinition], session: duckdb.DuckDBPyConnection) -> None:
        self._path = str(path)
        self._fields = fields
        self._session = session
        self._types: dict[str, str] = {}
        self._place, self._numbered = "file_row_number", "read_parquet(?, file_row_number = true)"

    def rows(self) -> Iterator[Row]:
        cursor = self._session.cursor()
        try:
            values = self._expressions(cursor)
            sql = f"SELECT {self._place}, {values} FROM {self._numbered}"  # noqa: S608 - quoted
            cursor.execute(sql, [self._path])  # in the file's order, which DuckDB keeps by default
            while batch := cursor.fetchmany(_FETCH):
                for number, *cells in batch:
                    yield Row(cells, None, number)
        except duckdb.Error as error:
            raise unreadable(f"broken Parquet ({type(error).__name__})") from error
        finally:
            cursor.close()

    def _expressions(self, cursor: duckdb.DuckDBPyConnection) -> str:
        """What to select for each mapped column: DuckDB renames columns that differ in case only, so by position."""
        names = self._top_level_names(cursor)
        described = cursor.execute("DESCRIBE SELECT * FROM read_parquet(?)", [self._path]).fetchall()
        if "file_row_number" in map(str.lower, names):
            # DuckDB's own numbers would go by the name of a column; others are slower to look rows up by.
            self._place = "_place_in_file"
            self._numbered = f"(SELECT *, row_number() OVER () - 1 AS {self._place} FROM read_parquet(?))"  # noqa: S608 - our own text
        counts = Counter(names)
        expressions = []
        for column, field in self._fields.items():
            if not counts[column]:
                raise missing_column(column)
            if counts[column] > 1:
                raise repeated_column(column)
            own_name, own_type = described[names.index(column)][:2]
            self._types[column] = own_type
            shape = _VALUE[field.type] if self._takes(column, field) else "CASE WHEN {0} IS NOT NULL THEN true END"
            expressions.append(shape.format(quoted(own_name)))
        return ", ".join(expressions)

    def _top_level_names(self, cursor: duckdb.DuckDBPyConnection) -> list[str]:
        """The column names as the file spells them."""
        nodes = cursor.execute("SELECT name, num_children FROM parquet_schema(?)", [self._path]).fetchall()
        names = []
        position = 1
        for _ in range(nodes[0][1] or 0):
            names.append(nodes[position][0])
            pending = 1
            while pending:
                pending += (nodes[position][1] or 0) - 1
                position += 1
        return names

    def _takes(self, column: str, field: FieldDefinition) -> bool:
        return re.fullmatch(_TAKES[field.type], self._types[column]) is not None

    def rule(self, column: str, field: FieldDefinition) -> Rule:
        if self._takes(column, field):
            return native_rule(field)
        if field.type == "datetime" and self._types[column].startswith("TIMESTAMP"):
            return rejecting(NAIVE_DATETIME)
        return rejecting(not_native(field))

    def originals(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        numbers = [row.original for row in rows]
        sql = f"""SELECT to_json(source)::VARCHAR FROM {self._numbered} source
                  WHERE {self._place} IN (SELECT unnest(?::BIGINT[])) ORDER BY {self._place}"""  # noqa: S608 - our own text
        try:
            found = self._session.execute(sql, [self._path, numbers]).fetchall()
        except duckdb.Error as error:
            raise unreadable(f"broken Parquet ({type(error).__name__})") from error
        shown = [json.loads(_BARE_POINT.sub(_with_zero, text), parse_constant=str) for (text,) in found]
        return [{name: value for name, value in row.items() if name != self._place} for row in shown]


def _with_zero(found: re.Match[str]) -> str:
    return found[0] if found[1] is None else f"{found[1]}0."
