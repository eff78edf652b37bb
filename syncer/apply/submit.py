"""From a claim to a permit: make the artifact, create a job, upload, map, and be given the leave to start it.

Nothing here can be noticed in the platform: what is cut off leaves an orphaned job at worst.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from syncer.apply.checking import check_rows
from syncer.apply.context import Tools
from syncer.apply.digesting import Digesting
from syncer.apply.private import private_folder
from syncer.apply.progress import Step
from syncer.apply.record import MappedJob
from syncer.apply.repairs import kept_artifact
from syncer.errors import PrepareError, UploadFailed
from syncer.model.events import ArtifactFacts, Claimed
from syncer.model.files import SourceFile, media_type
from syncer.model.identity import idempotency_key
from syncer.model.spec import Spec
from syncer.plan import PlannedImport
from syncer.source.pins import Held, changed_while_read
from syncer.values import format_size

if TYPE_CHECKING:
    from syncer.api.models import InitialisedJob, InitJob
    from syncer.prepare.artifact import Artifact

FRESH_URLS = 5
"""How often a URL that ran out before the file was there is replaced within one run; one that is refused before its
time is replaced once."""


@dataclass(frozen=True, slots=True)
class Work:
    """One claimed import with its artifact: everything the calls to the API are made from."""

    item: PlannedImport
    spec: Spec
    held: Claimed
    artifact: Artifact
    version: Held
    invalid: int | None = None


@contextmanager
def work_folder(tools: Tools, item: PlannedImport) -> Iterator[Path]:
    """Give a private folder for one import's artifact, and remove it with all it holds."""
    import shutil

    folder = private_folder(tools.work_dir / f"{item.import_id}-{item.generation}")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def submit(tools: Tools, item: PlannedImport, spec: Spec, held: Claimed, attempt: int) -> MappedJob:
    """Bring a claimed import to where only the permit and the start are missing.

    A job whose URL expired before the file was there is left behind for a new one, under the next attempt's number.
    Raises ApiError (and its kinds), PrepareError, and SourceError when the file changed meanwhile.
    """
    began = tools.clock()
    with work_folder(tools, item) as folder:
        work = _prepared(tools, item, spec, held, folder)
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
                mapped.seconds["prepare"] = (uploading - began).total_seconds()
                mapped.seconds["upload"] = (tools.clock() - uploading).total_seconds()
                return mapped
    raise AssertionError("the last attempt returns or raises")


def _prepared(tools: Tools, item: PlannedImport, spec: Spec, held: Claimed, folder: Path) -> Work:
    from syncer.prepare.prepare import prepare

    tools.reporter.step(item, Step.PREPARING)
    if item.repairs:
        return Work(item, spec, held, *kept_artifact(tools, item, spec, held))
    version = tools.sources.pin(item.file, spec.source, stop=tools.stop.raising)
    readable = _readable(item.file, version, tools)
    artifact = prepare(
        readable,
        spec,
        batch_value=held.batch,
        work_dir=folder,
        memory_limit=tools.memory_limit,
        stop=tools.stop.raising,
        mask_key=tools.mask_key,
    )
    invalid = check_rows(tools, item, spec, artifact, file=readable, work_dir=folder)
    return Work(item, spec, held, artifact, version, invalid)


def _readable(file: SourceFile, version: Held, tools: Tools) -> SourceFile:
    """Give the file the way in which its bytes are read: by its path on this disk, or held to a store's version."""
    if version.location is not None:
        return file
    return replace(file, opener=lambda: version.open(stop=tools.stop.raising))


def _uploaded(tools: Tools, work: Work, attempt: int) -> MappedJob:
    item, artifact = work.item, work.artifact
    request = _init_request(work)
    what = artifact.digest or [work.version.version, work.held.epoch]
    key = _key(tools, item, attempt, "init", [request.body(), what, item.preparation])
    job = tools.api.init_job(request, idempotency_key=key)
    tools.reporter.step(item, Step.UPLOADING, f"{job.job_id}, {format_size(artifact.size)}")
    digest = _deliver(tools, work, job)
    tools.reporter.step(item, Step.UPLOADED, job.job_id)
    mapping = [job.job_id, dict(artifact.source_fields), dict(artifact.field_map)]
    key = _key(tools, item, attempt, "mapping", mapping)
    correlation_id = tools.api.set_mapping(job.job_id, artifact.source_fields, artifact.field_map, idempotency_key=key)
    tools.reporter.step(item, Step.MAPPED, job.job_id)
    tools.stop.check()
    return MappedJob(
        item=item,
        held=work.held,
        attempt=attempt,
        job=job.job_id,
        artifact=_facts(artifact, digest, work.invalid),
        content=artifact.content or digest,
        version=work.version.version,
        correlation_id=correlation_id or job.correlation_id,
        seconds={},
    )


def _deliver(tools: Tools, work: Work, job: InitialisedJob) -> str:
    """Upload the artifact and return its digest, taken on the way where nobody has read the bytes before.

    Raises SourceError when the file changed meanwhile, whatever came of the upload.
    """
    item, artifact = work.item, work.artifact
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
        work.version.verify(stop=tools.stop.raising)
        raise
    except OSError as error:
        work.version.verify(stop=tools.stop.raising)
        raise PrepareError(
            f"what was prepared of {item.file.path} cannot be read: {error.strerror or error}",
            next_step="try again: syncer apply",
        ) from error
    work.version.verify(stop=tools.stop.raising)
    if not bodies:
        return artifact.digest
    if artifact.digest not in ("", bodies[-1].digest):
        raise changed_while_read(item.file.path)
    return bodies[-1].digest


def _init_request(work: Work) -> InitJob:
    from syncer.api.models import InitJob

    list_use, audience = work.held.list_use, work.held.audience
    return InitJob(
        object_name=work.item.object,
        file_name=work.artifact.file_name,
        file_size=work.artifact.size,
        create_list=list_use.name if list_use and list_use.create else None,
        target_list_id=list_use.id if list_use and not list_use.create else None,
        create_audience=audience.name if audience and audience.create else None,
        auto_profile=work.spec.auto_profile,
    )


def _facts(artifact: Artifact, digest: str, invalid: int | None) -> ArtifactFacts:
    return ArtifactFacts(
        digest=digest,
        size=artifact.size,
        columns=artifact.columns,
        file_name=artifact.file_name,
        rows=artifact.rows,
        invalid=invalid,
    )


def _key(tools: Tools, item: PlannedImport, attempt: int, step: str, detail: object) -> str:
    return idempotency_key(
        tools.workspace, item.import_id, generation=item.generation, part=1, attempt=attempt, step=step, detail=detail
    )
