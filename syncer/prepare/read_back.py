"""Read the few rows of a small file, to show them or to compare them. Whole files are never read this way.

A value is what its format holds: CSV text, with null for an empty cell; a JSON value; in Parquet a JSON value too,
with times in RFC 3339 and whatever JSON has no type for as text. Decimal numbers remember how they are written.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn, Self

import msgspec

from syncer.errors import PrepareError
from syncer.model.files import SourceFile
from syncer.prepare import parquet
from syncer.prepare.artifact import Artifact
from syncer.prepare.decimals import decimal_text, json_value
from syncer.prepare.engine import DEFAULT_MEMORY, connected, explained, literal_path, run
from syncer.prepare.jsonl import lines
from syncer.prepare.reading import open_bytes

Row = dict[str, Any]
"""Column to value, in the order of the file. A row that is none (broken, or with other cells than columns) is empty."""

_NATIVE: Final = re.compile(r"BOOLEAN|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|VARCHAR")
"""The engine's types whose values are fetched as they are."""
_BY_TEXT: Final = re.compile(r"TIMESTAMP[\w ]*|DECIMAL\([\d,]+\)")
"""Those whose values are fetched as the engine writes them, to the last digit."""
_TIME: Final = re.compile(r"(\d{4,}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)(\+00)?")


class Written(float):
    """A number with a fraction or an exponent, and how it is written."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __new__(cls, text: str) -> Self:
        """Read the text as the number that it stands for."""
        return super().__new__(cls, text)


def rows_of(parts: Iterable[Artifact], work_dir: Path) -> list[Row]:
    """Return all rows of an artifact's parts, in order. Raises PrepareError for what cannot be read."""
    return [row for part in parts for row in _rows(part, work_dir)]


def rows_of_parquet(file: SourceFile, work_dir: Path) -> list[Row]:
    """Return all rows of a small Parquet file on this disk. Raises PrepareError for what cannot be read."""
    import duckdb

    names = parquet.columns(file, work_dir)
    location = literal_path(file.location)
    reader = "read_parquet($1, hive_partitioning=false, union_by_name=false)"
    try:
        with connected(work_dir, memory_limit=DEFAULT_MEMORY, threads=1) as connection:
            types = [row[1] for row in run(connection, f"DESCRIBE SELECT * FROM {reader}", [location])]  # noqa: S608 - our own text
            cells = ", ".join(_cell(f"c{place}", kind) for place, kind in enumerate(types))
            aliases = ", ".join(f"c{place}" for place in range(len(types)))
            found = run(connection, f"SELECT {cells} FROM {reader} AS rows({aliases})", [location])  # noqa: S608 - the same
    except duckdb.Error as error:
        raise explained(file, error) from error
    return [{name: _native(value, kind) for name, value, kind in zip(names, row, types, strict=True)} for row in found]


def json_row(line: bytes) -> Row:
    """Return the object of one JSONL line, empty where the line is no object as the API reads it."""
    try:
        msgspec.json.decode(line, type=dict[str, msgspec.Raw])
        return dict(_json(line))
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return {}


def csv_row(header: Sequence[str], record: Sequence[str]) -> Row:
    """Return one CSV record by its columns, empty where it has more or fewer cells than the header."""
    if len(record) != len(header):
        return {}
    return {column: cell or None for column, cell in zip(header, record, strict=True)}


def _rows(part: Artifact, work_dir: Path) -> Iterator[Row]:
    if part.path is None:
        raise AssertionError("only what is on this disk is read back")
    file = small_file(part.path, part.file_name, part)
    if part.format == "parquet":
        yield from rows_of_parquet(file, work_dir)
        return
    with open_bytes(file) as stream:
        if part.format == "jsonl":
            yield from (json_row(line) for _, line in lines(file, stream))
            return
        text = (line.decode() for line in stream)
        records = csv.reader(text, strict=True)
        try:
            header = next(records, [])
            yield from (csv_row(header, record) for record in records if record)
        except (csv.Error, UnicodeDecodeError) as error:
            raise PrepareError(f"{file.path} cannot be read back", where=file.path) from error


def small_file(path: Path, name: str, like: Artifact | SourceFile) -> SourceFile:
    """Describe a file on this disk that has the format of another; `name` is what errors call it."""
    from datetime import UTC, datetime

    return SourceFile(
        path=name,
        location=str(path),
        size=path.stat().st_size,
        modified=datetime.fromtimestamp(0, UTC),
        fingerprint="",
        format=like.format,
        compression=like.compression,
    )


def _cell(cell: str, kind: str) -> str:
    if _NATIVE.fullmatch(kind):
        return cell
    return decimal_text(cell, kind) if _BY_TEXT.fullmatch(kind) else f"to_json({json_value(cell, kind)})::VARCHAR"


def _native(value: Any, kind: str) -> Any:  # noqa: ANN401 - whatever the file holds
    if value is None or (_NATIVE.fullmatch(kind) and not isinstance(value, float)):
        return value
    if isinstance(value, float):
        return Written(repr(value))
    if _BY_TEXT.fullmatch(kind) and kind.startswith("TIMESTAMP"):
        return _TIME.sub(lambda time: f"{time[1]}T{time[2]}{'Z' if time[3] else ''}", value)
    if _BY_TEXT.fullmatch(kind):
        return Written(value)
    return _json(value)


def _json(text: str | bytes) -> Any:  # noqa: ANN401 - whatever the text holds
    return json.loads(text, parse_float=Written, parse_constant=_refuse)


def _refuse(word: str) -> NoReturn:
    raise ValueError(word)
