"""Audiences: made by an import, looked at through a preview."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from syncer.emulator.envelope import not_found
from syncer.emulator.identifiers import new_id
from syncer.emulator.store import quoted, to_column

if TYPE_CHECKING:
    from syncer.emulator.catalogue import Catalogue
    from syncer.emulator.clock import Clock
    from syncer.emulator.jobs import Job
    from syncer.emulator.object_tables import Stage
    from syncer.emulator.store import Store


class Audiences:
    """The audiences of one data folder. A member is a match key that was valid in the import that made the audience."""

    def __init__(self, store: Store, clock: Clock, catalogue: Catalogue) -> None:
        self._store = store
        self._clock = clock
        self._catalogue = catalogue

    def has_name(self, name: str) -> bool:
        return bool(self._store.read("SELECT 1 FROM audiences WHERE name = ?", [name]))

    def create_staged(self, name: str, job: Job, stage: Stage) -> str:
        """Make an audience of all staged rows, inside the caller's transaction."""
        audience_id = new_id("aud", self._clock.timestamp())
        row = [audience_id, name, job.object_name, to_column(self._clock.now()), job.id]
        with self._store.write() as cursor:
            cursor.execute("INSERT INTO audiences VALUES (?, ?, ?, ?, ?)", row)
            cursor.execute(
                f"INSERT INTO audience_members SELECT ?, key FROM ({stage.keys_query()}) staged",  # noqa: S608 - quoted
                [audience_id],
            )
        return audience_id

    def preview(self, audience_id: str, limit: int) -> dict[str, Any]:
        """The audience's size and up to `limit` of its records as they are now. Raises RefusalError (404)."""
        started = time.perf_counter()
        found = self._store.read("SELECT object_name FROM audiences WHERE id = ?", [audience_id])
        if not found or found[0][0] not in self._catalogue:
            raise not_found("audience", audience_id)
        definition = self._catalogue[found[0][0]]
        table, key = quoted(found[0][0]), quoted(definition.match_key or "")
        joined = f"{table} JOIN audience_members ON contact_key = {key}::VARCHAR WHERE audience_id = ?"
        names = ", ".join(f"{quoted(name)} := {_shown(name, field.type)}" for name, field in definition.fields.items())
        sample = f"SELECT to_json(struct_pack({names}))::VARCHAR FROM {joined} ORDER BY contact_key LIMIT ?"  # noqa: S608 - quoted
        count = self._store.read(f"SELECT count(*) FROM {joined}", [audience_id])[0][0]  # noqa: S608 - quoted
        return {
            "audienceId": audience_id,
            "matchCount": count,
            "isExact": True,
            "executionTimeMs": round((time.perf_counter() - started) * 1000),
            "fieldsUsed": [definition.match_key],
            "sampleRecords": [json.loads(row) for (row,) in self._store.read(sample, [audience_id, limit])],
        }


def _shown(name: str, field_type: str) -> str:
    return f"strftime({quoted(name)}, '%Y-%m-%dT%H:%M:%S.%fZ')" if field_type == "datetime" else quoted(name)
