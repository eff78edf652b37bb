"""Ask an OAuth 2.0 token endpoint for an access token."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from syncer.api.address import BadAddressError, parse_address
from syncer.api.auth import CREDENTIALS_HINT
from syncer.api.endpoints import GET_TOKEN
from syncer.api.failures import failure_of
from syncer.api.retry import RETRIED_STATUSES
from syncer.api.wire import Message, Wire
from syncer.errors import AuthError, Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from syncer.api.failures import RawAnswer
    from syncer.api.retry import Retrier


class TokenEndpoint:
    """Posts forms to token endpoints, with the same retries as the API's calls. Thread-safe."""

    def __init__(self, wire: Wire, retrier: Retrier, *, clock: Callable[[], datetime], user_agent: str) -> None:
        self._wire = wire
        self._retrier = retrier
        self._clock = clock
        self._user_agent = user_agent

    def exchange(self, url: str, form: Mapping[str, str]) -> Mapping[str, object]:
        """Post the form and give the JSON object of the answer.

        Raises Refused for a URL that may not be used, AuthError when the credentials are not accepted, Unavailable when
        there is no answer. No error holds anything of the form.
        """
        try:
            address = parse_address(url)
        except BadAddressError as error:
            raise Refused("api.token_url cannot be used", why=str(error), next_step="Correct api.token_url.") from None
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
            "User-Agent": self._user_agent,
        }
        message = Message(GET_TOKEN, address, f"POST {address.origin}", headers, urlencode(form).encode("ascii"))
        return self._retrier.call(lambda attempt: self._understand(message, self._wire.exchange(message, attempt)))

    def _understand(self, message: Message, answer: RawAnswer) -> Mapping[str, object]:
        if answer.status in RETRIED_STATUSES:
            raise failure_of(GET_TOKEN, message.where, answer, self._clock(), auth_hint=CREDENTIALS_HINT)
        told = answer.json_or_none()
        fields: Mapping[str, object] = told if isinstance(told, Mapping) else {}
        if answer.is_success:
            inner = fields.get("data")
            return inner if isinstance(inner, Mapping) and "access_token" not in fields else fields
        raise AuthError(
            "could not get an access token: the token endpoint refused the request",
            status=answer.status,
            where=f"{message.where} (HTTP {answer.status})",
            why=_oauth_code(fields.get("error")),
            next_step=CREDENTIALS_HINT,
        )


def _oauth_code(error: object) -> str:
    """Give OAuth's error code ("invalid_client"); a server's free text might repeat what it was sent."""
    return error if isinstance(error, str) and re.fullmatch(r"[a-z_]{1,40}", error) else ""
