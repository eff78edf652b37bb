"""What holds for every request: envelope, correlation ids, routes, methods, bodies."""

from __future__ import annotations

import socket
import uuid
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import requests

from syncer.emulator.server import all_routes
from tests.emulator.driver import Api

if TYPE_CHECKING:
    from syncer.emulator.testing import Emulator

INVALID = "CDP_ETL.VALIDATION.REQUEST_INVALID"


def test_success_has_the_envelope(shared_api: Api) -> None:
    """`success`, `data` and a correlation id that the header repeats."""
    response = shared_api.call("GET", "/metadata/objects")
    answer = response.json()
    assert set(answer) == {"success", "data", "correlationId"}
    assert uuid.UUID(answer["correlationId"]) == uuid.UUID(response.headers["x-correlation-id"])


def test_unknown_routes_and_methods(shared_api: Api) -> None:
    """404 and 405 have the envelope too, and 405 says what is allowed."""
    assert shared_api.refused("GET", "/nothing") == (404, "CDP_ETL.NOT_FOUND")
    assert shared_api.refused("GET", "/lists/") == (404, "CDP_ETL.NOT_FOUND")
    response = shared_api.call("PUT", "/lists")
    assert (response.status_code, response.headers["Allow"]) == (405, "POST, GET")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff",
        b'{"name": NaN}',
        b'{"name": "\\ud800"}',
        b'{"name": "a", "name": "b"}',
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_not_a_json_object_is_refused(shared_api: Api, body: bytes) -> None:
    """Whatever the bytes, the answer is a 400 in the envelope."""
    headers = {"Authorization": "Bearer t", "Content-Type": "application/json"}
    response = shared_api.session.post(f"{shared_api.base_url}/lists", data=body, headers=headers, timeout=10)
    assert (response.status_code, response.json()["error"]["code"]) == (400, INVALID)


def test_a_body_of_another_type_is_refused(shared_api: Api) -> None:
    """JSON has to be declared as JSON."""
    headers = {"Authorization": "Bearer t", "Content-Type": "text/plain"}
    response = shared_api.session.post(
        f"{shared_api.base_url}/lists", data=b'{"name": "X"}', headers=headers, timeout=10
    )
    assert response.status_code == 400


def test_a_body_over_10_mb_is_refused(shared_api: Api) -> None:
    """413, whether its length is announced or not."""
    headers = {"Authorization": "Bearer t", "Content-Type": "application/json"}
    chunks = (b" " * 1024 * 1024 for _ in range(12))
    response = requests.post(f"{shared_api.base_url}/lists", data=chunks, headers=headers, timeout=10)
    assert (response.status_code, response.json()["error"]["code"]) == (413, INVALID)
    host, port = urlsplit(shared_api.base_url).hostname, urlsplit(shared_api.base_url).port
    with socket.create_connection((host, port), timeout=10) as raw:
        raw.sendall(
            b"POST /public/v1/lists HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n"
            b"Content-Type: application/json\r\nContent-Length: 10000001\r\n\r\n"
        )
        assert raw.recv(100).startswith(b"HTTP/1.1 413")


def test_validation_never_echoes_values(shared_api: Api) -> None:
    """An error names the place, not what stood there."""
    response = shared_api.call("POST", "/lists", {"name": ["jane@example.com"]})
    assert "jane@example.com" not in response.text
    assert response.json()["error"]["details"]["path"] == "name"


def test_health_needs_no_token(shared_emulator: Emulator) -> None:
    """A probe can ask without credentials."""
    assert requests.get(f"{shared_emulator.origin}/healthz", timeout=10).json()["status"] == "ok"


def test_the_openapi_document_has_every_route(shared_emulator: Emulator) -> None:
    """The document is served without a token, lists each documented route, and its references resolve."""
    response = requests.get(f"{shared_emulator.origin}/openapi.json", timeout=10)
    document = response.json()
    assert document["openapi"].startswith("3.1")
    listed = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert listed == {(each.method, each.path) for each in all_routes() if getattr(each, "documented", True)}
    names = set(document["components"]["schemas"])
    wanted = {part.split('"')[0] for part in response.text.split("#/components/schemas/")[1:]}
    assert wanted <= names
    identifiers = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(set(identifiers)) == len(identifiers)


def test_requests_are_recorded_without_secrets(emulator: Emulator, api: Api) -> None:
    """The log has order, bodies and statuses, but no token and no signature, in memory and in the data file."""
    job = api.init("profiles", "a.csv", b"x")
    api.put(job["uploadUrl"], b"x")
    first, second = emulator.requests
    assert (first.method, first.path, first.status) == ("POST", "/public/v1/import-jobs", 200)
    assert first.json["fileName"] == "a.csv"
    assert first.headers["authorization"] == "Bearer ***"
    assert (second.method, second.path) == ("PUT", f"/uploads/{job['landingPath']}")
    assert "Signature" not in repr(emulator.requests)
    assert emulator.query("SELECT method, status FROM requests ORDER BY asked_at") == [("POST", 200), ("PUT", 200)]
