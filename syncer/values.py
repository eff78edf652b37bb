"""Durations, sizes, percentages and dates as people write them in specs and settings.

Each type is a string in YAML and JSON Schema and a plain Python value in the models.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

# The numbers of digits keep every value far inside what timedelta, datetime and int() can hold.
_DURATION = r"^([0-9]{1,9}(ms|s)|[0-9]{1,7}m|[0-9]{1,5}[hd]|[0-9]{1,4}w)$"
_SIZE = r"^[1-9][0-9]{0,11}(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$"
_PERCENT = r"^(100(\.0{1,6})?|[0-9]{1,2}(\.[0-9]{1,6})?)%$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

_DURATION_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_SIZE_UNITS = {
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}


def parse_duration(text: str) -> timedelta:
    """Read `10m`, `24h`, `7d`, `500ms`. Raises ValueError with the accepted forms."""
    if not re.fullmatch(_DURATION, text):
        raise ValueError("expected a duration such as 30s, 10m, 24h or 7d")
    digits = text.rstrip("mshdw")
    return int(digits) * _DURATION_UNITS[text[len(digits) :]]


def format_duration(value: timedelta) -> str:
    """Write the duration with its largest whole unit, so that `parse_duration` reads the same value back."""
    for unit in ("w", "d", "h", "m", "s"):
        if value and value % _DURATION_UNITS[unit] == timedelta(0):
            return f"{value // _DURATION_UNITS[unit]}{unit}"
    return f"{value // _DURATION_UNITS['ms']}ms"


def parse_size(text: str) -> int:
    """Read `5GB` (decimal) or `5GiB` (binary) as bytes. Raises ValueError with the accepted forms."""
    if not re.fullmatch(_SIZE, text):
        raise ValueError("expected a size such as 500MB, 5GB or 5GiB")
    digits = re.sub(r"[^0-9]", "", text)
    return int(digits) * _SIZE_UNITS[text[len(digits) :]]


def format_size(value: int) -> str:
    """Write bytes for people: `4.8 MB`, `1.3 GB`; decimal units, as the vendor's limits are."""
    size = float(value)
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1000:  # noqa: PLR2004 - the step between decimal units
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def parse_percent(text: str) -> float:
    """Read `0.5%` as 0.005. Raises ValueError with the accepted form."""
    if not re.fullmatch(_PERCENT, text):
        raise ValueError("expected a percentage between 0% and 100%, such as 0.5%")
    return float(text[:-1]) / 100


def format_percent(value: float) -> str:
    """Write the share so that `parse_percent` reads the same value back: 0.005 is `0.5%`."""
    return f"{value * 100:.6f}".rstrip("0").rstrip(".") + "%"


def parse_date(text: str) -> date:
    """Read `2026-11-01`. Raises ValueError for anything else, also for a day that no month has."""
    if not re.fullmatch(_DATE, text):
        raise ValueError("expected a date such as 2026-11-01")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text} is not a day of the calendar") from None


_PARSERS: Final[Mapping[str, Callable[[str], object]]] = {
    _DURATION: parse_duration,
    _SIZE: parse_size,
    _PERCENT: parse_percent,
    _DATE: parse_date,
}


def problem_of_pattern(pattern: str, text: str) -> str:
    """Say what is wrong with a text that the schema's `pattern` or format refused; "" if the text is right."""
    try:
        _PARSERS[pattern](text)
    except ValueError as error:
        return str(error)
    return ""


def _from_text(parse: Any) -> BeforeValidator:  # noqa: ANN401 - one of the parsers above
    def convert(value: object) -> object:
        return parse(value if isinstance(value, str) else "")  # what is no text is told the accepted forms, too

    return BeforeValidator(convert)


def _text(pattern: str, example: str, **more: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": [example], **more})


Duration = Annotated[timedelta, _from_text(parse_duration), PlainSerializer(format_duration), _text(_DURATION, "10m")]
Size = Annotated[int, _from_text(parse_size), PlainSerializer(lambda n: f"{n}B"), _text(_SIZE, "5GB")]
Percent = Annotated[float, _from_text(parse_percent), PlainSerializer(format_percent), _text(_PERCENT, "0.5%")]
Day = Annotated[
    date, _from_text(parse_date), PlainSerializer(lambda d: d.isoformat()), _text(_DATE, "2026-11-01", format="date")
]
