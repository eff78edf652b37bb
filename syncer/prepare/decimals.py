"""Decimals as JSON has them: without digits before the point the engine writes `.5`, and JSON wants `0.5`."""

from __future__ import annotations

import re
from typing import Final

_FRACTION: Final = re.compile(r"DECIMAL\((\d+),\1\)")
_QUOTED: Final = re.compile("[\"']")
"""Names may look like types: such a type is not rewritten."""
_WIDEST: Final = 38


def decimal_text(cell: str, sql_type: str) -> str:
    """Return the SQL of a decimal's text, digit by digit."""
    if _FRACTION.fullmatch(sql_type):
        return rf"regexp_replace({cell}::VARCHAR, '^(-?)[.]', '\10.')"
    return f"{cell}::VARCHAR"


def json_value(cell: str, sql_type: str) -> str:
    """Return the SQL of a value that the engine can make JSON of: itself, but for such decimals, also nested ones.

    One of 38 digits inside another type becomes text.
    """
    if _FRACTION.fullmatch(sql_type):
        return f"{decimal_text(cell, sql_type)}::JSON"
    wider = _FRACTION.sub(_wider, sql_type)
    return cell if wider == sql_type or _QUOTED.search(sql_type) else f"{cell}::{wider}"


def _wider(found: re.Match[str]) -> str:
    digits = int(found[1])
    return f"DECIMAL({digits + 1},{digits})" if digits < _WIDEST else "VARCHAR"
