"""One import from its plan line to its recorded end.

A new import: claim, prepare, submit (init, upload, mapping, permit), start, follow, record. A resumed one begins at
its permitted job. What goes wrong before the permit is an attempt without effect; after it, only the job's own state
counts.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from syncer.apply import record, rejects
from syncer.apply.context import Tools
from syncer.apply.follow import follow, row_counts, start, state_of
from syncer.apply.outcome import ImportOutcome
from syncer.apply.progress import Step
from syncer.apply.reasons import job_failure
from syncer.apply.resources import (
    Creators,
    creates_something,
    recorded_list,
    resolve_audience,
    resolve_list,
    resolve_names,
)
from syncer.apply.submit import Work, submit, work_folder
from syncer.errors import ApiError, Conflict, Interrupted, SyncerError
from syncer.model.events import Claimed, Failure, ListUse, RowCounts, Submitted
from syncer.model.log import Log
from syncer.model.spec import Spec
from syncer.model.templates import Values
from syncer.plan import Action, PlannedImport

if TYPE_CHECKING:
    from syncer.api.models import JobStatus

SOURCE_UNREADABLE = "CDP_ETL.IMPORT."
VALIDATION = "CDP_ETL.VALIDATION."


def execute(tools: Tools, item: PlannedImport, creators: Creators) -> ImportOutcome:
    """Carry out one planned import. Raises SyncerError; what it left in the log is enough for the next run to go on."""
    if item.action is Action.RESUME:
        return _resume(tools, item)
    spec = tools.specs[item.spec]
    names = resolve_names(spec, _values(tools, item, spec), _earlier_claim(tools, item))
    with creators.hold(names) as let_go:
        held = record.claim(
            tools,
            item,
            batch=names.batch,
            list_use=resolve_list(tools, spec, names.list_name),
            audience=resolve_audience(tools, spec, names.audience),
        )
        if not creates_something(held):
            let_go()
        tools.reporter.step(item, Step.CLAIMED)
        return _work(tools, item, spec, held)


def _work(tools: Tools, item: PlannedImport, spec: Spec, held: Claimed) -> ImportOutcome:
    from syncer.prepare.prepare import prepare  # noqa: PLC0415 - the engine is loaded when a file is prepared
    from syncer.source.pins import pin  # noqa: PLC0415 - beside it

    began = tools.clock()
    with work_folder(tools, item) as folder:
        tools.reporter.step(item, Step.PREPARING)
        version = pin(item.file, root=tools.root, cache=tools.fingerprints, stop=tools.stop.is_set)
        artifact = prepare(
            item.file,
            spec,
            batch_value=held.batch,
            work_dir=folder,
            memory_limit=tools.memory_limit,
            stop=tools.stop.is_set,
        )
        work = Work(item, spec, held, artifact, version)
        attempt, seconds = item.attempt, {"prepare": _elapsed(tools, began)}
        while True:
            uploading = tools.clock()
            given = submit(tools, work, attempt)
            seconds["upload"] = _elapsed(tools, uploading)
            status = _start_and_follow(tools, item, given, seconds)
            outcome = _ended(tools, item, given, status, seconds)
            if outcome.result == "completed" or not _may_upload_again(tools, item, status):
                return outcome
            attempt = given.attempt + 1
            tools.reporter.step(item, Step.RETRYING, "the API could not read the file; it is uploaded again")


def _start_and_follow(tools: Tools, item: PlannedImport, given: Submitted, seconds: dict[str, float]) -> JobStatus:
    began = tools.clock()
    start(tools, item, given)
    status = follow(tools, item, given, since=began)
    seconds["job"] = _elapsed(tools, began)
    return status


def _resume(tools: Tools, item: PlannedImport) -> ImportOutcome:
    """Take up a permitted job where it stands: ask the API first, then start, follow or record it."""
    given = record.open_permit(tools, item)
    if given is None:
        return ImportOutcome(item=item, result="held", message="another run recorded its end meanwhile")
    status = state_of(tools, item, given)
    seconds: dict[str, float] = {}
    if status.state in ("pending", "ready"):
        _check_same_spec(tools, item, given)
        status = _start_and_follow(tools, item, given, seconds)
    elif not status.is_terminal:
        tools.reporter.step(item, Step.RUNNING, given.job)
        status = follow(tools, item, given, since=given.time)
    return _ended(tools, item, given, status, seconds)


def _check_same_spec(tools: Tools, item: PlannedImport, given: Submitted) -> None:
    """A job that was permitted under another spec and never started may import what no spec allows any more."""
    if item.spec not in tools.specs or item.spec_digest != given.spec_digest:
        raise Conflict(
            f"job {given.job} for {item.file.path} was permitted before the spec changed, and has not started",
            where=f"spec {item.spec}, import {item.import_id}",
            why="what it would import is not what the spec says now",
            next_step=f"restore the spec as it was, run syncer apply --spec {item.spec}, then change it again",
        )


def _ended(
    tools: Tools, item: PlannedImport, given: Submitted, status: JobStatus, seconds: dict[str, float]
) -> ImportOutcome:
    """Record the end of a job that is in a terminal state."""
    if status.state == "completed":
        return _completed(tools, item, given, status, seconds)
    return _failed(tools, item, given, status)


def _completed(
    tools: Tools, item: PlannedImport, given: Submitted, status: JobStatus, seconds: dict[str, float]
) -> ImportOutcome:
    rows = row_counts(status)
    warnings = _accounting(rows, given)
    fetched = _rejected_rows(tools, item, given, warnings) if rows.invalid else None
    list_use = _made_list(tools, given, warnings)
    record.completed(
        tools,
        item,
        given,
        rows=rows,
        rejections=fetched.rejections if fetched else (),
        rejects_file=fetched.file if fetched else None,
        correlation_id=status.correlation_id,
        seconds=seconds,
        list_use=list_use,
    )
    return ImportOutcome(
        item=item,
        result="completed",
        job=given.job,
        correlation_id=status.correlation_id,
        rows=rows,
        rejections=fetched.rejections if fetched else (),
        rejects_file=fetched.file if fetched else None,
        systematic=rows.read > 0 and rows.invalid == rows.read,
        warnings=tuple(warnings),
    )


def _rejected_rows(tools: Tools, item: PlannedImport, given: Submitted, warnings: list[str]) -> rejects.Fetched | None:
    """Fetch the rejected rows. Whatever keeps them away is a warning: the import has completed all the same."""
    try:
        fetched = rejects.fetch(tools, item, given)
    except Interrupted:
        raise
    except SyncerError as error:
        warnings.append(f"the rejected rows could not be fetched: {error.what}")
        return None
    if fetched is None:
        warnings.append("rows were rejected, but the API has no file of them")
    return fetched


def _made_list(tools: Tools, given: Submitted, warnings: list[str]) -> ListUse | None:
    """Find out the id of the list that the job made; a list that cannot be asked about is a warning."""
    try:
        list_use, warning = recorded_list(tools, given)
    except ApiError as error:
        warnings.append(f"the list's id could not be looked up: {error.what}")
        return given.list_use
    warnings += [warning] if warning else []
    return list_use


def _accounting(rows: RowCounts, given: Submitted) -> list[str]:
    """Hold the API's counts against what was sent: rows sent = rows read = valid + invalid."""
    warnings = []
    sent = given.artifact.rows
    if sent is not None and sent != rows.read:
        warnings.append(f"{sent} rows were sent and {rows.read} were read")
    if rows.read != rows.valid + rows.invalid:
        warnings.append(f"{rows.read} rows were read, but {rows.valid} valid and {rows.invalid} invalid were counted")
    return warnings


