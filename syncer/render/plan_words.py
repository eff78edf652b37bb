"""What is said of a plan in every format: groups, marks, counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from syncer.plan import Action, Plan, PlannedImport, SpecPlan
from syncer.plan.verdict import WRITE_MODE_CURE
from syncer.render.layout import counted, number

MARKS = {
    Action.IMPORT: "+",
    Action.REIMPORT: "~",
    Action.RETRY: "~",
    Action.RESUME: ">",
    Action.WAIT: ".",
    Action.BLOCKED: "!",
    Action.SKIP: "=",
}
_SUMMED = (
    (Action.IMPORT, "to import"),
    (Action.REIMPORT, "to import again"),
    (Action.RETRY, "to retry"),
    (Action.RESUME, "to resume"),
    (Action.WAIT, "waiting"),
    (Action.BLOCKED, "blocked"),
)


@dataclass(frozen=True, slots=True)
class Group:
    """One spec of a plan with its imports; `spec` is None for one that is no longer declared.

    `settled` counts what is up to date besides the `skipped`.
    """

    name: str
    object: str
    spec: SpecPlan | None
    listed: tuple[PlannedImport, ...]
    skipped: tuple[PlannedImport, ...]
    settled: int = 0


def groups(plan: Plan) -> Iterator[Group]:
    """Yield the specs in the plan's order, those that are no longer declared first, as apply walks them."""
    declared = {spec.name: spec for spec in plan.specs}
    by_name: dict[str, list[PlannedImport]] = {item.spec: [] for item in plan.imports if item.spec not in declared}
    by_name |= {name: [] for name in declared}
    for item in plan.imports:
        by_name[item.spec].append(item)
    for name, items in by_name.items():
        spec = declared.get(name)
        yield Group(
            name=name,
            object=spec.object if spec else items[0].object,
            spec=spec,
            listed=tuple(item for item in items if item.action is not Action.SKIP),
            skipped=tuple(item for item in items if item.action is Action.SKIP),
            settled=spec.settled if spec else 0,
        )


def skipped_words(items: Iterable[PlannedImport], settled: int) -> str:
    """Count what is skipped, and what is not even listed: "12 up to date, 3 left out"."""
    counts = Counter(item.imported for item in items if item.action is Action.SKIP)
    up_to_date, left_out = settled + counts[True], counts[False]
    words = []
    if up_to_date:
        words.append(f"{number(up_to_date)} up to date")
    if left_out:
        words.append(f"{number(left_out)} left out")
    return ", ".join(words)


def reason_of(item: PlannedImport) -> str:
    after = f" (after {', '.join(item.after)})" if item.after else ""
    return item.reason + after


def summary(plan: Plan) -> str:
    """Return the last line: "Plan: 3 to import, 1 to resume, 1 blocked, 12 up to date."."""
    parts = [f"{number(count)} {words}" for action, words in _SUMMED if (count := plan.count(action))]
    skipped = skipped_words(plan.imports, plan.settled)
    if not plan.has_changes:
        parts.insert(0, "nothing to do")
    if skipped:
        parts.append(skipped)
    return f"Plan: {', '.join(parts)}."


def attention_line(plan: Plan) -> str:
    """Say that something will not mend itself, or ""."""
    count = len(plan.attention)
    if not count:
        return ""
    verb, pronoun = ("needs", "itself") if count == 1 else ("need", "themselves")
    return f"{counted(count, 'import')} {verb} attention and will not mend {pronoun}: marked with !"


def undecided_line(plan: Plan) -> str:
    """Say for which objects it is not known whether they append, or ""."""
    if not plan.undecided:
        return ""
    return f"not known whether {', '.join(sorted(plan.undecided))} appends: {WRITE_MODE_CURE}"
