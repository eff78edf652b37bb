"""Make it so: plan under the run lock, hold the rails, execute, report."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncer.apply.context import PollPace, RunIdentity, Stop, Tools
from syncer.apply.outcome import ImportOutcome, RunOutcome
from syncer.apply.private import private_folder
from syncer.apply.progress import Reporter
from syncer.errors import Conflict, Refused
from syncer.operations import folders
from syncer.operations.connect import open_api, open_deposit, open_sources, utc_now
from syncer.operations.identity import identity, place_of
from syncer.operations.notify import Notifier, Outlet
from syncer.operations.plan import load_saved, reconcile
from syncer.operations.preparation import check_means
from syncer.operations.rejects_kept import sweep
from syncer.operations.rejects_retain import remove_outdated
from syncer.operations.stores import check_nothing_left_out, check_survives, open_store
from syncer.plan import Action, Filters, Plan, only, stale
from syncer.plan.document import SavedPlan
from syncer.source.deposit import Deposit
from syncer.source.sources import Sources
from syncer.spec.load import Project, load_project
from syncer.state.store import Store

if TYPE_CHECKING:
    from syncer.api.client import ImportApi
    from syncer.api.wire import Tracer

Watch = Callable[[Plan], Reporter]


def apply(
    root: Path,
    *,
    environ: Mapping[str, str],
    reporter: Watch,
    overrides: Mapping[str, Any] | None = None,
    filters: Filters = Filters(),  # noqa: B008 - frozen
    saved: Path | None = None,
    stop: Stop | None = None,
    tracer: Tracer | None = None,
    clock: Callable[[], datetime] = utc_now,
    max_wait: timedelta | None = None,
    wait_for_jobs: bool = True,
    outlet: Outlet = Outlet(),  # noqa: B008 - frozen
) -> tuple[Plan, RunOutcome]:
    """Execute what is pending, or exactly what a saved plan holds.

    `reporter` is called once with the final plan, before anything is sent; `outlet` is the way to those whom `notify`
    names. Raises Refused when a rail holds, Conflict for a saved plan that is stale, Waiting when another run
    is at work, Interrupted for a stop while planning, AuthError, and what ends a whole run. With nothing to do, and
    nothing new to tell, no byte of the log is written, and the API is not asked.
    """
    stop = stop or Stop()
    project = load_project(root, environ=environ, overrides=overrides)
    check_survives(root, project.settings, environ)
    run = identity(root, environ, clock())
    kept = load_saved(saved) if saved is not None else None
    store = open_store(root, project.settings, run=run.id, sleep=stop.wait)
    chosen = kept.filters if kept is not None else filters
    notifier = Notifier(outlet=outlet, environ=environ, project=project, store=store, run=run, clock=clock)

    def entered() -> ImportApi:
        return open_api(root, project.settings, environ, sleep=stop.wait, tracer=tracer, clock=clock)

    with (
        notifier.breaking_off(chosen),
        open_sources(root, project.settings, environ, stop=stop.raising) as sources,
    ):
        check_nothing_left_out(root, project.settings, store)
        session = _Session(
            project=project,
            store=store,
            sources=sources,
            run=run,
            stop=stop,
            clock=clock,
            filters=chosen,
            kept=kept,
            saved=saved,
            deposit=open_deposit(root, project.settings, environ),
            deadline=clock() + max_wait if max_wait is not None else None,
            wait_for_jobs=wait_for_jobs,
        )
        made, outcome = _planned_and_done(session, entered, reporter)
    outcome = _with_the_rest(made, outcome)
    notifier.ended(made, outcome)
    store.show()
    sweep(project, store.read(), clock())
    remove_outdated(project, clock())
    return made, outcome


def _planned_and_done(session: _Session, entered: Callable[[], ImportApi], reporter: Watch) -> tuple[Plan, RunOutcome]:
    """Plan, and where there is anything to do, enter the API and plan again under the run lock before doing it."""
    store, run = session.store, session.run
    first = session.plan(ask=lambda: None, is_running=False)
    if not (first.runnable or first.undecided or (first.count(Action.WAIT) and not store.is_shared)):
        reporter(first)
        return first, RunOutcome(run.id, ())
    check_means(session.project, {item.spec for item in first.runnable})
    with (
        store.run_lock(f"run {run.id} of {run.actor}, process {os.getpid()}"),
        entered() as api,
        _shared_at_the_end(store, session.stop),
    ):
        objects = frozenset(item.object for item in first.runnable)
        made = session.plan(ask=lambda: api, is_running=True, objects=objects)
        return made, session.execute(made, api, reporter)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    """One invocation of apply: what it works on, who it is, and how long it may take."""

    project: Project
    store: Store
    sources: Sources
    run: RunIdentity
    stop: Stop
    clock: Callable[[], datetime]
    filters: Filters
    kept: SavedPlan | None
    saved: Path | None
    deposit: Deposit | None
    deadline: datetime | None
    wait_for_jobs: bool

    def plan(
        self,
        *,
        ask: Callable[[], ImportApi | None],
        is_running: bool,
        objects: frozenset[str] = frozenset(),
    ) -> Plan:
        """Plan, and hold the plan to the rails and to the saved one, as far as that can be told without the API."""
        made = reconcile(
            self.project,
            self.store,
            self.sources,
            filters=self.filters,
            now=self.clock(),
            ask=ask,
            is_running=is_running,
            objects=objects,
            stop=self.stop.raising,
        )
        return _held_to(self.kept if is_running or not made.undecided else None, made, self.saved)

    def execute(self, made: Plan, api: ImportApi, reporter: Watch) -> RunOutcome:
        """Carry out the plan. Only under the run lock."""
        from syncer.apply.schedule import run as walk

        settings, root = self.project.settings, self.project.root
        pace = settings.api.poll
        with _work_dir(folders.work(root, settings)) as work_dir:
            tools = Tools(
                api=api,
                store=self.store,
                clock=self.clock,
                jitter=random.random,
                stop=self.stop,
                reporter=reporter(made),
                run=self.run,
                workspace=settings.api.workspace,
                root=root,
                work_dir=work_dir,
                rejects_dir=folders.rejects(root, settings),
                deposit=self.deposit,
                memory_limit=settings.prepare.memory_limit,
                sources=self.sources,
                mask_key=self.project.mask_key,
                pace=PollPace(pace.initial.total_seconds(), pace.factor, pace.max.total_seconds()),
                specs={loaded.spec.name: loaded.spec for loaded in self.project.specs},
                write_modes=made.write_modes,
                place=place_of(root),
                resumes=frozenset(item.job for item in made.runnable if item.job is not None),
                lease=settings.state.lease,
                deadline=self.deadline,
                wait_for_jobs=self.wait_for_jobs,
            )
            return walk(made, tools)


@contextmanager
def _shared_at_the_end(store: Store, stop: Stop) -> Iterator[None]:
    """Share what the run has noted, however it ends; the wish to stop must not hinder that."""
    try:
        yield
    finally:
        stop.lift()
        store.flush()


def _held_to(kept: SavedPlan | None, made: Plan, name: Path | None) -> Plan:
    """Hold the rails, and cut the plan down to the saved one where one is applied."""
    if made.refusals:
        first, *others = made.refusals
        raise Refused(
            str(first) + (f", and {len(others)} more" if others else ""),
            why="a safety rail holds the whole run, and nothing was sent",
            next_step=first.override,
            refusals=made.refusals,
        )
    if kept is None:
        return made
    moved = stale(kept.covers, made)
    if moved or kept.workspace != made.workspace:
        raise Conflict(
            f"the plan {name} is stale: {moved[0] if moved else 'it was made for workspace ' + kept.workspace}",
            why="the spec, the file or the log entry has moved since the plan was made",
            next_step=f"make it again: syncer plan --out {name}",
        )
    return only(made, kept.covers)


@contextmanager
def _work_dir(folder: Path) -> Iterator[Path]:
    """Give the folder for artifacts, without what a run that was killed left in it. Only under the run lock."""
    shutil.rmtree(folder, ignore_errors=True)
    private_folder(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _with_the_rest(made: Plan, outcome: RunOutcome) -> RunOutcome:
    """Add what the plan could not run: what a person must look at stays visible in every run."""
    waits = tuple(f"{item.file.path}: {item.reason}" for item in made.imports if item.action is Action.WAIT)
    stuck = tuple(
        ImportOutcome(item=item, result="attention", message=item.reason, next_step=f"see: syncer history {item.spec}")
        for item in made.attention
    )
    return replace(outcome, imports=outcome.imports + stuck, problems=made.problems, waits=waits)
