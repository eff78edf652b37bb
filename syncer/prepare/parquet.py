"""Project Parquet with DuckDB: the mapped columns, in the order of the mapping, each with the type that it had.

Only a column that the mapping transforms may get another type: see `parquet_columns`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from io import SEEK_END
from pathlib import Path
from typing import Any

from syncer.errors import PrepareError
from syncer.model.files import SourceFile
from syncer.prepare.artifact import BLOCK_BYTES
from syncer.prepare.engine import DEFAULT_MEMORY, connected, explained, identifier, literal_path, run
from syncer.prepare.layout import Layout
from syncer.prepare.parquet_columns import Element, EngineColumn, check_decimals, doubts, expression
from syncer.prepare.reading import cannot_read, empty, open_stored
from syncer.prepare.stopping import Stop
from syncer.prepare.transforms import sql

_SOURCE = "read_parquet($1, hive_partitioning=false, union_by_name=false)"
_SCHEMA = "SELECT name, num_children, precision FROM parquet_schema(?)"
_MAGIC = b"PAR1"
_TAIL_BYTES = 8
"""A Parquet file ends with the length of its footer and four letters (Apache Parquet, file format)."""
_TYPES = {"string": "VARCHAR", "boolean": "BOOLEAN", "integer": "BIGINT", "number": "DOUBLE"}
_WRITER = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880, USE_TMP_FILE false"


def columns(file: SourceFile, work_dir: Path) -> tuple[str, ...]:
    """Return the top-level column names, in order, as the file itself spells them."""
    return tuple(name for name, _ in _top_level(_ask(file, work_dir, _SCHEMA)))


def count_rows(file: SourceFile, work_dir: Path) -> int:
    """Return the number of rows that the footer tells."""
    return int(_ask(file, work_dir, "SELECT num_rows FROM parquet_file_metadata(?)")[0][0])


def project(
    file: SourceFile,
    layout: Layout,
    names: Sequence[str],
    target: Path,
    *,
    memory_limit: int,
    stop: Stop | None = None,
) -> int:
    """Write the layout's columns to `target` as zstd Parquet and return the number of rows.

    One thread and fixed row groups, so that the same file gives the same bytes on any machine. `names` are the file's
    columns.
    """
    if len({name.casefold() for name in layout.columns}) < len(layout.columns):
        raise PrepareError(
            f"{file.path} has mapped columns that differ only in letter case",
            where=file.path,
            why="the Parquet writer does not tell them apart",
            next_step="rename one of them in the export",
        )
    with _explained(file), connected(target.parent, memory_limit=memory_limit, threads=1) as connection:
        source = literal_path(file.location)
        check_decimals(file, layout.kept, _top_level(run(connection, _SCHEMA, [source], stop=stop)))
        described = run(connection, f"DESCRIBE SELECT * FROM {_SOURCE}", [source], stop=stop)  # noqa: S608 - our own text
        # The engine renames columns that differ only in case, but keeps their order.
        told = dict(zip(reversed(names), reversed(described), strict=True))
        kept = [EngineColumn(one, identifier(told[one.column][0]), told[one.column][1]) for one in layout.kept]
        sql.set_up(connection, (one.steps for one in layout.kept))
        for doubt in (doubt for column in kept for doubt in doubts(column, _SOURCE)):
            doubt.raise_if(file, run(connection, doubt.sql, [source], stop=stop))
        # Numbered, because not every version of the engine takes the file that is written for the last of the values.
        statement = f"COPY (SELECT {_selected(file, layout, kept)} FROM {_SOURCE}) TO $2 ({_WRITER})"  # noqa: S608 - quoted identifiers and our own text; values are bound
        values = (source, str(target), *(one.value for one in layout.added))
        return int(run(connection, statement, values, stop=stop)[0][0])


def _selected(file: SourceFile, layout: Layout, kept: Sequence[EngineColumn]) -> str:
    added = [f"${n}::{_TYPES[one.type]} AS {identifier(one.column)}" for n, one in enumerate(layout.added, start=3)]
    return ", ".join([*added, *(f"{expression(file, one)} AS {identifier(one.kept.column)}" for one in kept)])


def _top_level(rows: Sequence[Element]) -> Iterator[tuple[str, Sequence[Element]]]:
    """Split the flattened tree below the root into its direct children: the name of each, and all that is in it."""
    position = 1
    while position < len(rows):
        start, pending = position, 1
        while pending:
            pending += (rows[position][1] or 0) - 1
            position += 1
        yield rows[start][0], rows[start:position]


def _ask(file: SourceFile, work_dir: Path, question: str) -> list[tuple[Any, ...]]:
    if file.opener is not None:
        file = replace(file, location=str(_footer_of(file, work_dir)), opener=None)
    with _explained(file), connected(work_dir, memory_limit=DEFAULT_MEMORY, threads=1) as connection:
        return run(connection, question, [literal_path(file.location)])


def _footer_of(file: SourceFile, work_dir: Path) -> Path:
    """Copy a remote file's footer to where it would be in the whole file, of which nothing else is fetched."""
    path = work_dir / "footer.parquet"
    with open_stored(file) as stored, path.open("wb") as copy:
        stored.seek(-min(_TAIL_BYTES, file.size), SEEK_END)
        tail = stored.read()
        length = int.from_bytes(tail[:4], "little") + _TAIL_BYTES
        if tail[4:] == _MAGIC and length <= file.size:
            start = stored.seek(-length, SEEK_END)
            copy.write(_MAGIC)
            copy.seek(start)
            while block := stored.read(BLOCK_BYTES):
                copy.write(block)
        else:
            copy.write(tail)  # no Parquet file: whoever reads it says so
    return path


@contextmanager
def _explained(file: SourceFile) -> Iterator[None]:
    import duckdb

    try:
        with Path(file.location).open("rb") as opened:
            if not opened.read(1):
                raise empty(file)
        yield
    except OSError as error:
        raise cannot_read(file.path, error) from error
    except duckdb.Error as error:
        raise explained(file, error) from error
