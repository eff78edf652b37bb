"""The ASGI application: from a request to an answer.

Every request goes the same way: route, scripted fault, token, rate limit, body, Idempotency-Key, handler, envelope,
log.
"""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from syncer.emulator.envelope import (
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    REQUEST_INVALID,
    UNHANDLED,
    RefusalError,
    failure,
    invalid,
    success,
)
from syncer.emulator.idempotency import read_key, record_answer, recorded_answer
from syncer.emulator.options import MAX_BODY_BYTES
from syncer.emulator.request_log import DROPPED, RequestRecord
from syncer.emulator.routing import PREFIX, Call, DroppedError, PlainRoute, Route, path_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import Message, Receive, Scope, Send

    from syncer.emulator.faults import Fault
    from syncer.emulator.idempotency import IdempotencyKey
    from syncer.emulator.routing import AnyRoute
    from syncer.emulator.world import World

CUT_CONNECTION = "syncer.cut_connection"
"""Key in the ASGI scope: a callable that cuts the connection at once. The server puts it there."""

_HIDDEN_HEADERS = frozenset({"authorization", "cookie"})
_log = logging.getLogger(__name__)


class App:
    """Serves one world."""

    def __init__(self, world: World, routes: Sequence[AnyRoute]) -> None:
        self._world = world
        self._routes = [(path_pattern(route.path), route) for route in routes]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        correlation_id = str(uuid.uuid4())
        try:
            response = await self._answer(request, correlation_id)
        except RefusalError as refusal:
            response = JSONResponse(failure(refusal, correlation_id), refusal.status, headers=refusal.headers)
        except (DroppedError, ClientDisconnect):
            await self._cut(request, correlation_id)
            return
        except Exception:  # noqa: BLE001 - the outermost frame: whatever it is, the client gets an envelope
            _log.exception("%s %s broke the emulator", request.method, request.url.path)
            defect = RefusalError(500, UNHANDLED, "the emulator has a defect; its own log has the traceback")
            response = JSONResponse(failure(defect, correlation_id), 500)
        response.headers["x-correlation-id"] = correlation_id
        self._record(request, response.status_code, correlation_id)
        await response(scope, receive, send)

    async def _answer(self, request: Request, correlation_id: str) -> Response:
        route, path = self._match(request)
        short_path = request.url.path.removeprefix(PREFIX)
        fault = None if short_path.startswith("/_emulator") else self._world.faults.take(request.method, short_path)
        if fault is not None:
            await _strike_before(fault)
        if isinstance(route, PlainRoute):
            response = await route.handler(self._world, request, path, fault)
        else:
            text = await self._handle(route, request, path, fault)
            envelope = success(json.loads(text), correlation_id)
            response = JSONResponse(envelope)
        if fault is not None:
            _strike_after(fault)
        return response

    def _match(self, request: Request) -> tuple[AnyRoute, dict[str, str]]:
        allowed = []
        for pattern, route in self._routes:
            if found := pattern.fullmatch(request.url.path):
                if route.method == request.method:
                    return route, found.groupdict()
                allowed.append(route.method)
        if allowed:
            headers = {"Allow": ", ".join(allowed)}
            raise RefusalError(405, METHOD_NOT_ALLOWED, f"{request.method} is not allowed here", headers=headers)
        raise RefusalError(
            404, NOT_FOUND, "there is no such endpoint", details={"path": "url", "value": request.url.path}
        )

    async def _handle(self, route: Route, request: Request, path: dict[str, str], fault: Fault | None) -> str:
        """The answer's data as JSON text."""
        world = self._world
        authorization = request.headers.get("authorization")
        caller = await run_in_threadpool(world.auth.caller, authorization, route.scope)
        world.limits.take(caller.subject, route.endpoint_class)
        raw = await _read_body(request)
        request.state.json = _parse(raw, request) if route.request is not None else None
        body = _validated(route.request, request.state.json) if route.request is not None else None
        query = _validated(route.query, dict(request.query_params)) if route.query is not None else None
        call = Call(world, caller, path, body, query, _origin(request), fault)
        key = None
        if route.idempotent:
            key = read_key(request.headers.get("idempotency-key"), request.method, request.url.path, raw)
        if not route.idempotent:
            return _as_json(await run_in_threadpool(route.handler, call))
        return await run_in_threadpool(_write, route, call, key)

    async def _cut(self, request: Request, correlation_id: str) -> None:
        """Cut the connection and wait until it is gone, so that the server sends nothing more."""
        self._record(request, DROPPED, correlation_id)
        cut = request.scope.get(CUT_CONNECTION)
        if cut is None:
            raise RuntimeError("this ASGI server offers no way to cut a connection")
        cut()
        message: Message = {}
        while message.get("type") != "http.disconnect":
            message = await request.receive()

    def _record(self, request: Request, status: int, correlation_id: str) -> None:
        headers = {name: value for name, value in request.headers.items() if name not in _HIDDEN_HEADERS}
        if "authorization" in request.headers:
            headers["authorization"] = request.headers["authorization"].partition(" ")[0] + " ***"
        body: Any = getattr(request.state, "json", None)
        at = self._world.clock.now()
        record = RequestRecord(at, request.method, request.url.path, headers, body, status, correlation_id)
        self._world.log.add(record)


