"""Send rejected rows once more, mended or as they were, as an import of their own.

The rows are prepared and kept first; then a run of `apply`, for this repair alone, claims it, is given its permit and
follows its job. Cut off at any point, the next `apply` of this clone goes on with it, or the same command does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncer.apply.context import Stop
from syncer.apply.outcome import RunOutcome
from syncer.errors import Refused, Waiting
from syncer.model.generation import time_and_id
from syncer.model.log import Log
from syncer.model.repairs import repair_path, repairs_of
from syncer.operations.apply import Watch, apply
from syncer.operations.connect import utc_now
from syncer.operations.ledger import Ledger, open_ledger, spec_of
from syncer.operations.rejects import Subject, subject_of
from syncer.operations.rejects_kept import sweep
from syncer.operations.rejects_prepare import Task, rows_of
from syncer.plan import Action, Filters, Plan

if TYPE_CHECKING:
    from syncer.api.wire import Tracer


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
    rows = rows_of(task, fixed, tracer)
    name = task.spec.name
    made, outcome = apply(
        root,
        environ=environ,
        reporter=reporter,
        overrides=overrides,
        filters=Filters(specs=(name,), over_limits=(name,), repair=task.path, repair_rows=rows),
        stop=stop,
        tracer=tracer,
        clock=clock,
    )
    _check_done(task, made)
    return made, outcome


def _newer(task: Task) -> str:
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


def _task(ledger: Ledger, given: str) -> Task:
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
            f"of {track.path} {life.parts_left} is not imported yet, so its rejected rows are not sent by themselves"
            if life.is_partial
            else f"{track.path} is to be imported again as a whole, so its rejected rows are not sent by themselves",
            where=where,
            next_step="import it: syncer apply",
        )
    if not subject.account.open:
        raise _nothing_open(log, subject, where)
    return Task(ledger, log, subject, spec, repair_path(life.path, life.number))


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


def _check_done(task: Task, made: Plan) -> None:
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
