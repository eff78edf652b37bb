"""Accept that rejected rows stay out, with name and reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from syncer.errors import Refused
from syncer.model.events import AnyEvent, Waived
from syncer.model.log import Log
from syncer.model.repairs import Account, account
from syncer.operations.ledger import Ledger, Track
from syncer.operations.rejects import Subject, repair_tracks, subject_of
from syncer.operations.rejects_kept import sweep


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """What was waived of which import, and how its rejected rows stand since."""

    spec: str
    path: str
    import_id: str
    generation: int
    rows: int
    reason: str
    account: Account


def waive(ledger: Ledger, given: str, *, reason: str, rows: int | None = None) -> Waiver:
    """Record that so many of the open rejected rows of an import stay out, or all of them.

    Raises Refused when none, or fewer, are open, and while a job of the import or of its repair has no recorded end;
    Waiting when a run may be at work on either. UsageError for an id that is not known.
    """
    chosen: list[Subject] = []

    def decide(log: Log) -> Sequence[AnyEvent]:
        subject = subject_of(ledger, log, given)
        check_at_rest(ledger, log, subject)
        chosen[:] = [subject]
        count = _waived(subject, rows)
        return [Waived(**ledger.about(subject.track, subject.life), reason=reason, rows=count)]

    (event,) = ledger.written("rejects waive", decide)
    log = ledger.store.read()
    sweep(ledger.project, log, ledger.clock())
    life = log.find(chosen[0].track.lineage, event.path, event.generation, event.import_id)
    return Waiver(
        spec=event.spec,
        path=event.path,
        import_id=event.import_id,
        generation=event.generation,
        rows=event.rows if isinstance(event, Waived) else 0,
        reason=reason,
        account=account(log, chosen[0].track.lineage, life) if life is not None else chosen[0].account,
    )


def check_at_rest(ledger: Ledger, log: Log, subject: Subject) -> None:
    """Raise Refused or Waiting while what a run has in hand may still change how many rows are open."""
    for each in (subject.track, *repair_tracks(log, subject.track, subject.life)):
        _check_settled(each)
        ledger.check_idle(each)


def _check_settled(track: Track) -> None:
    life = track.unsettled
    if life is None:
        return
    job = life.open_permits[0].job
    raise Refused(
        f"job {job} of {track.path} was permitted and its end is not recorded",
        where=f"spec {track.spec}, import {life.import_id}",
        why="how many rows are left to decide about is known when it has ended",
        next_step="bring it to its end: syncer apply",
    )


def _waived(subject: Subject, rows: int | None) -> int:
    still, life = subject.account.open, subject.life
    where = f"spec {subject.track.spec}, import {life.import_id}"
    if not still:
        raise Refused(
            f"no rejected row of {subject.track.path} is open",
            where=where,
            why=f"of {subject.account.rejected}, {subject.account.dealt_with}",
            next_step="see what is: syncer rejects list",
        )
    if rows is not None and not 1 <= rows <= still:
        raise Refused(
            f"{rows} rows cannot be waived: {still} of {subject.track.path} are open",
            where=where,
            next_step=f"waive as many, or all of them: syncer rejects waive {life.import_id} --reason TEXT",
        )
    return rows or still
