"""How a run ended, for a terminal or a log."""

from __future__ import annotations

from collections.abc import Iterator

from syncer.apply.outcome import ImportOutcome, Result, RunOutcome
from syncer.plan import Plan
from syncer.render.layout import columns, shown, wrap
from syncer.render.next_step import next_step_lines
from syncer.render.outcome_words import LeftBehind, held_words, ids, left_behind, reason_lines, row_words, summary
from syncer.render.style import PLAIN, Style

_BAD: frozenset[Result] = frozenset({"failed", "attention"})


def outcome_text(plan: Plan, outcome: RunOutcome, *, style: Style = PLAIN, width: int | None = None) -> str:
    """Return every import with its rows and reasons, and a last line that sums up."""
    lines: list[str] = []
    by_spec: dict[str, list[ImportOutcome]] = {}
    for each in outcome.imports:
        by_spec.setdefault(each.item.spec, []).append(each)
    for name, outcomes in by_spec.items():
        lines.append(f"{style.bold(shown(name))} → {shown(outcomes[0].item.object)}")
        for each in outcomes:
            lines += _import(each, style, width)
        lines.append("")
    for left in left_behind(plan, outcome):
        lines += [*_left(left, style, width), ""]
    lines += [f"{style.red('! ' + shown(problem))}" for problem in outcome.problems]
    lines.append(style.bold(summary(plan, outcome)))
    return "\n".join(lines)


def _import(outcome: ImportOutcome, style: Style, width: int | None) -> Iterator[str]:
    head = f"{outcome.result:<11} {shown(outcome.item.file.path)}"
    yield f"  {_coloured(outcome, head, style)}"
    told = [row_words(outcome.rows)] if outcome.rows is not None else []
    held = held_words(outcome.suppressed, outcome.quarantined)
    told += [held] if held else []
    told += [shown(outcome.message)] if outcome.message else []
    for text in told:
        yield from wrap(text, width, " " * 6)
    for title, rejections in (("rejected rows", outcome.rejections), ("rows held back", outcome.held_back)):
        if rejections:
            yield f"{' ' * 6}{title}, by reason:"
            reasons = [(count, shown(reason)) for count, reason in reason_lines(rejections)]
            yield from (" " * 8 + line for line in columns(reasons, right=frozenset({0})))
    if outcome.rejects_file:
        yield f"{' ' * 6}the rows themselves: {shown(outcome.rejects_file)}"
    for warning in outcome.warnings:
        yield from wrap(f"warning: {shown(warning)}", width, " " * 6)
    if outcome.result != "completed" and ids(outcome):
        yield f"{' ' * 6}{ids(outcome)}"
    for step in outcome.next_step.splitlines():
        yield from next_step_lines(shown(step), " " * 6)


def _left(left: LeftBehind, style: Style, width: int | None) -> Iterator[str]:
    yield f"{style.bold(shown(left.spec))}: not run"
    for action, which, why in left.lines:
        yield style.yellow(f"  {action:<11} {shown(which)}")
        yield from wrap(shown(why), width, " " * 6) if why else ()
    yield f"      see: {left.command}"


def _coloured(outcome: ImportOutcome, text: str, style: Style) -> str:
    if outcome.result in _BAD or outcome.systematic:
        return style.red(text)
    clean = outcome.result == "completed" and not outcome.rejections and not outcome.warnings
    return style.green(text) if clean else style.yellow(text)
