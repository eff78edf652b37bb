"""Runs started jobs in worker threads, each when it is due by the emulator's clock."""

from __future__ import annotations

import heapq
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from syncer.emulator.envelope import UNHANDLED
from syncer.emulator.importing import StoppedError, run_job

if TYPE_CHECKING:
    from syncer.emulator.jobs import Counts, Job
    from syncer.emulator.world import World

_WORKERS = 2
_log = logging.getLogger(__name__)


class Runner:
    """Takes up every job that is `running` in the data file, also those of an earlier process that was killed."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._due: list[tuple[float, str]] = []
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._progress: dict[str, Counts] = {}
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="emulator-job")
        self._scheduler = threading.Thread(target=self._schedule, name="emulator-scheduler", daemon=True)

    def start(self) -> None:
        """Begin; a job that an earlier process left running is taken up at its due time, a stuck one at once."""
        for job in self._world.jobs.running():
            self.add(job.id, job.due_at.timestamp() if job.due_at else 0.0)
        self._world.clock.on_advance(lambda _: self._wake())
        self._scheduler.start()

    def add(self, job_id: str, due: float) -> None:
        """Run a job once the emulator's clock shows `due` (seconds since 1970)."""
        with self._changed:
            heapq.heappush(self._due, (due, job_id))
            self._changed.notify()

    def progress(self, job: Job) -> Counts:
        """The counts of a job: while it runs, those so far."""
        return self._progress.get(job.id, job.counts) if job.state == "running" else job.counts

    def close(self) -> None:
        """Stop within one batch; what is not finished stays `running` in the data file."""
        self._stop.set()
        self._wake()
        if self._scheduler.is_alive():
            self._scheduler.join()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify()

    def _schedule(self) -> None:
        with self._changed:
            while not self._stop.is_set():
                wait = self._due[0][0] - self._world.clock.timestamp() if self._due else None
                if wait is not None and wait <= 0:
                    self._pool.submit(self._run, heapq.heappop(self._due)[1])
                else:
                    self._changed.wait(None if wait is None else min(wait, threading.TIMEOUT_MAX))

    def _run(self, job_id: str) -> None:
        try:
            job = self._world.jobs.get(job_id)
            run_job(self._world, job, self._stop, lambda counts: self._progress.__setitem__(job_id, counts))
        except StoppedError:
            pass
        except Exception:  # noqa: BLE001 - the outermost frame of a thread: a job must not hang for ever
            _log.exception("job %s broke the emulator", job_id)
            self._world.jobs.change(
                job_id,
                state="failed",
                finished_at=self._world.clock.now(),
                error_code=UNHANDLED,
                error_message="the emulator has a defect; its own log has the traceback",
            )
        finally:
            self._progress.pop(job_id, None)
