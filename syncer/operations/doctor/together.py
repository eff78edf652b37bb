"""Look at many things side by side, and never wait longer than was promised for the slowest of them."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from syncer.errors import SyncerError
from syncer.operations.doctor.check import Area, Check, failed_by

WORKERS: Final = 16


@dataclass(frozen=True, slots=True)
class Task:
    """Checks that build on each other. `run` yields them one by one; a SyncerError that it raises is the last one."""

    area: Area
    subject: str
    run: Callable[[], Iterable[Check]]


@dataclass(frozen=True, slots=True)
class _Ended:
    """A task is over; `defect` is what it raised beside a SyncerError."""

    defect: BaseException | None = None


def side_by_side(tasks: Sequence[Task], seconds: float) -> list[Check]:
    """Run the tasks and return their checks in the tasks' order, after `seconds` at the latest.

    What has not ended by then is told as a failure, after the checks that it came to. The threads of such tasks are
    left behind and die with the process. Raises what a task raises that is no SyncerError.
    """
    waiting: queue.SimpleQueue[tuple[int, Task]] = queue.SimpleQueue()
    told: queue.SimpleQueue[tuple[int, Check | _Ended]] = queue.SimpleQueue()
    for numbered in enumerate(tasks):
        waiting.put(numbered)
    for _ in range(min(WORKERS, len(tasks))):
        threading.Thread(target=_work, args=(waiting, told), name="doctor", daemon=True).start()
    found: list[list[Check]] = [[] for _ in tasks]
    running = set(range(len(tasks)))
    deadline = time.monotonic() + seconds
    while running:
        try:
            number, news = told.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        if isinstance(news, Check):
            found[number].append(news)
            continue
        if news.defect is not None:
            raise news.defect
        running.discard(number)
    for number in running:
        found[number].append(_unanswered(tasks[number], seconds))
    return [check for checks in found for check in checks]


def _work(waiting: queue.SimpleQueue[tuple[int, Task]], told: queue.SimpleQueue[tuple[int, Check | _Ended]]) -> None:
    while True:
        try:
            number, task = waiting.get_nowait()
        except queue.Empty:
            return
        try:
            for check in task.run():
                told.put((number, check))
            told.put((number, _Ended()))
        except SyncerError as error:
            told.put((number, failed_by(task.area, task.subject, error)))
            told.put((number, _Ended()))
        except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that waits
            told.put((number, _Ended(error)))


def _unanswered(task: Task, seconds: float) -> Check:
    return Check(
        area=task.area,
        subject=task.subject,
        status="failed",
        what=f"no answer within {seconds:.0f} seconds",
        why="something on the way takes connections and does not answer: a firewall, a proxy, or a server at its limit",
        next_step="check this machine's network and the address in syncer.yaml, then look again",
    )
