"""Static lists: snapshots of contact keys (values of an object's match key). Names are unique."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncer.emulator.envelope import not_found
from syncer.emulator.identifiers import new_id
from syncer.emulator.store import from_column, to_column

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from syncer.emulator.clock import Clock
    from syncer.emulator.object_tables import Stage
    from syncer.emulator.store import Store

_SELECT = """SELECT id, name, description, created_at,
             (SELECT count(*) FROM list_members WHERE list_id = lists.id) FROM lists"""


@dataclass(frozen=True, slots=True)
class StaticList:
    """One list and how many members it has now."""

    id: str
    name: str
    description: str
    created_at: datetime
    member_count: int


class Lists:
    """The lists of one data folder."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def get(self, list_id: str) -> StaticList:
        """Raises RefusalError (404) if there is no such list."""
        found = self._select("WHERE id = ?", [list_id])
        if not found:
            raise not_found("list", list_id)
        return found[0]

    def exists(self, list_id: str) -> bool:
        return bool(self._store.read("SELECT 1 FROM lists WHERE id = ?", [list_id]))

    def named(self, name: str) -> StaticList | None:
        found = self._select("WHERE name = ?", [name])
        return found[0] if found else None

    def page(self, page: int, page_size: int) -> tuple[list[StaticList], int]:
        """One page, oldest first, and how many lists there are in all."""
        total = self._store.read("SELECT count(*) FROM lists")[0][0]
        return self._select("ORDER BY id LIMIT ? OFFSET ?", [page_size, (page - 1) * page_size]), total

    def create(self, name: str, description: str, job_id: str | None = None) -> str:
        """Make an empty list and give its id. The caller has made sure that the name is free."""
        list_id = new_id("lst", self._clock.timestamp())
        with self._store.write() as cursor:
            row = [list_id, name, description, to_column(self._clock.now()), job_id]
            cursor.execute("INSERT INTO lists VALUES (?, ?, ?, ?, ?)", row)
        return list_id

    def rename(self, list_id: str, name: str, description: str) -> None:
        with self._store.write() as cursor:
            cursor.execute("UPDATE lists SET name = ?, description = ? WHERE id = ?", [name, description, list_id])

    def delete(self, list_id: str) -> None:
        with self._store.write() as cursor:
            cursor.execute("DELETE FROM list_members WHERE list_id = ?", [list_id])
            cursor.execute("DELETE FROM lists WHERE id = ?", [list_id])

    def members(self, list_id: str, page: int, page_size: int) -> tuple[list[tuple[str, datetime]], int]:
        """One page of (contact key, when it was added), by key, and how many there are in all."""
        total = self._store.read("SELECT count(*) FROM list_members WHERE list_id = ?", [list_id])[0][0]
        rows = self._store.read(
            "SELECT contact_key, added_at FROM list_members WHERE list_id = ? ORDER BY contact_key LIMIT ? OFFSET ?",
            [list_id, page_size, (page - 1) * page_size],
        )
        return [(key, from_column(added)) for key, added in rows], total

    def add(self, list_id: str, keys: Sequence[str]) -> int:
        """Add contact keys; give how many were not members yet."""
        with self._store.write() as cursor:
            fresh = cursor.execute(
                """INSERT INTO list_members SELECT ?, key, ?, NULL FROM (SELECT DISTINCT unnest(?::VARCHAR[]) AS key)
                   WHERE key NOT IN (SELECT contact_key FROM list_members WHERE list_id = ?) RETURNING contact_key""",
                [list_id, to_column(self._clock.now()), list(keys), list_id],
            ).fetchall()
        return len(fresh)

    def remove(self, list_id: str, keys: Sequence[str]) -> int:
        """Remove contact keys; give how many were members."""
        with self._store.write() as cursor:
            gone = cursor.execute(
                """DELETE FROM list_members WHERE list_id = ? AND contact_key IN (SELECT unnest(?::VARCHAR[]))
                   RETURNING contact_key""",
                [list_id, list(keys)],
            ).fetchall()
        return len(gone)

    def add_staged(self, list_id: str, stage: Stage, job_id: str) -> None:
        """Add the match keys of all staged rows, inside the caller's transaction."""
        with self._store.write() as cursor:
            cursor.execute(
                f"""INSERT INTO list_members SELECT ?, key, ?, ? FROM ({stage.keys_query()}) staged
                    WHERE key NOT IN (SELECT contact_key FROM list_members WHERE list_id = ?)""",  # noqa: S608 - quoted
                [list_id, to_column(self._clock.now()), job_id, list_id],
            )

    def _select(self, condition: str, values: Sequence[object]) -> list[StaticList]:
        rows = self._store.read(f"{_SELECT} {condition}", values)
        return [StaticList(id_, name, text, from_column(made), count) for id_, name, text, made, count in rows]
