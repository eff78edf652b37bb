"""Why rows were rejected and jobs failed, without anything that could be a value of a row.

What the API says about a row may quote the row. The log and the screen are given the reason alone; who needs the row
looks into the private file of rejected rows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from syncer.model.events import Rejection

MOST_REASONS = 100
LONGEST_REASON = 300
HIDDEN = "…"
ROW = "row"
"""What a reason begins with when it is about the whole row rather than one field."""

# The reasons that the vendor guide and the API's row rules spell out. They hold no value of a row.
_KNOWN = re.compile(
    r"invalid email format"
    r"|naive datetime — include timezone offset"
    r"|not an RFC 3339 datetime"
    r"|expected \d+ columns, found \d+"
)
_QUOTED = re.compile(r"(?<!\w)'[^']*'|\"[^\"]*\"|`[^`]*`|\u201c[^\u201d]*\u201d|\u2018[^\u2019]*\u2019")
_ADDRESS = re.compile(r"\S+@\S+")
_NUMBER = re.compile(r"[+-]?\d[\d.,:/+TZ-]*")
_LONG_NUMBER = re.compile(r"[+-]?\d(?:[ ./-]?\d){4,}")


def grouped(path: Path, names: Collection[str]) -> tuple[Rejection, ...]:
    """Count the reasons of a file of rejected rows, most frequent first; past a hundred the rest are counted as one.

    `names` are the columns and fields that a reason may begin with.
    """
    counts: dict[str, int] = {}
    first_rows: dict[str, int] = {}
    with path.open("rb") as lines:
        for line in lines:
            if not line.strip():
                continue
            reason, number = _reason(line, names)
            if reason not in counts and len(counts) >= MOST_REASONS:
                reason = "other reasons"
            counts[reason] = counts.get(reason, 0) + 1
            first_rows[reason] = min(first_rows.get(reason, number), number)
    ordered = sorted(counts, key=lambda reason: (-counts[reason], first_rows[reason], reason))
    return tuple(Rejection(reason=r, count=counts[r], first_row=first_rows[r]) for r in ordered)


def _reason(line: bytes, names: Collection[str]) -> tuple[str, int]:
    try:
        rejected = json.loads(line)
        text, number = str(rejected["error"]), max(0, int(rejected["rowNumber"]))
    except (ValueError, KeyError, TypeError, OverflowError):
        return "a rejection that cannot be read", 0
    row = rejected.get("sourceRow")
    return without_values(text, row if isinstance(row, dict) else {}, names), number


def without_values(reason: str, row: Mapping[str, object], names: Collection[str]) -> str:
    """Take out of a reason whatever could be a value of the row: quoted text, numbers, addresses, and its cells."""
    field, separator, rest = reason.partition(": ")
    if not separator or field not in names:
        field, separator, rest = "", "", reason
    elif _KNOWN.fullmatch(rest):
        return reason
    for value in sorted(_cells(row), key=len, reverse=True):
        if value.lower() in rest.lower():
            rest = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", HIDDEN, rest, flags=re.IGNORECASE)
    return f"{field}{separator}{_NUMBER.sub(HIDDEN, _without_quotes(rest, names))}"[:LONGEST_REASON]


def job_failure(message: str, names: Collection[str]) -> str:
    """Take out of a job's failure message what it may quote from the file; line numbers and counts are left."""
    return _LONG_NUMBER.sub(HIDDEN, _without_quotes(message, names))


def _without_quotes(text: str, names: Collection[str]) -> str:
    """Hide quoted text, unless it names a column or field, and addresses."""
    kept = _QUOTED.sub(lambda found: found[0] if found[0][1:-1] in names else HIDDEN, text)
    return _ADDRESS.sub(HIDDEN, kept)


def _cells(value: object) -> Iterator[str]:
    """Yield the texts of a row's cells, however deep they are nested."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _cells(inner)
    elif value is not None and (text := str(value).strip()):
        yield text
