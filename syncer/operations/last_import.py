"""The file that a spec imported last: which it is by the log, and whether the source still has that version of it."""

from __future__ import annotations

from collections.abc import Iterable

from syncer.errors import SourceError
from syncer.model.files import SourceFile
from syncer.model.log import Generation, Lineage, Log
from syncer.model.repairs import repaired
from syncer.model.spec import Source
from syncer.plan.evidence import Likeness, content_of, likeness
from syncer.source.found import NothingKnown
from syncer.source.sources import Sources, Wanted


def last_import(log: Log, lineages: Iterable[Lineage]) -> Generation | None:
    """Return the import that was completed last, repairs left out; None where there is none."""
    done = (
        (end.time, path, life)
        for lineage in lineages
        for path in log.paths(lineage)
        if repaired(path) is None
        for life in log.generations(lineage, path)
        if life.done and (end := life.completion) is not None
    )
    newest = max(done, key=lambda each: each[:2], default=None)
    return newest[2] if newest is not None else None


def reached(sources: Sources, source: Source, life: Generation) -> SourceFile:
    """Return the file of this import as it stands in a source that names it alone.

    Raises SourceError when it is gone, out of reach, or not the version that was imported as far as can be told.
    """
    (found,) = sources.find_all([Wanted(source=source, known=NothingKnown())])
    if found.problem is not None:
        raise found.problem
    file = next((each for each in found.files if each.path == life.path), None)
    if file is None:
        raise SourceError(f"{life.path} is gone")
    like = likeness(life, file, content_of(file, [life]))
    if like is Likeness.UNREAD:
        like = likeness(life, file, sources.read_content(file, source))
    if like in (Likeness.SAME, Likeness.SAME_BYTES):
        return file
    if like is Likeness.CHANGED:
        raise SourceError(f"{life.path} changed since it was imported")
    raise SourceError(f"it cannot be told whether {life.path} is the version that was imported")
