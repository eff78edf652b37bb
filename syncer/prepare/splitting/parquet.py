"""Cut Parquet by ranges of rows, with the engine: one thread and fixed row groups, as everywhere."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Any, Final

from syncer.errors import PrepareError
from syncer.prepare import parquet
from syncer.prepare.artifact import Artifact, digest_of, private_file
from syncer.prepare.engine import connected, identifier, literal_path, run
from syncer.prepare.reshape.table import PARQUET
from syncer.prepare.reshape.work import Work, on_disk
from syncer.prepare.splitting.parts import SLACK, part_of, parts_of, row_too_large
from syncer.prepare.transforms import sql

Execute = Callable[[str, list[object]], list[tuple[Any, ...]]]

_NUMBER: Final = "file_row_number"
"""The engine's own name for a row's place, from 0."""
_FILE: Final = "read_parquet($1, hive_partitioning=false, union_by_name=false)"
_MOST_DIGITS: Final = 38


def parquet_parts(work: Work, limit: int) -> Generator[Artifact]:
    """Iterate over the parts as they are made. One that was given is the caller's to discard.

    Raises PrepareError also for columns that the engine would not write as they are.
    """
    if work.has_namesakes:
        raise PrepareError(
            f"{work.file.path} cannot be cut into parts",
            where=work.file.path,
            why="its columns differ only in letter case, which the writer does not tell apart",
            next_step="rename one of them in the export",
        )
    with on_disk(work) as file:
        work = replace(work, file=file)
        total = parquet.count_rows(file, work.work_dir)
        with work.explaining(), connected(work.work_dir, memory_limit=work.memory_limit, threads=1) as connection:
            sql.set_up(connection, ())

            def execute(statement: str, values: list[object]) -> list[tuple[Any, ...]]:
                return run(connection, statement, values, stop=work.stop)

            _check_decimals(work, execute)
            yield from _Cutter(work, limit, execute).parts(total)


class _Cutter:
    def __init__(self, work: Work, limit: int, execute: Execute) -> None:
        self._work, self._limit, self._execute = work, limit, execute

    def parts(self, total: int) -> Iterator[Artifact]:
        """Make the parts, one at a time. The rows written so far tell how large those to come may be."""
        room = max(1, self._limit - self._limit // SLACK)
        done = written = number = 0
        while done < total:
            number += 1
            left = (total - done) * (written or self._work.artifact.size) // (done or total)
            part = self._part(number, done, -(-(total - done) // parts_of(left, room)))
            done += part.rows or 0
            written += part.size
            yield part

    def _part(self, number: int, first: int, count: int) -> Artifact:
        """Write so many rows, or as many fewer as fit. `first` is a row's place, from 0."""
        work = self._work
        with private_file(work.work_dir, work.file) as path:
            while True:
                values: list[object] = [literal_path(work.file.location), str(path), first, first + count]
                statement = f"COPY ({self._rows()}) TO $2 ({PARQUET})"
                rows = int(self._execute(statement, values)[0][0])
                size, digest = digest_of(path, stop=work.stop)
                if size <= self._limit:
                    return part_of(work.artifact, number, path, rows=rows, size=size, digest=digest)
                if count == 1:
                    raise row_too_large(work, first + 1, self._limit)
                count = max(1, count * self._limit * (SLACK - 1) // (size * SLACK))

    def _rows(self) -> str:
        number, numbered = _NUMBER, _FILE
        if any(column.casefold() == _NUMBER for column in self._work.columns):
            number = identifier(f"{_NUMBER} of the engine")
            numbered = f"(SELECT *, row_number() OVER () - 1 AS {number} FROM {_FILE})"  # noqa: S608 - our own text
        chosen = "*" if number == _NUMBER else f"* EXCLUDE {number}"
        return f"SELECT {chosen} FROM {numbered} WHERE {number} >= $3 AND {number} < $4"  # noqa: S608 - our own text; values are bound


def _check_decimals(work: Work, execute: Execute) -> None:
    statement = "SELECT max(precision) FROM parquet_schema($1)"
    digits = execute(statement, [literal_path(work.file.location)])[0][0]
    if digits is not None and digits > _MOST_DIGITS:
        raise PrepareError(
            f"{work.file.path} cannot be cut into parts",
            where=work.file.path,
            why=f"it holds decimals of {digits} digits, and more than {_MOST_DIGITS} would be rounded",
            next_step="export them as text, or with fewer digits",
        )
