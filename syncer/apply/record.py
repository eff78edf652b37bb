"""Claims, permits and ends, written to the log under the rules that make exactly-once hold.

Each function is one transaction: the rules are checked on the exact log that the event is appended to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from syncer.apply.context import LEASE, Tools
from syncer.errors import PermitRefused
from syncer.model.events import (
    AnyEvent,
    ArtifactFacts,
    AudienceUse,
    Claimed,
    Failure,
    Finished,
    ListUse,
    Rejection,
    RowCounts,
    Submitted,
)
from syncer.model.log import Generation, Log
from syncer.plan import PlannedImport

E = TypeVar("E", Claimed, Submitted)


def claim(
    tools: Tools,
    item: PlannedImport,
    *,
    batch: str | None,
    list_use: ListUse | None,
    audience: AudienceUse | None,
) -> Claimed:
    """Note durably that this run is about to work on the import, with an epoch above everybody's before it.

    Raises PermitRefused when the log moved since the plan: the version is done, permitted, or a newer one is.
    """

    def decide(log: Log) -> list[AnyEvent]:
        life = _life(tools, log, item)
        _check_free(tools, log, item, life)
        return [
            Claimed(
                **_about(tools, item),
                attempt=item.attempt,
                epoch=(life.epoch if life else 0) + 1,
                lease=tools.clock() + LEASE,
                size=item.file.size,
                modified=item.file.modified,
                preparation=item.preparation,
                spec_digest=item.spec_digest,
                write_mode=tools.write_modes.get(item.object),
                batch=batch,
                list_use=list_use,
                audience=audience,
            )
        ]

    return _one(tools.store.transact(decide), Claimed)


def permit(
    tools: Tools,
    item: PlannedImport,
    held: Claimed,
    *,
    attempt: int,
    job: str,
    artifact: ArtifactFacts,
    correlation_id: str,
) -> Submitted:
    """Give the leave to start this one job. After it, nobody may start another job for the part until this one's end.

    Raises PermitRefused when another run took the import over, finished it, or has a job on the same object.
    """

    def decide(log: Log) -> list[AnyEvent]:
        life = _life(tools, log, item)
        _check_free(tools, log, item, life)
        if life is None or life.epoch != held.epoch or life.last_claim != held:
            raise _refused(item, "another run took this import over")
        return [
            Submitted(
                **_about(tools, item),
                attempt=attempt,
                epoch=held.epoch,
                job=job,
                spec_digest=item.spec_digest,
                preparation=item.preparation,
                artifact=artifact,
                correlation_id=correlation_id,
                list_use=held.list_use,
                audience=held.audience,
            )
        ]

    return _one(tools.store.transact(decide), Submitted)


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
    life = _life(tools, tools.store.read(), item)
    return next((given for given in life.open_permits if given.job == item.job), None) if life else None


def _finish(tools: Tools, item: PlannedImport, job: str | None, event: Finished) -> None:
    def decide(log: Log) -> list[AnyEvent]:
        life = _life(tools, log, item)
        known = life.finishes if life else []
        same = [end for end in known if job is not None and end.job == job and end.outcome == event.outcome]
        return [] if same else [event]

    tools.store.transact(decide)


def _check_free(tools: Tools, log: Log, item: PlannedImport, life: Generation | None) -> None:
    generations = log.generations(tools.lineage(item), item.file.path)
    if any(other.number > item.generation for other in generations):
        raise _refused(item, "a newer version of this file is recorded")
    if life is not None and life.done:
        raise _refused(item, "this version is recorded as imported")
    if any(other.open_permits for other in generations):
        raise _refused(item, "a job of this file is permitted and has not ended")
    others = [given for given in log.open_permits(tools.workspace, item.object) if given.run != tools.run.id]
    if others:
        raise _refused(item, f"run {others[0].run} has job {others[0].job} on object {item.object}")


def _life(tools: Tools, log: Log, item: PlannedImport) -> Generation | None:
    return log.find(tools.lineage(item), item.file.path, item.generation, item.import_id)


def _refused(item: PlannedImport, why: str) -> PermitRefused:
    return PermitRefused(
        f"{item.file.path} is not started: {why}",
        where=f"spec {item.spec}, import {item.import_id}",
        why=why,
        next_step="see what is left: syncer plan",
    )


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


def _one(events: tuple[AnyEvent, ...], kind: type[E]) -> E:
    (event,) = events
    if not isinstance(event, kind):
        raise TypeError(f"the store answered with {type(event).__name__}")
    return event
