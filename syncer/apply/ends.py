"""Record how a job ended, and tell the run what became of the import."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from syncer.apply import record, rejects
from syncer.apply.context import Tools
from syncer.apply.follow import row_counts
from syncer.apply.outcome import ImportOutcome
from syncer.apply.reasons import job_failure
from syncer.apply.resources import recorded_list
from syncer.errors import ApiError, Interrupted, SyncerError
from syncer.model.events import Failure, ListUse, RowCounts, Submitted
from syncer.plan import PlannedImport

if TYPE_CHECKING:
    from syncer.api.models import JobStatus

SOURCE_UNREADABLE = "CDP_ETL.IMPORT."
VALIDATION = "CDP_ETL.VALIDATION."


def ended(
    tools: Tools,
    item: PlannedImport,
    given: Submitted,
    status: JobStatus,
    seconds: dict[str, float],
    *,
    kept: rejects.Fetched | None = None,
) -> ImportOutcome:
    """Record the end of a job that is in a terminal state. `kept` are its rejected rows, if this machine has them."""
    if status.state == "completed":
        return _completed(tools, item, given, status, seconds, kept=kept)
    return _failed(tools, item, given, status)


def _completed(
    tools: Tools,
    item: PlannedImport,
    given: Submitted,
    status: JobStatus,
    seconds: dict[str, float],
    *,
    kept: rejects.Fetched | None,
) -> ImportOutcome:
    rows = row_counts(status)
    residual = _residual(rows, given)
    warnings = [*residual, *_repeated_keys(rows), *_mispredicted(rows, given)]
    fetched = kept or (_rejected_rows(tools, item, given, warnings) if rows.invalid else None)
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
        residual=residual,
        list_use=list_use,
    )
    held_back = given.artifact.quarantined or 0
    systematic = rows.read + held_back > 0 and rows.invalid == rows.read
    rejects_file = fetched.file if fetched else _held_back_file(tools, item) if held_back else None
    message, next_step = _of_systematic(item, rejects_file) if systematic else ("", "")
    return ImportOutcome(
        item=item,
        result="completed",
        message=message,
        next_step=next_step,
        job=given.job,
        correlation_id=status.correlation_id,
        rows=rows,
        rejections=fetched.rejections if fetched else (),
        rejects_file=rejects_file,
        suppressed=given.artifact.suppressed or 0,
        quarantined=held_back,
        held_back=given.artifact.held_back or (),
        systematic=systematic,
        over_limit=over_limit(tools, item, rows),
        warnings=tuple(warnings),
    )


def _mispredicted(rows: RowCounts, given: Submitted) -> Iterator[str]:
    """Say that the API judged rows differently from what was expected before they were sent."""
    expected = given.artifact.invalid
    if expected is not None and expected != rows.invalid:
        yield f"{expected} rows were expected to be rejected, and {rows.invalid} were"


def over_limit(tools: Tools, item: PlannedImport, rows: RowCounts) -> bool:
    """Whether more of the rows were rejected than the spec's checks allow."""
    spec = tools.specs.get(item.spec)
    limit = spec.checks.max_invalid if spec is not None else None
    return limit is not None and rows.invalid > limit * rows.read


def _of_systematic(item: PlannedImport, rejects_file: str | None) -> tuple[str, str]:
    """Say what to look at where no row was taken, and how what has not changed is imported again."""
    look = rejects_file or item.file.path
    message = (
        "every row was rejected: most often dates without an offset or a wrong column; "
        f"look at the first rows of {look}, then mend the source or the mapping"
    )
    if item.repairs:
        return message, f"mend the rows in a file: syncer rejects get {item.import_id} --out FILE.csv"
    next_step = (
        "a mended source is imported by the next run; for a mended mapping have the file imported again: "
        f'syncer forget {item.import_id} --reason "the mapping was mended"'
    )
    return message, next_step


def _held_back_file(tools: Tools, item: PlannedImport) -> str | None:
    """Return where the rows are that were held back, where that was on this machine."""
    path = rejects.quarantine_file(tools.rejects_dir, item.spec, item.import_id, item.generation)
    if tools.deposit is not None:
        return tools.deposit.address(path.relative_to(tools.rejects_dir).as_posix())
    return rejects.shown_path(path, tools.root) if path.is_file() else None


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


def _residual(rows: RowCounts, given: Submitted) -> tuple[str, ...]:
    """Hold the API's counts against what was sent: rows sent = rows read = valid + invalid. Empty: they agree."""
    found = []
    sent = given.artifact.rows
    if sent is not None and sent != rows.read:
        found.append(f"{sent} rows were sent and {rows.read} were read")
    if rows.read != rows.valid + rows.invalid:
        found.append(f"{rows.read} rows were read, but {rows.valid} valid and {rows.invalid} invalid were counted")
    return tuple(found)


def _repeated_keys(rows: RowCounts) -> list[str]:
    merged = rows.inserts + rows.updates
    if merged == rows.valid:
        return []
    return [f"{rows.valid} valid rows were merged as {merged}: keys that the file repeats are the API's own business"]


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


def may_upload_again(tools: Tools, item: PlannedImport, status: JobStatus) -> bool:
    """The guide: a file that could not be read is re-initialised and uploaded again; here up to `retry.attempts`."""
    if not status.error_code.startswith(SOURCE_UNREADABLE):
        return False
    life = tools.store.read().find(tools.lineage(item), item.file.path, item.generation, item.import_id)
    allowed = tools.specs[item.spec].retry.attempts
    return life is not None and life.counted_failures(item.preparation) < allowed
