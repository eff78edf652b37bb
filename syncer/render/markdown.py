"""Markdown that GitHub shows as it was meant, whatever stands in paths and reasons."""

from __future__ import annotations

import re
from collections.abc import Sequence

from syncer.render.layout import shown

_SPECIAL = re.compile(r"[\\`*_\[\]<>#|~@$]")
# Before a mention or a reference to an issue can be seen in the text, a comment comes in between.
_INSTEAD = {"<": "&lt;", ">": "&gt;", "@": "@<!-- -->", "#": "#<!-- -->"}


def escaped(text: str) -> str:
    """Return foreign text so that none of it is markup, a mention or HTML."""
    clean = shown(text).replace("&", "&amp;")
    return _SPECIAL.sub(lambda match: _INSTEAD.get(match[0], f"\\{match[0]}"), clean)


def code(text: str) -> str:
    """Return foreign text as code that holds inside a table's cell too."""
    clean = shown(text)
    if "|" in clean or "\\" in clean:  # a cell ends at a bar, inside code too
        clean = clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return f"<code>{clean.replace('|', '&#124;').replace('`', '&#96;').replace(chr(92), '&#92;')}</code>"
    fence = "`" * (max((len(run) for run in re.findall(r"`+", clean)), default=0) + 1)
    room = " " if clean.startswith("`") or clean.endswith("`") or not clean else ""
    return f"{fence}{room}{clean}{room}{fence}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()) -> list[str]:
    """Return a table's lines; the cells are Markdown already. `right` are the numbers of columns with numbers."""
    rule = ["---:" if index in right else "---" for index in range(len(header))]
    return [f"| {' | '.join(row)} |" for row in (header, rule, *rows)]


def folded(summary: str, lines: Sequence[str]) -> list[str]:
    """Return lines that open with a click. `summary` is HTML already."""
    return ["<details>", f"<summary>{summary}</summary>", "", *lines, "", "</details>"]
