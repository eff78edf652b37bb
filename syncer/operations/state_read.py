"""Read the log for an operator: where every import stands, and all that is known of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from syncer.model.events import AnyEvent, Finished
from syncer.model.generation import Generation, Standing, time_and_id
from syncer.model.spec import Spec
from syncer.operations.ledger import Ledger, Track, spec_of

_OPEN = (Standing.CLAIMED, Standing.PERMITTED, Standing.CONFLICT)


@dataclass(frozen=True, slots=True, kw_only=True)
class StateEntry:
    """One generation of an import as the log has it. `rows` were read by the API; `time` is its newest event's."""

    spec: str
    object: str
    path: str
    import_id: str
    generation: int
    standing: str
    reason: str
    attention: bool
    attempts: int
    job: str | None
    rows: int | None
    time: datetime

    @property
    def is_open(self) -> bool:
        return self.standing in _OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRecord:
    """Everything the log says of one import: its generations, and their events in the order of their lines."""

    spec: str
    object: str
    path: str
    import_id: str
    fingerprint: str
    generations: tuple[StateEntry, ...]
    events: tuple[AnyEvent, ...]


def state_list(
    ledger: Ledger, names: Sequence[str] = (), *, only_open: bool = False, attention: bool = False
) -> tuple[StateEntry, ...]:
    """Return each file's newest generation, and older ones whose job has no recorded end."""
    entries = [
        entry_of(track, life)
        for track in ledger.tracks(ledger.store.read(), names)
        for life in track.generations
        if life.number == track.newest.number or life.open_permits
    ]
    return tuple(entry for entry in entries if (not only_open or entry.is_open) and (not attention or entry.attention))


def state_show(ledger: Ledger, given: str) -> ImportRecord:
    """Return all of one import, by its id, the beginning of it, or a job's id. Raises UsageError."""
    log = ledger.store.read()
    track = ledger.find(log, given)
    import_id = ledger.import_id(track, given)
    lives = [life for life in track.generations if life.import_id == import_id]
    own = [event for event in log.events(track.lineage, track.path) if event.import_id == import_id]
    return ImportRecord(
        spec=track.spec,
        object=track.lineage.object,
        path=track.path,
        import_id=import_id,
        fingerprint=lives[0].fingerprint,
        generations=tuple(entry_of(track, life) for life in lives),
        events=tuple(sorted(own, key=lambda event: event.generation)),
    )


def entry_of(track: Track, life: Generation) -> StateEntry:
    standing = life.standing
    ends = {end.job: end for end in life.finishes if end.outcome == "completed"}
    jobs = [permit.job for permit in sorted(life.permits, key=lambda permit: (permit.attempt, permit.epoch, permit.id))]
    reason, attention = _about(life, standing, spec_of(track))
    newest = max(life.events(), key=time_and_id)
    return StateEntry(
        spec=track.spec,
        object=track.lineage.object,
        path=track.path,
        import_id=life.import_id,
        generation=life.number,
        standing=standing.value,
        reason=reason,
        attention=attention,
        attempts=life.last_attempt,
        job=_telling_job(life, jobs),
        rows=sum(end.rows.read for end in ends.values() if end.rows is not None) if ends else None,
        time=newest.time,
    )


def _telling_job(life: Generation, jobs: list[str]) -> str | None:
    done = life.completion
    if done is not None:
        return done.job
    still_open = life.open_permits
    return still_open[0].job if still_open else jobs[-1] if jobs else None


def _about(life: Generation, standing: Standing, spec: Spec | None) -> tuple[str, bool]:
    """Say in words how it stands, and whether a person must look at it."""
    if standing is Standing.CONFLICT:
        jobs = ", ".join(permit.job for permit in life.open_permits)
        return f"may still be started although settled or doubled: {jobs}", True
    if standing is Standing.FORGOTTEN and life.forgotten is not None:
        return f"closed by {life.forgotten.actor}: {life.forgotten.reason}", False
    if standing is Standing.DONE:
        return (f"baseline of {life.baseline.actor}: {life.baseline.reason}" if life.baseline else ""), False
    if standing is Standing.FAILED:
        return _failed(life, spec)
    if standing is Standing.PERMITTED:
        return f"permitted by run {life.open_permits[0].run}; its end is not recorded", False
    claim = life.last_claim
    return (f"claimed by run {claim.run}, no job yet" if claim else "noted only"), False


def _failed(life: Generation, spec: Spec | None) -> tuple[str, bool]:
    failure = life.last_failure
    if failure is None or failure.failure is None:
        given_up = life.given_up
        return (f"given up by {given_up.actor}: {given_up.reason}" if given_up else "no reason recorded"), False
    told = f"{failure.failure.code}: {failure.failure.message}"
    return told, stuck(life, failure, spec)


def stuck(life: Generation, failure: Finished, spec: Spec | None) -> bool:
    """Whether nothing will try it again by itself as long as the spec stays as it was at the last failure."""
    if life.final_failure(failure.preparation) is not None:
        return True
    return spec is not None and life.counted_failures(failure.preparation) >= spec.retry.attempts
