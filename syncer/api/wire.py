"""One request and its whole answer, traced: what the API's calls and the token endpoint have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from syncer.api.connections import NETWORK_ERRORS, Connections
from syncer.api.failures import RawAnswer, correlation_id_of, network_failure
from syncer.errors import ApiError

if TYPE_CHECKING:
    import urllib3

    from syncer.api.address import Address
    from syncer.api.endpoints import Call

_LARGEST_ANSWER: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class Trace:
    """One request as it may be logged: `path` is the template, so that no id, query or signature stands in it.

    `status` is 0, `correlation_id` "" and `server_time` None when there was no answer. `attempt` counts from 1 within a
    call.
    """

    method: str
    path: str
    status: int
    correlation_id: str
    attempt: int
    seconds: float
    server_time: datetime | None = None


Tracer = Callable[[Trace], None]


class Stopwatch:
    """Tells the tracer about one request that begins now."""

    def __init__(self, call: Call, attempt: int, clock: Callable[[], datetime], tracer: Tracer | None) -> None:
        self._call = call
        self._attempt = attempt
        self._clock = clock
        self._tracer = tracer
        self._began = clock()

    def stop(self, status: int = 0, correlation_id: str = "", server_time: datetime | None = None) -> None:
        """Report the answer, or with the defaults that there was none."""
        if self._tracer is not None:
            seconds = max(0.0, (self._clock() - self._began).total_seconds())
            call = self._call
            self._tracer(Trace(call.method, call.path, status, correlation_id, self._attempt, seconds, server_time))


@dataclass(frozen=True, slots=True)
class Message:
    """A request that can be sent any number of times. `where` names its place for people, without the query."""

    call: Call
    address: Address
    where: str
    headers: Mapping[str, str] = field(repr=False)
    payload: bytes | None = field(repr=False)


class Wire:
    """Sends messages and reads their answers. Thread-safe."""

    def __init__(self, connections: Connections, *, clock: Callable[[], datetime], tracer: Tracer | None) -> None:
        self._connections = connections
        self._clock = clock
        self._tracer = tracer

    def exchange(self, message: Message, attempt: int, **more_headers: str) -> RawAnswer:
        """Send the message once and give its answer, whatever the status.

        Raises TransientError when there was no answer, and ApiError when the certificate is not trusted or the answer
        is absurdly large.
        """
        call = message.call
        watch = Stopwatch(call, attempt, self._clock, self._tracer)
        try:
            response = self._connections.send(
                call.method, message.address, headers={**message.headers, **more_headers}, body=message.payload
            )
            answer = _read(response, message)
        except NETWORK_ERRORS as error:
            watch.stop()
            raise network_failure(call.action, message.where, error) from error
        watch.stop(answer.status, correlation_id_of(answer), _server_time(answer))
        return answer


def _server_time(answer: RawAnswer) -> datetime | None:
    """Give the aware time that the server says it is, or None where it says none."""
    try:
        told = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return None
    return told if told.tzinfo is not None else told.replace(tzinfo=UTC)


def _read(response: urllib3.BaseHTTPResponse, message: Message) -> RawAnswer:
    try:
        body = response.read(_LARGEST_ANSWER + 1) or b""
        if len(body) > _LARGEST_ANSWER:
            what = f"could not {message.call.action}: the answer is larger than {_LARGEST_ANSWER >> 20} MiB"
            raise ApiError(what, where=message.where)
        return RawAnswer(response.status, {name.lower(): value for name, value in response.headers.items()}, body)
    finally:
        # An answer that was read to its end has given its connection back by now: this closes only what is left unread.
        response.close()
