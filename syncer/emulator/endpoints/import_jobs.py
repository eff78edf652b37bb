"""Import jobs: init, mapping, start, status, errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncer.emulator.clock import rfc3339
from syncer.emulator.envelope import (
    INVALID_STATE,
    MAPPING_MISSING,
    REQUEST_SCHEMA,
    UPLOAD_MISSING,
    RefusalError,
    invalid,
    not_found,
)
from syncer.emulator.identifiers import new_id
from syncer.emulator.jobs import Counts, Job, JobOptions
from syncer.emulator.models import (
    ErrorsAnswer,
    InitAnswer,
    InitRequest,
    JobError,
    JobStatus,
    MappingAnswer,
    MappingRequest,
)
from syncer.emulator.options import ERROR_FILE_SECONDS
from syncer.emulator.reading import FORMATS, format_of

if TYPE_CHECKING:
    from syncer.emulator.catalogue import ObjectDefinition
    from syncer.emulator.routing import Call

UPLOAD_PATH = "/uploads/{}"
ERROR_FILE_PATH = "/error-files/{}"


def initialize(call: Call) -> InitAnswer:
    request: InitRequest = call.body
    _check_target(call, request)
    world = call.world
    expired = call.fault is not None and call.fault.do == "expire_upload"
    seconds = 0 if expired else world.options.upload_seconds
    job = _new_job(call, request, seconds)
    world.jobs.add(job)
    path = UPLOAD_PATH.format(job.landing_path)
    return InitAnswer(
        job_id=job.id,
        upload_url=f"{call.origin}{path}?{world.signer.query('PUT', path, seconds)}",
        expires_at=rfc3339(job.upload_expires_at),
        landing_path=job.landing_path,
        headers=dict(world.options.upload_headers),
        requested_by=job.requested_by,
    )


def _new_job(call: Call, request: InitRequest, upload_seconds: int) -> Job:
    clock = call.world.clock
    return Job(
        id=new_id("imp", clock.timestamp()),
        object_name=request.object_name,
        file_name=request.file_name,
        file_size=request.file_size,
        options=JobOptions(
            create_list=request.create_list,
            list_name=request.list_name,
            target_list_id=request.target_list_id,
            create_audience=request.create_audience,
            audience_name=request.audience_name,
            auto_profile_after_import=request.auto_profile_after_import,
        ),
        state="pending",
        requested_by=call.caller.subject,
        created_at=clock.now(),
        upload_expires_at=clock.after(upload_seconds),
        uploaded_bytes=None,
        source_fields=None,
        field_map=None,
        started_at=None,
        due_at=None,
        scripted_failure=None,
        finished_at=None,
        counts=Counts(),
        error_code=None,
        error_message=None,
    )


def _check_target(call: Call, request: InitRequest) -> None:
    """Refuse what can never be imported: unknown objects and lists, taken names, formats the API does not read."""
    world = call.world
    definition = world.catalogue.get(request.object_name)
    if definition is None:
        raise not_found("object", request.object_name)
    if not definition.file_import:
        raise invalid(f"{request.object_name} takes no file imports", path="objectName", value=request.object_name)
    if format_of(request.file_name) is None:
        supported = ", ".join(FORMATS)
        raise invalid(f"the file's extension is none of {supported}", path="fileName", value=request.file_name)
    wants_members = request.create_list or request.create_audience or request.target_list_id is not None
    if wants_members and definition.match_key is None:
        raise invalid(
            f"{request.object_name} has no match key, so no list or audience can be built from it", path="objectName"
        )
    if request.target_list_id is not None and not world.lists.exists(request.target_list_id):
        raise not_found("list", request.target_list_id)
    if request.list_name is not None and world.lists.named(request.list_name) is not None:
        remediation = "Add to it with targetListId, or choose another name."
        raise invalid("a list of that name exists", path="listName", value=request.list_name, remediation=remediation)
    if request.audience_name is not None and world.audiences.has_name(request.audience_name):
        raise invalid("an audience of that name exists", path="audienceName", value=request.audience_name)


def set_mapping(call: Call) -> MappingAnswer:
    job = _job_in(call, "pending", "ready")
    if job.uploaded_bytes is None:
        raise RefusalError(409, UPLOAD_MISSING, "upload the file before setting the mapping")
    request: MappingRequest = call.body
    _check_fields(call.world.catalogue[job.object_name], job.object_name, request)
    call.world.jobs.change(
        job.id, state="ready", source_fields=dict(request.source_fields), field_map=dict(request.field_map)
    )
    return MappingAnswer(
        job_id=job.id, state="ready", source_fields=dict(request.source_fields), field_map=dict(request.field_map)
    )


def _check_fields(definition: ObjectDefinition, object_name: str, request: MappingRequest) -> None:
    for column, field in request.field_map.items():
        if field not in definition.fields:
            raise RefusalError(
                422,
                REQUEST_SCHEMA,
                f"{object_name} has no field {field!r}",
                details={"path": f"fieldMap.{column}", "value": field},
                remediation=f"GET /metadata/objects/{object_name} lists the fields.",
            )
    mapped = set(request.field_map.values())
    for name, each in definition.fields.items():
        if each.required and name not in mapped:
            raise RefusalError(
                422,
                REQUEST_SCHEMA,
                f"{object_name} needs its field {name!r}, and no column is mapped to it",
                details={"path": "fieldMap", "value": name},
            )


def start(call: Call) -> JobStatus:
    job = _job_in(call, "pending", "ready")
    if job.uploaded_bytes is None:
        raise RefusalError(409, UPLOAD_MISSING, "nothing was uploaded for this job")
    if job.state == "pending":
        raise RefusalError(409, MAPPING_MISSING, "this job has no mapping")
    world, fault = call.world, call.fault
    failure = None
    due = world.clock.after(world.options.job_seconds) if world.options.job_seconds else world.clock.now()
    runs_by_itself = True
    if fault is not None and fault.do == "job_fails":
        failure = {"code": fault.code, "message": fault.message}
    elif fault is not None and fault.do == "stick":
        runs_by_itself = fault.seconds is not None
        due = world.clock.after(fault.seconds or 0)
    world.jobs.change(
        job.id,
        state="running",
        started_at=world.clock.now(),
        due_at=due if runs_by_itself else None,
        scripted_failure=failure,
    )
    if runs_by_itself:
        call.after_commit.append(lambda: world.runner.add(job.id, due.timestamp()))
    return _status(call, world.jobs.get(job.id))


def status(call: Call) -> JobStatus:
    return _status(call, call.world.jobs.get(call.path["jobId"]))


def _status(call: Call, job: Job) -> JobStatus:
    counts = call.world.runner.progress(job)
    fault = call.fault if call.fault is not None and call.fault.do == "lie" and job.state == "completed" else None
    return JobStatus.model_validate(
        {
            "jobId": job.id,
            "objectName": job.object_name,
            "fileName": job.file_name,
            "fileSize": job.file_size,
            "state": job.state,
            "readRows": counts.read_rows,
            "validRows": counts.valid_rows,
            "invalidRows": counts.invalid_rows,
            "mergedInserts": counts.merged_inserts,
            "mergedUpdates": counts.merged_updates,
            "requestedBy": job.requested_by,
            "createdAt": rfc3339(job.created_at),
            "startedAt": rfc3339(job.started_at) if job.started_at else None,
            "finishedAt": rfc3339(job.finished_at) if job.finished_at else None,
            "error": JobError(code=job.error_code, message=job.error_message or "") if job.error_code else None,
            **(fault.counts if fault is not None else {}),
        }
    )


def errors(call: Call) -> ErrorsAnswer:
    job = _job_in(call, "completed", "failed")
    if job.counts.invalid_rows == 0:
        return ErrorsAnswer(has_errors=False, error_file_url=None, expires_at=None, error_count=0)
    path = ERROR_FILE_PATH.format(job.id)
    query = call.world.signer.query("GET", path, ERROR_FILE_SECONDS)
    return ErrorsAnswer(
        has_errors=True,
        error_file_url=f"{call.origin}{path}?{query}",
        expires_at=rfc3339(call.world.clock.after(ERROR_FILE_SECONDS)),
        error_count=job.counts.invalid_rows,
    )


def _job_in(call: Call, *states: str) -> Job:
    job = call.world.jobs.get(call.path["jobId"])
    if job.state not in states:
        wanted = " or ".join(states)
        details = {"path": "state", "value": job.state}
        raise RefusalError(
            409, INVALID_STATE, f"the job is {job.state}; this needs one that is {wanted}", details=details
        )
    return job
