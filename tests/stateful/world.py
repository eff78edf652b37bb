"""A small world in memory: an API that runs jobs, a log that runs share, and runs that stop before each thing they do.

The runs are the real ones (schedule, queue, records, adoption) in threads of their own. At each call to the API or the
log a run waits to be let on, or is killed there, so that a test decides about every interleaving.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import patch

from syncer.api.models import InitialisedJob, JobErrors, JobStatus, UploadTarget
from syncer.apply import prepared, record, schedule
from syncer.apply.context import PollPace, RunIdentity, Stop, Tools
from syncer.apply.progress import Silent
from syncer.errors import RequestRejected, SourceError, SyncerError, Unavailable
from syncer.model.log import Log
from syncer.plan import Inputs, Plan, SpecInput, make_plan
from syncer.prepare.artifact import Artifact
from syncer.prepare.making import Made
from syncer.source.sources import Sources
from syncer.state.store import lacking, stamped
from tests.model.making import NOW, WORKSPACE, file, spec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from syncer.api.client import ImportApi
    from syncer.api.models import InitJob
    from syncer.model.events import AnyEvent
    from syncer.model.files import SourceFile
    from syncer.state.store import Decision

MODES = {"profiles": "upsert", "orders": "append"}
PATIENCE = 20
SPLIT = "till"
"""The spec whose files come in parts, though nothing in it says so: they are queued with others, and held there."""


class Killed(BaseException):
    """The run's process is gone: nothing in it may notice."""


@dataclass
class Job:
    """One import job of the model API."""

    id: str
    object: str
    path: str
    version: str
    state: str = "pending"
    code: str = ""


class Api:
    """Jobs with states. Starting runs a job once; completing it appends its file's rows.

    `lost` is what becomes of the next start (`before` or `after` it takes effect), `fails` how the next job ends.
    """

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.by_key: dict[str, str] = {}
        self.imported: list[tuple[str, str, str]] = []
        self.lost = ""
        self.fails = ""
        self.by_itself = False
        self.on_start: Callable[[Job], None] = lambda _: None

    def running(self, object_name: str | None = None) -> list[Job]:
        return [job for job in self.jobs.values() if job.state == "running" and object_name in (None, job.object)]

    def init(self, request: InitJob, key: str) -> str:
        job = self.by_key.get(key)
        if job is None:
            path, _, version = request.file_name.partition("@")
            job = self.by_key[key] = f"imp_{len(self.jobs) + 1}"
            self.jobs[job] = Job(job, request.object_name, path, version)
        return job

    def start(self, name: str) -> None:
        lost, self.lost = self.lost, ""
        if lost == "before":
            raise Unavailable("the connection was cut")
        job = self.jobs[name]
        if job.state != "ready":
            raise RequestRejected(f"the job is {job.state}", status=409, code="CDP_ETL.JOB.INVALID_STATE")
        self.on_start(job)
        job.state = "running"
        if lost == "after":
            raise Unavailable("the connection was cut")

    def finish(self, job: Job) -> None:
        job.code, self.fails = self.fails, ""
        job.state = "failed" if job.code else "completed"
        if not job.code:
            self.imported.append((job.object, job.path, job.version))

    def status(self, name: str) -> JobStatus:
        job = self.jobs[name]
        if job.state == "running" and self.by_itself:
            self.finish(job)
        rows = 2 if job.state == "completed" else 0
        return JobStatus(name, cast("Any", job.state), rows, rows, 0, rows, 0, job.code, "", None, None, "")


@dataclass
class Shared:
    """The log that everybody writes to, and what died with its machine before it got there."""

    log: Log = field(default_factory=Log)
    spools: list[list[AnyEvent]] = field(default_factory=list)
    ids: Iterator[str] = field(default_factory=lambda: (f"e{number:05}" for number in itertools.count(1)))

    def take(self, events: Iterable[AnyEvent]) -> None:
        for event in events:
            self.log.add(event)

    def write(self, decide: Decision) -> None:
        """Append what an operator decides."""
        self.take(stamped(decide(self.log), self.log, lambda: next(self.ids)))


