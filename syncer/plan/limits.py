"""Rails: what throttles a run, and what refuses it as a whole before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from syncer.errors import Refusal
from syncer.model.log import Lineage
from syncer.plan.budget import budget_of
from syncer.plan.inputs import Inputs, SpecInput
from syncer.plan.types import Action, PlannedImport


def _starts(items: list[PlannedImport]) -> list[PlannedImport]:
    return [item for item in items if item.runnable and item.action is not Action.RESUME]


def throttled(own: SpecInput, items: list[PlannedImport]) -> list[PlannedImport]:
    """Let the first `limits.max_files_per_run` imports through and leave the others to the next run."""
    most = own.spec.limits.max_files_per_run
    if most is None:
        return items
    later = {item.cover for item in _starts(items)[most:]}
    reason = f"limits.max_files_per_run is {most}; the next run goes on"
    return [replace(item, action=Action.BLOCKED, reason=reason) if item.cover in later else item for item in items]


def refusals(inputs: Inputs, own: SpecInput, items: list[PlannedImport]) -> Iterator[Refusal]:
    """Yield every rail that holds the run back because of this spec."""
    yield from _renamed(inputs, own)
    if own.spec.name not in inputs.filters.over_limits:
        yield from _over_limits(own, items)


def _over_limits(own: SpecInput, items: list[PlannedImport]) -> Iterator[Refusal]:
    starting, limits, name = _starts(items), own.spec.limits, own.spec.name
    override = f"raise it in {own.path}, or allow this one run: --over-limits {name}"
    if limits.files is not None and len(starting) > limits.files:
        yield Refusal(
            spec=name,
            setting=f"limits.files: {limits.files}",
            reason=f"{len(starting)} files are pending",
            override=override,
        )
    yield from _over_rows(own, starting, override)


def _over_rows(own: SpecInput, starting: list[PlannedImport], override: str) -> Iterator[Refusal]:
    """Hold the limits on rows to what is known before the fact. Rows that are not known pass no limit."""
    limits, budget = own.spec.limits, budget_of(starting)
    how = "counted" if budget.rows.exact else "estimated from samples"
    about = "" if budget.rows.exact else "~"
    files = "1 file" if budget.unknown == 1 else f"{budget.unknown:,} files"
    more = f", and the rows of {files} more are not known" if budget.unknown else ""
    counts = (
        ("rows", limits.rows, budget.rows.rows, f"rows are pending ({how})"),
        ("compute_rows", limits.compute_rows, budget.compute_rows, f"rows of merge compute are pending (rows: {how})"),
    )
    for key, most, count, what in counts:
        if most is not None and (count > most or budget.unknown):
            yield Refusal(
                spec=own.spec.name,
                setting=f"limits.{key}: {most}",
                reason=f"{about}{count:,} {what}{more}",
                override=override,
            )


def _renamed(inputs: Inputs, own: SpecInput) -> Iterator[Refusal]:
    """A spec whose files another, vanished spec imported is most likely that spec renamed: ask, never import twice."""
    declared = {name for other in inputs.specs for name in other.spec.lineage}
    log, lineage = inputs.log, inputs.lineage(own.spec)
    for former in sorted(log.specs() - declared):
        gone = Lineage((former,), inputs.workspace, own.spec.target.object)
        shared = [file.path for file in own.files if log.knows(gone, file.path) and not log.knows(lineage, file.path)]
        if shared:
            yield Refusal(
                spec=own.spec.name,
                setting="formerly",
                reason=f"files such as {min(shared)} were imported by spec {former}, which is gone",
                override=f"if it was renamed, write `formerly: [{former}]` in {own.path}",
            )
