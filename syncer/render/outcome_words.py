"""What is said of a run's end in every format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from syncer.apply.outcome import ImportOutcome, Result, RunOutcome
from syncer.model.events import Rejection, RowCounts
from syncer.plan import Action, Plan
from syncer.render.layout import counted, number
from syncer.render.plan_words import reason_of, skipped_words

MOST_REASONS = 10
_LEFT = {Action.BLOCKED: "blocked", Action.WAIT: "waiting"}
_SUMMED: tuple[tuple[Result, str], ...] = (
    ("completed", "completed"),
    ("failed", "failed"),
    ("detached", "left running or for the next run"),
    ("unfinished", "unfinished"),
    ("attention", "needing attention"),
    ("held", "held back"),
    ("interrupted", "interrupted"),
)


def row_words(rows: RowCounts) -> str:
    """Say what the API counted: "2,000 rows read, 1,990 valid, 10 invalid; 1,500 inserted, 490 updated"."""
    return (
        f"{counted(rows.read, 'row')} read, {number(rows.valid)} valid, {number(rows.invalid)} invalid; "
        f"{number(rows.inserts)} inserted, {number(rows.updates)} updated"
    )


def held_words(suppressed: int, quarantined: int) -> str:
    """Say which rows of a file were not sent: "3 rows suppressed, 12 rows held back (on_invalid: quarantine)"."""
    told = [f"{counted(suppressed, 'row')} suppressed"] if suppressed else []
    if quarantined:
        told.append(f"{counted(quarantined, 'row')} held back (on_invalid: quarantine)")
    return ", ".join(told)


def reason_lines(rejections: Sequence[Rejection]) -> Iterator[tuple[str, str]]:
    """Yield the first ten reasons as (count, reason with its first row), and how many reasons are left."""
    for rejection in rejections[:MOST_REASONS]:
        yield number(rejection.count), f"{rejection.reason} (first in row {number(rejection.first_row)})"
    left = len(rejections) - MOST_REASONS
    if left > 0:
        yield "", f"and {counted(left, 'more reason')}"


def summary(plan: Plan, outcome: RunOutcome) -> str:
    """Return the last line: "Applied: 3 completed (1 with rejected rows), 1 failed; 12 up to date."."""
    parts = []
    for result, words in _SUMMED:
        found = outcome.of(result)
        if found:
            whole = sum(1 for each in found if each.systematic)
            some = sum(1 for each in found if each.rows is not None and each.rows.invalid) - whole
            notes = [f"{some} with rejected rows"] if some else []
            notes += [f"{whole} with every row rejected"] if whole else []
            parts.append(f"{number(len(found))} {words}" + (f" ({', '.join(notes)})" if notes else ""))
    done = ", ".join(parts) or "nothing to do"
    rest = ", ".join(_rest(plan, outcome))
    return f"Applied: {done}; {rest}." if rest else f"Applied: {done}."


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """What one spec has that did not run: (blocked or waiting, which files, why), alike ones together."""

    spec: str
    lines: tuple[tuple[str, str, str], ...]
    command: str


def left_behind(plan: Plan, outcome: RunOutcome) -> Iterator[LeftBehind]:
    """Yield why nothing was done about the blocked and waiting files; what the outcome tells of already is left out."""
    told = {each.item.key for each in outcome.imports}
    alike: dict[str, dict[tuple[str, str], list[str]]] = {}
    for item in plan.imports:
        if item.action in _LEFT and item.key not in told:
            reasons = alike.setdefault(item.spec, {})
            reasons.setdefault((_LEFT[item.action], reason_of(item)), []).append(item.file.path)
    for spec, reasons in alike.items():
        lines = [(action, _which(paths), why) for (action, why), paths in reasons.items()]
        more = len(lines) - MOST_REASONS
        lines = lines[:MOST_REASONS] + ([("", f"and {counted(more, 'more reason')}", "")] if more > 0 else [])
        is_declared = any(each.name == spec for each in plan.specs)
        yield LeftBehind(spec, tuple(lines), f"syncer plan --spec {spec}" if is_declared else "syncer plan")


def _which(paths: Sequence[str]) -> str:
    return paths[0] if len(paths) == 1 else f"{paths[0]} and {number(len(paths) - 1)} more"


def _rest(plan: Plan, outcome: RunOutcome) -> Iterator[str]:
    """Say what the plan held and the run did not touch."""
    told = {each.item.key for each in outcome.imports}
    left = [item for item in plan.imports if item.key not in told]
    for action, words in _LEFT.items():
        count = sum(1 for item in left if item.action is action)
        if count:
            yield f"{number(count)} {words}"
    skipped = skipped_words(left, plan.settled)
    if skipped:
        yield skipped


def ids(outcome: ImportOutcome) -> str:
    """Name what the vendor's support asks for: "job imp_…, correlation id …", or ""."""
    parts = [f"job {outcome.job}" if outcome.job else ""]
    parts.append(f"correlation id {outcome.correlation_id}" if outcome.correlation_id else "")
    return ", ".join(filter(None, parts))
