"""Make the API's JSON calls: the bearer token, idempotency keys, retries, and every failure as the error it is.

The token goes to the API's own origin only: URLs are made from the base URL and a path, and redirects are not followed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from syncer.api.address import Address, BadAddressError, parse_address
from syncer.api.answer import Answer
from syncer.api.failures import TOKEN_EXPIRED, correlation_id_of, failure_of, read_server_error
from syncer.api.wire import Message, Wire
from syncer.errors import ApiError, Refused, RequestRejected

if TYPE_CHECKING:
    from datetime import datetime

    from syncer.api.auth import Auth, Exchange
    from syncer.api.endpoints import Call
    from syncer.api.failures import RawAnswer
    from syncer.api.retry import Retrier

LARGEST_BODY: Final = 10 * 1000 * 1000
"""The API takes request bodies of 10 MB; the smaller reading of that is the safe one."""

_CHECK_BASE_URL: Final = "Check api.base_url (SYNCER_API__BASE_URL)."


class Transport:
    """Makes calls to one base URL. Thread-safe. Raises Refused if the base URL would show the token to the network."""

    def __init__(
        self,
        base_url: str,
        auth: Auth,
        *,
        wire: Wire,
        token_exchange: Exchange,
        retrier: Retrier,
        clock: Callable[[], datetime],
        user_agent: str,
    ) -> None:
        self._base = _parse_base_url(base_url)
        self._auth = auth
        self._wire = wire
        self._token_exchange = token_exchange
        self._retrier = retrier
        self._clock = clock
        self._user_agent = user_agent

    def call(
        self,
        call: Call,
        *,
        segments: Mapping[str, str] | None = None,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, object] | bytes | None = None,
        idempotency_key: str | None = None,
    ) -> Answer:
        """Make one call and give its `data`. Every attempt sends the same bytes under the same key.

        `body` is what is written as JSON, or the JSON itself.

        Raises AuthError, NotFound, RequestRejected, Unavailable, or ApiError for an answer that cannot be understood.
        """
        headers = {"Accept": "application/json", "User-Agent": self._user_agent}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        base = self._base
        path = base.target + call.fill(dict(segments or {}))
        address = Address(base.scheme, base.host, base.port, path + (f"?{urlencode(query)}" if query else ""))
        payload = None if body is None else _encode(call, body)
        message = Message(call, address, f"{call.method} {base.origin}{path}", headers, payload)
        return self._deliver(message)

    def _deliver(self, message: Message) -> Answer:
        renewals_left = 1

        def attempt(number: int) -> Answer:
            nonlocal renewals_left
            token = self._auth.token(self._token_exchange)
            answer = self._wire.exchange(message, number, Authorization=f"Bearer {token}").without(token)
            if renewals_left and _says_expired(answer):
                renewals_left -= 1
                fresh = self._auth.renew(token, self._token_exchange)
                if fresh is not None:
                    answer = self._wire.exchange(message, number, Authorization=f"Bearer {fresh}").without(fresh)
            return self._understand(message, answer)

        return self._retrier.call(attempt)

    def _understand(self, message: Message, answer: RawAnswer) -> Answer:
        """Give the answer's data. Raises the error that the answer is, or a TransientError."""
        call = message.call
        envelope = answer.json_or_none() if answer.body.strip() else {}
        fields: Mapping[str, object] | None = envelope if isinstance(envelope, Mapping) else None
        if not answer.is_success or (fields is not None and fields.get("success") is False):
            raise failure_of(call, message.where, answer, self._clock(), auth_hint=self._auth.hint)
        correlation_id = correlation_id_of(answer)
        if fields is not None:
            data = fields.get("data")
            return Answer(data if isinstance(data, Mapping) else {}, call.action, message.where, correlation_id)
        raise ApiError(
            f"could not {call.action}: the answer is not the API's JSON",
            status=answer.status,
            correlation_id=correlation_id,
            where=message.where,
            why="something else may be answering at this address, such as a network's sign-in page",
            next_step=_CHECK_BASE_URL,
        )


def _says_expired(answer: RawAnswer) -> bool:
    return answer.status == HTTPStatus.UNAUTHORIZED and read_server_error(answer).code == TOKEN_EXPIRED


def _parse_base_url(base_url: str) -> Address:
    try:
        address = parse_address(base_url.strip())
    except BadAddressError as error:
        why = str(error)
    else:
        if "?" not in address.target:
            return Address(address.scheme, address.host, address.port, address.target.rstrip("/"))
        why = "it has a query"
    raise Refused("api.base_url cannot be used", why=why, next_step=_CHECK_BASE_URL)


def _encode(call: Call, body: Mapping[str, object] | bytes) -> bytes:
    payload = (
        body
        if isinstance(body, bytes)
        else json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")
    )
    if len(payload) > LARGEST_BODY:
        raise RequestRejected(
            f"could not {call.action}: the request is larger than the 10 MB that the API takes",
            why=f"it has {len(payload):,} bytes",
            next_step="Send less at once.",
        )
    return payload
