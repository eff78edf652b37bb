"""A plan for a terminal or a log."""

from __future__ import annotations

from collections.abc import Iterator

from syncer.errors import Refusal
from syncer.plan import RUNNABLE, Action, Plan, PlannedImport
from syncer.render.layout import columns, display_width, shorten, shown, wrap
from syncer.render.plan_budget import estimates_line, item_words, total_of, total_words
from syncer.render.plan_words import (
    MARKS,
    Group,
    attention_line,
    groups,
    reason_of,
    skipped_words,
    summary,
    undecided_line,
)
from syncer.render.style import PLAIN, Style
from syncer.values import format_size

_NUMBERS = frozenset({2, 3, 4})
_LEAST_PATH = 20


def plan_text(plan: Plan, *, style: Style = PLAIN, width: int | None = None, verbose: bool = False) -> str:
    """Return the whole plan; `verbose` lists the skipped files too. `width` None: lines of any length."""
    lines: list[str] = []
    for group in groups(plan):
        lines += [*_group(group, style, width, verbose=verbose), ""]
    lines += _refused(plan.refusals, style, width)
    lines += wrap(total_of(plan), width) if total_of(plan) else []
    lines += [f"{style.yellow('warning:')} {shown(warning)}" for warning in plan.warnings]
    lines += [f"{style.yellow('note:')} {line}" for line in filter(None, [undecided_line(plan), estimates_line(plan)])]
    lines += [style.red(line) for line in filter(None, [attention_line(plan)])]
    lines.append(style.bold(summary(plan)))
    return "\n".join(lines)


def _group(group: Group, style: Style, width: int | None, *, verbose: bool) -> Iterator[str]:
    place = group.spec.path if group.spec else "no longer declared"
    yield f"{style.bold(shown(group.name))} → {shown(group.object)}  {style.dim(f'({shown(place)})')}"
    items = group.listed + (group.skipped if verbose else ())
    yield from _items(items, style, width, verbose=verbose)
    total = total_words(group.listed)
    if total:
        yield from wrap(f"total: {total}", width, "  ")
    counted_only = skipped_words(() if verbose else group.skipped, group.settled)
    if counted_only:
        yield f"  {style.dim(f'{MARKS[Action.SKIP]} {counted_only}')}"
    if group.spec is None:
        return
    if group.spec.problem:
        yield f"  {style.red('! ' + shown(group.spec.problem))}"
    for warning in group.spec.warnings:
        yield f"  {style.yellow('warning:')} {shown(warning)}"
    for note in group.spec.notes:
        yield from (style.dim(line) for line in wrap(f"note: {shown(note)}", width, "  "))


def _items(items: tuple[PlannedImport, ...], style: Style, width: int | None, *, verbose: bool) -> Iterator[str]:
    """One line an import where all fit into the width, else its reason on lines of its own below it."""
    aligned = columns([_cells(item, verbose=verbose) for item in items], right=_NUMBERS)
    reasons = [shown(reason_of(item)) for item in items]
    room = None if width is None else width - max(map(display_width, aligned), default=0) - 4
    beside = room is None or all(display_width(reason) <= room for reason in reasons)
    if not beside and width is not None:
        aligned = _narrow([_cells(item) for item in items], width)
    widest = max(map(display_width, aligned), default=0)
    for item, line, reason in zip(items, aligned, reasons, strict=True):
        start = _coloured(item, line, style)
        if beside:
            yield f"  {start}{' ' * (widest - display_width(line) + 2)}{style.dim(reason)}"
        else:
            yield f"  {start}"
            yield from (style.dim(part) for part in wrap(reason, width, " " * 6))
        if item.advice:
            yield from wrap(f"advice: {shown(item.advice)}", width, " " * 6)


def _narrow(rows: list[tuple[str, ...]], width: int) -> list[str]:
    """Align the cells with the paths so short that the lines fit, though not shorter than a path can be told by."""
    others = columns([(row[0], "…", *row[2:]) for row in rows], right=_NUMBERS)
    longest = max(_LEAST_PATH, width - max(map(display_width, others)) - 1)
    return columns([(row[0], shorten(row[1], longest), *row[2:]) for row in rows], right=_NUMBERS)


def _cells(item: PlannedImport, *, verbose: bool = False) -> tuple[str, ...]:
    action = f"{'!' if item.attention else MARKS[item.action]} {item.action.value}"
    rows, compute, duration = item_words(item)
    counts = [rows and f"{rows} {'row' if rows == '1' else 'rows'}"]
    if verbose:
        counts += [compute and f"{compute} compute", duration]
    return action, shown(item.file.path), format_size(item.file.size), *counts


def _coloured(item: PlannedImport, line: str, style: Style) -> str:
    if item.attention:
        return style.red(line)
    if item.action in RUNNABLE:
        return style.green(line)
    return style.dim(line) if item.action is Action.SKIP else style.yellow(line)


def _refused(refusals: tuple[Refusal, ...], style: Style, width: int | None) -> Iterator[str]:
    if not refusals:
        return
    yield style.red(style.bold("Refused: apply will send nothing until this is settled."))
    for refusal in refusals:
        yield f"  {shown(refusal.spec)}: {style.bold(shown(refusal.setting))}"
        yield from wrap(shown(refusal.reason), width, "    ")
        yield from wrap(shown(refusal.override), width, "    ")
    yield ""