def _write(route: Route, call: Call, key: IdempotencyKey | None) -> str:
    """Run a handler and keep its answer for its key, in one transaction."""
    world = call.world
    with world.store.write():
        if key is not None:
            recorded = recorded_answer(world.store, world.clock, key)
            if recorded is not None:
                return recorded
        answer = _as_json(route.handler(call))
        if key is not None:
            record_answer(world.store, world.clock, key, answer)
    for follow_up in call.after_commit:
        follow_up()
    return answer


def _as_json(answer: BaseModel) -> str:
    return answer.model_dump_json(by_alias=True)


async def _read_body(request: Request) -> bytes:
    too_large = RefusalError(413, REQUEST_INVALID, "the body is over 10 MB", headers={"Connection": "close"})
    if int(request.headers.get("content-length", "0")) > MAX_BODY_BYTES:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise too_large
    return bytes(body)


def _parse(raw: bytes, request: Request) -> Any:  # noqa: ANN401 - JSON
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise invalid("send the body as Content-Type: application/json", path="header.Content-Type", value=kind)
    try:
        body = json.loads(raw.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_unique)
        if b"\\u" in raw:
            json.dumps(body, ensure_ascii=False).encode("utf-8")  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise invalid("the body is not JSON") from error
    if not isinstance(body, dict):
        raise invalid("the body is not a JSON object")
    return body


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    body = dict(pairs)
    if len(body) != len(pairs):
        raise ValueError("a key stands twice")
    return body


def _validated(model: type[BaseModel], data: Any) -> BaseModel:  # noqa: ANN401 - JSON
    try:
        return model.model_validate(data, by_name=False, by_alias=True)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        path = ".".join(str(step) for step in first["loc"] if step != "[key]")
        message = first["msg"].removeprefix("Value error, ")
        raise invalid(f"{path}: {message}" if path else message, path=path or "body") from error


def _origin(request: Request) -> str:
    """Scheme and authority as the client sees them: presigned URLs have to work from where it is."""
    return f"{request.url.scheme}://{request.url.netloc}"


async def _strike_before(fault: Fault) -> None:
    match fault.do:
        case "status":
            raise _scripted(fault)
        case "drop_before":
            raise DroppedError
        case "delay":
            await asyncio.sleep(fault.seconds or 0)


def _strike_after(fault: Fault) -> None:
    match fault.do:
        case "status_after":
            raise _scripted(fault)
        case "drop_after":
            raise DroppedError


def _scripted(fault: Fault) -> RefusalError:
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    return RefusalError(fault.status, fault.code, fault.message, headers=headers)
