"""What a run works with. Everything that touches the world is handed in here, so tests can hand in something else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from syncer.apply.progress import Reporter
from syncer.errors import Interrupted, SyncerError
from syncer.model.log import Lineage, WriteMode
from syncer.model.objects import FieldSchema
from syncer.model.spec import Spec
from syncer.settings import MaskKey
from syncer.source.deposit import Deposit
from syncer.source.sources import Sources
from syncer.state.store import Store

if TYPE_CHECKING:
    from syncer.api.client import ImportApi
    from syncer.plan import PlannedImport

LEASE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """Who works: goes into every event. `commit` is the commit of the specs, where it is known."""

    id: str
    actor: str
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class PollPace:
    """How often a running job is asked for its state, in seconds; the vendor guide: start at 5, cap at 60."""

    initial: float = 5.0
    factor: float = 1.5
    longest: float = 60.0


class Stop:
    """The wish to end the run, by a signal or because one import met something that would meet all of them."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.signal_number: int | None = None
        self.fatal: SyncerError | None = None

    def by_signal(self, number: int) -> None:
        self.signal_number = number
        self._event.set()

    def by_error(self, error: SyncerError) -> None:
        if self.fatal is None:
            self.fatal = error
        self._event.set()

    def lift(self) -> None:
        """Let the last steps of a run, which must not be left out, wait again."""
        self._event.clear()

    def is_set(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Raise Interrupted when the run is to end."""
        if self._event.is_set():
            raise self._interrupted()

    def raising(self) -> bool:
        """Be asked by those who would raise an error of their own: raise this one, which knows the signal, or False."""
        self.check()
        return False

    def wait(self, seconds: float) -> None:
        """Wait, unless the run is to end: then raise Interrupted at once."""
        if self._event.wait(seconds):
            raise self._interrupted()

    def _interrupted(self) -> Interrupted:
        return Interrupted(
            "the run was asked to stop",
            signal_number=self.signal_number or 2,
            next_step="continue with: syncer apply",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """The run's hands: API, log, clock, chance, folders.

    `clock` gives the aware time, `jitter` numbers in [0, 1). `work_dir` is private and emptied by the run; rejected
    rows go to `rejects_dir`, and on to the `deposit` where they are kept elsewhere. `memory_limit` is in bytes.
    `resumes` are the jobs of earlier runs that the plan brings to their end. `place` names this clone of the project;
    past `deadline`, or without `wait_for_jobs`, the run leaves its jobs running and ends. `object_fields` are those of
    the objects that were asked about so far.
    """

    api: ImportApi
    store: Store
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    stop: Stop
    reporter: Reporter
    run: RunIdentity
    workspace: str
    root: Path
    work_dir: Path
    rejects_dir: Path
    deposit: Deposit | None = None
    memory_limit: int
    sources: Sources
    mask_key: MaskKey | None = None
    place: str = ""
    lease: timedelta = LEASE
    resumes: frozenset[str] = frozenset()
    deadline: datetime | None = None
    wait_for_jobs: bool = True
    pace: PollPace = field(default_factory=PollPace)
    specs: Mapping[str, Spec] = field(default_factory=dict)
    write_modes: Mapping[str, WriteMode] = field(default_factory=dict)
    object_fields: dict[str, Mapping[str, FieldSchema]] = field(default_factory=dict)

    @property
    def queue_length(self) -> int:
        """How many jobs of one object are permitted together."""
        return self.store.queue_length if self.wait_for_jobs else 1

    def is_out_of_time(self, pause: float = 0.0) -> bool:
        """Whether the run's time is over, or will be after a pause of so many seconds."""
        return self.deadline is not None and (self.deadline - self.clock()).total_seconds() <= pause

    def lineage(self, item: PlannedImport) -> Lineage:
        spec = self.specs.get(item.spec)
        names = spec.lineage if spec is not None else (item.spec,)
        return Lineage(names, self.workspace, item.object)