class View:
    """One clone's store: it sees the log as of its last exchange, and its notes are shared with the next one."""

    is_shared = True

    def __init__(self, shared: Shared, gate: Callable[[str], None], queue_length: int) -> None:
        self.queue_length = queue_length
        self._shared = shared
        self._gate = gate
        self._log = Log(shared.log)
        self.noted: list[AnyEvent] = []

    def read(self) -> Log:
        return self._log

    def refresh(self) -> Log:
        self._gate("refresh")
        self._log = Log([*self._shared.log, *self.noted])
        return self._log

    def transact(self, decide: Decision) -> tuple[AnyEvent, ...]:
        self._gate("transact")
        self._log = Log([*self._shared.log, *self.noted])
        events = stamped(decide(self._log), self._log, lambda: next(self._shared.ids))
        self._push(events)
        self._gate("pushed")  # the answer to a push may be what is lost
        return events

    def merge(self, events: Iterable[AnyEvent]) -> int:
        found = lacking(Log(events), self._shared.log)
        self._push(found)
        return len(found)

    def note(self, decide: Decision) -> tuple[AnyEvent, ...]:
        self._gate("note")
        events = stamped(decide(self._log), self._log, lambda: next(self._shared.ids))
        for event in events:
            self._log.add(event)
        self.noted += events
        return events

    def flush(self) -> None:
        self._gate("flush")
        self._push(())

    def _push(self, events: Iterable[AnyEvent]) -> None:
        self._shared.take([*self.noted, *events])
        self.noted = []
        self._log = Log(self._shared.log)

    def show(self) -> None: ...

    def run_lock(self, description: str) -> contextlib.AbstractContextManager[None]:
        del description
        return contextlib.nullcontext()

    def is_held(self) -> bool:
        return False

    def warnings(self) -> list[str]:
        return []


@dataclass
class World:
    """Everything outside of the runs: time, files, specs, the API and the log."""

    now: datetime = NOW
    api: Api = field(default_factory=Api)
    shared: Shared = field(default_factory=Shared)
    files: dict[tuple[str, str], str] = field(default_factory=dict)
    mappings: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    runs: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    SPECS = ("crm", "shop", "till")

    def spec_inputs(self) -> tuple[SpecInput, ...]:
        found = []
        for name in self.SPECS:
            target = {"object": "profiles", "match_key": "email"} if name == "crm" else {"object": "orders"}
            own = spec(name, source={"uri": f"{name}/*.csv"}, target=target)
            taste = str(self.mappings[name])
            found.append(
                SpecInput(
                    spec=own,
                    path=f"specs/{name}.yaml",
                    digest=f"digest-{taste}",
                    preparation=f"prep-{taste}",
                    files=tuple(self.source(path) for owner, path in sorted(self.files) if owner == name),
                )
            )
        return tuple(found)

    def source(self, path: str) -> SourceFile:
        version = self.files[path.partition("/")[0], path]
        return file(path, version, location=f"/nowhere/{path}")

    def plan(self, log: Log, place: str = "") -> Plan:
        return make_plan(
            Inputs(
                specs=self.spec_inputs(),
                log=log,
                now=self.now,
                workspace=WORKSPACE,
                write_modes=cast("Any", MODES),
                place=place,
            )
        )


