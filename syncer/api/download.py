"""Fetch a presigned file of rejected rows: streamed, without the bearer token, following no redirect."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from syncer.api.address import Address, BadAddressError, parse_address
from syncer.api.connections import BLOCK_BYTES, NETWORK_ERRORS, Connections
from syncer.api.endpoints import DOWNLOAD_ERRORS
from syncer.api.failures import network_failure
from syncer.api.retry import BUSY_STATUS, RETRIED_STATUSES, Retrier, TransientError, parse_retry_after
from syncer.api.wire import Stopwatch, Tracer
from syncer.errors import ApiError, NotFound, RequestRejected, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from typing import BinaryIO

    import urllib3


class Downloader:
    """Fetches files from presigned URLs. Thread-safe."""

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

    def download(self, url: str, to: BinaryIO) -> int:
        """Write the file to `to` from where it stands, and give its length. A retry starts over, so `to` must seek.

        Raises RequestRejected or NotFound when the URL is not (any more) good, and Unavailable when retries did not
        help.
        """
        try:
            address = parse_address(url)
        except BadAddressError as error:
            raise RequestRejected(
                f"could not {DOWNLOAD_ERRORS.action}: the address is not usable", why=str(error)
            ) from None
        start = to.tell()

        def attempt(number: int) -> int:
            to.seek(start)
            to.truncate()
            to.writelines(self._blocks(address, number))
            return to.tell() - start

        return self._retrier.call(attempt)

    def _blocks(self, address: Address, attempt: int) -> Iterator[bytes]:
        headers = {"Accept-Encoding": "identity", "User-Agent": self._user_agent}
        watch = Stopwatch(DOWNLOAD_ERRORS, attempt, self._clock, self._tracer)
        try:
            response = self._connections.send("GET", address, headers=headers)
        except NETWORK_ERRORS as error:
            watch.stop()
            raise network_failure(DOWNLOAD_ERRORS.action, f"GET {address.origin}", error) from error
        watch.stop(response.status, response.headers.get("x-correlation-id", ""))
        try:
            if response.status != HTTPStatus.OK:
                raise self._failure(response, address)
            while block := _read_block(response, address):
                yield block
        finally:
            response.close()

    def _failure(self, response: urllib3.BaseHTTPResponse, address: Address) -> ApiError | TransientError:
        status = response.status
        retried = status in RETRIED_STATUSES
        error = _kind(status)(
            f"could not {DOWNLOAD_ERRORS.action}: HTTP {status}",
            status=status,
            where=f"GET {address.origin}",
            next_step="" if retried else "Ask the API for a fresh address: the one it gave expires.",
        )
        if not retried:
            return error
        retry_after = parse_retry_after(response.headers.get("retry-after"), self._clock())
        return TransientError(error, retry_after=retry_after, busy=status == BUSY_STATUS)


def _kind(status: int) -> type[ApiError]:
    if status in RETRIED_STATUSES or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unavailable
    return NotFound if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE} else RequestRejected


def _read_block(response: urllib3.BaseHTTPResponse, address: Address) -> bytes:
    try:
        return response.read(BLOCK_BYTES) or b""
    except NETWORK_ERRORS as error:
        raise network_failure(DOWNLOAD_ERRORS.action, f"GET {address.origin}", error) from error
