"""Turn an answer that is not a success, or no answer at all, into the error that a person reads.

The server's own words are sanitised before they go into a message: see `sanitize`.
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from urllib3.exceptions import NameResolutionError, ProxyError
from urllib3.exceptions import TimeoutError as UrllibTimeout

from syncer.api.retry import BUSY_STATUS, RETRIED_STATUSES, TransientError, parse_retry_after
from syncer.api.sanitize import sanitize
from syncer.errors import ApiError, AuthError, NotFound, RequestRejected, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from syncer.api.endpoints import Call

TOKEN_EXPIRED: Final = "CDP_ETL.AUTH.TOKEN_EXPIRED"  # noqa: S105 -- an error code
CHECK_CERTIFICATES: Final = (
    "If your network inspects TLS, point SSL_CERT_FILE at a file that also holds its CA certificate. "
    "Verification cannot be switched off."
)
_CHECK_BASE_URL: Final = "Check api.base_url (SYNCER_API__BASE_URL)."


SHORTEST_SECRET = 8
"""A shorter text is no secret, and taking it out would tear words apart."""


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """One HTTP answer. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def without(self, secret: str) -> RawAnswer:
        """Give the answer as if it had never repeated the secret."""
        shown = secret.encode()
        told = len(shown) >= SHORTEST_SECRET and shown in self.body
        return replace(self, body=self.body.replace(shown, b"(token)")) if told else self

    @property
    def is_success(self) -> bool:
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    def json_or_none(self) -> object:
        """Give the body as JSON values, or None if it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True, slots=True)
class ServerError:
    """The envelope of a failure, as far as the server sent one; "" for what it left out."""

    code: str
    message: str
    path: str
    remediation: str
    correlation_id: str


def correlation_id_of(answer: RawAnswer) -> str:
    """Give the id that the vendor's support asks for, from the header or else the envelope, or ""."""
    told: object = answer.headers.get("x-correlation-id")
    if not told:
        envelope = answer.json_or_none()
        told = envelope.get("correlationId") if isinstance(envelope, Mapping) else None
    return sanitize(told)[:100] if isinstance(told, str) else ""


def read_server_error(answer: RawAnswer) -> ServerError:
    """Read the failure's envelope; an answer that is none (a proxy's HTML page) is only described, never shown."""
    envelope = answer.json_or_none()
    error = envelope.get("error") if isinstance(envelope, Mapping) else None
    correlation_id = correlation_id_of(answer)
    if not isinstance(error, Mapping):
        kind = sanitize(answer.headers.get("content-type", "")).partition(";")[0] or "unknown type"
        return ServerError(
            "", f"HTTP {answer.status} with a body that is not the API's ({kind})", "", "", correlation_id
        )
    details = error.get("details")
    path = _as_path(details.get("path")) if isinstance(details, Mapping) else ""
    words = [sanitize(str(error.get(key) or "")) for key in ("code", "message", "remediation")]
    return ServerError(words[0], words[1] or f"HTTP {answer.status}", path, words[2], correlation_id)


def failure_of(
    call: Call, where: str, answer: RawAnswer, now: datetime, *, auth_hint: str
) -> ApiError | TransientError:
    """Give what to raise for an answer that is no success: a TransientError where another attempt may do better."""
    told = read_server_error(answer)
    status = answer.status
    kind, next_step = _judge(call, status, told, auth_hint)
    error = kind(
        f"could not {call.action}: {told.message}",
        status=status,
        code=told.code,
        correlation_id=told.correlation_id,
        where=_place(where, status, told.correlation_id),
        why=" at ".join(part for part in (told.code, told.path) if part),
        next_step=next_step,
    )
    if status not in RETRIED_STATUSES:
        return error
    retry_after = parse_retry_after(answer.headers.get("retry-after"), now)
    return TransientError(error, retry_after=retry_after, busy=status == BUSY_STATUS)


def _judge(call: Call, status: int, told: ServerError, auth_hint: str) -> tuple[type[ApiError], str]:
    """Give the error's type and what to do about it."""
    if status == HTTPStatus.UNAUTHORIZED:
        return AuthError, auth_hint
    if status == HTTPStatus.FORBIDDEN:
        scope = f"the scope {call.scope}" if call.scope else "the scope that this call needs"
        return AuthError, f"Give the API client {scope} in the vendor's console, and use a token issued after that."
    if status == HTTPStatus.NOT_FOUND:
        return NotFound, told.remediation or ("" if told.code else _CHECK_BASE_URL)
    if status in RETRIED_STATUSES or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unavailable, told.remediation
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return RequestRejected, f"Redirects are never followed, because the token would go along. {_CHECK_BASE_URL}"
    return RequestRejected, told.remediation


def network_failure(action: str, where: str, error: BaseException) -> ApiError | TransientError:
    """Give what to raise when there was no answer. A certificate that is not trusted is not tried again."""
    certificate = certificate_problem(error)
    if certificate:
        return ApiError(
            f"could not {action}: the server's certificate is not trusted",
            where=where,
            why=certificate,
            next_step=CHECK_CERTIFICATES,
        )
    return TransientError(
        Unavailable(f"could not {action}: no answer from the server", where=where, why=network_reason(error))
    )


def certificate_problem(error: BaseException) -> str:
    """Give why the server's certificate was refused, or "" if something else went wrong."""
    for link in _chain(error):
        if isinstance(link, ssl.SSLCertVerificationError):
            return sanitize(getattr(link, "verify_message", "") or "certificate verification failed")
    return ""


def network_reason(error: BaseException) -> str:
    """Say in a few words why there was no answer. The errors' own texts are not used: some hold the URL."""
    links = list(_chain(error))

    def has(*kinds: type[BaseException]) -> bool:
        return any(isinstance(link, kinds) for link in links)

    through = "through the proxy: " if has(ProxyError) else ""
    if has(socket.gaierror, NameResolutionError):
        return f"{through}the host name could not be resolved"
    if has(ConnectionRefusedError):
        return f"{through}the connection was refused"
    if has(TimeoutError, UrllibTimeout):
        return f"{through}it took longer than the timeout (api.timeout)"
    if has(ssl.SSLError):
        return f"{through}the TLS handshake failed"
    refused = [str(link) for link in links if isinstance(link, OSError) and "Tunnel connection failed" in str(link)]
    if refused:
        return f"the proxy refused the connection ({sanitize(refused[0])[:80]})"
    return f"{through}the connection was cut"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Give the error and every error inside it, each once: causes, arguments and urllib3's `reason`."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        link = waiting.pop(0)
        if not isinstance(link, BaseException) or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        waiting += [link.__cause__, link.__context__, *link.args]
        waiting += [getattr(link, name, None) for name in ("reason", "original_error")]


def _as_path(path: object) -> str:
    if isinstance(path, list):
        return sanitize(".".join(str(step) for step in path))
    return sanitize(path) if isinstance(path, str) else ""


def _place(where: str, status: int, correlation_id: str) -> str:
    return f"{where} (HTTP {status}" + (f", correlation id {correlation_id})" if correlation_id else ")")
