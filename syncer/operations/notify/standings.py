"""How every spec stands at the end of a run, as far as somebody should hear of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from syncer.apply.outcome import ImportOutcome, RunOutcome
from syncer.model.log import Log
from syncer.model.spec import Spec
from syncer.operations.status import completed, overdue
from syncer.plan import Action, Plan, PlannedImport, SpecPlan

State = Literal["failed", "degraded", "fine", "unsettled"]

_FAILED = frozenset({"failed", "attention"})


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that is wrong: `key` tells it from others, also in later runs; `text` is for a person."""

    key: str
    text: str
    next_step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One spec. `fine` is proven: nothing is wrong and nothing is left to do; `unsettled` says neither."""

    spec: Spec
    state: State
    causes: tuple[Cause, ...] = ()


def standings(specs: Sequence[Spec], made: Plan, outcome: RunOutcome, log: Log, now: datetime) -> tuple[Standing, ...]:
    """Judge every spec of the plan by what the run did, what it left, and what the log has of the last import."""
    declared = {spec.name: spec for spec in specs}
    found = []
    for shown in made.specs:
        spec = declared[shown.name]
        own = [each for each in outcome.imports if each.item.spec == spec.name]
        failed = tuple(_failures(shown, own))
        flaws = () if failed else _flaws(spec, made.workspace, own, log, now)
        causes = failed or tuple({cause.key: cause for cause in flaws}.values())
        state: State = "failed" if failed else "degraded" if causes else _without_causes(shown.name, made, own)
        found.append(Standing(spec=spec, state=state, causes=causes))
    return tuple(found)


def all_failed(specs: Iterable[Spec], text: str, next_step: str) -> tuple[Standing, ...]:
    """Say of every spec that the whole run failed."""
    cause = Cause("run", text, next_step)
    return tuple(Standing(spec=spec, state="failed", causes=(cause,)) for spec in specs)


def _without_causes(name: str, made: Plan, outcomes: Iterable[ImportOutcome]) -> State:
    """Tell what is fine from what nobody can say yet: files are left, or the plan looked at some days alone."""
    done = {each.item.key for each in outcomes if each.result == "completed"}
    left = [item for item in made.imports if item.spec == name and item.key not in done and not _needs_nothing(item)]
    is_whole = made.filters.since is None and made.filters.until is None
    return "fine" if is_whole and not left else "unsettled"


def _needs_nothing(item: PlannedImport) -> bool:
    return item.action is Action.SKIP or item.not_ready


def _failures(shown: SpecPlan, outcomes: Iterable[ImportOutcome]) -> Iterator[Cause]:
    if shown.problem:
        yield Cause("source", shown.problem, "syncer doctor --only connections")
    for each in outcomes:
        if each.result in _FAILED or each.systematic:
            text = each.message or "every row was rejected"
            yield Cause(_key(each), _about(each.item.file.path, text), each.next_step)


def _flaws(spec: Spec, workspace: str, outcomes: Iterable[ImportOutcome], log: Log, now: datetime) -> Iterator[Cause]:
    for each in outcomes:
        rejected = (each.rows.invalid if each.rows is not None else 0) + each.quarantined
        if each.result == "unfinished":
            yield Cause(_key(each), _about(each.item.file.path, each.message), each.next_step)
        elif rejected:
            yield _rejected(_key(each), each.item.file.path, rejected, spec)
    totals = completed(spec, workspace, log)
    last, left = totals.last, totals.last_rejects.open
    if last is not None and left:
        yield _rejected(f"{last.import_id}-{last.generation}", last.path, left, spec)
    late = overdue(spec, last, now)
    if late:
        yield Cause("overdue", late, f"syncer status --spec {spec.name}")


def _about(path: str, text: str) -> str:
    return text if path in text else f"{path}: {text}"


def _rejected(key: str, path: str, rows: int, spec: Spec) -> Cause:
    told = f"{rows:,} row{'' if rows == 1 else 's'} rejected"
    return Cause(key, f"{path}: {told}", f"syncer rejects list --spec {spec.name}")


def _key(outcome: ImportOutcome) -> str:
    return f"{outcome.item.import_id}-{outcome.item.generation}"