def _failed(tools: Tools, item: PlannedImport, given: Submitted, status: JobStatus) -> ImportOutcome:
    final = status.error_code.startswith(VALIDATION)
    told = job_failure(status.error_message, rejects.field_names(tools, item, given))
    message = told or "the API gave no reason"
    failure = Failure(kind="final" if final else "counted", code=status.error_code or "FAILED", message=message)
    record.failed(
        tools,
        item,
        attempt=given.attempt,
        failure=failure,
        given=given,
        rows=row_counts(status),
        correlation_id=status.correlation_id,
    )
    next_step = (
        f"check the mapping against the object's fields: syncer validate --online --spec {item.spec}"
        if final
        else f"when the cause is mended, try again: syncer apply --spec {item.spec}"
    )
    return ImportOutcome(
        item=item,
        result="failed",
        job=given.job,
        correlation_id=status.correlation_id,
        message=f"{failure.code}: {message}",
        next_step=next_step,
    )


def _may_upload_again(tools: Tools, item: PlannedImport, status: JobStatus) -> bool:
    """The guide: a file that could not be read is re-initialised and uploaded again; here up to `retry.attempts`."""
    if not status.error_code.startswith(SOURCE_UNREADABLE):
        return False
    life = tools.store.read().find(tools.lineage(item), item.file.path, item.generation, item.import_id)
    allowed = tools.specs[item.spec].retry.attempts
    return life is not None and life.counted_failures(item.preparation) < allowed


def _earlier_claim(tools: Tools, item: PlannedImport) -> Claimed | None:
    """Return the claim of a run that died before its permit, when it was for the same preparation."""
    log: Log = tools.store.read()
    life = log.find(tools.lineage(item), item.file.path, item.generation, item.import_id)
    claim = life.last_claim if life else None
    return claim if claim is not None and claim.preparation == item.preparation else None


def _values(tools: Tools, item: PlannedImport, spec: Spec) -> Values:
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - loads the zone's data

    today = tools.clock().astimezone(ZoneInfo(spec.timezone)).date()
    return Values(
        spec=spec.name, date=item.file.date or today, file=item.file, import_id=item.import_id, run=tools.run.id
    )


def _elapsed(tools: Tools, since: datetime) -> float:
    return (tools.clock() - since).total_seconds()
