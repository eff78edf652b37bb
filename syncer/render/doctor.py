"""What `syncer doctor` found, in every format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from syncer.render.json_text import json_text
from syncer.render.layout import counted, pad, shown
from syncer.render.markdown import code, escaped, table
from syncer.render.problems import problem_document, problems_text
from syncer.render.style import PLAIN, Style

if TYPE_CHECKING:
    from syncer.errors import Problem

_WIDTH = len("warning")
_INDENT = " " * (_WIDTH + 4)
_ORDER = ("ok", "warning", "failed", "skipped")


class Check(Protocol):
    """One thing that was looked at, as `syncer.operations.doctor` tells it."""

    @property
    def area(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def what(self) -> str: ...
    @property
    def where(self) -> str: ...
    @property
    def why(self) -> str: ...
    @property
    def next_step(self) -> str: ...
    @property
    def problems(self) -> Sequence[Problem]: ...


def doctor_text(checks: Sequence[Check], *, style: Style = PLAIN) -> str:
    """Return a line a check, grouped by area; below what is not well, why, and how to mend it."""
    lines: list[str] = []
    for area in dict.fromkeys(check.area for check in checks):
        lines.append(style.bold(area))
        for check in checks:
            if check.area == area:
                lines += _check(check, style)
        lines.append("")
    told = summary(checks)
    return "\n".join([*lines, style.red(told) if _count(checks, "failed") else style.green(told)])


def _check(check: Check, style: Style) -> list[str]:
    colour = {"ok": style.green, "warning": style.yellow, "failed": style.red}.get(check.status, style.dim)
    lines = [f"  {colour(pad(check.status, _WIDTH))}  {shown(check.subject)}: {shown(check.what)}"]
    details = (("where", check.where), ("why", check.why), ("mend", check.next_step))
    lines += [f"{_INDENT}{name}: {shown(text)}" for name, text in details if text]
    if check.problems:
        lines += [_INDENT + line for line in problems_text(check.problems, style=style).splitlines()]
    return lines


def _count(checks: Sequence[Check], status: str) -> int:
    return sum(1 for check in checks if check.status == status)


def summary(checks: Sequence[Check]) -> str:
    """Count the checks: "12 checks: 10 ok, 1 warning, 1 failed."."""
    found = ", ".join(f"{count} {status}" for status in _ORDER if (count := _count(checks, status)))
    return f"{counted(len(checks), 'check')}: {found}."


def doctor_json(checks: Sequence[Check], exit_code: int) -> str:
    return json_text(
        {
            "exit_code": exit_code,
            "checks": [
                {
                    "area": check.area,
                    "subject": check.subject,
                    "status": check.status,
                    "what": check.what,
                    "where": check.where,
                    "why": check.why,
                    "next_step": check.next_step,
                    "problems": [problem_document(problem) for problem in check.problems],
                }
                for check in checks
            ],
        }
    )


def doctor_markdown(checks: Sequence[Check]) -> str:
    rows = []
    for check in checks:
        status = f"**{check.status}**" if check.status in ("failed", "warning") else check.status
        problems = [f"{code(f'{p.path}:{p.line}:{p.column}')} {escaped(p.message)}" for p in check.problems]
        told = [escaped(text) for text in (check.what, check.where, check.why) if text]
        rows.append(
            (check.area, status, escaped(check.subject), "<br>".join([*told, *problems]), escaped(check.next_step))
        )
    return "\n".join([f"**{summary(checks)}**", "", *table(("area", "", "checked", "found", "mend"), rows)])
