"""Start a permitted job and follow it to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from syncer.apply import record
from syncer.apply.context import PollPace, Tools
from syncer.apply.progress import Step
from syncer.errors import ApiError, AuthError, Conflict, NotFound, RequestRejected, Unavailable, Waiting
from syncer.model.effort import typical_seconds
from syncer.model.events import RowCounts, Submitted
from syncer.model.identity import idempotency_key
from syncer.plan import PlannedImport

if TYPE_CHECKING:
    from syncer.api.models import JobStatus

JITTER = 0.2
STUCK_FACTOR = 2


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
        status = state_of(tools, given)
        if status.state in ("pending", "ready"):
            if isinstance(error, Unavailable):
                raise
            raise _will_not_start(item, given, error) from error
    tools.reporter.step(item, Step.RUNNING, given.job)


def start_and_follow(tools: Tools, item: PlannedImport, given: Submitted, seconds: dict[str, float]) -> JobStatus:
    """Start the permitted job and return its terminal state. `seconds` gets the time it took, as `job`."""
    began = tools.clock()
    start(tools, item, given)
    status = follow(tools, item, given, since=began)
    seconds["job"] = (tools.clock() - began).total_seconds()
    return status


def taken_up(tools: Tools, item: PlannedImport, given: Submitted, seconds: dict[str, float]) -> JobStatus:
    """Take up a job that an earlier run permitted, and return its terminal state: ask first, then start or follow.

    Raises Conflict for a job that never started and whose spec has changed since.
    """
    status = state_of(tools, given)
    if status.state in ("pending", "ready"):
        _check_same_spec(tools, item, given)
        record.check_alone(tools, item, given)
        let_others_end(tools, item, given)
        if tools.store.is_shared:
            record.take_over(tools, item, given)
        return start_and_follow(tools, item, given, seconds)
    if status.is_terminal:
        return status
    tools.reporter.step(item, Step.RUNNING, given.job)
    return follow(tools, item, given, since=given.time)


def let_others_end(tools: Tools, item: PlannedImport, given: Submitted) -> None:
    """Wait for a job that runs on the same object, and that this run takes up after this one: a queue may be cut short.

    Their files may be gone by now, so the plan does not have them in the order in which they were permitted.
    """
    for other in tools.store.read().open_permits(tools.workspace, item.object):
        if other.job != given.job and other.via is None and state_of(tools, other).state == "running":
            follow(tools, item, other, since=other.time)


def _check_same_spec(tools: Tools, item: PlannedImport, given: Submitted) -> None:
    """A job that was permitted under another spec and never started may import what no spec allows any more."""
    if record.start_is_resolved(tools, item, given):
        return
    if item.spec not in tools.specs or item.spec_digest != given.spec_digest:
        resolve = f"syncer state resolve {item.import_id}"
        raise Conflict(
            f"job {given.job} for {item.file.path} was permitted before the spec changed, and has not started",
            where=f"spec {item.spec}, import {item.import_id}",
            why="what it would import is not what the spec says now",
            next_step=f'to start it as it is: {resolve} --start --reason "it is still right"\n'
            f'to give it up: {resolve} --abandon --reason "the spec has changed"',
        )


def follow(tools: Tools, item: PlannedImport, given: Submitted, *, since: datetime) -> JobStatus:
    """Ask for the job's state until it is terminal: after 5 s at first, growing to a minute, with jitter.

    Raises Waiting when the run is to detach first. A job that takes twice as long as the guide's table says is told
    about once, and left alone: most of them resume by themselves.
    """
    told = False
    for pause in pauses(tools.pace, tools.jitter):
        _check_deadline(tools, item, given, pause)
        tools.stop.wait(pause)
        status = state_of(tools, given)
        if status.is_terminal:
            return status
        elapsed = (tools.clock() - since).total_seconds()
        tools.reporter.polled(item, given.job, row_counts(status), elapsed)
        if not told and elapsed > STUCK_FACTOR * typical_seconds(given.artifact.rows or status.read_rows):
            told = True
            tools.reporter.step(item, Step.STUCK, _support_bundle(given, status, elapsed))
    raise AssertionError("the pauses never end")


def _support_bundle(given: Submitted, status: JobStatus, elapsed: float) -> str:
    return (
        f"job {given.job} runs for {elapsed / 60:.0f} minutes, twice what is typical; it is not tried again. "
        f"Tell the vendor's support: job {given.job}, correlation ids {given.correlation_id}, {status.correlation_id}"
    )


def _check_deadline(tools: Tools, item: PlannedImport, given: Submitted, pause: float) -> None:
    if not tools.wait_for_jobs or tools.is_out_of_time(pause):
        raise Waiting(
            f"job {given.job} is left running",
            where=f"spec {item.spec}, {item.file.path}",
            next_step="continue with: syncer apply",
        )


def pauses(pace: PollPace, jitter: Callable[[], float]) -> Iterator[float]:
    """Yield the seconds to wait before each question: never less than the first, never more than the longest."""
    pause = pace.initial
    while True:
        spread = JITTER * pause * jitter()
        yield pause + spread if pause + spread <= pace.longest else max(pace.initial, pace.longest - spread)
        pause = min(pause * pace.factor, pace.longest)


def state_of(tools: Tools, given: Submitted) -> JobStatus:
    """Ask the API for the job's state. Raises Conflict when it says that there is no such job.

    A permitted job that the API does not know may have run before it was forgotten, so it never makes room for another.
    """
    try:
        return tools.api.get_job(given.job)
    except NotFound as error:
        raise Conflict(
            f"the API does not know job {given.job}, which was permitted for {given.path}",
            where=f"spec {given.spec}, import {given.import_id}, correlation id {error.correlation_id or 'none'}",
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
