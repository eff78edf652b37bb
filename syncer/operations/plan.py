"""Make a plan, save it, take it back."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncer.errors import Conflict, SyncerError, Unavailable
from syncer.operations import folders
from syncer.operations.connect import has_credentials, open_api, open_sources, utc_now
from syncer.operations.facts import object_facts, snapshot_facts, spec_inputs, with_contents
from syncer.operations.identity import place_of
from syncer.operations.preparation import missing_means
from syncer.operations.samples import limits_rows, with_samples
from syncer.operations.stores import open_store
from syncer.plan import Filters, Inputs, Plan, make_plan
from syncer.plan.document import SavedPlan, from_document, to_document
from syncer.source.samples import Samples
from syncer.source.sources import Sources
from syncer.spec.load import Project, load_project
from syncer.state.store import Store

if TYPE_CHECKING:
    from syncer.api.client import ImportApi


def plan(
    root: Path,
    *,
    environ: Mapping[str, str],
    overrides: Mapping[str, Any] | None = None,
    filters: Filters = Filters(),  # noqa: B008 - frozen
    clock: Callable[[], datetime] = utc_now,
    in_full: bool = False,
) -> Plan:
    """Plan what apply would do now. Asks the API only where a decision hangs on an object's write mode.

    Without credentials the committed snapshots tell it; without the remote that `state.git: push` names, this clone's
    own log is planned from.

    Files that are imported already are listed one by one only `in_full`, and counted otherwise.
    """
    project = load_project(root, environ=environ, overrides=overrides)
    store = open_store(root, project.settings, only_read=True)

    with ExitStack() as opened:
        sources = opened.enter_context(open_sources(root, project.settings, environ))

        def ask() -> ImportApi | None:
            if not has_credentials(root, environ):
                return None
            return opened.enter_context(open_api(root, project.settings, environ, clock=clock))

        return reconcile(
            project, store, sources, filters=filters, now=clock(), ask=ask, in_full=in_full, with_rows=True
        )


def reconcile(
    project: Project,
    store: Store,
    sources: Sources,
    *,
    filters: Filters,
    now: datetime,
    ask: Callable[[], ImportApi | None],
    is_running: bool = False,
    objects: frozenset[str] = frozenset(),
    stop: Callable[[], bool] | None = None,
    in_full: bool = False,
    with_rows: bool = False,
) -> Plan:
    """Gather the facts and plan; see `plan` for `in_full`. `ask` gives the API where it is needed.

    `with_rows` looks at pending files to tell their rows, also where no limit hangs on these.
    `objects` are those that are about to be written to: they are asked about in any case, and an API that does not
    answer ends the run before anything is claimed. `is_running` says that this very run holds the log. `stop` is
    asked while files are read.
    """
    log = store.read()
    specs = spec_inputs(project, filters, sources, log, in_full=in_full)
    others_are_dead = is_running or not store.is_held()
    inputs = Inputs(
        specs=specs,
        log=log,
        now=now,
        workspace=project.settings.api.workspace,
        filters=filters,
        write_modes=log.write_modes(project.settings.api.workspace),
        exclusive=others_are_dead and not store.is_shared,
        place=place_of(project.root) if others_are_dead else "",
    )
    made = make_plan(inputs)
    if made.unread:
        inputs = replace(inputs, specs=with_contents(inputs.specs, made, sources))
        made = make_plan(inputs)
    if made.undecided or objects:
        inputs = _with_object_facts(inputs, project.root, ask, made.undecided | objects, required=bool(objects))
        made = make_plan(inputs)
    if made.runnable and (with_rows or any(limits_rows(own, filters) for own in inputs.specs)):
        remembered = Samples(folders.sample_cache(project.root))
        sampled = with_samples(inputs.specs, made, sources, remembered, in_full=with_rows, stop=stop)
        inputs = replace(inputs, specs=sampled)
        made = make_plan(inputs)
    warnings = (*missing_means(project), *store.warnings())
    return replace(made, warnings=warnings, write_modes=dict(inputs.write_modes))


def _with_object_facts(
    inputs: Inputs, root: Path, ask: Callable[[], ImportApi | None], names: frozenset[str], *, required: bool
) -> Inputs:
    """Ask about the objects; where there is nobody to ask, and nothing will be sent, the snapshots tell."""
    try:
        api = ask()
        modes, closed = object_facts(api, names) if api is not None else snapshot_facts(root, names)
    except Unavailable:
        if required:
            raise
        modes, closed = snapshot_facts(root, names)
    return replace(inputs, write_modes={**inputs.write_modes, **modes}, closed=closed)


def save(made: Plan, path: Path) -> None:
    """Write the plan as a JSON document, whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(json.dumps(to_document(made), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise SyncerError(f"the plan cannot be saved: {error.strerror or error}", where=str(path)) from error


def load_saved(path: Path) -> SavedPlan:
    """Read a plan that `save` wrote. Raises Conflict when the file is none, SyncerError when it cannot be read."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        is_missing = isinstance(error, FileNotFoundError)
        raise SyncerError(
            f"there is no saved plan {path}" if is_missing else f"the plan cannot be read: {error.strerror or error}",
            where="" if is_missing else str(path),
            why="`apply NAME` carries out a plan that was saved before; specs are chosen with --spec",
            next_step=f"make one: syncer plan --out {path}",
        ) from error
    except ValueError as error:
        raise Conflict(f"{path.name} is not a saved plan", next_step=f"make one: syncer plan --out {path}") from error
    return from_document(document, str(path))
