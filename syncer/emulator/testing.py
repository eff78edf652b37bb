"""An emulator inside the test's own process: `with running(tmp_path) as emulator: ...`."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from syncer.emulator.options import Options
from syncer.emulator.routing import PREFIX
from syncer.emulator.server import Server, base_url_of, listen
from syncer.emulator.world import World, open_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncer.emulator.clock import Clock
    from syncer.emulator.faults import Faults
    from syncer.emulator.request_log import RequestRecord

_READY_SECONDS = 30


@dataclass(slots=True)
class Emulator:
    """A handle on a running emulator. After the block ends, `query` and `requests` still answer."""

    base_url: str
    token: str
    world: World
    closed: bool = False

    @property
    def origin(self) -> str:
        """Where the endpoints outside the API are: `/oauth/token`, `/openapi.json`, `/healthz`."""
        return self.base_url.removesuffix(PREFIX)

    @property
    def clock(self) -> Clock:
        return self.world.clock

    @property
    def faults(self) -> Faults:
        return self.world.faults

    @property
    def requests(self) -> list[RequestRecord]:
        """What was asked so far, in order."""
        return list(self.world.log.records)

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows of a query on the data file, which has the objects' tables and the emulator's own."""
        if not self.closed:
            self.world.log.flush()
            return self.world.store.read(sql, values)
        with duckdb.connect(str(self.world.store.path), read_only=True) as connection:
            return connection.execute(sql, list(values)).fetchall()


@contextmanager
def running(
    data: Path,
    *,
    objects: Path | None = None,
    options: Options | None = None,
    token: str = "dev-token",  # noqa: S107 - any token will do
) -> Iterator[Emulator]:
    """Serve `data` on a free loopback port from a thread, until the block ends."""
    world = open_world(data, objects, options or Options(), keep_requests=True)
    try:
        listener = listen("127.0.0.1", 0)
        ready = threading.Event()
        server = Server(world, listener, ready.set)
        thread = threading.Thread(target=server.run, name="emulator", daemon=True)
        thread.start()
        emulator = Emulator(base_url_of(listener), token, world)
        try:
            if not ready.wait(_READY_SECONDS):
                raise RuntimeError("the emulator did not come up")
            yield emulator
        finally:
            server.stop()
            thread.join()
            listener.close()
    finally:
        world.close()
    emulator.closed = True
