"""The rows of a repair: found, prepared, held to the count of those that are open, and kept until they are imported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from syncer.errors import Refused, SyncerError, UsageError
from syncer.model.events import Submitted
from syncer.model.files import FORMAT_BY_EXTENSION, SourceFormat
from syncer.model.log import Log
from syncer.model.spec import Spec
from syncer.operations.ledger import Ledger
from syncer.operations.preparation import preparation_of
from syncer.operations.rejects import Subject
from syncer.operations.rejects_get import here_now
from syncer.operations.rejects_kept import keep, kept_repairs, room_for_rows
from syncer.operations.rejects_suppress import suppressed
from syncer.prepare.repair import Repaired, Sent, write_repair
from syncer.prepare.repair_rows import RejectedRows, Rows, mended

if TYPE_CHECKING:
    from syncer.api.wire import Tracer


@dataclass(frozen=True, slots=True)
class Task:
    """A repair that may be begun: of which rows, under which spec, and its path in the log."""

    ledger: Ledger
    log: Log
    subject: Subject
    spec: Spec
    path: str


def rows_of(task: Task, fixed: Path | None, tracer: Tracer | None) -> str:
    """Return the fingerprint of the kept rows that the repair is to send, "" where a job has its rows already.

    `fixed` is a file in which somebody mended the rows; without it they are those that an earlier command began with,
    or as they were. Raises Refused for rows that are not those which are open or permitted, PrepareError for rows that
    cannot be sent, and what fetching the rejected rows raises.
    """
    begun = _under_way(task) if fixed is None else None
    return begun if begun is not None else _prepared(task, fixed, tracer)


def _under_way(task: Task) -> str | None:
    """Return the fingerprint of mended rows to go on with, "" where a job of the repair is permitted, else None.

    Raises Refused where the spec does not fit them any more.
    """
    lives = task.log.generations(task.subject.track.lineage, task.path)
    if any(life.open_permits for life in lives):
        return ""
    kept = [each for each in kept_repairs(task.ledger.project.root) if each.repair.file.path == task.path]
    edited = [each.repair for each in kept if each.edited]
    if not edited:
        return None
    claimed = {life.fingerprint: life.number for life in lives}
    newest = max(edited, key=lambda each: (claimed.get(each.file.fingerprint, 0), each.file.modified))
    if newest.preparation != preparation_of(task.ledger.project, task.spec):
        raise Refused(
            "the spec changed since the mended rows of this repair were prepared",
            where=task.path,
            next_step=f"give them again: syncer rejects repair {task.subject.life.import_id} --file FILE",
        )
    return newest.file.fingerprint


def _prepared(task: Task, fixed: Path | None, tracer: Tracer | None) -> str:
    """Prepare the rows, hold them to the count of those that are open, keep them, and return their fingerprint."""
    subject, spec = task.subject, task.spec
    rows = _mended(fixed, spec) if fixed is not None else _as_sent(task, tracer)
    batch = subject.life.last_claim.batch if subject.life.last_claim is not None else None
    with room_for_rows(task.ledger.project.root) as path:
        made = write_repair(rows, spec, batch, _sent(subject), path)
        made, gone = suppressed(task.ledger.project, spec, path, made, batch)
        if _is_permitted(task, made):
            return ""
        if gone and made.rows + gone == subject.account.open:
            raise _suppressed(task, gone)
        if made.rows != subject.account.open:
            raise _wrong_count(task, made.rows, is_fixed=fixed is not None)
        keep(
            path,
            made,
            spec=spec,
            path=task.path,
            repairs=subject.life.import_id,
            preparation=preparation_of(task.ledger.project, spec),
            edited=fixed is not None,
        )
    return made.digest


def _is_permitted(task: Task, made: Repaired) -> bool:
    """Whether a job was permitted for these very rows. Raises Refused when one was for others."""
    lives = task.log.generations(task.subject.track.lineage, task.path)
    life = next((life for life in lives if life.open_permits), None)
    if life is not None and life.fingerprint != made.digest:
        raise Refused(
            "a job of this repair is permitted already, for other rows, and only that one may be started",
            where=f"{task.path}, job {life.open_permits[0].job}",
            next_step="bring it to its end: syncer apply",
        )
    return life is not None


def _mended(fixed: Path, spec: Spec) -> Rows:
    if not fixed.is_file():
        raise UsageError(f"there is no file {fixed}", next_step="get the rows: syncer rejects get ID --out FILE.csv")
    return mended(fixed, spec)


def _as_sent(task: Task, tracer: Tracer | None) -> Rows:
    return RejectedRows([(each.path, each.shown) for each in here_now(task.ledger, task.subject, tracer=tracer)])


def _sent(subject: Subject) -> Sent:
    permits: list[Submitted] = subject.life.permits
    name = permits[-1].artifact.file_name.lower().removesuffix(".gz") if permits else ""
    ending = next((ending for ending in FORMAT_BY_EXTENSION if name.endswith(ending)), ".jsonl")
    file_format: SourceFormat = FORMAT_BY_EXTENSION[ending]
    columns = {column for permit in permits for column in permit.artifact.columns}
    return Sent(format=file_format, columns=tuple(sorted(columns)))


def _suppressed(task: Task, gone: int) -> Refused:
    import_id = task.subject.life.import_id
    return Refused(
        f"{gone} of the rows {'is' if gone == 1 else 'are'} suppressed, and never sent",
        where=f"spec {task.spec.name}, import {import_id}",
        why="their match keys are on the list of suppress.keys, and every rejected row ends imported or given up",
        next_step=f'syncer rejects waive {import_id} --rows {gone} --reason "erased"',
    )


def _wrong_count(task: Task, rows: int, *, is_fixed: bool) -> SyncerError:
    still, import_id = task.subject.account.open, task.subject.life.import_id
    fewer = rows < still
    if is_fixed and fewer:
        step = f"syncer rejects waive {import_id} --rows {still - rows} --reason TEXT"
        step = f"put the others in, or give them up first: {step}"
    elif is_fixed:
        step = "leave out what was not rejected: a new row belongs into a file of the source"
    else:
        step = f"put those that are to be sent into a file: syncer rejects get {import_id} --out FILE.csv"
    return Refused(
        f"{rows} rows are given, and {still} rejected rows of {task.subject.track.path} are open",
        where=f"spec {task.spec.name}, import {import_id}",
        why="a repair sends each open row once, so that none is lost and none is sent twice",
        next_step=step,
    )
