"""Rejected rows: which of them nobody has dealt with yet, what became of the others, and where they are kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from syncer.apply.rejects import quarantine_file, rows_file, shown_path
from syncer.errors import Refused
from syncer.model.events import Finished, Rejection
from syncer.model.generation import Generation, time_and_id
from syncer.model.log import Log
from syncer.model.rejections import joined
from syncer.model.repairs import Account, account, completed_ends, quarantined, repair_path, repaired, repairs_of
from syncer.operations import folders
from syncer.operations.ledger import Ledger, Track


@dataclass(frozen=True, slots=True)
class Subject:
    """One generation of an import whose jobs rejected rows, and what became of these."""

    track: Track
    life: Generation
    account: Account


@dataclass(frozen=True, slots=True)
class RowsFile:
    """The private file of the rows that one job rejected. `is_here` says whether it is on this machine.

    `job` is "" for rows that were held back and sent to no job: only the machine that held them back has them. So it
    is with rows that were sent as record batches (`as_records`), of which the API told then, and never again.
    """

    job: str
    rows: int
    path: Path
    shown: str
    is_here: bool
    as_records: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectsEntry:
    """Rejected rows of one generation of one import. `time` is when its job completed.

    `repairs` is the import that it repairs itself, `repair` says in words how far the repair of its own rows is.
    """

    spec: str
    object: str
    path: str
    import_id: str
    generation: int
    account: Account
    reasons: tuple[Rejection, ...]
    files: tuple[RowsFile, ...]
    time: datetime
    age_seconds: int
    repairs: str = ""
    repair: str = ""


def rejects_list(ledger: Ledger, names: Sequence[str] = (), *, everything: bool = False) -> tuple[RejectsEntry, ...]:
    """Return the imports that have rejected rows which are neither repaired nor waived, the oldest first.

    With `everything` also those of which all are dealt with. Raises UsageError for a spec that nobody knows.
    """
    log = ledger.store.read()
    entries = [_entry(ledger, log, subject) for subject in subjects(ledger, log, names, everything=everything)]
    return tuple(sorted(entries, key=lambda each: (each.time, each.spec, each.path)))


def subjects(ledger: Ledger, log: Log, names: Sequence[str] = (), *, everything: bool = False) -> Iterator[Subject]:
    for track in ledger.tracks(log, names):
        for life in track.generations:
            told = account(log, track.lineage, life)
            if told.open or (everything and told.rejected):
                yield Subject(track, life, told)


def subject_of(ledger: Ledger, log: Log, given: str) -> Subject:
    """Find an import by its id, the beginning of it, or the id of its job; of its generations the newest with rows.

    Raises UsageError when that is none or more than one, and Refused when no job of it rejected a row.
    """
    track = ledger.find(log, given)
    import_id = ledger.import_id(track, given)
    of_job = [life for life in track.generations if any(permit.job == given for permit in life.permits)]
    lives = of_job or [life for life in track.generations if life.import_id == import_id]
    for life in reversed(lives):
        told = account(log, track.lineage, life)
        if told.rejected:
            return Subject(track, life, told)
    raise Refused(
        f"no row of {track.path} is recorded as rejected",
        where=f"spec {track.spec}, import {import_id}",
        next_step="see what is: syncer rejects list --all",
    )


def repair_tracks(log: Log, track: Track, life: Generation) -> Iterator[Track]:
    """Yield the history of this generation's repair, and of the repairs of what that left."""
    lives = repairs_of(log, track.lineage, life)
    if lives:
        own = replace(track, path=repair_path(life.path, life.number), generations=tuple(lives))
        yield own
        for each in lives:
            yield from repair_tracks(log, own, each)