class Run:
    """One `apply` in a thread, which stands still before each call to the log or the API until it is let on."""

    def __init__(self, world: World, place: str, *, queue_length: int = 3) -> None:
        self.world = world
        self.id = f"run-{next(world.runs)}"
        self.place = place
        self.at = "begin"
        self.error: BaseException | None = None
        self._killed = False
        self._let_on = threading.Semaphore(0)
        self._stands = threading.Semaphore(0)
        self._store = View(world.shared, self._gate, queue_length)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._wait()

    @property
    def ended(self) -> bool:
        return not self._thread.is_alive() or self.at == "end"

    def step(self) -> None:
        """Let it do the one thing it stands before."""
        self._let_on.release()
        self._wait()

    def kill(self) -> None:
        """End its process here; what it has noted stays on its disk."""
        if not self.ended:
            self._killed = True
            self.step()
        if self._store.noted:
            self.world.shared.spools.append(self._store.noted)

    def to_end(self, most: int = 2_000) -> None:
        for _ in range(most):
            if self.ended:
                return
            self.step()
        raise AssertionError(f"{self.id} does not come to an end; it stands at {self.at}")

    def _wait(self) -> None:
        assert self._stands.acquire(timeout=PATIENCE), f"{self.id} hangs at {self.at}"
        if self.error is not None:
            raise self.error

    def _gate(self, name: str) -> None:
        if self._killed:
            raise Killed
        self.at = name
        self._stands.release()
        self._let_on.acquire()
        if self._killed:
            raise Killed

    def _run(self) -> None:
        try:
            self._gate("plan")
            with contextlib.suppress(SyncerError):
                self._apply()
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again in the test's own thread
            self.error = error
        finally:
            self.at = "end"
            self._stands.release()

    def _apply(self) -> None:
        world, store = self.world, self._store
        plan = world.plan(store.refresh(), self.place)
        tools = self._tools(plan)
        walk = schedule._Schedule(plan, tools)
        while ready := walk.take_ready():
            for items in ready:
                walk.ended(items, walk.execute(items))
        outcome = walk.outcome()
        left = [each.item for each in outcome.imports if each.result != "completed"]
        record.release(tools, left)
        store.flush()

    def _tools(self, plan: Plan) -> Tools:
        return Tools(
            api=cast("ImportApi", self),
            store=self._store,
            clock=lambda: self.world.now,
            jitter=lambda: 0.0,
            stop=_Restless(),
            reporter=Silent(),
            run=RunIdentity(self.id, "tester"),
            workspace=WORKSPACE,
            root=Path("/nowhere"),
            work_dir=Path("/nowhere"),
            rejects_dir=Path("/nowhere"),
            memory_limit=0,
            sources=cast("Sources", None),
            place=self.place,
            pace=PollPace(0, 1, 0),
            specs={own.spec.name: own.spec for own in self.world.spec_inputs()},
            write_modes=cast("Any", MODES),
            resumes=frozenset(item.job for item in plan.runnable if item.job),
        )

    # --- the API as this run sees it ---------------------------------------------------------------------------------

    def init_job(self, request: InitJob, *, idempotency_key: str) -> InitialisedJob:
        self._gate("init")
        job = self.world.api.init(request, idempotency_key)
        return InitialisedJob(job, UploadTarget("", "PUT", {}, None), "", "", "")

    def upload(self, *_: object, **__: object) -> None:
        self._gate("upload")

    def set_mapping(self, job_id: str, *_: object, **__: object) -> str:
        self._gate("mapping")
        job = self.world.api.jobs[job_id]
        if job.state not in ("pending", "ready"):
            raise RequestRejected(f"the job is {job.state}", status=409)
        job.state = "ready"
        return ""

    def start_job(self, job_id: str, *, idempotency_key: str) -> str:
        del idempotency_key
        self._gate("start")
        self.world.api.start(job_id)
        self._gate("started")
        return ""

    def get_job(self, job_id: str) -> JobStatus:
        self._gate("status")
        return self.world.api.status(job_id)

    def get_errors(self, job_id: str) -> JobErrors:
        raise AssertionError(f"no row of {job_id} was rejected")


class _Restless(Stop):
    def wait(self, seconds: float) -> None:
        del seconds
        self.check()


@dataclass(frozen=True)
class _Pin:
    """Hold on to a version of a file of the model."""

    path: str
    fingerprint: str
    world: Callable[[], World]
    version: str = ""

    def verify(self, **_: object) -> None:
        now = self.world().files.get((self.path.partition("/")[0], self.path))
        if f"sha256:{now}" != self.fingerprint:
            raise SourceError(f"{self.path} changed")


def stand_in(world: Callable[[], World]) -> contextlib.ExitStack:
    """Let runs prepare nothing: the model's files have no bytes. One that changed is noticed as real ones are."""

    def made(tools: Tools, item: Any, own: Any, held: Any, folder: Path, **_: object) -> tuple[Made, Any]:
        del tools, own, held, folder
        pin = _Pin(item.file.path, item.file.fingerprint, world)
        pin.verify()
        count = parts_of(item.file.path, item.preparation)
        return Made(parts=tuple(_part(item, number, count) for number in range(1, count + 1))), pin

    patches = contextlib.ExitStack()
    patches.enter_context(patch.object(prepared, "private_folder", lambda folder: folder))
    patches.enter_context(patch.object(prepared, "_made", made))
    return patches


def parts_of(path: str, preparation: str) -> int:
    """Say into how many parts a file of the model is split: some are, and an edited spec splits them in another way."""
    if not path.startswith(f"{SPLIT}/"):
        return 1
    return 3 if preparation == "prep-0" else 2


def _part(item: Any, number: int, count: int) -> Artifact:
    version = item.file.fingerprint
    return Artifact(
        path=Path("/nowhere"),
        owned=False,
        format="csv",
        compression=None,
        size=10,
        digest=f"{version}-{item.preparation}-{number}",
        rows=2,
        columns=("email",),
        file_name=f"{item.file.path}@{version}#{number}/{count}",
        source_fields={"email": "string"},
        field_map={"email": "email"},
    )
