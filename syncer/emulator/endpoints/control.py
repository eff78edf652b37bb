"""Health, and the `/_emulator` endpoints that script the clock and the faults and have to be switched on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from syncer.emulator.clock import rfc3339
from syncer.emulator.envelope import RefusalError, invalid, not_found
from syncer.emulator.faults import Fault

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from syncer.emulator.world import World


async def health(world: World, _request: Request, _path: dict[str, str], _fault: Fault | None) -> Response:
    return JSONResponse({"status": "ok", "time": rfc3339(world.clock.now())})


async def advance_clock(world: World, request: Request, _path: dict[str, str], _fault: Fault | None) -> Response:
    """`{"advance": seconds}`: let that much time pass at once."""
    body = await _body(world, request)
    seconds = body.get("advance")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= 10**9:
        raise invalid("`advance` is how many seconds shall pass", path="advance")
    await run_in_threadpool(world.clock.advance, float(seconds))
    return JSONResponse({"time": rfc3339(world.clock.now())})


async def add_faults(world: World, request: Request, _path: dict[str, str], _fault: Fault | None) -> Response:
    """One fault, or `{"faults": [...]}`. All of them are checked before the first is taken."""
    body = await _body(world, request)
    script = body.get("faults", [body])
    try:
        parsed = [Fault.model_validate(each) for each in script]
    except (ValidationError, TypeError) as error:
        raise invalid(f"not a fault: {error}") from error
    for fault in parsed:
        world.faults.add(**fault.model_dump())
    return JSONResponse({"added": len(parsed)})


async def clear_faults(world: World, _request: Request, _path: dict[str, str], _fault: Fault | None) -> Response:
    _check_open(world)
    world.faults.clear()
    return JSONResponse({"cleared": True})


async def _body(world: World, request: Request) -> dict[str, Any]:
    _check_open(world)
    try:
        body = json.loads(await request.body())
    except ValueError as error:
        raise invalid("the body is not JSON") from error
    if not isinstance(body, dict):
        raise invalid("the body is not a JSON object")
    return body


def _check_open(world: World) -> None:
    if not world.options.control:
        closed: RefusalError = not_found("route", "/_emulator")
        raise closed
