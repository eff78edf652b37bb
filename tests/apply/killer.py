"""Kill a run's process at one of its requests: the emulator, which knows when, does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from syncer.emulator.faults import Fault
from tests.apply.killed import start_run
from tests.apply.workspace import Workspace, shape_of

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

Effect = Literal["drop_before", "drop_after"]


class Killer:
    """Kills `process` when its `at`-th request arrives, before or after the request takes effect.

    With `only`, requests of that shape alone count. `killed_at` is the shape of the request, None until then.
    """

    def __init__(self, at: int, effect: Effect, *, only: str | None = None) -> None:
        self.process: BaseProcess | None = None
        self.killed_at: str | None = None
        self._at = at
        self._effect = effect
        self._only = only
        self._seen = 0

    def watch(self, method: str, path: str) -> Fault | None:
        shape = shape_of(method, path)
        if self._only is not None and shape != self._only:
            return None
        self._seen += 1
        if self._seen != self._at or self.process is None:
            return None
        self.killed_at = shape
        self.process.kill()
        self.process.join()
        return Fault(match=f"{method} {path}", do=self._effect)


def kill_one_run(workspace: Workspace, at: int, effect: Effect) -> str | None:
    """Run in another process until its `at`-th request, and return which that was; None if it ended before."""
    killer = Killer(at, effect)
    workspace.watch(killer.watch)
    killer.process = start_run(workspace.root, workspace.environ)
    killer.process.join(60)
    assert killer.process.exitcode is not None, "the run hangs"
    workspace.watch(lambda *_: None)
    return killer.killed_at
