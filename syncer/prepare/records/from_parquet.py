"""Records of a Parquet artifact: each value as the JSON that stands for it, written by the engine.

A column's type decides for all of its values, as it does in an import job: what its field does not take is refused
here, because in JSON a day or a moment would be text that the field takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from syncer.model.files import SourceFile
from syncer.prepare import parquet as files
from syncer.prepare.decimals import decimal_text, json_value
from syncer.prepare.engine import connected, explained, literal_path
from syncer.prepare.judge.checks import Check
from syncer.prepare.judge.parquet import READER, Column, source_object, types_of
from syncer.prepare.judge.sql import Bindings, refusal_of_type
from syncer.prepare.layout import check_columns
from syncer.prepare.records.row import Row, key_of, record_of
from syncer.prepare.stopping import Stop
from syncer.prepare.stopping import check as check_stop

if TYPE_CHECKING:
    import duckdb

ROWS_AT_ONCE: Final = 1000
UNFIT: Final = b""
"""Stands for a value that no JSON has; JSON is never empty."""

_AS_WRITTEN: Final = re.compile(r"BOOLEAN|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\(.*\)")
_MOMENT: Final = re.compile(r"TIMESTAMP.* WITH TIME ZONE")
_NOT_FINITE: Final = r"[:,\[]-?(NaN|Infinity)[],}]"
_TEXT: Final = re.compile(r"VARCHAR|ENUM\(.*\)|JSON")


def rows_of(
    file: SourceFile, checks: Sequence[Check], work_dir: Path, *, memory_limit: int, stop: Stop | None
) -> Iterator[Row]:
    """Yield every row. Raises PrepareError for a file that is damaged or lacks a mapped column."""
    import duckdb

    names = files.columns(file, work_dir)
    check_columns(file.path, names, [check.column for check in checks])
    places = [names.index(check.column) for check in checks]
    keys = [key_of(check.field) for check in checks]
    try:
        with connected(work_dir, memory_limit=memory_limit) as connection:
            columns = list(zip(names, types_of(connection, file, stop), strict=True))
            refusals = [_refusal(check, columns[place]) for check, place in zip(checks, places, strict=True)]
            fetched = _fetched(connection, file, columns, places, stop)
            for number, (shown, *values) in enumerate(fetched, 1):
                yield _row(number, shown, [value.encode() for value in values], refusals, keys)
    except duckdb.Error as error:
        raise explained(file, error) from error


def _fetched(
    connection: duckdb.DuckDBPyConnection,
    file: SourceFile,
    columns: Sequence[Column],
    places: Sequence[int],
    stop: Stop | None,
) -> Iterator[tuple[str, ...]]:
    """Yield each row as a rejected row shows it, with the JSON of its values at these places."""
    bindings = Bindings()
    reader = READER.format(bindings.bind(literal_path(file.location)))
    source = source_object(columns, bindings)
    values = ", ".join(_json(f"c{place}", columns[place][1]) for place in places)
    cells = ", ".join(f"c{place}" for place in range(len(columns)))
    statement = f"SELECT {source}::VARCHAR, {values} FROM {reader} AS rows({cells})"  # noqa: S608 - our own text; values are bound
    answer = connection.execute(statement, bindings.values)
    while found := answer.fetchmany(ROWS_AT_ONCE):
        check_stop(stop)
        yield from found


def _row(
    number: int, shown: str, values: Sequence[bytes], refusals: Sequence[tuple[str | None, str]], keys: Sequence[bytes]
) -> Row:
    for value, (of_type, of_value) in zip(values, refusals, strict=True):
        if of_type is not None and value != b"null":
            return Row(number, shown.encode(), refusal=of_type)
        if value == UNFIT:
            return Row(number, shown.encode(), refusal=of_value)
    return Row(number, shown.encode(), record_of(keys, values))


def _refusal(check: Check, column: Column) -> tuple[str | None, str]:
    """Return what all values of the column are refused with, None if their type fits, and what an unfit one is."""
    unfit = check.about("not a number") if check.kind == "anything" else check.refusal
    return refusal_of_type(check, column[1]), unfit


def _json(cell: str, sql_type: str) -> str:
    """Return the expression for a value's JSON: 'null' for null, '' for what has none."""
    return f"CASE WHEN {cell} IS NULL THEN 'null' ELSE {_written(cell, sql_type)} END"


def _written(cell: str, sql_type: str) -> str:
    if _AS_WRITTEN.fullmatch(sql_type):
        return decimal_text(cell, sql_type)
    if sql_type in {"FLOAT", "DOUBLE"}:
        return f"CASE WHEN isfinite({cell}) THEN {cell}::DOUBLE::VARCHAR ELSE '' END"
    text = f"to_json({_text(cell, sql_type)})::VARCHAR"
    if re.search("FLOAT|DOUBLE", sql_type):
        return f"CASE WHEN regexp_matches({text}, '{_NOT_FINITE}') THEN '' ELSE {text} END"
    return text


def _text(cell: str, sql_type: str) -> str:
    """Return the value whose JSON stands for the cell: of texts and times a text."""
    if _TEXT.fullmatch(sql_type):
        return f"{cell}::VARCHAR"
    if sql_type == "DATE":
        return f"strftime({cell}, '%Y-%m-%d')"
    if _MOMENT.fullmatch(sql_type):
        return f"strftime(make_timestamp(epoch_us({cell}::TIMESTAMPTZ)), '%Y-%m-%dT%H:%M:%S.%fZ')"
    return json_value(cell, sql_type)