def rows_files(ledger: Ledger, life: Generation) -> tuple[RowsFile, ...]:
    """Return the private file of each job of this generation that rejected rows, whether it is here or not."""
    ends = [end for end in completed_ends(life) if end.rows is not None and end.rows.invalid and end.job is not None]
    as_records = {permit.job for permit in life.permits if permit.via == "records"}
    files = (_rows_file(ledger, end, as_records=end.job in as_records) for end in ends)
    return (*_held_back(ledger, life), *files)


def _held_back(ledger: Ledger, life: Generation) -> Iterator[RowsFile]:
    count = quarantined(life)
    if count:
        root, spec = ledger.project.root, life.permits[0].spec
        path = quarantine_file(folders.rejects(root, ledger.project.settings), spec, life.import_id, life.number)
        yield RowsFile("", count, path, _shown(ledger, path), path.is_file())


def _rows_file(ledger: Ledger, end: Finished, *, as_records: bool) -> RowsFile:
    root = ledger.project.root
    store = folders.rejects(root, ledger.project.settings)
    usual = rows_file(store, end.spec, end.import_id, end.generation, end.attempt, part=end.part)
    recorded = root / end.rejects_file if end.rejects_file and "://" not in end.rejects_file else usual
    path = recorded if recorded.is_file() else usual
    invalid = end.rows.invalid if end.rows is not None else 0
    return RowsFile(end.job or "", invalid, path, _shown(ledger, path), path.is_file(), as_records)


def _shown(ledger: Ledger, path: Path) -> str:
    """Say where the rows are: on this machine, or else in the rejects store."""
    root, settings = ledger.project.root, ledger.project.settings
    if path.is_file() or "://" not in settings.rejects.store:
        return shown_path(path, root)
    name = path.relative_to(folders.rejects(root, settings)).as_posix()
    return f"{settings.rejects.store.rstrip('/')}/{name}"


def _entry(ledger: Ledger, log: Log, subject: Subject) -> RejectsEntry:
    track, life = subject.track, subject.life
    ends = completed_ends(life)
    when = max(ends, key=time_and_id).time
    claim = life.last_claim
    return RejectsEntry(
        spec=track.spec,
        object=track.lineage.object,
        path=track.path,
        import_id=life.import_id,
        generation=life.number,
        account=subject.account,
        reasons=joined(_reasons(life, ends)),
        files=rows_files(ledger, life),
        time=when,
        age_seconds=max(0, int((ledger.clock() - when).total_seconds())),
        repairs=(claim.repairs or "") if claim is not None and repaired(life.path) is not None else "",
        repair=repair_words(repairs_of(log, track.lineage, life)),
    )


def _reasons(life: Generation, ends: Sequence[Finished]) -> Iterator[Rejection]:
    """Yield why rows were rejected, and why some were held back beforehand."""
    done = {end.job for end in ends}
    for end in ends:
        yield from end.rejections
    for permit in life.permits:
        if permit.job in done:
            yield from permit.artifact.held_back or ()


def repair_words(lives: Sequence[Generation]) -> str:
    """Say how far the newest repair of some rows is; "" when there is none."""
    return next(_told(lives[-1]), "") if lives else ""


def _told(life: Generation) -> Iterator[str]:
    claim, failure, done = life.last_claim, life.last_failure, life.completion
    run = claim.run if claim is not None else "unknown"
    if life.open_permits:
        yield f"job {life.open_permits[0].job} of its repair was permitted by run {run}; its end is not recorded"
    if life.forgotten is not None:
        yield f"repair {life.import_id} was closed by {life.forgotten.actor}: {life.forgotten.reason}"
    if life.is_imported:
        when = f" on {done.time:%Y-%m-%d}, job {done.job}" if done is not None else ", by an operator's word"
        again = sum(end.rows.invalid for end in completed_ends(life) if end.rows is not None)
        yield f"repaired by import {life.import_id}{when}" + (f"; {again:,} rejected once more" if again else "")
    if failure is not None and failure.failure is not None:
        yield f"its repair failed: {failure.failure.code}: {failure.failure.message}"
    yield f"run {run} began its repair and submitted no job"
