"""What a token tells of itself, whatever is in it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from syncer.api.auth import ClientCredentials, StaticToken
from syncer.api.token_facts import NotedAuth, TokenFacts, read_claims

URL = "https://auth.example.test/token"


def jwt(claims: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJSUzI1NiJ9.{body}.c2lnbmF0dXJl"


def nobody(url: str, form: Mapping[str, str]) -> Mapping[str, object]:
    raise AssertionError(f"asked {url} for {sorted(form)}")


def facts(token: str) -> TokenFacts:
    auth = NotedAuth(StaticToken(token))
    auth.token(nobody)
    return auth.facts


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"scope": "a:read  b:write"}, {"a:read", "b:write"}),
        ({"scp": ["a:read", 7]}, {"a:read"}),
        ({"scope": ""}, set()),
        ({"sub": "somebody"}, None),
        ({"scope": 7}, None),
    ],
)
def test_scopes_are_words_or_a_list(claims: object, expected: set[str] | None) -> None:
    """A token that does not tell its scopes is not one without any."""
    assert facts(jwt(claims)).scopes == expected


@pytest.mark.parametrize(
    ("end", "expected"),
    [(0, datetime(1970, 1, 1, tzinfo=UTC)), (1e300, None), (True, None), ("soon", None), (None, None)],
)
def test_an_end_that_is_no_time_is_none(end: object, expected: datetime | None) -> None:
    """Nothing that a token may hold breaks the look at it."""
    assert facts(jwt({"exp": end})).expires_at == expected


@pytest.mark.parametrize("token", ["opaque", "a.b", "a.!!.c", "a.e30x.c", jwt([1]), jwt("x"), "..", "a.ü.c"])
def test_what_is_no_jwt_tells_nothing(token: str) -> None:
    """Nor does it raise."""
    assert read_claims(token) == {}


def test_the_endpoint_speaks_for_a_token_that_does_not() -> None:
    """And the newest token counts, once it was renewed."""
    answers = [
        {"access_token": "opaque", "scope": "a:read"},
        {"access_token": jwt({"scope": "b:read"}), "scope": "a:read"},
    ]
    inner = ClientCredentials(URL, "id", "secret", lambda: datetime(2026, 11, 1, tzinfo=UTC))
    auth = NotedAuth(inner)

    assert auth.token(lambda _url, _form: answers.pop(0)) == "opaque"
    assert auth.facts == TokenFacts(frozenset({"a:read"}))
    auth.renew("opaque", lambda _url, _form: answers.pop(0))
    assert auth.facts == TokenFacts(frozenset({"b:read"}))
    assert auth.hint == inner.hint
