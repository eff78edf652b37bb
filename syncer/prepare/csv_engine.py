"""Project a plain CSV file with DuckDB. The bytes are those of `csv_exact`; what it cannot promise, it leaves to it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Self

from syncer.model.files import SourceFile
from syncer.model.spec import Spec
from syncer.prepare.csv_guard import Plain, inspect
from syncer.prepare.encodings import is_utf8
from syncer.prepare.engine import POLL_SECONDS, connected, identifier, literal_path, run
from syncer.prepare.layout import Kept, Layout
from syncer.prepare.reading import open_bytes
from syncer.prepare.shape import Shape
from syncer.prepare.stopping import Progress, Stop, check
from syncer.prepare.transforms import sql

DELIMITERS = (",", ";", "|", "\t")
BUFFER_BYTES = 8_000_000
"""A quarter of the engine's default: as fast, and fits a small memory limit."""


def project(
    file: SourceFile,
    spec: Spec,
    layout: Layout,
    shape: Shape,
    target: Path,
    *,
    memory_limit: int,
    stop: Stop | None = None,
    progress: Progress | None = None,
) -> int | None:
    """Write the artifact to `target` and return its data rows, or None if the exact reader has to do it.

    `target` may hold anything after None. Raises Interrupted if `stop` says so.
    """
    header, delimiter = shape.columns or (), shape.delimiter
    names = {name.casefold() for name in layout.columns}
    if file.compression or delimiter not in DELIMITERS or len(names) < len(layout.columns):
        return None
    if not is_utf8(spec.source.csv.encoding):
        return None
    one_column = len(header) == 1
    with _Looking(file, delimiter, one_column=one_column, stop=stop) as looking:
        try:
            rows = _copied(file, layout, header, delimiter, target, memory_limit=memory_limit, stop=looking.is_over)
            if rows is None or not looking.plain().is_even(columns=len(header), rows=rows):
                return None
        except _NotPlainError:
            return None
    if progress is not None:
        progress(file.size)
    return rows


class _NotPlainError(Exception):
    """Only the exact reader may read the file."""


class _Looking:
    """Looks through the file while the engine copies it; what is not plain ends the copying."""

    def __init__(self, file: SourceFile, delimiter: str, *, one_column: bool, stop: Stop | None) -> None:
        self._file, self._delimiter, self._one_column, self._stop = file, delimiter, one_column, stop
        self._pool = ThreadPoolExecutor(1)
        self._given_up = threading.Event()
        self._look: Future[Plain | None]

    def __enter__(self) -> Self:
        self._look = self._pool.submit(self._looked)
        return self

    def __exit__(self, *error: object) -> None:
        self._given_up.set()
        self._pool.shutdown()

    def is_over(self) -> bool:
        """Tell the engine whether to stop. Raises what the look met, _NotPlainError too."""
        if self._look.done():
            self.plain()
        return self._stop is not None and self._stop()

    def plain(self) -> Plain:
        """Wait for what was seen. Raises _NotPlainError, SourceError, and Interrupted if `stop` says so."""
        while not self._look.done():
            check(self._stop)
            wait([self._look], POLL_SECONDS)
        plain = self._look.result()
        if plain is None:
            raise _NotPlainError
        return plain

    def _looked(self) -> Plain | None:
        # The caller's `stop` is asked by its own thread alone.
        with open_bytes(self._file, stop=self._given_up.is_set) as stream:
            return inspect(stream, self._delimiter, one_column=self._one_column)


def _copied(
    file: SourceFile,
    layout: Layout,
    header: Sequence[str],
    delimiter: str,
    target: Path,
    *,
    memory_limit: int,
    stop: Stop | None,
) -> int | None:
    import duckdb

    # Numbered, because not every version of the engine takes the file that is written for the last of the values.
    statement = f"COPY (SELECT {_selected(layout, header)} FROM {_reader(len(header))}) TO $3 ({_WRITER})"  # noqa: S608 - quoted identifiers and our own text; values are bound
    values = (literal_path(file.location), delimiter, str(target), *(one.text for one in layout.added))
    try:
        with connected(target.parent, memory_limit=memory_limit) as connection:
            sql.set_up(connection, (one.steps for one in layout.kept))
            return int(run(connection, statement, values, stop=stop)[0][0])
    except duckdb.Error:
        return None


_WRITER = (
    "FORMAT csv, HEADER true, DELIMITER ',', QUOTE '\"', ESCAPE '\"', NULLSTR '', COMMENT '', "
    "COMPRESSION 'none', USE_TMP_FILE false"
)


def _selected(layout: Layout, header: Sequence[str]) -> str:
    added = [f"nullif(${n}::VARCHAR, '') AS {identifier(one.column)}" for n, one in enumerate(layout.added, start=4)]
    cells = [_cell(one, f"c{header.index(one.column)}") for one in layout.kept]
    if not added and len(cells) == 1:
        # A null alone on a line would be a blank line, which is no row; an empty text is written as a pair of quotes.
        cells = [f"coalesce({cells[0]}, '')"]
    kept = [f"{cell} AS {identifier(one.column)}" for cell, one in zip(cells, layout.kept, strict=True)]
    return ", ".join(added + kept)


def _cell(one: Kept, source: str) -> str:
    """Write an empty text as what it is read back as: an empty cell, which is a null."""
    return f"nullif({sql.text(one.steps, source)}, '')" if one.steps else source


def _reader(width: int) -> str:
    columns = ", ".join(f"c{position}: 'VARCHAR'" for position in range(width))
    return (
        f"read_csv($1, delim=$2, columns={{{columns}}}, auto_detect=false, header=true, quote='\"', escape='\"', "
        "comment='', nullstr='', allow_quoted_nulls=true, strict_mode=true, null_padding=false, ignore_errors=false, "
        f"compression='none', hive_partitioning=false, buffer_size={BUFFER_BYTES})"
    )
