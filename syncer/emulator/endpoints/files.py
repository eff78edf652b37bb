"""The two presigned URLs: where a job's file is put, and where its rejected rows are fetched.

They stand for object storage, so they answer as it does: no envelope, XML errors, and no bearer token beside the
signature.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import FileResponse, Response

from syncer.emulator.envelope import RefusalError
from syncer.emulator.options import MAX_FILE_BYTES
from syncer.emulator.routing import DroppedError
from syncer.emulator.signing import SignatureRefusedError

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request

    from syncer.emulator.faults import Fault
    from syncer.emulator.world import World


class _StorageError(Exception):
    """A refusal in the storage's own words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.response = Response(
            f'<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>",
            status,
            media_type="application/xml",
        )


async def put_upload(world: World, request: Request, path: dict[str, str], fault: Fault | None) -> Response:
    """Take the raw bytes of a job's file. Until they are all there, and the job is not started, nothing changes."""
    job_id = path["jobId"]
    try:
        if fault is not None and fault.do == "expire_upload":
            await run_in_threadpool(_expire, world, job_id)
        await run_in_threadpool(_check_job, world, job_id)
        _check_signature(world, request)
        length = _content_length(world, request)
        part = world.jobs.upload_path(job_id).with_suffix(f".{uuid.uuid4().hex}.part")
        try:
            cut = fault.bytes if fault is not None and fault.do == "cut_after_bytes" else None
            digest = await _receive(request, part, length, cut)
            await run_in_threadpool(_keep, world, job_id, part, length)
        finally:
            part.unlink(missing_ok=True)
    except _StorageError as error:
        return error.response
    return Response(status_code=200, headers={"ETag": f'"{digest}"'})


async def get_error_file(world: World, request: Request, path: dict[str, str], _fault: Fault | None) -> Response:
    """Give a job's rejected rows as JSONL."""
    try:
        _check_signature(world, request)
    except _StorageError as error:
        return error.response
    return FileResponse(world.jobs.errors_path(path["jobId"]), media_type="application/x-ndjson")


def _check_signature(world: World, request: Request) -> None:
    if "authorization" in request.headers:
        raise _StorageError(400, "InvalidArgument", "only one way of authorization may be used: drop the header")
    try:
        world.signer.check(request.method, request.url.path, request.query_params)
    except SignatureRefusedError as error:
        raise _StorageError(403, "AccessDenied", str(error)) from error


def _content_length(world: World, request: Request) -> int:
    length = request.headers.get("content-length", "")
    if not length.isascii() or not length.isdigit() or "transfer-encoding" in request.headers:
        raise _StorageError(411, "MissingContentLength", "send a Content-Length, not chunks")
    if int(length) == 0:
        raise _StorageError(400, "EntityTooSmall", "the file is empty")
    if int(length) > MAX_FILE_BYTES:
        raise _StorageError(400, "EntityTooLarge", "the file is over 50 GB")
    for name, value in world.options.upload_headers.items():
        if request.headers.get(name) != value:
            raise _StorageError(403, "SignatureDoesNotMatch", f"the signed header {name} is missing or changed")
    return int(length)


def _check_job(world: World, job_id: str) -> None:
    try:
        job = world.jobs.get(job_id)
    except RefusalError as error:
        raise _StorageError(403, "AccessDenied", "the signature does not match the request") from error
    if world.clock.now() >= job.upload_expires_at:
        raise _StorageError(403, "AccessDenied", "the request has expired")
    if job.state not in {"pending", "ready"}:
        raise _StorageError(409, "OperationAborted", "the job was started; its file cannot change")


async def _receive(request: Request, part: Path, length: int, cut_after: int | None) -> str:
    """Write the body to `part`; give its MD5. Raises DroppedError when the sender went away or a script cuts it off."""
    digest = hashlib.md5(usedforsecurity=False)
    received = 0
    try:
        with part.open("wb") as file:
            async for chunk in request.stream():
                received += len(chunk)
                if cut_after is not None and received >= min(cut_after, length):
                    raise DroppedError
                file.write(chunk)
                digest.update(chunk)
    except ClientDisconnect as error:
        raise DroppedError from error
    return digest.hexdigest()


def _keep(world: World, job_id: str, part: Path, length: int) -> None:
    with world.store.write():
        _check_job(world, job_id)
        part.replace(world.jobs.upload_path(job_id))
        world.jobs.change(job_id, uploaded_bytes=length)


def _expire(world: World, job_id: str) -> None:
    world.jobs.change(job_id, upload_expires_at=world.clock.now())
