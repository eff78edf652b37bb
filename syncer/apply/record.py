"""Claims, permits and ends, written to the log under the rules that make exactly-once hold.

Each function is one transaction: the rules are checked on the exact log that the event is appended to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast

import msgspec

from syncer.apply.context import Tools
from syncer.apply.rules import check_free, check_sole_maker, life_of, refused
from syncer.errors import PermitRefused, Waiting
from syncer.model.events import (
    AnyEvent,
    ArtifactFacts,
    AudienceUse,
    Claimed,
    Failure,
    Finished,
    ListUse,
    Rejection,
    Resolved,
    RowCounts,
    Submitted,
)
from syncer.model.log import Generation, Log, Standing
from syncer.plan import PlannedImport

E = TypeVar("E", Claimed, Submitted)
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRequest:
    """An import that a run is about to work on, with what its templates resolved to."""

    item: PlannedImport
    batch: str | None
    list_use: ListUse | None
    audience: AudienceUse | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedJob:
    """A claimed import whose job has its file and its mapping: all that is missing is the leave to start it.

    With `via: records` it is one whose rows are ready to be sent as record batches.
    """

    item: PlannedImport
    held: Claimed
    part: int = 1
    parts: int = 1
    attempt: int
    job: str
    artifact: ArtifactFacts
    content: str
    version: str
    correlation_id: str
    seconds: dict[str, float]
    warnings: tuple[str, ...] = ()
    via: Literal["records"] | None = None


def claim(tools: Tools, requests: Sequence[ClaimRequest]) -> list[Claimed | PermitRefused]:
    """Note durably that this run is about to work on the imports, each with an epoch above everybody's before it.

    One transaction for all. An import whose log moved since the plan (done, permitted, or a newer version is recorded)
    gets a PermitRefused in its place.
    """

    def draft(log: Log, request: ClaimRequest) -> Claimed:
        item = request.item
        life = life_of(tools, log, item)
        check_free(tools, log, item, life)
        return Claimed(
            **_about(tools, item),
            attempt=item.attempt,
            epoch=(life.epoch if life else 0) + 1,
            lease=tools.clock() + tools.lease,
            place=tools.place,
            size=item.file.size,
            modified=item.file.modified,
            tag=item.file.tag,
            preparation=item.preparation,
            spec_digest=item.spec_digest,
            repairs=item.repairs or None,
            write_mode=tools.write_modes.get(item.object),
            batch=request.batch,
            list_use=request.list_use,
            audience=request.audience,
        )

    return _together(tools, requests, draft)


def claim_part(
    tools: Tools,
    item: PlannedImport,
    held: Claimed,
    *,
    part: int,
    rows: tuple[int, ...] | None,
    parts: int,
    list_use: ListUse | None,
    audience: AudienceUse | None,
) -> Claimed:
    """Claim an import once more for its next part, now that its parts are known; it joins what earlier ones created.

    Raises PermitRefused when another run took the import over, or may not go on with it.
    """

    def decide(log: Log) -> list[AnyEvent]:
        life = life_of(tools, log, item)
        check_free(tools, log, item, life)
        if life is None or life.last_claim != held:
            raise refused(item, "another run took this import over")
        now = tools.clock()
        return [
            msgspec.structs.replace(
                held,
                time=now,
                lease=now + tools.lease,
                epoch=life.epoch + 1,
                part=part,
                parts=parts,
                part_rows=rows,
                list_use=list_use,
                audience=audience,
            )
        ]

    (claimed,) = tools.store.transact(decide)
    return cast("Claimed", claimed)


def permit(tools: Tools, jobs: Sequence[MappedJob]) -> list[Submitted | PermitRefused]:
    """Give the leave to start these jobs, in this order and one by one; one transaction for all.

    After it, nobody may start another job for the part until this one's end. A job gets a PermitRefused in its place
    when another run took the import over, finished it, or has a job on the same object.
    """
    place = {mapped.item.key: number for number, mapped in enumerate(jobs)}

    def draft(log: Log, mapped: MappedJob) -> Submitted:
        item, held = mapped.item, mapped.held
        life = life_of(tools, log, item)
        check_free(tools, log, item, life)
        if life is None or life.epoch != held.epoch or life.last_claim != held:
            raise refused(item, "another run took this import over")
        check_sole_maker(tools, log, held)
        return Submitted(
            **_about(tools, item),
            part=mapped.part,
            parts=mapped.parts if mapped.parts > 1 else None,
            attempt=mapped.attempt,
            epoch=held.epoch,
            position=place[item.key],
            via=mapped.via,
            job=mapped.job,
            spec_digest=item.spec_digest,
            preparation=item.preparation,
            repairs=item.repairs or None,
            artifact=mapped.artifact,
            content=mapped.content or None,
            version=mapped.version,
            correlation_id=mapped.correlation_id,
            list_use=held.list_use,
            audience=held.audience,
        )

    return _together(tools, jobs, draft)


def take_over(tools: Tools, item: PlannedImport, given: Submitted) -> Claimed:
    """Claim a permitted job that nobody has started, before starting it: its first owner may not abandon it any more.

    Returns the claim. Raises PermitRefused when its end was recorded meanwhile.
    """

    def decide(log: Log) -> list[AnyEvent]:
        life = life_of(tools, log, item)
        claim = life.last_claim if life else None
        if life is None or claim is None or all(other.job != given.job for other in life.open_permits):
            raise refused(item, f"the end of job {given.job} was recorded meanwhile")
        mine = {"run": tools.run.id, "actor": tools.run.actor, "place": tools.place, "spec": item.spec}
        now = tools.clock()
        return [msgspec.structs.replace(claim, **mine, time=now, lease=now + tools.lease, epoch=life.epoch + 1)]

    (claimed,) = tools.store.transact(decide)
    return cast("Claimed", claimed)


def release(tools: Tools, items: Sequence[PlannedImport]) -> None:
    """Let the next run go on at once with what this one leaves: end the lease of every claim that it still holds."""

    def decide(log: Log) -> list[AnyEvent]:
        now = tools.clock()
        lives = [life for item in items if (life := life_of(tools, log, item)) is not None]
        claims = [(life.last_claim, life) for life in lives]
        return [
            msgspec.structs.replace(claim, time=now, lease=now, epoch=claim.epoch + 1)
            for claim, life in claims
            if claim is not None and claim.run == tools.run.id and _still_counts(claim, life)
        ]

    tools.store.note(decide)


def _still_counts(claim: Claimed, life: Generation) -> bool:
    """Whether the claim keeps others from the import: no end of its attempt is recorded."""
    return life.standing in (Standing.CLAIMED, Standing.PERMITTED) or claim.attempt > life.last_attempt


def abandon(tools: Tools, permitted: Sequence[tuple[MappedJob, Submitted]], reason: str) -> list[bool]:
    """Give back permits of jobs that this very run holds and has not started. Returns which of them it could.

    Safe because the one who may start them decides not to: whoever takes a permit over claims it first, which raises
    the epoch, and then this is refused.
    """
    mine: list[bool] = []

    def decide(log: Log) -> list[AnyEvent]:
        mine.clear()
        drafts: list[AnyEvent] = []
        for mapped, given in permitted:
            life = life_of(tools, log, mapped.item)
            still = life is not None and life.epoch == mapped.held.epoch
            mine.append(still)
            if still:
                about = {**_about(tools, mapped.item), "attempt": given.attempt, "part": given.part}
                drafts.append(Resolved(**about, job=given.job, decision="abandon", reason=reason))
        return drafts

    tools.store.transact(decide)
    return mine


def completed(
    tools: Tools,
    item: PlannedImport,
    given: Submitted,
    *,
    rows: RowCounts,
    rejections: tuple[Rejection, ...],
    rejects_file: str | None,
    correlation_id: str,
    seconds: Mapping[str, float],
    residual: tuple[str, ...],
    list_use: ListUse | None,
) -> None:
    """Record that the permitted job completed. Recording it twice leaves one line."""
    _finish(
        tools,
        item,
        given.job,
        Finished(
            **_about(tools, item),
            attempt=given.attempt,
            part=given.part,
            outcome="completed",
            job=given.job,
            rows=rows,
            rejections=rejections,
            rejects_file=rejects_file,
            correlation_id=correlation_id,
            seconds={name: round(value, 3) for name, value in seconds.items()},
            residual=residual,
            spec_digest=given.spec_digest,
            preparation=given.preparation,
            commit=tools.run.commit,
            list_use=list_use,
            audience=given.audience,
        ),
    )


def failed(
    tools: Tools,
    item: PlannedImport,
    *,
    attempt: int,
    failure: Failure,
    given: Submitted | None = None,
    rows: RowCounts | None = None,
    correlation_id: str = "",
) -> None:
    """Record that an attempt failed: of a permitted job (`given`), or before there was a permit."""
    _finish(
        tools,
        item,
        given.job if given else None,
        Finished(
            **_about(tools, item),
            attempt=attempt,
            part=given.part if given else 1,
            outcome="failed",
            job=given.job if given else None,
            rows=rows,
            failure=failure,
            correlation_id=correlation_id,
            spec_digest=given.spec_digest if given else item.spec_digest,
            preparation=given.preparation if given else item.preparation,
            commit=tools.run.commit,
        ),
    )


def open_permit(tools: Tools, item: PlannedImport) -> Submitted | None:
    """Return the permit that the item resumes, as the log has it now, or None when its end was recorded meanwhile."""
    life = life_of(tools, tools.store.read(), item)
    return next((given for given in life.open_permits if given.job == item.job), None) if life else None


def check_claim(tools: Tools, item: PlannedImport, held: Claimed) -> None:
    """Look, once the lease is over, whether the claim still holds: nothing is uploaded for what another run has.

    Saves work and nothing else; the permit is checked on the exact log. Raises PermitRefused.
    """
    life = life_of(tools, tools.store.refresh(), item)
    if life is None or life.epoch != held.epoch or life.last_claim != held:
        raise refused(item, "another run took this import over")


def check_mine(tools: Tools, item: PlannedImport, given: Submitted, epoch: int) -> None:
    """Look again, before a job that waited is started or a batch sent, whether it still is this run's to go on with.

    `epoch` is that of the run's claim. Raises PermitRefused when another run took it over or its permit was given up.
    """
    life = life_of(tools, tools.store.refresh(), item)
    if life is None or life.epoch != epoch:
        raise refused(item, f"another run has taken job {given.job} over")
    if all(other.job != given.job for other in life.open_permits):
        raise refused(item, f"job {given.job} was given up or ended meanwhile")


def check_alone(tools: Tools, item: PlannedImport, given: Submitted) -> None:
    """Raise Waiting when a job that this run does not bring to its end may be running on the object."""
    for other in tools.store.read().open_permits(tools.workspace, item.object):
        if other.job != given.job and other.job not in tools.resumes:
            raise Waiting(
                f"job {given.job} is not started: job {other.job} of spec {other.spec} may be running on {item.object}",
                where=f"spec {item.spec}, {item.file.path}",
                next_step="bring both to their end: syncer apply",
            )


def start_is_resolved(tools: Tools, item: PlannedImport, given: Submitted) -> bool:
    """Whether an operator decided that this permitted job is to be started all the same."""
    life = life_of(tools, tools.store.read(), item)
    return life is not None and any(r.job == given.job and r.decision == "start" for r in life.resolutions)


def _finish(tools: Tools, item: PlannedImport, job: str | None, event: Finished) -> None:
    def decide(log: Log) -> list[AnyEvent]:
        life = life_of(tools, log, item)
        known = life.finishes if life else []
        same = [end for end in known if job is not None and end.job == job and end.outcome == event.outcome]
        return [] if same else [event]

    tools.store.note(decide)


def _about(tools: Tools, item: PlannedImport) -> dict[str, Any]:
    return {
        "time": tools.clock(),
        "run": tools.run.id,
        "actor": tools.run.actor,
        "spec": item.spec,
        "workspace": tools.workspace,
        "object": item.object,
        "path": item.file.path,
        "fingerprint": item.file.fingerprint,
        "import_id": item.import_id,
        "generation": item.generation,
    }


def _together(tools: Tools, requests: Sequence[R], draft: Callable[[Log, R], E]) -> list[E | PermitRefused]:
    """Decide about all requests in one transaction; what the rules refuse does not hold the others back."""
    drafts: list[E | PermitRefused] = []

    def decide(log: Log) -> list[AnyEvent]:
        drafts.clear()
        for request in requests:
            try:
                drafts.append(draft(log, request))
            except PermitRefused as refused:
                drafts.append(refused)
        return [made for made in drafts if not isinstance(made, PermitRefused)]

    written = iter(tools.store.transact(decide))
    return [made if isinstance(made, PermitRefused) else cast("E", next(written)) for made in drafts]
