"""What a spec has imported so far, under all its names: which file is the newest, and which bytes under which path."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property

from syncer.model.files import SourceFile
from syncer.model.generation import Generation
from syncer.model.order import OrderKey, key_of
from syncer.model.path_history import Summary
from syncer.model.repairs import repaired
from syncer.plan.dates import date_reader
from syncer.plan.inputs import Inputs, SpecInput

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """The last import of one path, with its place in the order of its spec. `day` is the path's date, if it has one."""

    path: str
    life: Summary
    day: date | None
    key: OrderKey


class ImportedFiles:
    """What is done and was not forgotten. Gathered when it is first asked for, in one pass over what the log keeps."""

    def __init__(self, inputs: Inputs, own: SpecInput) -> None:
        self._log = inputs.log
        self._lineage = inputs.lineage(own.spec)
        self._own = own
        self._told: dict[tuple[str, int, str], Generation] = {}

    def with_bytes(self, content: str) -> Generation | None:
        """Return an import of just these bytes (`sha256:<hex>`), under whatever path."""
        found = self._by_content.get(content)
        return self._in_full(*found) if found is not None else None

    def newest(self, *, besides: str, folder: str | None = None) -> ImportedFile | None:
        """Return the last file in the spec's order that was imported, of all or of one folder, leaving out one path."""
        newest = self._newest_two.get(folder, ())
        return next((file for file in newest if file.path != besides), None)

    def in_full(self, file: ImportedFile) -> Generation:
        """Return all that the log says of this import."""
        return self._in_full(file.path, file.life)

    def _in_full(self, path: str, life: Summary) -> Generation:
        key = (path, life.number, life.import_id)
        if key not in self._told:
            found = self._log.find(self._lineage, *key)
            if found is None:
                raise AssertionError(f"generation {life.number} of {path} is in no log")
            self._told[key] = found
        return self._told[key]

    def _all(self) -> Iterator[tuple[str, list[Summary]]]:
        for path in self._log.paths(self._lineage):
            if repaired(path) is not None:
                continue
            lives = [life for life in self._log.summaries(self._lineage, path) if life.imported]
            if lives:
                yield path, lives

    @cached_property
    def _by_content(self) -> dict[str, tuple[str, Summary]]:
        found: dict[str, tuple[str, Summary]] = {}
        for path, lives in sorted(self._all()):
            for life in lives:
                if (content := life.content) is not None:
                    found.setdefault(content, (path, life))
        return found

    @cached_property
    def _newest_two(self) -> dict[str | None, list[ImportedFile]]:
        """The newest two of each folder, and of all under None."""
        newest: dict[str | None, list[ImportedFile]] = defaultdict(list)
        for file in self._placed():
            for place in (None, folder_of(file.path)):
                best = newest[place]
                if len(best) < 2 or file.key > best[-1].key:  # noqa: PLR2004 - the newest two
                    best[:] = sorted((*best, file), key=lambda one: one.key, reverse=True)[:2]
        return newest

    def _placed(self) -> Iterator[ImportedFile]:
        order = self._own.spec.source.order
        listed = {file.path: file for file in self._own.files}
        day_of = date_reader(self._own.spec.source.uris)
        for path, lives in self._all():
            life, file = lives[-1], listed.get(path)
            day = file.date if file is not None else day_of(path)
            yield ImportedFile(path, life, day, key_of(path, day, _modified(life, file), order))


def folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def _modified(life: Summary, file: SourceFile | None) -> datetime:
    """Return when the imported version was written; a listing tells only while the file is still at that version."""
    if life.modified is not None:
        return life.modified
    return file.modified if file is not None and file.fingerprint == life.fingerprint else _LONG_AGO
