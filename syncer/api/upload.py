"""Deliver a file to a presigned URL: with a Content-Length, in constant memory, and without the bearer token.

The URL is a password: it is in no error, trace or `repr`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from syncer.api.address import Address, BadAddressError, parse_address
from syncer.api.body import Body, SourceFailedError
from syncer.api.connections import NETWORK_ERRORS, Connections
from syncer.api.endpoints import UPLOAD_FILE
from syncer.api.failures import CHECK_CERTIFICATES, certificate_problem, network_reason
from syncer.api.retry import BUSY_STATUS, RETRIED_STATUSES, Retrier, TransientError, parse_retry_after
from syncer.api.wire import Stopwatch, Tracer
from syncer.errors import UploadFailed

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import BinaryIO

    import urllib3

    from syncer.api.models import UploadTarget

# A store may take long to answer after the last byte: it checks and copies the file first.
_ANSWER_PATIENCE: Final = 10

_EXPIRED_STATUSES: Final = frozenset({401, 403, 404, 410})
_EXPIRED_CODE: Final = "ExpiredToken"  # S3's and GCS's word, which comes with status 400
_STALLED_CODE: Final = (
    "RequestTimeout"  # S3's word, with status 400, for a connection on which nothing came for a while
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One file to deliver. `open_body` opens it from the start, once an attempt; `size` is exactly its length in bytes.

    `stop` is asked between blocks: when it says True, Interrupted is raised (it may also raise an error of its own).
    `progress` is told how many bytes of the running attempt were sent; a retry begins again at 0.
    """

    open_body: Callable[[], BinaryIO]
    size: int
    content_type: str
    stop: Callable[[], bool] | None = None
    progress: Callable[[int], None] | None = None


class Uploader:
    """Sends files to presigned URLs. Thread-safe."""

    def __init__(
        self,
        connections: Connections,
        retrier: Retrier,
        *,
        clock: Callable[[], datetime],
        user_agent: str,
        tracer: Tracer | None,
    ) -> None:
        self._connections = connections
        self._retrier = retrier
        self._clock = clock
        self._user_agent = user_agent
        self._tracer = tracer

    def upload(self, target: UploadTarget, delivery: Delivery) -> None:
        """Send the file; only a 2xx after its last byte is a success.

        Raises UploadFailed, Interrupted, and whatever opening or reading the body raises.
        """
        try:
            address = parse_address(target.url)
        except BadAddressError as error:
            raise UploadFailed("the API gave an upload address that cannot be used", why=str(error)) from None
        headers = _headers(target, delivery, self._user_agent)
        self._retrier.call(lambda attempt: self._attempt(target, address, headers, delivery, attempt))

    def _attempt(
        self, target: UploadTarget, address: Address, headers: dict[str, str], delivery: Delivery, attempt: int
    ) -> None:
        with delivery.open_body() as file:
            body = Body(file, delivery.size, stop=delivery.stop, progress=delivery.progress)
            watch = Stopwatch(UPLOAD_FILE, attempt, self._clock, self._tracer)
            try:
                response = self._connections.send(
                    target.method,
                    address,
                    headers=headers,
                    body=body,
                    answer_timeout=_ANSWER_PATIENCE * self._connections.timeout,
                )
                code = _read_code(response)
            except NETWORK_ERRORS as error:
                watch.stop()
                raise _no_answer(error) from error
            except SourceFailedError as failure:
                watch.stop()
                raise failure.error from None
        watch.stop(response.status, response.headers.get("x-correlation-id", ""))
        self._judge(response, code, target, complete=body.is_complete)

    def _judge(self, response: urllib3.BaseHTTPResponse, code: str, target: UploadTarget, *, complete: bool) -> None:
        """Return if the file was taken; raise UploadFailed or TransientError if not.

        The store's word decides whether an address is still good: this machine's clock may be off, so it only helps to
        tell an address that ran out from one that was never good.
        """
        status = response.status
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            if not complete:
                raise TransientError(_failed(status, "the server answered before the whole file was sent"))
            return
        if status in RETRIED_STATUSES or code == _STALLED_CODE:
            retry_after = parse_retry_after(response.headers.get("retry-after"), self._clock())
            raise TransientError(_failed(status, code), retry_after=retry_after, busy=status == BUSY_STATUS)
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            raise _failed(status, "the server redirects, and an upload follows no redirect")
        expired = status in _EXPIRED_STATUSES or code == _EXPIRED_CODE
        overdue = target.expires_at is not None and self._clock() >= target.expires_at
        raise _failed(status, code, expired=expired, overdue=expired and (overdue or code == _EXPIRED_CODE))


def _failed(status: int, why: str, *, expired: bool = False, overdue: bool = False) -> UploadFailed:
    what = f"the upload was refused (HTTP {status})" + (": its address has expired or is not valid" if expired else "")
    return UploadFailed(what, status=status, expired=expired, overdue=overdue, why=why)


def _no_answer(error: BaseException) -> UploadFailed | TransientError:
    certificate = certificate_problem(error)
    if certificate:
        failed = UploadFailed("the upload server's certificate is not trusted", why=certificate)
        failed.next_step = CHECK_CERTIFICATES
        return failed
    return TransientError(UploadFailed("the upload was cut off", why=network_reason(error)))


def _headers(target: UploadTarget, delivery: Delivery, user_agent: str) -> dict[str, str]:
    """Give the headers: those that came with the URL as they are, and ours where they say nothing."""
    given = {name.lower(): value for name, value in target.headers.items()}
    size = str(delivery.size)
    if not re.fullmatch(r"[A-Z]{1,10}", target.method) or not all(map(_is_header, given.items())):
        raise UploadFailed("the API gave an upload address with a method or headers that cannot be sent")
    if given.get("content-length", size) != size:
        raise UploadFailed("the upload address was issued for a file of another size", why=f"the file has {size} bytes")
    ours = {"Content-Type": delivery.content_type, "Content-Length": size, "User-Agent": user_agent}
    return {**{name: value for name, value in ours.items() if name.lower() not in given}, **target.headers}


def _is_header(item: tuple[str, str]) -> bool:
    name, value = item
    is_name = re.fullmatch(r"[!#$%&'*+.^_`|~0-9a-z-]+", name) is not None
    return is_name and value.isprintable() and value.isascii()


def _read_code(response: urllib3.BaseHTTPResponse) -> str:
    """Read the answer, to its end if it is short so that the connection stays usable, and give the store's code."""
    try:
        text = (response.read(1 << 16) or b"").decode("utf-8", "replace")
    finally:
        response.close()
    if "has expired" in text:  # what S3 and its like say beside a code that means any refusal
        return _EXPIRED_CODE
    match = re.search(r"<Code>([A-Za-z]{1,60})</Code>", text)
    return match[1] if match else ""
