"""Run one DuckDB statement, within a memory limit, off the main thread so that a signal or `stop` can end it."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillRunning
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncer.errors import NoRoom, PrepareError
from syncer.model.files import SourceFile
from syncer.prepare.stopping import Stop, check

if TYPE_CHECKING:
    import duckdb

POLL_SECONDS = 0.05
MEMORY_PER_THREAD = 64 << 20
"""Measured: with less, the CSV reader gives up for want of memory."""
DEFAULT_MEMORY = 1 << 30


@contextmanager
def connected(work_dir: Path, *, memory_limit: int, threads: int | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an engine of its own, which spills to a private folder that is removed in the end.

    `memory_limit` is what the process may take, in bytes: the engine is told half, which it is known to exceed, and
    takes no more threads than that can feed. It loads no extension and installs none.
    """
    import duckdb

    work_dir.mkdir(parents=True, exist_ok=True)
    spill = tempfile.mkdtemp(prefix="spill-", dir=work_dir)
    memory = max(memory_limit // 2, MEMORY_PER_THREAD)
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{memory}B",
        "threads": threads or min(os.cpu_count() or 1, memory // MEMORY_PER_THREAD),
        "temp_directory": spill,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    try:
        with duckdb.connect(":memory:", config=config) as connection:
            yield connection
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def run(
    connection: duckdb.DuckDBPyConnection, statement: str, values: Sequence[object], *, stop: Stop | None = None
) -> list[tuple[Any, ...]]:
    """Execute the statement with its values bound, and return all rows of its answer.

    Raises duckdb.Error for what the engine refuses, Interrupted if `stop` says so; the statement is dead by then.
    """
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(lambda: connection.execute(statement, list(values)).fetchall())
        try:
            while True:
                check(stop)
                try:
                    return answer.result(POLL_SECONDS)
                except StillRunning:
                    if answer.done():
                        raise
        finally:
            if not answer.done():
                connection.interrupt()


def identifier(name: str) -> str:
    """Quote a column name for SQL."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def literal_path(location: str) -> str:
    """Name one file to the engine's readers, which take `*`, `?` and `[` in a path for a glob."""
    return re.sub(r"([*?\[])", r"[\1]", location)


def explained(file: SourceFile, error: duckdb.Error) -> PrepareError:
    """Say why the engine could not make an artifact, without its message: it may quote rows."""
    import duckdb

    text = str(error).casefold()
    if "no space left" in text or ("disk" in text and "full" in text) or "max_temp_directory_size" in text:
        return NoRoom(
            f"no space is left to prepare {file.path}",
            where=file.path,
            next_step="free disk space, or set prepare.temp_dir in syncer.yaml to a larger disk",
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return NoRoom(
            f"{file.path} needs more memory than it may have",
            where=file.path,
            next_step="raise prepare.memory_limit in syncer.yaml",
        )
    return PrepareError(
        f"{file.path} is not readable {file.format}",
        where=file.path,
        why=f"the reader gave up ({type(error).__name__}): the file is cut off, damaged or of another format",
        next_step="export or copy the file again",
    )
