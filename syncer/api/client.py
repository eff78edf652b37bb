"""The Import Jobs API as one object: `connect` makes it, each method is one call of the contract.

    api = connect("https://api.experiture.ai/public/v1", StaticToken(os.environ["EXPERITURE_API_KEY"]))
    job = api.init_job(InitJob(object_name="profiles", file_name="a.csv", file_size=42), idempotency_key=key)

Every method is safe to call from several threads. Calls are retried where that is right: on 409, 429, 5xx and when
there was no answer, with the same bytes under the same Idempotency-Key. When they give up, they raise AuthError,
NotFound, RequestRejected, Unavailable, or ApiError for an answer that cannot be understood; all carry the correlation
id.
"""

from __future__ import annotations

import json
import platform
import random as random_module
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, Self

from syncer import __version__
from syncer.api import decode, endpoints
from syncer.api.connections import Connections
from syncer.api.download import Downloader
from syncer.api.paging import PAGE_SIZE, walk_pages
from syncer.api.retry import Retrier, RetryPolicy
from syncer.api.token_endpoint import TokenEndpoint
from syncer.api.transport import Transport
from syncer.api.upload import Delivery, Uploader
from syncer.api.wire import Wire
from syncer.errors import RequestRejected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import BinaryIO

    from syncer.api.auth import Auth
    from syncer.api.endpoints import Call
    from syncer.api.models import (
        AudiencePreview,
        BatchOutcome,
        InitialisedJob,
        InitJob,
        JobErrors,
        JobStatus,
        ListInfo,
        ObjectInfo,
        UploadTarget,
    )
    from syncer.api.wire import Tracer

USER_AGENT = f"syncer/{__version__} (+python {platform.python_version()})"

SMALLEST_BATCH = 2
LARGEST_BATCH = 10_000


def utc_now() -> datetime:
    return datetime.now(UTC)


def connect(
    base_url: str,
    auth: Auth,
    *,
    timeout: float = 30.0,
    sleep: Callable[[float], None] = time.sleep,
    random: Callable[[], float] = random_module.random,
    clock: Callable[[], datetime] = utc_now,
    policy: RetryPolicy | None = None,
    user_agent: str = USER_AGENT,
    tracer: Tracer | None = None,
) -> ImportApi:
    """Make a client; nothing is sent yet. Raises Refused for a base URL that is not HTTPS (or HTTP on loopback).

    `timeout` is in seconds, for connecting and for each wait on the network. `sleep` waits between retries, and may
    raise to abort. `random` gives numbers in [0, 1), `clock` the aware time. `tracer` is told about every request,
    without secrets.
    """
    retrier = Retrier(policy or RetryPolicy(), sleep=sleep, random=random)
    connections = Connections(timeout=timeout)
    wire = Wire(connections, clock=clock, tracer=tracer)
    tokens = TokenEndpoint(wire, retrier, clock=clock, user_agent=user_agent)
    transport = Transport(
        base_url,
        auth,
        wire=wire,
        token_exchange=tokens.exchange,
        retrier=retrier,
        clock=clock,
        user_agent=user_agent,
    )
    uploader = Uploader(connections, retrier, clock=clock, user_agent=user_agent, tracer=tracer)
    downloader = Downloader(connections, retrier, clock=clock, user_agent=user_agent, tracer=tracer)
    return ImportApi(transport, uploader, downloader, connections)


