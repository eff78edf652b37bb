"""Everything that one running emulator knows, put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncer.emulator.audiences import Audiences
from syncer.emulator.auth import Auth
from syncer.emulator.catalogue import Catalogue, load_catalogue
from syncer.emulator.clock import Clock
from syncer.emulator.faults import Faults
from syncer.emulator.jobs import Jobs
from syncer.emulator.limits import RateLimits
from syncer.emulator.lists import Lists
from syncer.emulator.object_tables import create_tables
from syncer.emulator.request_log import RequestLog
from syncer.emulator.runner import Runner
from syncer.emulator.signing import Signer
from syncer.emulator.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from syncer.emulator.options import Options

_CLOCK_OFFSET = "clock_offset"


@dataclass(slots=True)
class World:
    """One data folder that is open, and the moving parts around it."""

    options: Options
    store: Store
    clock: Clock
    catalogue: Catalogue
    signer: Signer
    auth: Auth
    jobs: Jobs
    lists: Lists
    audiences: Audiences
    limits: RateLimits
    faults: Faults
    log: RequestLog
    runner: Runner

    def close(self) -> None:
        """Stop working and close the data file. Jobs that are not finished go on at the next start."""
        self.runner.close()
        self.log.close()
        self.store.close()


def open_world(folder: Path, objects: Path | None, options: Options, *, keep_requests: bool = False) -> World:
    """Open `folder`, making it if need be, and take up what an earlier process left.

    Raises InvalidInput for a wrong objects file, UsageError when it does not fit the data, duckdb.IOException when
    another process has the folder open. `keep_requests` keeps the log of requests in memory as well.
    """
    catalogue = load_catalogue(objects)
    store = Store(folder)
    create_tables(store, catalogue)
    clock = Clock(float(store.recall(_CLOCK_OFFSET) or 0))
    clock.on_advance(lambda offset: store.remember(_CLOCK_OFFSET, str(offset)))
    world = World(
        options=options,
        store=store,
        clock=clock,
        catalogue=catalogue,
        signer=Signer(store, clock),
        auth=Auth(store, clock, options),
        jobs=Jobs(store, folder),
        lists=Lists(store, clock),
        audiences=Audiences(store, clock, catalogue),
        limits=RateLimits(options.rate_limits, clock),
        faults=Faults(),
        log=RequestLog(store, keep=keep_requests),
        runner=None,  # type: ignore[arg-type]  # the runner needs the rest of its world, and follows in the next line
    )
    world.runner = Runner(world)
    world.runner.start()
    return world
