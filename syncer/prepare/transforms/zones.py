"""Local times and their offsets from UTC, as the IANA database has them.

A local time that a zone skips or has twice (when clocks change) has no offset here, and neither has one whose offset is
not whole minutes (before standard time), because RFC 3339 cannot write it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

NAIVE = "[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]+)?)?)?"
"""What the API calls a naive datetime: a day, perhaps with a time, perhaps with seconds and their fraction. The pattern
means the same to Python and to the engine."""
_NAIVE = re.compile(NAIVE)

FIRST_YEAR, CYCLE_YEAR, CYCLE = 1800, 2100, 400
"""Before the first, no zone changed. From the second on, zones follow yearly rules, which a calendar cycle repeats."""
_DAY = 86_400
_CLOSEST, _CLOSEST_BY_RULE = 2 * _DAY, 15 * _DAY
"""No zone changed its offset twice within so many seconds: the closest changes were four days apart, and those of a
yearly rule are months apart."""


def with_offset(text: str, zone: ZoneInfo) -> str:
    """Write a naive datetime as RFC 3339 with the zone's offset at that local time; leave any other text as it is."""
    if _NAIVE.fullmatch(text) is None:
        return text
    clock = (text[11:] or "00:00") + ("" if len(text) > len("2026-01-01T00:00") else ":00")
    try:
        local = datetime.fromisoformat(f"{text[:10]}T{clock[:8]}")
    except ValueError:  # a day that no calendar has
        return text
    offset = local.replace(tzinfo=zone).utcoffset()
    if offset is None or offset != local.replace(tzinfo=zone, fold=1).utcoffset():
        return text
    written = offset_text(offset // timedelta(seconds=1))
    return f"{text[:10]}T{clock}{written}" if written else text


def offset_text(seconds: int | None) -> str | None:
    """Write an offset as `±hh:mm`, or give None where that cannot be done."""
    if seconds is None or seconds % 60:
        return None
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return f"{'-' if seconds < 0 else '+'}{hours:02}:{minutes:02}"


@dataclass(frozen=True, slots=True)
class ZoneTable:
    """A zone as lists that the engine can look things up in.

    From `bounds[i]` on (local seconds since 1970, ascending) up to the next bound, the offset is `offsets[i]` seconds,
    None where a local time is skipped or comes twice. `first[y - FIRST_YEAR]` is the index of the bound in force when
    the year `y` begins; `most` is the largest number of bounds within one year. Years from CYCLE_YEAR + CYCLE on are
    like those a cycle earlier.
    """

    bounds: tuple[int, ...]
    offsets: tuple[int | None, ...]
    first: tuple[int, ...]
    most: int


@cache
def zone_table(name: str) -> ZoneTable:
    """Work the table out by asking for the offset at moments close enough to each other to miss no change."""
    zone = ZoneInfo(name)
    bounds = [_seconds(datetime(1, 1, 1, tzinfo=UTC))]
    offsets: list[int | None] = [_offset(zone, _start(FIRST_YEAR))]
    for moment, before, after in _changes(zone):
        bounds += [moment + min(before, after), moment + max(before, after)]
        offsets += [None, after]
    first, position = [], 0
    for start in map(_start, range(FIRST_YEAR, CYCLE_YEAR + CYCLE)):
        while position + 1 < len(bounds) and bounds[position + 1] <= start:
            position += 1
        first.append(position)
    most = max(after - before for before, after in pairwise([*first, len(bounds) - 1]))
    return ZoneTable(tuple(bounds), tuple(offsets), tuple(first), most)


def _changes(zone: ZoneInfo) -> Iterator[tuple[int, int, int]]:
    """Yield each moment (seconds since 1970, UTC) at which the offset changes, with the offset before and after."""
    start = _start(FIRST_YEAR)
    known = _offset(zone, start)
    while start < _start(CYCLE_YEAR + CYCLE):
        end = start + (_CLOSEST if start < _start(CYCLE_YEAR) else _CLOSEST_BY_RULE)
        found = _offset(zone, end)
        if found != known:
            yield _moment(zone, start, end), known, found
            known = found
        start = end


def _moment(zone: ZoneInfo, low: int, high: int) -> int:
    before = _offset(zone, low)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle) == before:
            low = middle
        else:
            high = middle
    return high


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _offset(zone: ZoneInfo, moment: int) -> int:
    offset = zone.fromutc((_EPOCH + timedelta(seconds=moment)).replace(tzinfo=zone)).utcoffset()
    return offset.days * _DAY + offset.seconds if offset is not None else 0


def _start(year: int) -> int:
    return _seconds(datetime(year, 1, 1, tzinfo=UTC))


def _seconds(moment: datetime) -> int:
    return int((moment - _EPOCH).total_seconds())
