"""Where every spec stands: a person's first look in the morning."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from syncer.model.events import Finished
from syncer.model.log import Lineage, Log
from syncer.model.repairs import Account, account, repaired
from syncer.model.spec import Spec
from syncer.operations.connect import open_sources, utc_now
from syncer.operations.plan import reconcile
from syncer.operations.stores import open_store
from syncer.plan import Action, Filters, Plan, PlannedImport, SpecPlan, suspended
from syncer.spec.load import load_project
from syncer.values import format_duration

State = Literal["ok", "pending", "running", "failing", "blocked", "suspended", "stale", "never"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecStatus:
    """One spec's standing, the reason for it, and its totals. `last_import` is when a job last completed.

    `rejects` says what became of all rows that its jobs rejected, `formerly` which names the spec had before.
    """

    name: str
    path: str
    object: str
    state: State
    reason: str
    imported: int
    pending: int
    rejects: Account
    last_import: datetime | None
    last_run: str | None
    owner: str | None
    formerly: tuple[str, ...] = ()


def status(
    root: Path,
    *,
    environ: Mapping[str, str],
    overrides: Mapping[str, Any] | None = None,
    filters: Filters = Filters(),  # noqa: B008 - frozen
    clock: Callable[[], datetime] = utc_now,
) -> tuple[SpecStatus, ...]:
    """Return the standing of every chosen spec, in the order of their files. Asks the API nothing."""
    project = load_project(root, environ=environ, overrides=overrides)
    store = open_store(root, project.settings)
    now = clock()
    with open_sources(root, project.settings, environ) as sources:
        made = reconcile(project, store, sources, filters=filters, now=now, ask=lambda: None)
    log = store.read()
    specs = {loaded.spec.name: loaded.spec for loaded in project.specs}
    return tuple(_standing(specs[shown.name], shown, made, log, now) for shown in made.specs)


def _standing(spec: Spec, shown: SpecPlan, made: Plan, log: Log, now: datetime) -> SpecStatus:
    items = [item for item in made.imports if item.spec == spec.name]
    totals = completed(spec, made.workspace, log)
    last = totals.last
    state, reason = _state(spec, shown, items, last, now)
    return SpecStatus(
        name=spec.name,
        path=shown.path,
        object=shown.object,
        state=state,
        reason=reason,
        imported=totals.imported,
        pending=sum(1 for item in items if item.runnable),
        rejects=totals.rejects,
        last_import=last.time if last else None,
        last_run=last.run if last else None,
        owner=spec.owner,
        formerly=tuple(spec.formerly),
    )


@dataclass(frozen=True, slots=True)
class Totals:
    """How many imports jobs have completed, what became of their rejected rows, the last one's end and its rows alone.

    A repair is no import more, but the rows that it left are rejected rows, too.
    """

    imported: int
    rejects: Account
    last: Finished | None
    last_rejects: Account


def completed(spec: Spec, workspace: str, log: Log) -> Totals:
    """Sum up what the log has of a spec, under all of its names, for the object that it names now."""
    lineage = Lineage(spec.lineage, workspace, spec.target.object)
    imported, told, last, last_told = 0, Account(), None, Account()
    for path in log.paths(lineage):
        for life in log.generations(lineage, path):
            end = life.completion
            if end is not None:
                imported += life.done and repaired(path) is None
                own = account(log, lineage, life)
                told = told.plus(own)
                if last is None or end.time > last.time:
                    last, last_told = end, own
    return Totals(imported, told, last, last_told)


def overdue(spec: Spec, last: Finished | None, now: datetime) -> str:
    """Say that nothing was imported for longer than the spec's `expect_every`, or ""."""
    if spec.expect_every is None or last is None or now - last.time <= spec.expect_every:
        return ""
    return f"nothing imported for more than {format_duration(spec.expect_every)}"


def _state(
    spec: Spec, shown: SpecPlan, items: list[PlannedImport], last: Finished | None, now: datetime
) -> tuple[State, str]:
    """Give the worst that is true of the spec, and why."""
    return next(_standings(spec, shown, items, last, now))


def _standings(
    spec: Spec, shown: SpecPlan, items: list[PlannedImport], last: Finished | None, now: datetime
) -> Iterator[tuple[State, str]]:
    if shown.problem:
        yield "failing", shown.problem
    yield from (("failing", _about(item)) for item in items if item.attention)
    yield from (("failing", _about(item)) for item in items if item.action is Action.RETRY)
    if last is not None and last.rows is not None and last.rows.read > 0 and last.rows.invalid == last.rows.read:
        yield "failing", f"{last.path}: every row of the last import was rejected"
    yield from (("running", _about(item)) for item in items if item.action in (Action.RESUME, Action.WAIT))
    suspension = suspended(spec.suspend, now)
    if suspension is not None:
        yield "suspended", suspension
    if late := overdue(spec, last, now):
        yield "stale", late
    pending = sum(1 for item in items if item.runnable)
    if pending:
        yield "pending", f"{pending} to import"
    yield from (("blocked", _about(item)) for item in items if item.action is Action.BLOCKED)
    if last is None:
        is_empty = not (items or shown.settled)
        told = "no file was ever imported" + ("; none matches the source" if is_empty else "")
        yield "never", told + ("; expect_every counts from the first" if spec.expect_every is not None else "")
    yield "ok", "up to date"


def _about(item: PlannedImport) -> str:
    return f"{item.file.path}: {item.reason}"
