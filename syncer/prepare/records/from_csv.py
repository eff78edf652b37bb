"""Records of a CSV artifact, read as strictly as the API reads one."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from syncer.errors import PrepareError
from syncer.model.files import SourceFile
from syncer.prepare.judge import patterns
from syncer.prepare.judge.checks import Check, Kind, ragged
from syncer.prepare.judge.csv_exact import open_records, source_row
from syncer.prepare.layout import check_columns
from syncer.prepare.records.row import Row, key_of, record_of
from syncer.prepare.stopping import Stop

Write = Callable[[str], bytes]
"""Writes a cell that is not empty as JSON."""

_matches_integer = re.compile(patterns.INTEGER).fullmatch
_matches_number = re.compile(patterns.NUMBER).fullmatch
MOST_DIGITS: Final = 40
"""Past it no integer is of 64 bits, and a JSON parser may refuse the whole request for one."""


def rows_of(file: SourceFile, checks: Sequence[Check], *, stop: Stop | None) -> Iterator[Row]:
    """Yield every data row. Raises PrepareError for a file that is not CSV or lacks a mapped column."""
    with open_records(file, stop) as records:
        header = next(records, None)
        if header is None:
            raise PrepareError(f"{file.path} has no header row", where=file.path, next_step="export the file again")
        check_columns(file.path, header, [check.column for check in checks])
        cells = [(header.index(check.column), writer(check.kind)) for check in checks]
        keys = [key_of(check.field) for check in checks]
        width = len(header)
        for number, record in enumerate(records, 1):
            source = source_row(header, record)
            if len(record) != width:
                yield Row(number, source, refusal=ragged(width, len(record)))
                continue
            values = [write(record[place]) if record[place] else b"null" for place, write in cells]
            yield Row(number, source, record_of(keys, values))


def writer(kind: Kind) -> Write:
    """Return what writes the cells of a field of this kind: as its JSON type where they are of it, else as text."""
    return _WRITERS.get(kind, msgspec.json.encode)


def _integer(cell: str) -> bytes:
    return cell.encode() if _matches_integer(cell) and len(cell) <= MOST_DIGITS else msgspec.json.encode(cell)


def _number(cell: str) -> bytes:
    if cell == "-0":
        return b"-0.0"  # as an integer, JSON parsers take its sign away
    return cell.encode() if _matches_number(cell) and math.isfinite(float(cell)) else msgspec.json.encode(cell)


def _boolean(cell: str) -> bytes:
    return cell.encode() if cell in {"true", "false"} else msgspec.json.encode(cell)


_WRITERS: Final[dict[Kind, Write]] = {"integer": _integer, "number": _number, "boolean": _boolean}
