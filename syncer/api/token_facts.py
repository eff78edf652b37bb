"""What a bearer token tells of itself. None of it is verified, so it serves advice alone: the API decides."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from syncer.api.auth import Auth, Exchange

_JWT_PARTS: Final = 3
_SCOPE_CLAIMS: Final = ("scope", "scp", "scopes")


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """The scopes that a token has and when it ends; each None where nothing tells."""

    scopes: frozenset[str] | None = None
    expires_at: datetime | None = None


class NotedAuth:
    """Another `Auth`, and what its tokens tell. For one thread."""

    def __init__(self, auth: Auth) -> None:
        self._auth = auth
        self._token = ""
        self._answer: Mapping[str, object] = {}

    @property
    def hint(self) -> str:
        return self._auth.hint

    @property
    def facts(self) -> TokenFacts:
        """What the last token tells, and where it tells no scopes, what the token endpoint answered along with it."""
        claims = read_claims(self._token)
        told = _scopes(claims)
        return TokenFacts(told if told is not None else _scopes(self._answer), _moment(claims.get("exp")))

    def token(self, exchange: Exchange) -> str:
        self._token = self._auth.token(self._noting(exchange))
        return self._token

    def renew(self, rejected: str, exchange: Exchange) -> str | None:
        fresh = self._auth.renew(rejected, self._noting(exchange))
        self._token = fresh or self._token
        return fresh

    def _noting(self, exchange: Exchange) -> Exchange:
        def noted(url: str, form: Mapping[str, str]) -> Mapping[str, object]:
            self._answer = exchange(url, form)
            return self._answer

        return noted


def read_claims(token: str) -> Mapping[str, object]:
    """Give the claims of a JWT, unverified; none for a token that is not one."""
    parts = token.split(".")
    if len(parts) != _JWT_PARTS:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _scopes(told: Mapping[str, object]) -> frozenset[str] | None:
    """Read a scope claim: words with blanks between them, or a list of words."""
    for claim in _SCOPE_CLAIMS:
        value = told.get(claim)
        if isinstance(value, str):
            return frozenset(value.split())
        if isinstance(value, list):
            return frozenset(each for each in value if isinstance(each, str))
    return None


def _moment(seconds: object) -> datetime | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
