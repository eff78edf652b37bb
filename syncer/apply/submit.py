"""From prepared bytes to a permit: create a job, upload, map, and be ready to be given the leave to start it.

Nothing here can be noticed in the platform: what is cut off leaves an orphaned job at worst.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from syncer.apply.context import Tools
from syncer.apply.digesting import Digesting
from syncer.apply.prepared import Prepared
from syncer.apply.progress import Step
from syncer.apply.record import MappedJob
from syncer.errors import PrepareError, UploadFailed
from syncer.model.events import Claimed
from syncer.model.files import media_type
from syncer.model.identity import idempotency_key
from syncer.source.pins import changed_while_read
from syncer.values import format_size

if TYPE_CHECKING:
    from syncer.api.models import InitialisedJob, InitJob
    from syncer.prepare.artifact import Artifact

FRESH_URLS = 5
"""How often a URL that ran out before the file was there is replaced within one run; one that is refused before its
time is replaced once."""


@dataclass(frozen=True, slots=True)
class _Work:
    """One part of a prepared import, under the claim by which it is sent."""

    prepared: Prepared
    number: int
    held: Claimed

    @property
    def artifact(self) -> Artifact:
        return self.prepared.parts[self.number - 1]


def submit(tools: Tools, prepared: Prepared, held: Claimed, attempt: int, *, part: int = 1) -> MappedJob:
    """Bring one part of a claimed import to where only the permit and the start are missing.

    A job whose URL expired before the file was there is left behind for a new one, under the next attempt's number.
    Raises ApiError (and its kinds), PrepareError, and SourceError when the file changed meanwhile.
    """
    work, item = _Work(prepared, part, held), prepared.item
    uploading = tools.clock()
    for number in range(attempt, attempt + FRESH_URLS):
        try:
            mapped = _uploaded(tools, work, number)
        except UploadFailed as error:
            may_help = error.overdue or (error.expired and number == attempt)
            if not may_help or number == attempt + FRESH_URLS - 1:
                raise
            tools.reporter.step(item, Step.RETRYING, "the upload URL expired; a fresh job is made")
        else:
            mapped.seconds["prepare"] = prepared.seconds if part == 1 else 0.0
            mapped.seconds["upload"] = (tools.clock() - uploading).total_seconds()
            return mapped
    raise AssertionError("the last attempt returns or raises")


def _uploaded(tools: Tools, work: _Work, attempt: int) -> MappedJob:
    item, artifact, version = work.prepared.item, work.artifact, work.prepared.version.version
    request = _init_request(work)
    what = artifact.digest or [version, work.held.epoch]
    key = _key(tools, work, attempt, "init", [request.body(), what, item.preparation])
    job = tools.api.init_job(request, idempotency_key=key)
    tools.reporter.step(item, Step.UPLOADING, f"{job.job_id}, {format_size(artifact.size)}")
    digest = _deliver(tools, work, job)
    tools.reporter.step(item, Step.UPLOADED, job.job_id)
    mapping = [job.job_id, dict(artifact.source_fields), dict(artifact.field_map)]
    key = _key(tools, work, attempt, "mapping", mapping)
    correlation_id = tools.api.set_mapping(job.job_id, artifact.source_fields, artifact.field_map, idempotency_key=key)
    tools.reporter.step(item, Step.MAPPED, job.job_id)
    tools.stop.check()
    return MappedJob(
        item=item,
        held=work.held,
        part=work.number,
        parts=len(work.prepared.parts),
        attempt=attempt,
        job=job.job_id,
        artifact=work.prepared.facts(work.number, digest),
        content=artifact.content or digest,
        version=version,
        correlation_id=correlation_id or job.correlation_id,
        seconds={},
        warnings=work.prepared.made.warnings if work.number == 1 else (),
    )


def _deliver(tools: Tools, work: _Work, job: InitialisedJob) -> str:
    """Upload the artifact and return its digest, taken on the way where nobody has read the bytes before.

    Raises SourceError when the file changed meanwhile, whatever came of the upload.
    """
    item, artifact, version = work.prepared.item, work.artifact, work.prepared.version
    bodies: list[Digesting] = []

    def opened() -> BinaryIO:
        if artifact.path is not None:
            return artifact.open()
        bodies.append(Digesting(artifact.open()))
        return cast("BinaryIO", bodies[-1])

    try:
        tools.api.upload(
            job.upload,
            opened,
            artifact.size,
            media_type(artifact.format, artifact.compression),
            stop=tools.stop.raising,
            progress=lambda sent: tools.reporter.sent(item, sent, artifact.size),
        )
    except UploadFailed:
        version.verify(stop=tools.stop.raising)
        raise
    except OSError as error:
        version.verify(stop=tools.stop.raising)
        raise PrepareError(
            f"what was prepared of {item.file.path} cannot be read: {error.strerror or error}",
            next_step="try again: syncer apply",
        ) from error
    version.verify(stop=tools.stop.raising)
    if not bodies:
        return artifact.digest
    if artifact.digest not in ("", bodies[-1].digest):
        raise changed_while_read(item.file.path)
    return bodies[-1].digest


def _init_request(work: _Work) -> InitJob:
    from syncer.api.models import InitJob

    list_use, audience = work.held.list_use, work.held.audience
    return InitJob(
        object_name=work.prepared.item.object,
        file_name=work.artifact.file_name,
        file_size=work.artifact.size,
        create_list=list_use.name if list_use and list_use.create else None,
        target_list_id=list_use.id if list_use and not list_use.create else None,
        create_audience=audience.name if audience and audience.create else None,
        auto_profile=work.prepared.spec.auto_profile,
    )


def _key(tools: Tools, work: _Work, attempt: int, step: str, detail: object) -> str:
    item = work.prepared.item
    return idempotency_key(
        tools.workspace,
        item.import_id,
        generation=item.generation,
        part=work.number,
        attempt=attempt,
        step=step,
        detail=detail,
    )
