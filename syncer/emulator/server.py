"""The emulator as a server: `serve` for a process of its own, `Server` for whoever runs it in a thread."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from uvicorn.protocols.http.h11_impl import H11Protocol

from syncer import __version__
from syncer.emulator.app import CUT_CONNECTION, App
from syncer.emulator.openapi import openapi_document
from syncer.emulator.options import Options
from syncer.emulator.routes import ROUTES
from syncer.emulator.routing import PREFIX, PlainRoute
from syncer.emulator.world import World, open_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

    from syncer.emulator.faults import Fault
    from syncer.emulator.routing import AnyRoute

_BACKLOG = 128
_GRACE_SECONDS = 2
_TICK_SECONDS = 0.1


def serve(
    *, host: str = "127.0.0.1", port: int = 0, data: Path, objects: Path | None = None, options: Options | None = None
) -> None:
    """Serve the data folder until SIGINT or SIGTERM, then close it and return.

    `port` 0 takes a free one. When requests are taken, one line on stdout names the base URL:
    `syncer emulator ready: http://127.0.0.1:PORT/public/v1`. Raises OSError when the address cannot be had, and what
    `open_world` raises.
    """
    listener = listen(host, port)
    try:
        world = open_world(data, objects, options or Options())
    except BaseException:
        listener.close()
        raise
    base_url = base_url_of(listener)
    try:
        Server(world, listener, lambda: print(f"syncer emulator ready: {base_url}", flush=True)).run()  # noqa: T201 - the ready line
    finally:
        listener.close()
        world.close()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError when the address is not free or not this machine's."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        if sys.platform != "win32":  # there it would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def base_url_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{PREFIX}"


class _Protocol(H11Protocol):
    """HTTP/1.1 that lets the application cut its own connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it likewise
        super().connection_made(transport)
        inner = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope[CUT_CONNECTION] = transport.abort
            await inner(scope, receive, send)

        self.app = app


class Server(uvicorn.Server):
    """One server over one world. `run` blocks until `stop` is called, from any thread, or a signal comes."""

    def __init__(self, world: World, listener: socket.socket, on_ready: Callable[[], None]) -> None:
        config = uvicorn.Config(
            App(world, all_routes()),
            http=_Protocol,
            ws="none",
            loop="asyncio",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        super().__init__(config)
        self._listener = listener
        self._on_ready = on_ready
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        super().run(sockets or [self._listener])

    def stop(self) -> None:
        """Take no more requests, finish those that are being answered, and return from `run`."""
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def main_loop(self) -> None:
        """Tick as uvicorn does, for the Date header and for signals, but end at once when `stop` is called."""
        ticks = 0
        while not await self.on_tick(ticks):
            ticks += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _TICK_SECONDS)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGINT and SIGTERM, and return normally: uvicorn would raise them again before the data is closed."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._signalled) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _signalled(self, *_: object) -> None:
        self.force_exit = self.should_exit  # a second signal does not wait for open connections
        self.should_exit = True


def all_routes() -> tuple[AnyRoute, ...]:
    """The table, the OpenAPI document of it, and the token endpoint once more under the API's own prefix."""
    documents: list[dict[str, Any]] = []

    async def openapi(_world: World, _request: Request, _path: dict[str, str], _fault: Fault | None) -> Response:
        return JSONResponse(documents[0])

    table = (*ROUTES, PlainRoute("GET", "/openapi.json", "This document", openapi))
    documents.append(openapi_document(table, __version__))
    again = [
        PlainRoute(route.method, PREFIX + route.path, route.summary, route.handler, documented=False)
        for route in table
        if isinstance(route, PlainRoute) and route.path in {"/oauth/token", "/openapi.json", "/healthz"}
    ]
    return (*table, *again)