class ImportApi:
    """One workspace of the API. Use `connect` to make one, and `close` (or `with`) to let go of its connections."""

    def __init__(
        self, transport: Transport, uploader: Uploader, downloader: Downloader, connections: Connections
    ) -> None:
        self._transport = transport
        self._uploader = uploader
        self._downloader = downloader
        self._connections = connections

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        self._connections.close()

    # Import jobs

    def init_job(self, request: InitJob, *, idempotency_key: str) -> InitialisedJob:
        """Create a job, which then waits for its file and its mapping."""
        answer = self._transport.call(endpoints.INIT_JOB, body=request.body(), idempotency_key=idempotency_key)
        return decode.initialised_job(answer)

    def upload(
        self,
        target: UploadTarget,
        body: Callable[[], BinaryIO],
        size: int,
        content_type: str,
        *,
        stop: Callable[[], bool] | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        """Send a job's file in constant memory. `body` opens it anew for each attempt; it has exactly `size` bytes.

        The file is read up to one byte past `size` to be sure of that. `stop` is asked between blocks and at True
        raises Interrupted, or raises an error of its own. `progress` is told the bytes sent in the running attempt.
        Raises UploadFailed (`expired`: only a new job's URL will do), and whatever opening or reading the body raises.
        """
        self._uploader.upload(
            target, Delivery(open_body=body, size=size, content_type=content_type, stop=stop, progress=progress)
        )

    def set_mapping(
        self, job_id: str, source_fields: Mapping[str, str], field_map: Mapping[str, str], *, idempotency_key: str
    ) -> str:
        """Tell which column ({column: type}) goes to which field ({column: field}), and give the correlation id.

        Raises RequestRejected with status 422 for a field that the object lacks.
        """
        body = {"sourceFields": dict(source_fields), "fieldMap": dict(field_map)}
        return self._transport.call(
            endpoints.SET_MAPPING, segments={"job_id": job_id}, body=body, idempotency_key=idempotency_key
        ).correlation_id

    def start_job(self, job_id: str, *, idempotency_key: str) -> str:
        """Start the job, and give the correlation id. After Unavailable, only `get_job` tells whether it runs."""
        return self._transport.call(
            endpoints.START_JOB, segments={"job_id": job_id}, body={}, idempotency_key=idempotency_key
        ).correlation_id

    def get_job(self, job_id: str) -> JobStatus:
        return decode.job_status(self._transport.call(endpoints.GET_JOB, segments={"job_id": job_id}), job_id)

    def get_errors(self, job_id: str) -> JobErrors:
        """Ask where the job's rejected rows can be fetched."""
        return decode.job_errors(self._transport.call(endpoints.GET_ERRORS, segments={"job_id": job_id}))

    def download_errors(self, url: str, to: BinaryIO) -> int:
        """Write the file of rejected rows to `to`, which must seek and truncate, and give its length in bytes."""
        return self._downloader.download(url, to)

    # Metadata

    def list_objects(self) -> tuple[ObjectInfo, ...]:
        """List the workspace's objects, without their fields."""
        return tuple(map(decode.object_info, self._transport.call(endpoints.LIST_OBJECTS).items("items")))

    def get_object(self, name: str) -> ObjectInfo:
        """Describe one object with its fields."""
        return decode.object_info(self._transport.call(endpoints.GET_OBJECT, segments={"object_name": name}))

    # Lists

    def find_list(self, name: str) -> ListInfo | None:
        """Give the list of exactly this name, or None. Raises RequestRejected if several have it."""
        found = {item.list_id: item for item in self.iter_lists() if item.name == name}
        if len(found) > 1:
            raise RequestRejected(
                f"there are {len(found)} lists named {name!r}",
                why=f"their ids are {', '.join(sorted(found))}",
                next_step="Name the list by its id: list.add_to.",
            )
        return next(iter(found.values()), None)

    def iter_lists(self) -> Iterator[ListInfo]:
        """Give all lists; pages are fetched as they are needed."""
        pages = walk_pages(
            lambda page: self._transport.call(endpoints.LIST_LISTS, query={"page": page, "pageSize": PAGE_SIZE})
        )
        return map(decode.list_info, pages)

    def get_list(self, list_id: str) -> ListInfo:
        return decode.list_info(self._transport.call(endpoints.GET_LIST, segments={"list_id": list_id}))

    def create_list(self, name: str, *, description: str = "", idempotency_key: str) -> ListInfo:
        """Create an empty static list. The name has 1 to 200 characters, the description up to 2000."""
        body = {"name": name} | ({"description": description} if description else {})
        return decode.list_info(self._transport.call(endpoints.CREATE_LIST, body=body, idempotency_key=idempotency_key))

    def update_list(
        self, list_id: str, *, name: str | None = None, description: str | None = None, idempotency_key: str
    ) -> ListInfo:
        """Change a list's name or description; what is None stays."""
        wanted = {"name": name, "description": description}
        body = {key: value for key, value in wanted.items() if value is not None}
        return decode.list_info(
            self._transport.call(
                endpoints.UPDATE_LIST, segments={"list_id": list_id}, body=body, idempotency_key=idempotency_key
            )
        )

    def delete_list(self, list_id: str, *, idempotency_key: str) -> None:
        self._transport.call(endpoints.DELETE_LIST, segments={"list_id": list_id}, idempotency_key=idempotency_key)

    def iter_members(self, list_id: str) -> Iterator[Mapping[str, object]]:
        """Give the list's members as the API has them, which is people's data; pages are fetched as they are needed."""
        pages = walk_pages(
            lambda page: self._transport.call(
                endpoints.GET_MEMBERS, segments={"list_id": list_id}, query={"page": page, "pageSize": PAGE_SIZE}
            )
        )
        return (member.data for member in pages)

    def add_members(self, list_id: str, contact_keys: Sequence[str], *, idempotency_key: str) -> str:
        """Add contacts by e-mail address (compared trimmed and in lower case), and give the correlation id."""
        body = {"contactKeys": list(contact_keys), "normalizationMode": "email_lower_trim"}
        return self._transport.call(
            endpoints.ADD_MEMBERS, segments={"list_id": list_id}, body=body, idempotency_key=idempotency_key
        ).correlation_id

    def remove_members(self, list_id: str, contact_keys: Sequence[str], *, idempotency_key: str) -> str:
        """Remove contacts as `add_members` adds them, and give the correlation id."""
        body = {"contactKeys": list(contact_keys), "normalizationMode": "email_lower_trim"}
        return self._transport.call(
            endpoints.REMOVE_MEMBERS, segments={"list_id": list_id}, body=body, idempotency_key=idempotency_key
        ).correlation_id

    # Audiences

    def preview_audience(self, audience_id: str, *, limit: int = 10) -> AudiencePreview:
        """Count whom the audience matches now, with up to `limit` (1 to 1000) of them."""
        answer = self._transport.call(
            endpoints.PREVIEW_AUDIENCE, segments={"audience_id": audience_id}, body={"limit": limit}
        )
        return decode.audience_preview(answer, audience_id)

    # Records

    def upsert_batch(
        self,
        object_name: str,
        records: Sequence[Mapping[str, object]],
        *,
        match_key: str | None = None,
        idempotency_key: str,
    ) -> BatchOutcome:
        """Merge 2 to 10,000 records into an object. Raises RequestRejected, unsent, for more, fewer, or over 10 MB."""
        return self._send_batch("upsert", object_name, records, match_key, idempotency_key)

    def upsert_written(
        self, object_name: str, records: Sequence[bytes], *, match_key: str | None = None, idempotency_key: str
    ) -> BatchOutcome:
        """Merge records that are JSON already, digit by digit as they are written; otherwise as `upsert_batch`."""
        _check_length(endpoints.UPSERT_BATCH, len(records))
        key = b"" if match_key is None else b',"matchKey":' + json.dumps(match_key, ensure_ascii=False).encode()
        answer = self._transport.call(
            endpoints.UPSERT_BATCH,
            segments={"object_name": object_name},
            body=b'{"records":[' + b",".join(records) + b"]" + key + b"}",
            idempotency_key=idempotency_key,
        )
        return decode.batch_outcome(answer)

    def append_batch(
        self,
        object_name: str,
        records: Sequence[Mapping[str, object]],
        *,
        match_key: str | None = None,
        idempotency_key: str,
    ) -> BatchOutcome:
        """Insert 2 to 10,000 records into an object; otherwise as `upsert_batch`."""
        return self._send_batch("append", object_name, records, match_key, idempotency_key)

    def _send_batch(
        self,
        mode: Literal["upsert", "append"],
        object_name: str,
        records: Sequence[Mapping[str, object]],
        match_key: str | None,
        idempotency_key: str,
    ) -> BatchOutcome:
        call = endpoints.UPSERT_BATCH if mode == "upsert" else endpoints.APPEND_BATCH
        _check_length(call, len(records))
        body: dict[str, object] = {"records": [dict(record) for record in records]}
        if match_key is not None:
            body["matchKey"] = match_key
        answer = self._transport.call(
            call, segments={"object_name": object_name}, body=body, idempotency_key=idempotency_key
        )
        return decode.batch_outcome(answer)


def _check_length(call: Call, records: int) -> None:
    if not SMALLEST_BATCH <= records <= LARGEST_BATCH:
        raise RequestRejected(
            f"could not {call.action}: a batch holds {SMALLEST_BATCH} to {LARGEST_BATCH:,} records",
            why=f"this one has {records:,}",
        )
