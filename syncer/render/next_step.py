"""The next command, on a line of its own, ready to be copied."""

from __future__ import annotations

import re

_COMMAND = re.compile(r"^(?:(?P<lead>[^`\n]*?): +)?(?P<command>(?:syncer|export|git) \S[^\n]*)$")


def next_step_line(step: str) -> str:
    """Return the step's first line after "next: ", or as it is where words lead to its command, as in "see: syncer"."""
    first = step.split("\n", 1)[0]
    match = _COMMAND.match(first)
    return first if match is not None and match["lead"] else f"next: {first}"


def next_step_lines(step: str, indent: str = "") -> list[str]:
    """Return "make it again: syncer plan" as words and, below them, the command; what holds none stays as it is."""
    match = _COMMAND.match(step)
    if match is None:
        return [f"{indent}next: {step}"]
    return [f"{indent}{match['lead'] or 'next'}:", "", f"{indent}    {match['command']}", ""]
