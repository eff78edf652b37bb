"""The guard against files that come late: older rows never silently overwrite newer ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from syncer.model.generation import Generation
from syncer.model.order import order_key
from syncer.plan.imported import ImportedFile, ImportedFiles, folder_of
from syncer.plan.inputs import Inputs, SpecInput
from syncer.plan.types import STARTING, Action, PlannedImport


def late_held(
    inputs: Inputs, own: SpecInput, items: list[PlannedImport], imported: ImportedFiles
) -> list[PlannedImport]:
    """Hold back what comes, in the spec's order, before a file that was imported. For a spec that keeps its order.

    An object that appends has no rows to overwrite. An operator's word (a day to begin with, --out-of-order, forget)
    goes before the guard.
    """
    spec, filters = own.spec, inputs.filters
    appends = inputs.write_modes.get(spec.target.object) == "append"
    if appends or filters.since is not None or spec.name in filters.out_of_order:
        return items
    return [_guarded(inputs, own, item, imported) if item.action in STARTING else item for item in items]


def _guarded(inputs: Inputs, own: SpecInput, item: PlannedImport, imported: ImportedFiles) -> PlannedImport:
    if imported.newest(besides=item.file.path) is None:
        return item
    lives = inputs.log.generations(inputs.lineage(own.spec), item.file.path)
    newer = _newer(own, item, lives, imported)
    if newer is None:
        return item
    reason = _reason(inputs, own, imported.in_full(newer))
    return replace(item, action=Action.BLOCKED, reason=reason, attention=True)


def _newer(
    own: SpecInput, item: PlannedImport, lives: Iterable[Generation], imported: ImportedFiles
) -> ImportedFile | None:
    """Return an imported file whose rows this import would undo, or None.

    Days, and times where the spec orders by them, are compared across the whole source. The names of files say which
    of them is older only within one folder: `eu/2.csv` is no older than `us/1.csv`.

    A file that was imported before is changed in its place rather than late, unless its date says how old its rows are
    and the spec does not say that changes are wanted.
    """
    since_import: list[Generation] = []
    for life in lives:
        since_import = [life] if life.done else [*since_import, life]
    if any(life.forgotten is not None for life in since_import):
        return None
    path, day, order = item.file.path, item.file.date, own.spec.source.order
    newest = imported.newest(besides=path)
    of_a_newer_day = newest is not None and newest.day is not None and (day or date.min) < newest.day
    if any(life.done for life in since_import):
        is_late = own.spec.source.on_change is None and day is not None and of_a_newer_day
        return newest if is_late else None
    if of_a_newer_day:
        return newest
    rival = newest if order == "modified" else imported.newest(besides=path, folder=folder_of(path))
    return rival if rival is not None and order_key(item.file, order) < rival.key else None


def _reason(inputs: Inputs, own: SpecInput, newest: Generation) -> str:
    name, target = own.spec.name, own.spec.target.object
    when = newest.completion or newest.baseline
    imported = f"imported on {when.time:%Y-%m-%d}" if when is not None else "which is imported"
    effect = (
        "its rows would overwrite newer ones"
        if target in inputs.write_modes
        else f"its rows would overwrite newer ones unless object {target} appends, which is not known"
    )
    return (
        f"older than {newest.path}, {imported}: {effect}. To import it all the same: --out-of-order {name}; "
        f"to leave it out: syncer baseline {name} --path PATH; where order does not matter: on_failure: continue"
    )
