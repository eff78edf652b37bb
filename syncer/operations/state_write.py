"""An operator's word about permitted jobs, and the events of another log."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from syncer.errors import Conflict, Refused, SyncerError, UsageError
from syncer.model.events import AnyEvent, Resolved, Submitted
from syncer.model.generation import Generation
from syncer.model.log import Log
from syncer.operations.change import Change, Touched
from syncer.operations.ledger import Ledger, Track
from syncer.operations.state_verify import Lines, read_lines

Word = Literal["start", "abandon", "completed", "failed"]
_SPEC_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedFile:
    """One file whose events were taken over: `lacking` stood nowhere in this log before. `notes`: a torn line."""

    name: str
    events: int
    lacking: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """What `state merge` did. `open_jobs` are permitted jobs that came with it and have no recorded end."""

    files: tuple[MergedFile, ...]
    added: int
    open_jobs: tuple[str, ...]


def resolve(ledger: Ledger, given: str, word: Word, *, reason: str, job: str | None = None) -> Change:
    """Record what to believe of a permitted job that cannot be asked. No run of this machine may be at work.

    Raises Refused when no job of the import is open, or is one that cannot be started, and UsageError when several are
    and `job` names none of them.
    """

    def decide(log: Log) -> Sequence[AnyEvent]:
        track = ledger.find(log, given)
        ledger.check_idle(track)
        life, permit = _open_permit(track, given, job)
        if word == "start" and permit.via == "records":
            raise _nothing_to_start(permit)
        facts = ledger.about(track, life) | {"part": permit.part, "attempt": permit.attempt}
        return [Resolved(**facts, job=permit.job, decision=word, reason=reason)]

    written = ledger.written("state resolve", decide)
    return ledger.changed(Change(verb=f"state resolve --{word}", reason=reason, touched=touched(written)))


def _nothing_to_start(permit: Submitted) -> Refused:
    resolve = f"syncer state resolve {permit.import_id}"
    return Refused(
        f"{permit.path} goes as record batches, and there is no job to start",
        where=f"spec {permit.spec}, import {permit.import_id}",
        why="a run makes the batches anew, as long as spec and file are what was permitted",
        next_step=f"to go on: syncer apply\nto take it as imported: {resolve} --completed --reason TEXT\n"
        f"to give it up: {resolve} --abandon --reason TEXT",
    )


def _open_permit(track: Track, given: str, job: str | None) -> tuple[Generation, Submitted]:
    found = [(life, permit) for life in track.generations for permit in life.open_permits]
    jobs = ", ".join(permit.job for _, permit in found)
    by_id = [(life, permit) for life, permit in found if permit.job == (job or given)]
    if not found:
        raise Refused(
            f"{track.path} has no permitted job without an end: there is nothing to resolve",
            where=f"spec {track.spec}, import {track.newest.import_id}",
            next_step=f"see what is recorded: syncer state show {track.newest.import_id}",
        )
    if job is not None and not by_id:
        raise Refused(
            f"job {job} is not open for {track.path}",
            where=f"spec {track.spec}, import {track.newest.import_id}",
            why=f"open: {jobs}",
            next_step=f"see what is recorded: syncer state show {track.newest.import_id}",
        )
    chosen = by_id or found
    if len(chosen) > 1:
        raise UsageError(f"{track.path} has more than one open job: {jobs}", next_step="say which: --job JOB")
    return chosen[0]


def merge(ledger: Ledger, files: Sequence[Path]) -> Merge:
    """Append the events of other logs that this one lacks, exactly as they are: all of them or none.

    Raises Conflict for a line that cannot be read, but not for a torn last one, and for one that stands here with
    other contents. Needs no quiet folder: a permit is checked against the log that it is appended to.
    """
    before = ledger.store.read()
    read = [(path, _readable(path)) for path in files]
    counted = [
        MergedFile(
            name=path.as_posix(),
            events=len(lines.events),
            lacking=sum(1 for event in lines.events if not before.holds(event)),
            notes=tuple(lines.notes),
        )
        for path, lines in read
    ]
    came = [event for _, lines in read for event in lines.events]
    added = ledger.store.merge(came) if came else 0
    after = ledger.store.read()
    jobs = {event.job for event in came if isinstance(event, Submitted) and after.is_open(event)}
    return Merge(files=tuple(counted), added=added, open_jobs=tuple(sorted(jobs)))


def _readable(path: Path) -> Lines:
    try:
        lines = read_lines(path.name, path.read_bytes())
    except OSError as error:
        raise SyncerError(f"the log cannot be read: {error.strerror or error}", where=path.as_posix()) from error
    strange = [event for event in lines.events if not _SPEC_NAME.fullmatch(event.spec)]
    problems = [*lines.problems, *(f"event {event.id} is of no spec: {event.spec!r}" for event in strange)]
    if problems:
        raise Conflict(
            f"{path.name} is not taken over: {problems[0]}"
            + (f" (and {len(problems) - 1} more)" if problems[1:] else ""),
            where=path.as_posix(),
            why="a log that is understood in part must not be acted on",
            next_step=f"restore the file as it was written: git log -p -- {path.as_posix()}",
        )
    return lines


def touched(written: Sequence[AnyEvent]) -> tuple[Touched, ...]:
    """Tell of the events that were written."""
    return tuple(
        Touched(
            word=type(event).__name__.lower(),
            spec=event.spec,
            path=event.path,
            import_id=event.import_id,
            generation=event.generation,
            job=getattr(event, "job", None),
        )
        for event in written
    )
