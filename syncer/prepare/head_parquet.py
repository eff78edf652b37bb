"""Cut the first rows out of a Parquet file. Of a remote one only the row groups are fetched that these rows are in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import SEEK_END
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from syncer.errors import PrepareError
from syncer.model.files import SourceFile
from syncer.prepare import parquet
from syncer.prepare.artifact import BLOCK_BYTES, private_file
from syncer.prepare.engine import DEFAULT_MEMORY, connected, explained, literal_path, run
from syncer.prepare.reading import open_stored

if TYPE_CHECKING:
    import duckdb

_TAIL_BYTES: Final = 8
_MAGIC: Final = b"PAR1"
_HEAD: Final = (
    "COPY (SELECT * FROM read_parquet($1, hive_partitioning=false, union_by_name=false) LIMIT $2) TO $3 "
    "(FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)"
)
_GROUPS: Final = """
    SELECT row_group_id, any_value(row_group_num_rows),
        min(least(data_page_offset, coalesce(nullif(dictionary_page_offset, 0), data_page_offset))),
        max(least(data_page_offset, coalesce(nullif(dictionary_page_offset, 0), data_page_offset))
            + total_compressed_size)
    FROM parquet_metadata(?) GROUP BY row_group_id ORDER BY row_group_id
"""


def cut(file: SourceFile, count: int, target: Path) -> tuple[tuple[str, ...], int]:
    """Write the first `count` rows to `target`; return the file's columns and the number of all of its rows.

    Raises PrepareError for a file that is damaged, or whose columns cannot be written again under their names.
    """
    with _near(file, count, target.parent) as near:
        names = parquet.columns(near, target.parent)
        rows = parquet.count_rows(near, target.parent)
        if len({name.casefold() for name in names}) < len(names):
            raise PrepareError(
                f"{file.path} has columns that differ only in letter case",
                where=file.path,
                why="its first rows cannot be shown, because the Parquet writer does not tell such columns apart",
                next_step="see all of them judged: syncer check",
            )
        with _explaining(file), _engine(target.parent) as engine:
            run(engine, _HEAD, [literal_path(near.location), count, str(target)])
    return names, rows


@contextmanager
def _near(file: SourceFile, count: int, work_dir: Path) -> Iterator[SourceFile]:
    """Give the file on this disk: of a remote one, a file of its size that has what the head needs, at its place."""
    if file.opener is None:
        yield file
        return
    with private_file(work_dir, file) as path:
        try:
            near = replace(file, location=str(path), opener=None)
            with open_stored(file) as stored, path.open("wb", buffering=0) as sparse:
                _copy_footer(file, stored, sparse)
                for start, end in _groups(near, count, work_dir):
                    stored.seek(start)
                    sparse.seek(start)
                    _copy(stored, sparse, end - start)
            yield near
        finally:
            path.unlink(missing_ok=True)


def _copy_footer(file: SourceFile, stored: BinaryIO, sparse: BinaryIO) -> None:
    """Copy the footer, the length behind it and the letters at both ends. What is no Parquet is copied as it is."""
    stored.seek(-min(_TAIL_BYTES, file.size), SEEK_END)
    tail = stored.read()
    length = int.from_bytes(tail[:4], "little") + _TAIL_BYTES
    if tail[4:] != _MAGIC or length > file.size:
        sparse.write(tail)  # whoever reads it says that it is no Parquet
        return
    sparse.write(_MAGIC)
    sparse.seek(stored.seek(-length, SEEK_END))
    _copy(stored, sparse, length)


def _groups(near: SourceFile, count: int, work_dir: Path) -> list[tuple[int, int]]:
    """Return where the row groups of the first `count` rows begin and end, in bytes."""
    with _explaining(near), _engine(work_dir) as engine:
        found: list[tuple[Any, ...]] = run(engine, _GROUPS, [literal_path(near.location)])
    ranges, rows = [], 0
    for _, group_rows, start, end in found:
        if rows >= count:
            break
        ranges.append((start, end))
        rows += group_rows
    return ranges


def _copy(stored: BinaryIO, sparse: BinaryIO, length: int) -> None:
    while length > 0 and (block := stored.read(min(BLOCK_BYTES, length))):
        sparse.write(block)
        length -= len(block)


@contextmanager
def _engine(work_dir: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connected(work_dir, memory_limit=DEFAULT_MEMORY, threads=1) as connection:
        yield connection


@contextmanager
def _explaining(file: SourceFile) -> Iterator[None]:
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        raise explained(file, error) from error
