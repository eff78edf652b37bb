"""Whether a file is completely written, as far as a listing can tell."""

from __future__ import annotations

from datetime import datetime, timedelta

from syncer.model.files import SourceFile
from syncer.model.spec import Source
from syncer.values import format_duration

_UNITS = (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1))


def not_ready(source: Source, file: SourceFile, now: datetime) -> str | None:
    """Say why the file may still be being written, or None.

    Local files have no `ready.min_age`: their times are those of a checkout or a copy, not of whoever wrote them.
    """
    if file.missing_marker:
        return f"not ready: {file.missing_marker} is missing"
    least = source.ready.min_age if source.ready is not None else None
    if least is None or not file.is_remote:
        return None
    age = now - file.modified
    if age >= least:
        return None
    return f"not ready: modified {_rounded(age)} ago, ready.min_age is {format_duration(least)}"


def _rounded(age: timedelta) -> str:
    """Write the age in its largest unit; a store's clock that is ahead of ours makes it none."""
    unit = next((unit for unit in _UNITS if age >= unit), None)
    return format_duration(age // unit * unit) if unit is not None else "0s"
