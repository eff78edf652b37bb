"""What was imported, by whom, and what became of it: the log, read for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from syncer.errors import UsageError
from syncer.model.events import AnyEvent, Failure, Finished, Rejection, RowCounts, Submitted
from syncer.model.generation import Generation
from syncer.model.log import Lineage, Log
from syncer.model.repairs import Account, account
from syncer.operations.stores import open_store
from syncer.spec.load import Project, load_project


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One event of the log. Everything past `actor` is set for the end of an attempt.

    `part` is the one of its `parts` that the job brought in. With the first, `suppressed` and `quarantined` count the
    rows of the file that were not sent. `rejects` says what became since of the rows that the import's jobs rejected,
    or that were held back for it.
    """

    time: datetime
    event: str
    spec: str
    object: str
    path: str
    import_id: str
    generation: int
    attempt: int
    part: int = 1
    parts: int = 1
    run: str
    actor: str
    outcome: str = ""
    job: str | None = None
    rows: RowCounts | None = None
    suppressed: int = 0
    quarantined: int = 0
    rejections: tuple[Rejection, ...] = ()
    rejects_file: str | None = None
    rejects: Account | None = None
    failure: Failure | None = None
    residual: tuple[str, ...] = ()
    correlation_id: str = ""
    seconds: Mapping[str, float]
    commit: str | None = None


def history(
    root: Path,
    *,
    environ: Mapping[str, str],
    overrides: Mapping[str, Any] | None = None,
    names: Sequence[str] = (),
    path: str | None = None,
    import_id: str | None = None,
    limit: int | None = None,
    events: bool = False,
) -> tuple[HistoryEntry, ...]:
    """Return the ends of attempts, or with `events` every event, newest first.

    `names` are specs by any name they ever had; `path` is a source file, `import_id` an import's id or its beginning.
    """
    project = load_project(root, environ=environ, overrides=overrides)
    log = open_store(root, project.settings).read()
    wanted = _lineages(project, names, log.specs())
    became = _Became(project, log)
    found = [
        _entry(event, _permit(event, life), became.of(event, life, target))
        for spec, target, life in log.all_generations(project.settings.api.workspace)
        if (not wanted or spec in wanted)
        and (path is None or life.path == path)
        and (import_id is None or life.import_id.startswith(import_id))
        for event in _shown(life.events(), everything=events)
    ]
    newest_first = sorted(found, key=lambda entry: (entry.time, entry.path), reverse=True)
    return tuple(newest_first[:limit])


def _lineages(project: Project, names: Sequence[str], recorded: set[str]) -> set[str]:
    """Return the names whose log is asked for. Raises UsageError for one that neither project nor log knows."""
    wanted: set[str] = set()
    for name in names:
        own = next((loaded.spec for loaded in project.specs if name in loaded.spec.lineage), None)
        if own is None and name not in recorded:
            raise UsageError(f"no spec and no history is named {name!r}", next_step="see all of them: syncer status")
        wanted |= set(own.lineage) if own else {name}
    return wanted


def _shown(found: Iterator[AnyEvent], *, everything: bool) -> Iterator[AnyEvent]:
    return (event for event in found if everything or isinstance(event, Finished))


class _Became:
    """Tells of each import what became of its rejected rows."""

    def __init__(self, project: Project, log: Log) -> None:
        self._log = log
        self._workspace = project.settings.api.workspace
        self._names = {name: loaded.spec.lineage for loaded in project.specs for name in loaded.spec.lineage}

    def of(self, event: AnyEvent, life: Generation, target: str) -> Account | None:
        if not isinstance(event, Finished) or event.outcome != "completed":
            return None
        if not (event.rows and event.rows.invalid) and not _quarantined(_permit(event, life)):
            return None
        lineage = Lineage(self._names.get(event.spec, (event.spec,)), self._workspace, target)
        joined = self._log.find(lineage, life.path, life.number, life.import_id)
        return account(self._log, lineage, joined or life)


def _permit(event: AnyEvent, life: Generation) -> Submitted | None:
    """Return the permit that the event is, or whose job it ended."""
    if isinstance(event, Submitted):
        return event
    ended = event.job if isinstance(event, Finished) else None
    return next((permit for permit in life.permits if permit.job == ended), None) if ended is not None else None


def _quarantined(permit: Submitted | None) -> int:
    return (permit.artifact.quarantined or 0) if permit is not None else 0


def _entry(event: AnyEvent, permit: Submitted | None, rejects: Account | None) -> HistoryEntry:
    end = event if isinstance(event, Finished) else None
    return HistoryEntry(
        time=event.time,
        event=type(event).__name__.lower(),
        spec=event.spec,
        object=event.object,
        path=event.path,
        import_id=event.import_id,
        generation=event.generation,
        attempt=event.attempt,
        part=event.part,
        parts=(permit.parts or 1) if permit is not None else 1,
        run=event.run,
        actor=event.actor,
        outcome=end.outcome if end else "",
        job=getattr(event, "job", None),
        rows=end.rows if end else None,
        suppressed=(permit.artifact.suppressed or 0) if permit is not None else 0,
        quarantined=_quarantined(permit),
        rejections=end.rejections if end else (),
        rejects_file=end.rejects_file if end else None,
        rejects=rejects,
        failure=end.failure if end else None,
        residual=end.residual if end else (),
        correlation_id=end.correlation_id if end else "",
        seconds=end.seconds if end else {},
        commit=end.commit if end else None,
    )
