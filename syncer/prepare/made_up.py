"""Write the made-up rows of a spec's test as a source file of the spec's format."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from syncer.errors import PrepareError
from syncer.model.files import SourceFormat
from syncer.model.spec import Spec
from syncer.prepare.encodings import is_utf8
from syncer.prepare.engine import DEFAULT_MEMORY, connected, identifier

Rows = Sequence[Mapping[str, Any]]
_TYPES: Final[Mapping[frozenset[type], str]] = {
    frozenset(): "VARCHAR",
    frozenset({str}): "VARCHAR",
    frozenset({bool}): "BOOLEAN",
    frozenset({int}): "BIGINT",
    frozenset({float}): "DOUBLE",
    frozenset({int, float}): "DOUBLE",
}
"""The Parquet type, in the engine's words, of a column that holds values of these types."""


def write_rows(rows: Rows, spec: Spec, file_format: SourceFormat, path: Path) -> None:
    """Write the rows; columns are in the order in which they first appear, or the mapping's where there is no row.

    Raises PrepareError for values that a file of the format cannot hold.
    """
    columns = tuple(dict.fromkeys(column for row in rows for column in row)) or tuple(spec.mapping)
    if file_format == "csv":
        _write_csv(rows, columns, spec, path)
    elif file_format == "jsonl":
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8", newline="\n")
    else:
        _write_parquet(rows, columns, path)


def _write_csv(rows: Rows, columns: Sequence[str], spec: Spec, path: Path) -> None:
    options = spec.source.csv
    encoding = "utf-8" if is_utf8(options.encoding) else options.encoding
    try:
        with path.open("w", encoding=encoding, newline="") as file:
            writer = csv.writer(file, delimiter=options.delimiter, lineterminator="\n")
            writer.writerows([columns, *([row.get(column) for column in columns] for row in rows)])
    except UnicodeEncodeError as error:
        raise _unfit(f"{options.encoding} has no {error.object[error.start]!r}") from error


def _write_parquet(rows: Rows, columns: Sequence[str], path: Path) -> None:
    import duckdb

    typed = ", ".join(f"{identifier(column)} {_type(column, rows)}" for column in columns)
    cells = [[row.get(column) for column in columns] for row in rows]
    try:
        with connected(path.parent, memory_limit=DEFAULT_MEMORY, threads=1) as engine:
            engine.execute(f"CREATE TEMP TABLE made_up ({typed})")
            if cells:
                engine.executemany(f"INSERT INTO made_up VALUES ({', '.join('?' * len(columns))})", cells)  # noqa: S608 - placeholders
            engine.execute("COPY made_up TO $1 (FORMAT parquet, USE_TMP_FILE false)", [str(path)])
    except duckdb.Error as error:
        raise _unfit("a column stands twice, or a number is out of range") from error


def _type(column: str, rows: Rows) -> str:
    found = frozenset(type(row[column]) for row in rows if row.get(column) is not None)
    if found not in _TYPES:
        raise _unfit(f"column {column!r} has values of several types, lists or mappings")
    return _TYPES[found]


def _unfit(why: str) -> PrepareError:
    return PrepareError(
        "the rows cannot be written as a source file", why=why, next_step="put a source file beside the spec: file: …"
    )
