"""The OAuth 2.0 token endpoint: client credentials, form-encoded or JSON, with errors as RFC 6749 has them."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_plus

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from syncer.emulator.options import SCOPES

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from syncer.emulator.faults import Fault
    from syncer.emulator.world import World

_MAX_BYTES = 64 * 1024


class _TokenError(Exception):
    """`args` are the OAuth error code and the HTTP status."""


async def issue_token(world: World, request: Request, _path: dict[str, str], _fault: Fault | None) -> Response:
    try:
        form = _form(request, await _body(request))
        client_id, scopes = _grant(world, request, form)
    except _TokenError as error:
        code, status = error.args
        headers = {"WWW-Authenticate": "Basic"} if status == 401 else {}  # noqa: PLR2004 - an HTTP status
        return JSONResponse({"error": code}, status, headers={**headers, "Cache-Control": "no-store"})
    token = await run_in_threadpool(world.auth.issue, client_id, scopes)
    answer = {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": world.options.token_seconds,
        "scope": " ".join(sorted(scopes)),
    }
    return JSONResponse(answer, headers={"Cache-Control": "no-store"})


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BYTES:
            raise _TokenError("invalid_request", 413)
    return bytes(body)


def _form(request: Request, body: bytes) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == "application/x-www-form-urlencoded":
            pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body))
            if len(dict(pairs)) == len(pairs):
                return dict(pairs)
        elif kind == "application/json":
            fields: Any = json.loads(body)
            if isinstance(fields, dict) and all(isinstance(value, str) for value in fields.values()):
                return fields
    except ValueError as error:
        raise _TokenError("invalid_request", 400) from error
    raise _TokenError("invalid_request", 400)


def _grant(world: World, request: Request, form: dict[str, str]) -> tuple[str, frozenset[str]]:
    if "grant_type" not in form:
        raise _TokenError("invalid_request", 400)
    if form["grant_type"] != "client_credentials":
        raise _TokenError("unsupported_grant_type", 400)
    client_id, client_secret = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
    if not world.auth.knows_client(client_id, client_secret):
        raise _TokenError("invalid_client", 401)
    scopes = frozenset(form.get("scope", "").split()) or frozenset(SCOPES)
    if not scopes.issubset(SCOPES):
        raise _TokenError("invalid_scope", 400)
    return client_id, scopes


def _basic(request: Request) -> tuple[str, str] | None:
    kind, _, encoded = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        client_id, _, client_secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise _TokenError("invalid_client", 401) from error
    return unquote_plus(client_id), unquote_plus(client_secret)
