"""Where the bearer token comes from: ready in the environment, or from the OAuth 2.0 client-credentials grant.

Both kinds may be shared by any number of threads and clients. Neither shows its secret in a `repr` or an error.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from syncer.errors import AuthError

Exchange = Callable[[str, Mapping[str, str]], Mapping[str, object]]
"""Posts a form to a token endpoint and gives the JSON object it answers. Raises ApiError."""

TOKEN_VARIABLE: Final = "EXPERITURE_API_KEY"  # noqa: S105 -- the variable's name, not what it holds
_RENEW_AHEAD_SECONDS: Final = 60.0
CREDENTIALS_HINT: Final = "Check SYNCER_CLIENT_ID, SYNCER_CLIENT_SECRET and api.token_url."


class Auth(Protocol):
    """A source of bearer tokens. `hint` tells a person what to do when the API does not accept one."""

    @property
    def hint(self) -> str: ...

    def token(self, exchange: Exchange) -> str:
        """Give a token that should be good for the next request. Raises AuthError when there is none."""
        ...

    def renew(self, rejected: str, exchange: Exchange) -> str | None:
        """Give another token than the one that has expired, or None when there is no way to get one."""
        ...


class StaticToken:
    """A token that somebody put into the environment variable `variable`. It cannot be renewed."""

    def __init__(self, token: str, *, variable: str = TOKEN_VARIABLE) -> None:
        self._token = token.strip()
        self._variable = variable

    def __repr__(self) -> str:
        return f"StaticToken(variable={self._variable!r})"

    @property
    def hint(self) -> str:
        return (
            f"Put a fresh token into {self._variable}, or set SYNCER_CLIENT_ID, SYNCER_CLIENT_SECRET and api.token_url "
            "so that tokens renew themselves."
        )

    def token(self, exchange: Exchange) -> str:  # noqa: ARG002 -- a ready token asks nobody
        if not self._token:
            raise AuthError(f"there is no API token: {self._variable} is empty", next_step=self.hint)
        check_token(self._token, f"what {self._variable} holds", self.hint)
        return self._token

    def renew(self, rejected: str, exchange: Exchange) -> str | None:  # noqa: ARG002 -- there is no other token
        return None


@dataclass(frozen=True, slots=True)
class _Issued:
    token: str
    renew_at: datetime | None


class ClientCredentials:
    """Tokens from the client-credentials grant at `token_url`, fetched when first needed.

    A token is renewed shortly before it expires, and when the API says that it has expired; of many threads that need
    one at the same time, one fetches it and the others wait for it. `clock` gives the time with its zone.
    """

    def __init__(self, token_url: str, client_id: str, client_secret: str, clock: Callable[[], datetime]) -> None:
        self._token_url = token_url
        self._client_id = client_id
        self._client_secret = client_secret
        self._clock = clock
        self._lock = threading.Lock()
        self._issued: _Issued | None = None

    def __repr__(self) -> str:
        return "ClientCredentials()"

    @property
    def hint(self) -> str:
        return CREDENTIALS_HINT

    def token(self, exchange: Exchange) -> str:
        with self._lock:
            issued = self._issued
            if issued is None or (issued.renew_at is not None and self._clock() >= issued.renew_at):
                issued = self._issued = self._fetch(exchange)
            return issued.token

    def renew(self, rejected: str, exchange: Exchange) -> str | None:
        with self._lock:
            if self._issued is None or self._issued.token == rejected:
                self._issued = self._fetch(exchange)
            return self._issued.token

    def _fetch(self, exchange: Exchange) -> _Issued:
        asked_at = self._clock()
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._client_secret,
        }
        answer = exchange(self._token_url, form)
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            raise AuthError("the token endpoint answered without an access token", next_step=CREDENTIALS_HINT)
        check_token(token, "what the token endpoint answered", CREDENTIALS_HINT)
        seconds = _lifetime(answer.get("expires_in"))
        if seconds is None:
            return _Issued(token, None)
        # A quarter of a very short life is enough of a margin; a fixed minute would renew it before every request.
        return _Issued(token, asked_at + timedelta(seconds=seconds - min(_RENEW_AHEAD_SECONDS, seconds / 4)))


def check_token(token: str, what: str, hint: str) -> None:
    """Raise AuthError if the token could not stand in a header: spaces and line breaks come from careless pasting."""
    if not all("!" <= mark <= "~" for mark in token):
        raise AuthError(
            f"{what} is not a token: it has spaces, line breaks or other odd characters in it", next_step=hint
        )


def _lifetime(expires_in: object) -> float | None:
    """Give the seconds that a token lives, or None if the endpoint does not say."""
    if isinstance(expires_in, bool) or not isinstance(expires_in, int | float | str):
        return None
    try:
        seconds = float(expires_in)
    except ValueError:
        return None
    # 10 years bound what a datetime has to hold.
    return seconds if 0 < seconds < 3650 * 86400 else None
