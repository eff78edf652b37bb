"""What the demo claims, held against the platform's own data after the emulator has stopped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from syncer.errors import SyncerError
from syncer.operations.demo.workspace import ORDERS, PRIVATE, order_id
from syncer.render.layout import counted, number

if TYPE_CHECKING:
    import duckdb

_FIRST_IMPORTS = 5
_READERS = {
    ".csv": "read_csv(?, header = true, all_varchar = true)",
    ".csv.gz": "read_csv(?, header = true, all_varchar = true, compression = 'gzip')",
    ".jsonl": "read_json(?, format = 'newline_delimited', sample_size = -1)",
    ".jsonl.gz": "read_json(?, format = 'newline_delimited', sample_size = -1, compression = 'gzip')",
    ".parquet": "read_parquet(?)",
}


def prove(data: Path) -> Iterator[str]:
    """Yield what was proven, one sentence each. Raises SyncerError for what does not hold."""
    import duckdb

    with duckdb.connect(str(data / "emulator.duckdb")) as connection:
        yield _orders_once(connection)
        yield _one_again(connection)
        yield _nothing_private(connection, data / "uploads")


def _orders_once(connection: duckdb.DuckDBPyConnection) -> str:
    stored = [row[0] for row in connection.execute("SELECT order_id FROM orders ORDER BY order_id").fetchall()]
    sent = [order_id(each) for numbers in ORDERS.values() for each in numbers]
    _check(stored == sent, f"{number(len(stored))} orders are stored, and {number(len(sent))} were in the files")
    return f"each of the {counted(len(sent), 'order')} is in the append object exactly once"


def _one_again(connection: duckdb.DuckDBPyConnection) -> str:
    states = [row[0] for row in connection.execute("SELECT state FROM jobs").fetchall()]
    _check(states == ["completed"] * (_FIRST_IMPORTS + 1), f"the platform has jobs in the states {', '.join(states)}")
    return f"{_FIRST_IMPORTS} files took {_FIRST_IMPORTS} jobs, and the changed one took one more"


def _nothing_private(connection: duckdb.DuckDBPyConnection, uploads: Path) -> str:
    jobs = connection.execute("SELECT id, file_name FROM jobs").fetchall()
    for job, file_name in jobs:
        ending = next((each for each in sorted(_READERS, key=len, reverse=True) if file_name.endswith(each)), "")
        _check(bool(ending), f"{file_name} has no format that the platform takes")
        query = f"DESCRIBE SELECT * FROM {_READERS[ending]}"  # noqa: S608 - one of the constants above
        columns = {row[0] for row in connection.execute(query, [str(uploads / job)]).fetchall()}
        leaked = columns & PRIVATE
        _check(not leaked, f"{', '.join(sorted(leaked))} left this machine in {file_name}")
    private = f"{len(PRIVATE)} private columns (ssn, iban, internal_notes, …)"
    return f"none of the {private} is in any of the {len(jobs)} uploads"


def _check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise SyncerError(f"the demo's proof failed: {otherwise}")
