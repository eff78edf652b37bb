"""Judge Parquet with the engine. A column's type decides for all of its values; only text and ranges need a look."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from syncer.model.files import SourceFile
from syncer.prepare import parquet as files
from syncer.prepare.decimals import json_value
from syncer.prepare.engine import connected, explained, literal_path, run
from syncer.prepare.judge.findings import Judged, collect
from syncer.prepare.judge.judgement import Tally
from syncer.prepare.judge.sql import Bindings, native_verdict
from syncer.prepare.judge.work import Work
from syncer.prepare.layout import check_columns
from syncer.prepare.stopping import Stop

if TYPE_CHECKING:
    import duckdb

Column = tuple[str, str]
"""A column's name, and the engine's name for its type."""
READER: Final = "read_parquet({0}, hive_partitioning=false, union_by_name=false)"
_NOT_FINITE: Final = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
"""What the engine calls the numbers that JSON does not have, and how a rejected row shows them."""


def judge(work: Work) -> Tally:
    """Judge every row. Raises PrepareError for a file that is damaged or lacks a mapped column."""
    import duckdb

    names = files.columns(work.file, work.work_dir)
    check_columns(work.file.path, names, work.mapped)
    try:
        with connected(work.work_dir, memory_limit=work.memory_limit) as connection:
            columns = list(zip(names, types_of(connection, work.file, work.stop), strict=True))
            rows, invalid = _counted(connection, work, columns)
            if not invalid:
                return Tally(rows=rows)
            judged = _judged(work, columns, shown=work.rejects is not None)
            return collect(connection, judged, work, about=rows).tally()
    except duckdb.Error as error:
        raise explained(work.file, error) from error


def types_of(connection: duckdb.DuckDBPyConnection, file: SourceFile, stop: Stop | None) -> list[str]:
    """Return the engine's names for the types of a file's columns, in their order."""
    statement = f"DESCRIBE SELECT * FROM {READER.format('?')}"  # noqa: S608 - our own text; values are bound
    return [row[1] for row in run(connection, statement, [literal_path(file.location)], stop=stop)]


def _counted(connection: duckdb.DuckDBPyConnection, work: Work, columns: Sequence[Column]) -> tuple[int, int]:
    """Count rows and rejected rows; only the columns whose values matter are read."""
    judged = _judged(work, columns, shown=False)
    statement = f"SELECT count(*), count({judged.verdict}) FROM {judged.relation}"  # noqa: S608 - our own text; values are bound
    rows, invalid = run(connection, statement, judged.bindings.values, stop=work.stop)[0]
    return int(rows), int(invalid)


def _judged(work: Work, columns: Sequence[Column], *, shown: bool) -> Judged:
    bindings = Bindings()
    names = [name for name, _ in columns]
    checks = [(check, names.index(check.column)) for check in work.checks]
    cells = ", ".join(f"c{place}" for place in range(len(columns)))
    return Judged(
        # The engine renames columns that differ only in letter case, but keeps their order.
        relation=f"{READER.format(bindings.bind(literal_path(work.file.location)))} AS rows({cells})",
        verdict=native_verdict(((check, f"c{place}", columns[place][1]) for check, place in checks), bindings),
        source=source_object(columns, bindings) if shown else "NULL",
        bindings=bindings,
    )


def source_object(columns: Sequence[Column], bindings: Bindings) -> str:
    """Return the expression for a row as a rejected row shows it; its cells are `c0`, `c1`, …."""
    # By name: of columns that are called alike, a JSON object can show one, and that is the last.
    shown = {
        name: f"{bindings.bind(name)}, {_shown(f'c{place}', sql_type)}"
        for place, (name, sql_type) in enumerate(columns)
    }
    return f"json_object({', '.join(shown.values())})"


def _shown(cell: str, sql_type: str) -> str:
    """Show a value as JSON. A number that JSON does not have is shown as text, and so is a nested value with one."""
    if sql_type in {"FLOAT", "DOUBLE"}:
        words = " ".join(f"WHEN '{own}' THEN '{shown}'" for own, shown in _NOT_FINITE.items())
        return f"CASE WHEN isfinite({cell}) THEN to_json({cell}) ELSE to_json(CASE {cell}::VARCHAR {words} END) END"
    cell = json_value(cell, sql_type)
    if re.search("FLOAT|DOUBLE", sql_type):
        text = f"to_json({cell})::VARCHAR"
        return f"CASE WHEN regexp_matches({text}, 'NaN|Infinity') THEN to_json({text}) ELSE to_json({cell}) END"
    return f"to_json({cell})"
