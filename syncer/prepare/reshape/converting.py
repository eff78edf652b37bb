"""Write an artifact's rows as Parquet: from CSV or JSONL with a type for every column, from Parquet with its own.

One thread and fixed row groups, so that the same file gives the same bytes on any machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from operator import itemgetter
from pathlib import Path

from syncer.model.objects import FieldSchema
from syncer.model.spec import FieldType
from syncer.prepare.engine import explained
from syncer.prepare.reshape.casts import casts_of
from syncer.prepare.reshape.evening import Readable
from syncer.prepare.reshape.numbers import Leaving, numbers_without
from syncer.prepare.reshape.sorting import MEMORY_SHARE, order
from syncer.prepare.reshape.table import PARQUET, Table, pointer, table
from syncer.prepare.reshape.work import Work

Written = tuple[int, Mapping[str, FieldType] | None]
"""How many rows were written, and the types of the columns where they are new."""


class UnconvertibleError(Exception):
    """What no Parquet file holds: a row, or where `row` is None all of them. `str` says so, and shows no value."""

    def __init__(self, what: str, row: int | None = None) -> None:
        super().__init__(what if row is None else f"row {row}: {what}")
        self.row = row


def write_parquet(
    work: Work, source: Readable, leaving: Leaving, target: Path, *, sort: bool, schema: Mapping[str, FieldSchema]
) -> Written:
    """Write the rows that stay to `target`. Raises UnconvertibleError for a row that would not survive."""
    if work.has_namesakes:
        raise UnconvertibleError("its mapped columns differ only in letter case, which the writer does not tell apart")
    if (row := next(numbers_without(source.ragged, leaving), None)) is not None:
        raise UnconvertibleError("it has not as many cells as the header", row)
    bits = leaving.bits(source.rows) if leaving.count else None
    if work.file.format == "parquet":
        rows = table(work, source, bits)
        with work.explaining():
            return _write(work, rows, rows.named(), target, sort=sort), None
    return _converted(work, source, bits, target, sort=sort, schema=schema)


def _converted(
    work: Work, source: Readable, bits: bytes | None, target: Path, *, sort: bool, schema: Mapping[str, FieldSchema]
) -> Written:
    import duckdb

    rows = _cells(table(work, source, bits))
    casts = casts_of(work.artifact, schema, rows)
    try:
        count = _write(work, rows, rows.named({one.column: one.checked for one in casts}), target, sort=sort)
    except duckdb.Error as error:
        with work.explaining():
            unconvertible = _find_unconvertible(work, source, bits, schema)
        raise unconvertible or explained(work.file, error) from error
    return count, {one.column: one.type for one in casts}


def _write(work: Work, rows: Table, selected: str, target: Path, *, sort: bool) -> int:
    ordered = order(rows, work.key) if sort else ""
    statement = f"COPY (SELECT {selected} FROM {rows.rows} {ordered}) TO {rows.bound.bind(str(target))} ({PARQUET})"  # noqa: S608 - quoted identifiers and our own text; values are bound
    return int(work.execute(statement, rows.bound.values, threads=1, memory_share=MEMORY_SHARE if sort else 1)[0][0])


def _cells(rows: Table, *, guarded: bool = False) -> Table:
    """Give a JSONL table its values as a list `v`. Where `guarded`, it is null for a row that is no JSON object."""
    if rows.format != "jsonl":
        return rows
    values = f"json_extract({rows.line}, {rows.bound.bind([pointer(name) for name in rows.columns])}::VARCHAR[])"
    if guarded:
        value = f"CASE WHEN TRY(json_type({rows.line})) = 'OBJECT' THEN {values} END"
    else:
        value = f"CASE WHEN starts_with(line, '{{') THEN {values} ELSE error('') END"
    return replace(rows, rows=f"(SELECT number, line, {value} AS v FROM {rows.rows})")  # noqa: S608 - our own text; values are bound


def _find_unconvertible(
    work: Work, source: Readable, bits: bytes | None, schema: Mapping[str, FieldSchema]
) -> UnconvertibleError | None:
    """Look for the first row that does not survive."""
    rows = _cells(table(work, source, bits), guarded=True)
    casts = casts_of(work.artifact, schema, rows)
    doubts = {f"the value of {one.column!r} is not {one.meant}": one.lost for one in casts if one.survives != "true"}
    if rows.format == "jsonl":
        doubts["it is no JSON object"] = "v IS NULL"
    firsts = ", ".join(f"min(number) FILTER (WHERE {doubt})" for doubt in doubts.values())
    found = work.execute(f"SELECT {firsts or 'NULL'} FROM {rows.rows}", rows.bound.values)[0]  # noqa: S608 - our own text; values are bound
    numbered = [(row, what) for row, what in zip(found, doubts, strict=bool(doubts)) if row is not None]
    if not numbered:
        return None
    row, what = min(numbered, key=itemgetter(0))
    return UnconvertibleError(what, row)
