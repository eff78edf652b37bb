"""What imports do to each other: order within a spec, one job at a time on an object, dependencies between specs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from syncer.plan.inputs import Inputs, SpecInput
from syncer.plan.types import STARTING, Action, PlannedImport


def in_order(items: list[PlannedImport]) -> list[PlannedImport]:
    """Hold files back behind an earlier one that fails, is not ready, or is another run's."""
    held: list[PlannedImport] = []
    ahead: PlannedImport | None = None
    for item in items:
        if ahead is not None and item.action in STARTING:
            held.append(_held_behind(item, ahead))
            continue
        held.append(item)
        if ahead is None and (item.attention or item.not_ready or item.action is Action.WAIT):
            ahead = item
    return held


def _held_behind(item: PlannedImport, ahead: PlannedImport) -> PlannedImport:
    if ahead.action is Action.WAIT:
        return replace(item, action=Action.WAIT, reason=f"after {ahead.file.path}: {ahead.reason}")
    why = "is not ready" if ahead.not_ready else "needs attention"
    reason = f"held behind {ahead.file.path}, which {why} (on_failure: block)"
    return replace(item, action=Action.BLOCKED, reason=reason)


def objects_held(inputs: Inputs, decided: dict[str, list[PlannedImport]], resumed: Iterable[PlannedImport]) -> None:
    """Hold imports back from objects on which a job may be running that this plan does not bring to its end.

    `resumed` are the jobs that it does. Another living run's job is waited for; any other one holds its object until
    somebody looks at it, or until a run that is not kept from it does.
    """
    ours = {(item.file.path, item.generation, item.import_id) for item in resumed}
    holders: dict[str, tuple[Action, str]] = {}
    for permit in inputs.log.open_permits(inputs.workspace):
        if (permit.path, permit.generation, permit.import_id) in ours:
            continue
        life = inputs.history_of(permit)
        claim = life.last_claim if life else None
        if claim is not None and inputs.may_be_alive(claim):
            reason = f"run {permit.run} has job {permit.job} on object {permit.object}"
            holders.setdefault(permit.object, (Action.WAIT, reason))
        else:
            reason = f"job {permit.job} of spec {permit.spec} may be running on object {permit.object}"
            holders[permit.object] = (Action.BLOCKED, reason)
    for name, items in decided.items():
        decided[name] = [_held(item, holders.get(item.object)) for item in items]


def _held(item: PlannedImport, holder: tuple[Action, str] | None) -> PlannedImport:
    if holder is None or item.action not in STARTING:
        return item
    action, reason = holder
    return replace(item, action=action, reason=reason)


def dependants_held(by_name: dict[str, SpecInput], decided: dict[str, list[PlannedImport]], chosen: set[str]) -> None:
    """Order specs behind what they depend on, or hold them back where that cannot finish in this run.

    `decided` comes with dependencies first, so that what is held back holds back in its turn.
    """
    for name, items in decided.items():
        dependencies = [d for d in by_name[name].spec.depends_on if d in decided]
        hold = next((reason for d in dependencies if (reason := _hold(by_name[d], decided[d], chosen))), None)
        after = tuple(d for d in dependencies if any(item.runnable for item in decided[d]))
        if hold is not None or after:
            decided[name] = [_behind(item, hold, after) if item.action in STARTING else item for item in items]


def _behind(item: PlannedImport, hold: str | None, after: tuple[str, ...]) -> PlannedImport:
    if hold is not None:
        return replace(item, action=Action.BLOCKED, reason=hold)
    return replace(item, after=after)


def _hold(own: SpecInput, items: list[PlannedImport], chosen: set[str]) -> str | None:
    name = own.spec.name
    if own.problem:
        return f"depends on {name}, whose source cannot be listed"
    if any(item.attention for item in items):
        return f"depends on {name}, which needs attention"
    if any(item.action in (Action.BLOCKED, Action.WAIT) for item in items):
        return f"depends on {name}, whose imports are held back"
    if name not in chosen and any(item.runnable for item in items):
        return f"depends on {name}, which has pending imports that this run leaves out"
    return None
