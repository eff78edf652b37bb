"""Lines and columns as a terminal counts them, and numbers and times as people read them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta

_ZERO_WIDTH = frozenset({"Mn", "Me", "Cf"})
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
GAP = "  "


def shown(text: str) -> str:
    """Return foreign text (a path, a reason) fit for one line of a terminal: nothing in it controls anything."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text)


def display_width(text: str) -> int:
    """Count the columns that a terminal needs for the text, colours not counted."""
    plain = _ESCAPES.sub("", text)
    if plain.isascii():
        return len(plain)
    return sum(_columns(each) for each in plain)


def _columns(character: str) -> int:
    if unicodedata.category(character) in _ZERO_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Fill up to `width` columns, on the left for numbers."""
    blank = " " * max(0, width - display_width(text))
    return blank + text if right else text + blank


def shorten(text: str, width: int) -> str:
    """Cut plain text in the middle, where a path says least, to at most `width` columns."""
    if display_width(text) <= width:
        return text
    if width <= 1:
        return "…"[:width]
    head, tail = (width - 1) // 2, width - 1 - (width - 1) // 2
    return _front(text, head) + "…" + _front(text[::-1], tail)[::-1]


def _front(text: str, width: int) -> str:
    taken = 0
    for index, each in enumerate(text):
        taken += _columns(each)
        if taken > width:
            return text[:index]
    return text


def columns(rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()) -> list[str]:
    """Align the cells of all rows; `right` are the numbers of columns that hold numbers. The last is never padded."""
    if not rows:
        return []
    count = max(map(len, rows))
    widths = [max((display_width(row[i]) for row in rows if i < len(row)), default=0) for i in range(count)]
    lines = []
    for row in rows:
        cells = [
            pad(cell, widths[i], right=i in right) if i < count - 1 or i in right else cell
            for i, cell in enumerate(row)
            if widths[i]
        ]
        lines.append(GAP.join(cells).rstrip())
    return lines


def wrap(text: str, width: int | None, indent: str = "") -> list[str]:
    """Break at spaces so that every line fits, `indent` included; a longer word stays whole."""
    if width is None:
        return [indent + text]
    lines: list[str] = []
    line = indent
    for word in text.split(" "):
        candidate = f"{line} {word}" if line.strip() else f"{line}{word}"
        if line.strip() and display_width(candidate) > width:
            lines.append(line)
            candidate = indent + word
        line = candidate
    return [*lines, line]


def number(value: int) -> str:
    return f"{value:,}"


def counted(value: int, thing: str, things: str = "") -> str:
    """Write `1 row`, `2,000 rows`."""
    return f"{number(value)} {thing if value == 1 else things or thing + 's'}"


def moment(value: datetime) -> str:
    """Write a time in UTC, to the minute."""
    return f"{value:%Y-%m-%d %H:%M}"


def lasted(seconds: float) -> str:
    """Write a duration for people: `0.4 s`, `12 s`, `3 m 05 s`, `2 h 10 m`."""
    if seconds < 10:  # noqa: PLR2004 - below ten seconds a tenth is worth showing
        return f"{seconds:.1f} s"
    whole = timedelta(seconds=int(seconds))
    minutes, rest = divmod(int(whole.total_seconds()), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} m" if hours else f"{minutes} m {rest:02} s"
