"""Problems of specs and settings: `path:line:column: message`, the line with a caret, the hint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from syncer.render.json_text import json_text
from syncer.render.layout import counted, display_width, shown
from syncer.render.markdown import code, escaped, table
from syncer.render.style import PLAIN, Style

if TYPE_CHECKING:
    from syncer.errors import Problem

_LONGEST = 160
_BEFORE_CARET = 100


def problems_text(problems: Sequence[Problem], *, style: Style = PLAIN, level: str = "") -> str:
    """Return all problems, each with its source line; `level` ("warning: ") goes before the message."""
    return "\n".join(line for problem in problems for line in _problem(problem, style, level))


def _problem(problem: Problem, style: Style, level: str) -> list[str]:
    place = style.bold(f"{shown(problem.path)}:{problem.line}:{problem.column}:")
    lines = [f"{place} {level}{shown(problem.message)}"]
    if problem.source_line.strip():
        lines += _pointed(problem.source_line, problem.column, style)
    if problem.hint:
        lines.append(f"  {style.cyan(shown(problem.hint))}")
    return lines


def _pointed(source_line: str, column: int, style: Style) -> list[str]:
    """Return the line and a caret below its column; of a very long line, what is around the column."""
    line, offset = source_line.rstrip(), max(0, column - 1)
    if len(line) > _LONGEST:
        start = max(0, offset - _BEFORE_CARET)
        line, offset = line[start : start + _LONGEST], offset - start
    before = "".join("    " if each == "\t" else shown(each) for each in line[:offset])
    text = "".join("    " if each == "\t" else shown(each) for each in line)
    return [f"  {text}", f"  {' ' * display_width(before)}{style.red('^')}"]


def problem_document(problem: Problem) -> dict[str, Any]:
    return {
        "path": problem.path,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "hint": problem.hint,
    }


def validation_summary(specs: int, problems: int, warnings: int, *, online: bool, by_snapshot: int = 0) -> str:
    """Say in one line how the check went."""
    against = " against the platform" if online else ""
    if by_snapshot:
        against = f", {'all' if by_snapshot == specs else by_snapshot} against snapshots of their objects"
    found = counted(problems, "problem") if problems else "no problems"
    more = f", {counted(warnings, 'warning')}" if warnings else ""
    return f"{counted(specs, 'spec')} checked{against}: {found}{more}."


def validation_text(
    specs: int,
    problems: Sequence[Problem],
    warnings: Sequence[Problem],
    *,
    online: bool,
    by_snapshot: int = 0,
    style: Style = PLAIN,
) -> str:
    """Return the problems, the warnings, and a last line that sums up."""
    parts = []
    if problems:
        parts += [problems_text(problems, style=style), ""]
    if warnings:
        parts += [problems_text(warnings, style=style, level=f"{style.yellow('warning:')} "), ""]
    summary = validation_summary(specs, len(problems), len(warnings), online=online, by_snapshot=by_snapshot)
    parts.append(style.red(summary) if problems else style.green(summary))
    return "\n".join(parts)


def validation_json(
    specs: int, problems: Sequence[Problem], warnings: Sequence[Problem], *, online: bool, by_snapshot: int = 0
) -> str:
    return json_text(
        {
            "valid": not problems,
            "specs": specs,
            "online": online,
            "by_snapshot": by_snapshot,
            "problems": [problem_document(problem) for problem in problems],
            "warnings": [problem_document(warning) for warning in warnings],
        }
    )


def validation_markdown(
    specs: int, problems: Sequence[Problem], warnings: Sequence[Problem], *, online: bool, by_snapshot: int = 0
) -> str:
    summary = validation_summary(specs, len(problems), len(warnings), online=online, by_snapshot=by_snapshot)
    lines = [f"**{summary}**"]
    found = [("error", problem) for problem in problems] + [("warning", warning) for warning in warnings]
    if found:
        rows = [
            (code(f"{p.path}:{p.line}:{p.column}"), level, escaped(p.message), escaped(p.hint)) for level, p in found
        ]
        lines += ["", *table(("where", "", "what", "hint"), rows)]
    return "\n".join(lines)
