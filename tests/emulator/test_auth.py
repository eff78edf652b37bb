"""Tokens and scopes."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from syncer.emulator.options import Options
from syncer.emulator.testing import running
from tests.emulator.driver import Api

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncer.emulator.testing import Emulator

CLIENT = {"grant_type": "client_credentials", "client_id": "crm", "client_secret": "s3cret"}
INVALID = (401, "CDP_ETL.AUTH.TOKEN_INVALID")


OPTIONS = Options(
    strict_auth=True,
    clients={"crm": "s3cret"},
    tokens={"dev-token": None, "reader": ["cdp:imports:read"]},
    token_seconds=600,
)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """A strict one, for all tests of this module: each of them gets tokens of its own."""
    with running(tmp_path_factory.mktemp("strict"), options=OPTIONS) as emulator:
        yield emulator


def token(emulator: Emulator, **form: str) -> str:
    response = requests.post(f"{emulator.origin}/oauth/token", data=CLIENT | form, timeout=10)
    assert response.status_code == 200, response.text
    return str(response.json()["access_token"])


def refused(emulator: Emulator, authorization: str | None, path: str = "/lists") -> tuple[int, str]:
    headers = {} if authorization is None else {"Authorization": authorization}
    response = requests.get(emulator.base_url + path, headers=headers, timeout=10)
    assert response.headers["x-correlation-id"]
    return response.status_code, response.json()["error"]["code"]


def test_an_issued_token_opens_the_api_until_it_expires(emulator: Emulator) -> None:
    """It is an RS256 JWT; by the emulator's clock it expires, which has a code of its own."""
    issued = token(emulator)
    assert jwt.get_unverified_header(issued)["alg"] == "RS256"
    assert Api(emulator.base_url, issued).call("GET", "/lists").status_code == 200
    emulator.clock.advance(601)
    assert refused(emulator, f"Bearer {issued}") == (401, "CDP_ETL.AUTH.TOKEN_EXPIRED")


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", "Basic eDp5", "dev-token", "Token dev-token"])
def test_a_request_without_a_bearer_token(emulator: Emulator, authorization: str | None) -> None:
    """401 UNAUTHORIZED."""
    assert refused(emulator, authorization) == (401, "CDP_ETL.AUTH.UNAUTHORIZED")


def test_a_token_that_was_not_issued_here(emulator: Emulator) -> None:
    """Unknown words, other keys, other algorithms, changed claims: 401 TOKEN_INVALID."""
    issued = token(emulator)
    head, claims, signature = issued.split(".")
    decoded: dict[str, Any] = jwt.decode(issued, options={"verify_signature": False})
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    forged = [
        "unknown",
        "a.b.c",
        jwt.encode(decoded, stranger, algorithm="RS256"),
        jwt.encode(decoded, "a shared secret that is long enough", algorithm="HS256"),
        jwt.encode(decoded, "", algorithm="none"),
        f"{head}.{claims}.",
        f"{head}.{base64.urlsafe_b64encode(b'{}').decode().rstrip('=')}.{signature}",
    ]
    assert {refused(emulator, f"Bearer {each}") for each in forged} == {INVALID}


def test_a_missing_scope_is_named(emulator: Emulator) -> None:
    """403, and the details say which scope it was."""
    for limited in ("reader", token(emulator, scope="cdp:imports:read")):
        api = Api(emulator.base_url, limited)
        assert api.call("GET", "/import-jobs/imp_x").status_code == 404
        response = api.call("GET", "/lists")
        assert (response.status_code, response.json()["error"]["code"]) == (403, "CDP_ETL.AUTH.FORBIDDEN")
        assert response.json()["error"]["details"]["value"] == "cdp:lists:read"


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "other"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "cdp:imports:read cdp:everything"}, 400, "invalid_scope"),
    ],
)
def test_the_token_endpoint_refuses_as_oauth_does(
    emulator: Emulator, form: dict[str, str], status: int, error: str
) -> None:
    """Errors are RFC 6749's, not the API's envelope."""
    response = requests.post(f"{emulator.origin}/oauth/token", data=CLIENT | form, timeout=10)
    assert (response.status_code, response.json()) == (status, {"error": error})


def test_credentials_may_come_as_json_or_basic(emulator: Emulator) -> None:
    """Form, JSON body and HTTP Basic all work."""
    url = f"{emulator.base_url}/oauth/token"
    as_json = requests.post(url, json=CLIENT, timeout=10).json()
    as_basic = requests.post(url, data={"grant_type": "client_credentials"}, auth=("crm", "s3cret"), timeout=10).json()
    for answer in (as_json, as_basic):
        assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 600)
        assert Api(emulator.base_url, answer["access_token"]).call("GET", "/lists").status_code == 200


def test_a_token_outlives_a_restart(tmp_path: Path) -> None:
    """The keys are in the data folder, and so is the scripted time."""
    with running(tmp_path) as emulator:
        issued = token(emulator)
        emulator.clock.advance(800)
    with running(tmp_path) as emulator:
        assert Api(emulator.base_url, issued).call("GET", "/lists").status_code == 200
        emulator.clock.advance(120)
        assert refused(emulator, f"Bearer {issued}") == (401, "CDP_ETL.AUTH.TOKEN_EXPIRED")


def test_any_plain_token_will_do_by_default(shared_emulator: Emulator) -> None:
    """Development tokens need no set-up, but something that looks like a JWT is checked."""
    assert Api(shared_emulator.base_url, "anything").call("GET", "/lists").status_code == 200
    assert refused(shared_emulator, "Bearer a.b.c") == INVALID
