"""How a run ended, for a job's summary page or a comment."""

from __future__ import annotations

import html
from collections.abc import Iterator

from syncer.apply.outcome import ImportOutcome, RunOutcome
from syncer.plan import Plan
from syncer.render.layout import counted, number, shown
from syncer.render.markdown import code, escaped, folded, table
from syncer.render.outcome_words import held_words, ids, left_behind, reason_lines, summary

_HEADER = ("result", "spec", "file", "read", "valid", "invalid", "inserted", "updated")
_NUMBERS = frozenset({3, 4, 5, 6, 7})
_MOST_LISTED = 200
_GOOD = {"completed": "✅", "held": "⏸️", "interrupted": "⏸️", "unfinished": "⏳"}


def outcome_markdown(plan: Plan, outcome: RunOutcome) -> str:
    """Return a table of the imports; reasons and failures follow it, folded."""
    lines = [f"### {escaped(summary(plan, outcome).removesuffix('.'))}", ""]
    lines += [f"> ⚠️ {escaped(problem)}" for problem in outcome.problems]
    if outcome.imports:
        rows = [_row(each) for each in outcome.imports[:_MOST_LISTED]]
        lines += ["", *table(_HEADER, rows, right=_NUMBERS), ""]
        left = len(outcome.imports) - _MOST_LISTED
        lines += [f"and {number(left)} more", ""] if left > 0 else []
    for each in outcome.imports[:_MOST_LISTED]:
        lines += _details(each)
    for behind in left_behind(plan, outcome):
        lines += [f"Not run of {code(behind.spec)} (see {code(behind.command)}):", ""]
        lines += [f"- {_left_line(*each)}" for each in behind.lines]
        lines.append("")
    lines.append(f"<sub>run {escaped(outcome.run)}</sub>")
    return "\n".join(lines)


def _left_line(action: str, which: str, why: str) -> str:
    return f"{action} {code(which)}: {escaped(why)}" if action else escaped(which)


def _row(outcome: ImportOutcome) -> tuple[str, ...]:
    rows = outcome.rows
    counts = (rows.read, rows.valid, rows.invalid, rows.inserts, rows.updates) if rows else ()
    mark = "❌" if outcome.systematic else _GOOD.get(outcome.result, "❌")
    result = f"{mark} {outcome.result}"
    numbers = tuple(map(number, counts)) or ("",) * len(_NUMBERS)
    return result, code(outcome.item.spec), code(outcome.item.file.path), *numbers


def _details(outcome: ImportOutcome) -> Iterator[str]:
    held = held_words(outcome.suppressed, outcome.quarantined)
    lines = [f"- {escaped(held)}"] if held else []
    lines += [f"- {escaped(outcome.message)}"] if outcome.message else []
    lines += [f"- {escaped(warning)}" for warning in outcome.warnings]
    lines += [f"- {escaped(ids(outcome))}"] if outcome.result != "completed" and ids(outcome) else []
    lines += [f"- next: {escaped(step)}" for step in outcome.next_step.splitlines()]
    for title, rejections in (("reason", outcome.rejections), ("held back because", outcome.held_back)):
        if rejections:
            reasons = [(count, escaped(reason)) for count, reason in reason_lines(rejections)]
            lines += ["", *table(("rows", title), reasons, right=frozenset({0}))]
    if outcome.rejects_file:
        lines += ["", f"The rows themselves are in {code(outcome.rejects_file)} on the machine that ran this."]
    if lines:
        rejected = f", {counted(outcome.rows.invalid, 'rejected row')}" if outcome.rows and outcome.rows.invalid else ""
        path = html.escape(shown(outcome.item.file.path))
        yield from folded(f"{path}: {outcome.result}{rejected}", lines)
        yield ""
