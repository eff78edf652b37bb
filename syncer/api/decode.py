"""Make the typed values of `models` out of the API's answers.

Where the vendor's reference is silent on a key's name, the likely ones are all understood.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from syncer.api.models import (
    AudiencePreview,
    BatchOutcome,
    FieldInfo,
    InitialisedJob,
    JobErrors,
    JobStatus,
    ListInfo,
    ObjectInfo,
    RecordOutcome,
    UploadTarget,
    WriteMode,
    as_job_state,
)
from syncer.api.sanitize import sanitize

if TYPE_CHECKING:
    from syncer.api.answer import Answer

_CODE = re.compile(r"\bCDP_ETL(?:\.[A-Z0-9_]+)+")
_REJECTED_WORDS = frozenset({"error", "failed", "failure", "invalid", "rejected"})


def initialised_job(answer: Answer) -> InitialisedJob:
    headers = answer.part("headers").data
    target = UploadTarget(
        url=answer.text("uploadUrl"),
        method=answer.optional_text("method").upper() or "PUT",
        headers={name: str(value) for name, value in headers.items()},
        expires_at=answer.optional_moment("expiresAt"),
    )
    return InitialisedJob(
        job_id=answer.text("jobId"),
        upload=target,
        landing_path=answer.optional_text("landingPath"),
        requested_by=answer.optional_text("requestedBy"),
        correlation_id=answer.correlation_id,
    )


def job_status(answer: Answer, job_id: str) -> JobStatus:
    state = as_job_state(answer.text("state", "status"))
    code, message = failure_reason(answer) if state == "failed" else ("", "")
    return JobStatus(
        job_id=answer.optional_text("jobId", "id") or job_id,
        state=state,
        read_rows=answer.count("readRows"),
        valid_rows=answer.count("validRows"),
        invalid_rows=answer.count("invalidRows"),
        merged_inserts=answer.count("mergedInserts"),
        merged_updates=answer.count("mergedUpdates"),
        error_code=code,
        error_message=message,
        started_at=answer.optional_moment("startedAt"),
        finished_at=answer.optional_moment("finishedAt", "completedAt", "failedAt"),
        correlation_id=answer.correlation_id,
    )


def failure_reason(answer: Answer) -> tuple[str, str]:
    """Give the code and the message of a failed job, each "" if it is nowhere to be found; no message repeats its code.

    The reference does not say where they stand: an object (`error: {code, message}`), a text with the code in it, or
    flat keys.
    """
    code = answer.optional_text("errorCode", "failureCode", "code")
    message = answer.optional_text("errorMessage", "failureMessage", "message")
    for key in ("error", "failure", "failureReason", "lastError", "reason", "statusReason"):
        value = answer.data.get(key)
        if isinstance(value, Mapping):
            inner = answer.part(key)
            code = code or inner.optional_text("code", "errorCode")
            message = message or inner.optional_text("message", "errorMessage", "reason", "detail")
        elif isinstance(value, str):
            message = message or value
    if not _CODE.match(code):
        found = _CODE.search(message)
        code = found[0] if found else code
    return sanitize(code), sanitize(_without_code(message, code))


def _without_code(message: str, code: str) -> str:
    """Take the code off the front of the message, however often it stands there: both are shown side by side."""
    return re.sub(rf"^(?:(?:{re.escape(code)}|FAILED)[:\s]\s*)+", "", message) if code else message


def job_errors(answer: Answer) -> JobErrors:
    count = answer.count("errorCount")
    told = answer.flag("hasErrors")
    return JobErrors(
        has_errors=count > 0 if told is None else told,
        url=answer.optional_text("errorFileUrl"),
        expires_at=answer.optional_moment("expiresAt"),
        count=count,
        correlation_id=answer.correlation_id,
    )


def object_info(answer: Answer) -> ObjectInfo:
    ingestion = answer.part("ingestion")
    mode = ingestion.optional_text("defaultWriteMode") or answer.optional_text("defaultWriteMode")
    key = answer.optional_text("matchKey", "defaultMatchKey") or ingestion.optional_text("matchKey", "defaultMatchKey")
    return ObjectInfo(
        name=answer.text("objectName", "name"),
        object_type=answer.optional_text("objectType"),
        write_mode=cast("WriteMode", mode) if mode in {"upsert", "append"} else None,
        file_import=ingestion.flag("fileImport"),
        match_key=key or None,
        fields=tuple(map(_field_info, answer.items("fields"))) if answer.data.get("fields") is not None else (),
    )


def _field_info(answer: Answer) -> FieldInfo:
    return FieldInfo(
        name=answer.text("name"),
        type=answer.text("type", "dataType"),
        required=answer.flag("required") or False,
        nullable=answer.flag("nullable", "isNullable"),
        enum_values=answer.texts("enumValues", "enum", "allowedValues"),
    )


def list_info(answer: Answer) -> ListInfo:
    return ListInfo(
        list_id=answer.text("id", "listId"),
        name=answer.text("name"),
        member_count=answer.optional_count("memberCount"),
        created_at=answer.optional_moment("createdAt"),
        status=answer.optional_text("status"),
    )


def audience_preview(answer: Answer, audience_id: str) -> AudiencePreview:
    has_samples = answer.data.get("sampleRecords") is not None
    return AudiencePreview(
        audience_id=answer.optional_text("audienceId") or audience_id,
        match_count=answer.count("matchCount"),
        is_exact=answer.flag("isExact") or False,
        execution_ms=answer.count("executionTimeMs"),
        fields_used=answer.texts("fieldsUsed"),
        sample_records=tuple(record.data for record in answer.items("sampleRecords")) if has_samples else (),
    )


def batch_outcome(answer: Answer) -> BatchOutcome:
    records = answer.items("results", "outcomes", "records", "items")
    return BatchOutcome(tuple(map(_record_outcome, records, range(len(records)))), answer.correlation_id)


def _record_outcome(answer: Answer, position: int) -> RecordOutcome:
    status = answer.optional_text("status", "outcome", "result", "action")
    code, message = failure_reason(answer)
    succeeded = answer.flag("success", "accepted", "ok")
    if succeeded is None:
        succeeded = status.lower() not in _REJECTED_WORDS and answer.data.get("error") is None
    index = answer.optional_count("index")
    return RecordOutcome(position if index is None else index, succeeded, status, code, message)
