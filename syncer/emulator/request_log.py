"""What was asked of the emulator, in order: in memory for tests, and in the data file for later.

Secrets stay out: no token, no signature, no body of a token request.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from syncer.emulator.store import to_column

if TYPE_CHECKING:
    from datetime import datetime

    from syncer.emulator.store import Store

DROPPED = 0
"""The status of a request whose connection was cut without an answer."""

_FLUSH_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request and its answer. Header names are lower case; `authorization` is reduced to its kind.

    `path` has no query. `json` is the parsed body, or None. `status` is 0 if the connection was cut.
    """

    at: datetime
    method: str
    path: str
    headers: dict[str, str]
    json: Any
    status: int
    correlation_id: str


class RequestLog:
    """Keeps every request; a thread writes them to the data file in batches, so that answering never waits for it.

    `records` has all of them when `keep` is set, else only those that are not written yet.
    """

    def __init__(self, store: Store, *, keep: bool) -> None:
        self.records: list[RequestRecord] = []
        self._store = store
        self._keep = keep
        self._written = 0
        self._flushing = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="emulator-log", daemon=True)
        self._thread.start()

    def add(self, record: RequestRecord) -> None:
        self.records.append(record)

    def flush(self) -> None:
        """Write what is not in the data file yet."""
        with self._flushing:
            fresh = self.records[self._written :]
            if not fresh:
                return
            rows = [
                [
                    to_column(each.at),
                    each.method,
                    each.path,
                    each.status,
                    each.headers.get("idempotency-key"),
                    each.correlation_id,
                ]
                for each in fresh
            ]
            with self._store.write() as cursor:
                cursor.executemany("INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?)", rows)
            if self._keep:
                self._written += len(fresh)
            else:
                del self.records[: len(fresh)]

    def close(self) -> None:
        self._closed.set()
        self._thread.join()
        self.flush()

    def _run(self) -> None:
        while not self._closed.wait(_FLUSH_SECONDS):
            self.flush()
