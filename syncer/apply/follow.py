"""Start a permitted job and follow it to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from syncer.apply.context import PollPace, Tools
from syncer.apply.progress import Step
from syncer.errors import ApiError, AuthError, Conflict, NotFound, RequestRejected, Unavailable
from syncer.model.events import RowCounts, Submitted
from syncer.model.identity import idempotency_key
from syncer.plan import PlannedImport

if TYPE_CHECKING:
    from syncer.api.models import JobStatus

JITTER = 0.2


def start(tools: Tools, item: PlannedImport, given: Submitted) -> None:
    """Start the permitted job. Whatever becomes of the answer, the job's own state decides what happened.

    Raises Conflict when the job is not started and refuses to be: nobody may start another one in its place. Raises
    Unavailable when the state cannot be asked for either.
    """
    key = idempotency_key(
        tools.workspace,
        item.import_id,
        generation=item.generation,
        part=given.part,
        attempt=given.attempt,
        step="start",
        detail=given.job,
    )
    try:
        tools.api.start_job(given.job, idempotency_key=key)
    except AuthError:
        raise
    except (Unavailable, RequestRejected, NotFound) as error:
        status = state_of(tools, item, given)
        if status.state in ("pending", "ready"):
            if isinstance(error, Unavailable):
                raise
            raise _will_not_start(item, given, error) from error
    tools.reporter.step(item, Step.RUNNING, given.job)


def follow(tools: Tools, item: PlannedImport, given: Submitted, *, since: datetime) -> JobStatus:
    """Ask for the job's state until it is terminal: after 5 s at first, growing to a minute, with jitter."""
    for pause in pauses(tools.pace, tools.jitter):
        tools.stop.wait(pause)
        status = state_of(tools, item, given)
        if status.is_terminal:
            return status
        elapsed = (tools.clock() - since).total_seconds()
        tools.reporter.polled(item, given.job, row_counts(status), elapsed)
    raise AssertionError("the pauses never end")


def pauses(pace: PollPace, jitter: Callable[[], float]) -> Iterator[float]:
    """Yield the seconds to wait before each question: never less than the first, never more than the longest."""
    pause = pace.initial
    while True:
        spread = JITTER * pause * jitter()
        yield pause + spread if pause + spread <= pace.longest else max(pace.initial, pace.longest - spread)
        pause = min(pause * pace.factor, pace.longest)


def state_of(tools: Tools, item: PlannedImport, given: Submitted) -> JobStatus:
    """Ask the API for the job's state. Raises Conflict when it says that there is no such job.

    A permitted job that the API does not know may have run before it was forgotten, so it never makes room for another.
    """
    try:
        return tools.api.get_job(given.job)
    except NotFound as error:
        raise Conflict(
            f"the API does not know job {given.job}, which was permitted for {item.file.path}",
            where=f"spec {item.spec}, import {item.import_id}, correlation id {error.correlation_id or 'none'}",
            why="whether it ran cannot be told, so no other job is started in its place",
            next_step=f"ask the vendor's support about job {given.job}",
        ) from error


def row_counts(status: JobStatus) -> RowCounts:
    return RowCounts(
        read=status.read_rows,
        valid=status.valid_rows,
        invalid=status.invalid_rows,
        inserts=status.merged_inserts,
        updates=status.merged_updates,
    )


def _will_not_start(item: PlannedImport, given: Submitted, error: ApiError) -> Conflict:
    return Conflict(
        f"job {given.job} for {item.file.path} is permitted, but the API does not start it",
        where=f"spec {item.spec}, import {item.import_id}, correlation id {error.correlation_id or 'none'}",
        why=f"{error.code or error.status}: {error.what}",
        next_step=f"ask the vendor's support about job {given.job}",
    )
