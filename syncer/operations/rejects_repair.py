"""Send rejected rows once more, mended or as they were, as an import of their own.

The rows are prepared and kept first; then a run of `apply`, for this repair alone, claims it, is given its permit and
follows its job. Cut off at any point, the next `apply` of this clone goes on with it, or the same command does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncer.apply.context import Stop
from syncer.apply.outcome import RunOutcome
from syncer.errors import Refused, SyncerError, UsageError, Waiting
from syncer.model.events import Submitted
from syncer.model.files import FORMAT_BY_EXTENSION, SourceFormat
from syncer.model.generation import time_and_id
from syncer.model.log import Log
from syncer.model.repairs import repair_path, repairs_of
from syncer.model.spec import Spec
from syncer.operations.apply import Watch, apply
from syncer.operations.connect import utc_now
from syncer.operations.ledger import Ledger, open_ledger, spec_of
from syncer.operations.preparation import preparation_of
from syncer.operations.rejects import Subject, subject_of
from syncer.operations.rejects_get import here_now
from syncer.operations.rejects_kept import keep, kept_repairs, room_for_rows, sweep
from syncer.plan import Action, Filters, Plan
from syncer.prepare.repair import Sent, write_repair
from syncer.prepare.repair_rows import RejectedRows, Rows, mended

if TYPE_CHECKING:
    from syncer.api.wire import Tracer


@dataclass(frozen=True, slots=True)
class _Task:
    """A repair that may be begun: of which rows, under which spec, and its path in the log."""

    ledger: Ledger
    log: Log
    subject: Subject
    spec: Spec
    path: str


def repair(
    root: Path,
    given: str,
    *,
    environ: Mapping[str, str],
    reporter: Watch,
    tell: Callable[[str], None],
    fixed: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    stop: Stop | None = None,
    tracer: Tracer | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> tuple[Plan, RunOutcome]:
    """Import the open rejected rows of an import once more; `fixed` is a file in which somebody mended them.

    What an earlier command began is gone on with. `tell` is told what a person should know before it.

    Raises Refused when nothing is open or the rows do not fit, PrepareError for rows that cannot be sent, Waiting when
    another run has the repair or the object in hand, and what `apply` raises.
    """
    ledger = open_ledger(root, environ=environ, overrides=overrides, clock=clock)
    task = _task(ledger, given)
    sweep(ledger.project, task.log, clock())
    if newer := _newer(task):
        tell(newer)
    if not _is_under_way(task, fixed):
        _prepare(task, fixed, tracer)
    name = task.spec.name
    made, outcome = apply(
        root,
        environ=environ,
        reporter=reporter,
        overrides=overrides,
        filters=Filters(specs=(name,), over_limits=(name,), repair=task.path),
        stop=stop,
        tracer=tracer,
        clock=clock,
    )
    _check_done(task, made)
    return made, outcome


def _newer(task: _Task) -> str:
    """Say which files of the spec were imported after this one, where rows of theirs would be overwritten; else ""."""
    done, track = task.subject.life.completion, task.subject.track
    if done is None or task.log.write_modes(task.ledger.workspace).get(track.lineage.object) == "append":
        return ""
    own = (life for each in task.ledger.tracks(task.log, (track.spec,)) for life in each.generations)
    ends = [end for life in own if life.path != task.path and (end := life.completion) and end.time > done.time]
    if not ends:
        return ""
    last = max(ends, key=time_and_id)
    count = len({end.path for end in ends})
    files = f"{last.path} was" if count == 1 else f"{count} files, the last of them {last.path}, were"
    return f"{files} imported after {track.path}: of keys that they share, the rows that are sent now overwrite theirs"


def _task(ledger: Ledger, given: str) -> _Task:
    log = ledger.store.read()
    subject = subject_of(ledger, log, given)
    track, life = subject.track, subject.life
    where = f"spec {track.spec}, import {life.import_id}"
    spec = spec_of(track)
    if spec is None or spec.target.object != track.lineage.object:
        raise Refused(
            f"no spec imports {track.path} into {track.lineage.object} any more, so nothing says how its rows are sent",
            where=where,
            next_step=f"declare it again, or give the rows up: syncer rejects waive {life.import_id} --reason TEXT",
        )
    if not life.is_imported:
        raise Refused(
            f"{track.path} is to be imported again as a whole, so its rejected rows are not sent by themselves",
            where=where,
            next_step="import it: syncer apply",
        )
    if not subject.account.open:
        raise _nothing_open(log, subject, where)
    return _Task(ledger, log, subject, spec, repair_path(life.path, life.number))


def _nothing_open(log: Log, subject: Subject, where: str) -> Refused:
    told = subject.account
    again = next(iter(repairs_of(log, subject.track.lineage, subject.life)[-1:]), None)
    left = again is not None and any(end.rows is not None and end.rows.invalid for end in again.finishes)
    return Refused(
        f"no rejected row of {subject.track.path} is open: of {told.rejected}, {told.dealt_with}",
        where=where,
        why="a row is sent again once" if told.repaired else "",
        next_step=f"repair what the repair left: syncer rejects repair {again.import_id}"
        if again is not None and left
        else "see what is open: syncer rejects list",
    )


def _is_under_way(task: _Task, fixed: Path | None) -> bool:
    """Whether a job of the repair is permitted already, or its rows are kept here and nobody brings others.

    Raises Refused for kept rows that somebody mended and that the spec does not fit any more.
    """
    lives = task.log.generations(task.subject.track.lineage, task.path)
    if any(life.open_permits for life in lives):
        if fixed is not None:
            raise Refused(
                "a job of this repair is permitted already, and only that one may be started",
                where=f"{task.path}, job {next(life for life in lives if life.open_permits).open_permits[0].job}",
                next_step="bring it to its end: syncer apply",
            )
        return True
    kept = next((each for each in kept_repairs(task.ledger.project.root) if each.repair.file.path == task.path), None)
    if fixed is not None or kept is None or not kept.edited:
        return False
    if kept.repair.preparation != preparation_of(task.ledger.project, task.spec):
        raise Refused(
            "the spec changed since the mended rows of this repair were prepared",
            where=task.path,
            next_step=f"give them again: syncer rejects repair {task.subject.life.import_id} --file FILE",
        )
    return True


def _prepare(task: _Task, fixed: Path | None, tracer: Tracer | None) -> None:
    """Prepare the rows, hold them to the count of those that are open, and keep them."""
    subject, spec = task.subject, task.spec
    if spec.suppress is not None:
        raise Refused(
            f"spec {spec.name} suppresses rows, and a repair cannot do that yet",
            where=f"suppress: {spec.suppress.keys}",
            why="a row that was erased must not come back with a repair",
            next_step=f"have the whole file imported again: syncer forget {subject.life.import_id} --reason TEXT",
        )
    rows = _mended(fixed, spec) if fixed is not None else _as_sent(task, tracer)
    claim = subject.life.last_claim
    with room_for_rows(task.ledger.project.root) as path:
        made = write_repair(rows, spec, claim.batch if claim is not None else None, _sent(subject), path)
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


def _mended(fixed: Path, spec: Spec) -> Rows:
    if not fixed.is_file():
        raise UsageError(f"there is no file {fixed}", next_step="get the rows: syncer rejects get ID --out FILE.csv")
    return mended(fixed, spec)


def _as_sent(task: _Task, tracer: Tracer | None) -> Rows:
    return RejectedRows([(each.path, each.shown) for each in here_now(task.ledger, task.subject, tracer=tracer)])


def _sent(subject: Subject) -> Sent:
    permits: list[Submitted] = subject.life.permits
    name = permits[-1].artifact.file_name.lower().removesuffix(".gz") if permits else ""
    ending = next((ending for ending in FORMAT_BY_EXTENSION if name.endswith(ending)), ".jsonl")
    file_format: SourceFormat = FORMAT_BY_EXTENSION[ending]
    columns = {column for permit in permits for column in permit.artifact.columns}
    return Sent(format=file_format, columns=tuple(sorted(columns)))


def _wrong_count(task: _Task, rows: int, *, is_fixed: bool) -> SyncerError:
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


def _check_done(task: _Task, made: Plan) -> None:
    """Raise what kept the repair from being carried out, where no outcome tells it."""
    item = next(iter(made.imports), None)
    if item is not None and (item.runnable or item.attention):
        return
    what = item.reason if item is not None else "its rows are not kept here any more; another run may have done it"
    where = f"spec {task.spec.name}, {task.path}"
    if item is not None and item.action is Action.WAIT:
        raise Waiting(what, where=where, next_step="when that run has ended, run the same command again")
    raise Refused(
        f"the repair of {task.subject.track.path} is not begun: {what}",
        where=where,
        next_step="see how it stands: syncer rejects list --all",
    )
