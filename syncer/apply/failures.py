"""What an error means for one import, for the log, and for the rest of the run.

The log decides which side of the permit the import is on: before it, an attempt failed without effect; after it, the
job may be running, so it is never called failed here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from syncer.apply import record
from syncer.apply.context import Tools
from syncer.apply.outcome import ImportOutcome, Result
from syncer.apply.reasons import job_failure
from syncer.errors import (
    ApiError,
    AuthError,
    ChecksFailed,
    Conflict,
    Interrupted,
    NoRoom,
    NotFound,
    PermitRefused,
    PrepareError,
    Refused,
    RequestRejected,
    SourceError,
    SyncerError,
    UploadFailed,
    Waiting,
)
from syncer.model.events import Failure
from syncer.model.log import Generation, Log
from syncer.plan import PlannedImport

SEE_THE_REST = "see what is left: syncer plan"
_STOPS_ONE = (ApiError, Conflict, PrepareError, Refused, SourceError, Waiting)


def settle(tools: Tools, item: PlannedImport, error: SyncerError) -> ImportOutcome:
    """Turn an error into the import's outcome, recorded where the next plan has to know of it.

    What every import would meet (a refused token, a log that cannot be written) ends the whole run. Raises nothing.
    """
    try:
        return _settled(tools, item, error)
    except SyncerError as worse:
        tools.stop.by_error(worse)
        return _outcome(tools, item, "interrupted", worse)


def _settled(tools: Tools, item: PlannedImport, error: SyncerError) -> ImportOutcome:
    if isinstance(error, AuthError) or not isinstance(error, _STOPS_ONE):
        if not isinstance(error, Interrupted):
            tools.stop.by_error(error)
        return _outcome(tools, item, "interrupted", error)
    life = _newest(tools, error).find(tools.lineage(item), item.file.path, item.generation, item.import_id)
    if isinstance(error, PermitRefused) or _is_taken_over(tools, error, life):  # an open job is another run's then
        return replace(_outcome(tools, item, "held", error), elsewhere=True, next_step=error.next_step or SEE_THE_REST)
    if life is not None and life.open_permits:
        return _outcome(tools, item, _while_permitted(error), error, _job(life))
    if isinstance(error, Waiting):
        return _outcome(tools, item, "held", error)
    if life is None or not _claimed_here(tools, life):
        return _outcome(
            tools, item, "attention" if isinstance(error, (Refused, RequestRejected, NotFound)) else "failed", error
        )
    return _before_permit(tools, item, life, error)


def _newest(tools: Tools, error: SyncerError) -> Log:
    """Return the log as it stands now, or as it was last seen where it cannot be asked. A refusal has just read it."""
    if isinstance(error, PermitRefused):
        return tools.store.read()
    try:
        return tools.store.refresh()
    except SyncerError:
        return tools.store.read()


def _is_taken_over(tools: Tools, error: SyncerError, life: Generation | None) -> bool:
    """Whether this run had the import in hand, and another one has it now or has finished it.

    What fails here then (an upload to a job that is done, say) tells nothing about the import; a contradiction does.
    """
    if life is None or isinstance(error, Conflict):
        return False
    claim = life.last_claim
    was_ours = any(each.run == tools.run.id for each in life.claims)
    return was_ours and claim is not None and claim.run != tools.run.id


def _before_permit(tools: Tools, item: PlannedImport, life: Generation, error: SyncerError) -> ImportOutcome:
    kind = _kind(error)
    outcome = _outcome(tools, item, "failed", error)
    if kind is not None:
        code = error.code if isinstance(error, ApiError) and error.code else type(error).__name__
        record.failed(
            tools,
            item,
            attempt=max(item.attempt, life.last_attempt + 1),
            failure=Failure(kind=kind, code=code, message=_told(tools, item, error.what, error)),
            correlation_id=outcome.correlation_id,
        )
    if kind == "final" and isinstance(error, ApiError):
        return replace(outcome, next_step=f"syncer validate --online --spec {item.spec}")
    return outcome


def _told(tools: Tools, item: PlannedImport, text: str, error: SyncerError) -> str:
    """Return an error's words for the log and the screen: what the API said may quote the file that it was given."""
    spec = tools.specs.get(item.spec)
    if not isinstance(error, ApiError) or not error.status or spec is None:
        return text
    columns = {name for column, target in spec.mapping.items() for name in (column, target.to)}
    return job_failure(text, {item.object, *columns, *spec.constants})


def _kind(error: SyncerError) -> Literal["final", "transient"] | None:
    """Say how the failure counts, or None when it is not about this version of the file and needs no record.

    Only the API's own verdict on the request is final. What is missing over there may be made, and an answer without
    the API's code says more about the way to it than about the import.
    """
    if isinstance(error, RequestRejected) and error.code:
        return "final"
    if isinstance(error, PrepareError):
        return None if isinstance(error, NoRoom) or isinstance(error.__cause__, OSError) else "final"
    if isinstance(error, (ApiError, UploadFailed)):
        return "transient"
    return None


def _while_permitted(error: SyncerError) -> Result:
    if isinstance(error, Waiting):
        return "detached"
    return "attention" if isinstance(error, Conflict) else "unfinished"


def _claimed_here(tools: Tools, life: Generation) -> bool:
    claim = life.last_claim
    return claim is not None and claim.run == tools.run.id


def _job(life: Generation) -> str:
    return life.open_permits[0].job


def _outcome(
    tools: Tools, item: PlannedImport, result: Result, error: SyncerError, job: str | None = None
) -> ImportOutcome:
    message = error.what + (f" ({error.why})" if error.why else "")
    return ImportOutcome(
        item=item,
        result=result,
        job=job,
        message=_told(tools, item, message, error),
        next_step=error.next_step or "try again: syncer apply",
        correlation_id=error.correlation_id if isinstance(error, ApiError) else "",
        over_limit=isinstance(error, ChecksFailed),
    )
