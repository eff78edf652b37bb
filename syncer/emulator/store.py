"""The data file: one DuckDB database that holds the objects' rows and everything that the emulator knows.

DuckDB connections are not for sharing between threads, so every piece of work gets a cursor of its own. Writes run one
at a time, each in one transaction, under a single lock: nothing here races, and what a request or a job changes is
there whole or not at all, whatever is killed. A write that is begun inside another one of the same thread joins it.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

DATABASE = "emulator.duckdb"

_TABLES = """
CREATE TABLE IF NOT EXISTS meta (name VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS jobs (
    id VARCHAR PRIMARY KEY, object_name VARCHAR NOT NULL, file_name VARCHAR NOT NULL, file_size BIGINT NOT NULL,
    options JSON NOT NULL, state VARCHAR NOT NULL, requested_by VARCHAR NOT NULL, created_at TIMESTAMP NOT NULL,
    upload_expires_at TIMESTAMP NOT NULL, uploaded_bytes BIGINT, source_fields JSON, field_map JSON,
    started_at TIMESTAMP, due_at TIMESTAMP, scripted_failure JSON, finished_at TIMESTAMP,
    read_rows BIGINT NOT NULL DEFAULT 0, valid_rows BIGINT NOT NULL DEFAULT 0, invalid_rows BIGINT NOT NULL DEFAULT 0,
    merged_inserts BIGINT NOT NULL DEFAULT 0, merged_updates BIGINT NOT NULL DEFAULT 0,
    error_code VARCHAR, error_message VARCHAR);
CREATE TABLE IF NOT EXISTS lists (
    id VARCHAR PRIMARY KEY, name VARCHAR NOT NULL, description VARCHAR NOT NULL, created_at TIMESTAMP NOT NULL,
    job_id VARCHAR);
CREATE TABLE IF NOT EXISTS list_members (
    list_id VARCHAR NOT NULL, contact_key VARCHAR NOT NULL, added_at TIMESTAMP NOT NULL, job_id VARCHAR);
CREATE TABLE IF NOT EXISTS audiences (
    id VARCHAR PRIMARY KEY, name VARCHAR NOT NULL, object_name VARCHAR NOT NULL, created_at TIMESTAMP NOT NULL,
    job_id VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS audience_members (audience_id VARCHAR NOT NULL, contact_key VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS idempotency_keys (
    key VARCHAR PRIMARY KEY, route VARCHAR NOT NULL, body_digest VARCHAR NOT NULL, status INTEGER NOT NULL,
    answer VARCHAR NOT NULL, created_at TIMESTAMP NOT NULL);
CREATE TABLE IF NOT EXISTS requests (
    asked_at TIMESTAMP NOT NULL, method VARCHAR NOT NULL, path VARCHAR NOT NULL, status INTEGER NOT NULL,
    idempotency_key VARCHAR, correlation_id VARCHAR NOT NULL);
"""


class Store:
    """One open data file. `close` waits for a write that is under way.

    Raises duckdb.IOException when another process has the file open.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / DATABASE
        self._connection = duckdb.connect(str(self.path), config={"memory_limit": "1GB", "threads": 2})
        self._cursors = threading.Lock()
        self._writing = threading.RLock()
        self._mine = threading.local()
        self._connection.execute(_TABLES)

    def session(self) -> duckdb.DuckDBPyConnection:
        """A connection of the caller's own, with its own temporary tables. The caller closes it."""
        with self._cursors:
            return self._connection.cursor()

    def read(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of one query; inside a write of this thread, as that write sees them."""
        joined: duckdb.DuckDBPyConnection | None = getattr(self._mine, "cursor", None)
        if joined is not None:
            return joined.execute(sql, list(values)).fetchall()
        with self.session() as cursor:
            return cursor.execute(sql, list(values)).fetchall()

    @contextmanager
    def write(self, session: duckdb.DuckDBPyConnection | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        """One transaction, on `session` if given: committed at the end of the block, rolled back if it raises."""
        joined: duckdb.DuckDBPyConnection | None = getattr(self._mine, "cursor", None)
        if joined is not None:
            yield joined
            return
        with self._writing:
            cursor = session or self.session()
            self._mine.cursor = cursor
            try:
                cursor.execute("BEGIN")
                try:
                    yield cursor
                except BaseException:
                    cursor.execute("ROLLBACK")
                    raise
                cursor.execute("COMMIT")
            finally:
                self._mine.cursor = None
                if session is None:
                    cursor.close()

    def recall(self, name: str) -> str | None:
        """A value that `remember` kept, also by an earlier process."""
        rows = self.read("SELECT value FROM meta WHERE name = ?", [name])
        return str(rows[0][0]) if rows else None

    def remember(self, name: str, value: str) -> None:
        with self.write() as cursor:
            cursor.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [name, value])

    def close(self) -> None:
        with self._writing, self._cursors:
            self._connection.close()


def to_column(moment: datetime) -> datetime:
    """An aware datetime as the TIMESTAMP columns hold it: UTC, without a zone."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def from_column(value: datetime) -> datetime:
    """What a TIMESTAMP column holds, as an aware datetime."""
    return value.replace(tzinfo=UTC)


def quoted(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
