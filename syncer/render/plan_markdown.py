"""A plan as a comment on a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from syncer.plan import Plan, PlannedImport
from syncer.render.layout import number
from syncer.render.markdown import code, escaped, folded, table
from syncer.render.plan_budget import estimates_line, item_words, total_of, total_words
from syncer.render.plan_words import (
    Group,
    attention_line,
    groups,
    reason_of,
    skipped_words,
    summary,
    undecided_line,
)
from syncer.values import format_size

_MOST_OPEN = 10
_MOST_LISTED = 200
"""GitHub refuses a comment of more than 65,536 characters."""
_HEADER = ("action", "file", "size", "rows", "compute", "typically", "why")
_NUMBERS = frozenset({2, 3, 4, 5})


def plan_markdown(plan: Plan) -> str:
    """Return the plan with a table a spec; long tables and up-to-date files are folded."""
    lines = [f"### {escaped(summary(plan).removesuffix('.'))}", ""]
    lines += _refused(plan)
    for line in filter(None, (attention_line(plan), undecided_line(plan), *plan.warnings)):
        lines += [f"> ⚠️ {escaped(line)}", ""]
    for group in groups(plan):
        lines += [*_group(group), ""]
    for line in filter(None, (total_of(plan), estimates_line(plan))):
        lines += [escaped(line), ""]
    lines.append(
        f"<sub>workspace {escaped(plan.workspace)}, {plan.created:%Y-%m-%d %H:%M} UTC, {plan.digest[:12]}</sub>"
    )
    return "\n".join(lines)


def _refused(plan: Plan) -> Iterator[str]:
    if not plan.refusals:
        return
    yield "> **Refused**: apply will send nothing until this is settled."
    for refusal in plan.refusals:
        what = f"{code(refusal.spec)}: {escaped(refusal.reason)} ({code(refusal.setting)})"
        yield f"> - {what}; {escaped(refusal.override)}"
    yield ""


def _group(group: Group) -> Iterator[str]:
    place = f" ({code(group.spec.path)})" if group.spec else " (no longer declared)"
    yield f"#### {code(group.name)} → {code(group.object)}{place}"
    yield ""
    if group.spec is not None:
        notes = [f"- ⚠️ {escaped(text)}" for text in (group.spec.problem, *group.spec.warnings) if text]
        notes += [f"- {escaped(note)}" for note in group.spec.notes]
        yield from [*notes, ""] if notes else []
    if group.listed:
        listed = _table(group.listed)
        yield from listed if len(group.listed) <= _MOST_OPEN else folded(f"{number(len(group.listed))} files", listed)
        total = total_words(group.listed)
        yield from ["", f"Total: {escaped(total)}"] if total else []
    skipped = skipped_words(group.skipped, group.settled)
    if skipped:
        yield from [""] if group.listed else []
        yield from folded(skipped, _table(group.skipped)) if group.skipped else [skipped]


def _table(items: Sequence[PlannedImport]) -> list[str]:
    rows = [_row(item) for item in items[:_MOST_LISTED]]
    more = len(items) - len(rows)
    lines = table(_HEADER, rows, right=_NUMBERS)
    return [*lines, "", f"and {number(more)} more"] if more > 0 else lines


def _row(item: PlannedImport) -> tuple[str, ...]:
    action = f"**{item.action.value}**" if item.runnable else item.action.value
    costs = map(escaped, item_words(item))
    why = escaped("; ".join(filter(None, (reason_of(item), item.advice))))
    mark = "⚠️ " if item.attention else ""
    return f"{mark}{action}", code(item.file.path), format_size(item.file.size), *costs, why
