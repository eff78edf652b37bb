"""Idempotency-Key: a write that is sent again is answered again, and takes effect once.

A key is a version-4 UUID and belongs to one method, path and body for 24 hours; another use of it is refused with 400,
which clients do not retry. Only answers of requests that took effect are kept: one that was refused changed nothing,
so it may be tried again with the same key. The record is in the same transaction as the effect, and writes run one at
a time, so of two requests at once the second gets the first one's answer.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from syncer.emulator.envelope import invalid
from syncer.emulator.options import IDEMPOTENCY_SECONDS
from syncer.emulator.store import to_column

if TYPE_CHECKING:
    from syncer.emulator.clock import Clock
    from syncer.emulator.store import Store

KEY_PATTERN = "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-4[0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}"


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A key and what it is used for."""

    key: str
    route: str
    body_digest: str


def read_key(header: str | None, method: str, path: str, body: bytes) -> IdempotencyKey | None:
    """The key of a request, if it has one. Raises RefusalError (400) if it is not a version-4 UUID."""
    if header is None:
        return None
    if not re.fullmatch(KEY_PATTERN, header):
        raise invalid("Idempotency-Key has to be a version-4 UUID", path="header.Idempotency-Key", value=header[:64])
    return IdempotencyKey(header.lower(), f"{method} {path}", hashlib.sha256(body).hexdigest())


def recorded_answer(store: Store, clock: Clock, used: IdempotencyKey) -> str | None:
    """The first answer's `data` as JSON text, or None. Raises RefusalError (400) if the key had another use."""
    oldest = to_column(clock.now() - timedelta(seconds=IDEMPOTENCY_SECONDS))
    sql = "SELECT route, body_digest, answer FROM idempotency_keys WHERE key = ? AND created_at > ?"
    rows = store.read(sql, [used.key, oldest])
    if not rows:
        return None
    route, body_digest, answer = rows[0]
    if (route, body_digest) != (used.route, used.body_digest):
        raise invalid(
            "this Idempotency-Key was used for another request within the last 24 hours",
            path="header.Idempotency-Key",
            value=used.key,
            remediation="Make a new key for every request that differs.",
        )
    return str(answer)


def record_answer(store: Store, clock: Clock, used: IdempotencyKey, answer: str) -> None:
    """Keep the answer; called inside the write that has the effect."""
    row = [used.key, used.route, used.body_digest, 200, answer, to_column(clock.now())]
    with store.write() as cursor:
        cursor.execute("INSERT OR REPLACE INTO idempotency_keys VALUES (?, ?, ?, ?, ?, ?)", row)
