"""What a spec has imported so far, under all its names: which file is the newest, and which bytes under which path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from heapq import nlargest

from syncer.model.files import SourceFile
from syncer.model.generation import Generation
from syncer.model.order import OrderKey, key_of
from syncer.plan.dates import date_reader
from syncer.plan.inputs import Inputs, SpecInput

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """The last import of one path, with its place in the order of its spec. `day` is the path's date, if it has one."""

    life: Generation
    day: date | None
    key: OrderKey


class ImportedFiles:
    """What is done and was not forgotten. Gathered when it is first asked for, in one pass over the spec's history."""

    def __init__(self, inputs: Inputs, own: SpecInput) -> None:
        self._log = inputs.log
        self._lineage = inputs.lineage(own.spec)
        self._own = own

    def with_bytes(self, content: str) -> Generation | None:
        """Return an import of just these bytes (`sha256:<hex>`), under whatever path."""
        return self._by_content.get(content)

    def newest(self, *, besides: str) -> ImportedFile | None:
        """Return the last file in the spec's order that was imported, leaving out one path."""
        return next((file for file in self._newest_two if file.life.path != besides), None)

    @cached_property
    def _by_path(self) -> dict[str, list[Generation]]:
        found = {}
        for path in self._log.paths(self._lineage):
            imported = [life for life in self._log.generations(self._lineage, path) if life.is_imported]
            if imported:
                found[path] = imported
        return found

    @cached_property
    def _by_content(self) -> dict[str, Generation]:
        found: dict[str, Generation] = {}
        for path in sorted(self._by_path):
            for life in self._by_path[path]:
                if (content := life.content) is not None:
                    found.setdefault(content, life)
        return found

    @cached_property
    def _newest_two(self) -> list[ImportedFile]:
        return nlargest(2, self._placed(), key=lambda file: file.key)

    def _placed(self) -> Iterator[ImportedFile]:
        order = self._own.spec.source.order
        listed = {file.path: file for file in self._own.files}
        day_of = date_reader(self._own.spec.source.uris)
        for path, lives in self._by_path.items():
            life, file = lives[-1], listed.get(path)
            day = file.date if file is not None else day_of(path)
            yield ImportedFile(life, day, key_of(path, day, _modified(life, file), order))


def _modified(life: Generation, file: SourceFile | None) -> datetime:
    """Return when the imported version was written; a listing tells only while the file is still at that version."""
    claim = life.last_claim
    if claim is not None:
        return claim.modified
    is_same = file is not None and file.fingerprint == life.fingerprint
    return file.modified if file is not None and is_same else _LONG_AGO
