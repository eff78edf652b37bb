"""Judge whole columns in the engine: the rules of `values`, compiled to SQL.

Cells are named by the caller (`c0`, `c1`, …), never by a file; values are bound by number, and the patterns are this
project's own text, so nothing of a file or a spec becomes SQL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from syncer.prepare.judge import patterns
from syncer.prepare.judge.checks import INTEGERS, NAIVE, OUT_OF_RANGE, Check, Kind

SAFE_DIGITS: Final = 18
"""An integer of so many characters is inside 64 bits."""
_PATTERNS: Final[Mapping[Kind, str]] = {
    "email": patterns.EMAIL,
    "integer": patterns.INTEGER,
    "number": patterns.NUMBER,
    "date": patterns.DATE,
    "datetime": patterns.DATETIME,
}
_WHOLE_TYPES: Final = r"U?(?:TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)"
_TEXT_TYPES: Final = r"VARCHAR|ENUM\(.*\)"
_TAKEN_TYPES: Final[Mapping[Kind, str]] = {
    "string": rf"{_TEXT_TYPES}|JSON",
    "email": _TEXT_TYPES,
    "enum": _TEXT_TYPES,
    "integer": _WHOLE_TYPES,
    "number": rf"{_WHOLE_TYPES}|FLOAT|DOUBLE|DECIMAL\(.*\)",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "datetime": r"TIMESTAMP.* WITH TIME ZONE",
}


class Bindings:
    """The values of one statement, and the reasons that it answers with by number."""

    def __init__(self) -> None:
        self.values: list[object] = []
        self.reasons: list[str] = []

    def bind(self, value: object) -> str:
        """Return the placeholder of a value."""
        self.values.append(value)
        return f"${len(self.values)}"

    def reason(self, text: str) -> str:
        """Return the number of a reason, counted from 1."""
        if text not in self.reasons:
            self.reasons.append(text)
        return str(self.reasons.index(text) + 1)


def text_verdict(checks: Iterable[tuple[Check, str]], bindings: Bindings) -> str:
    """Return the expression for a CSV row's reason, NULL for a valid row; cells are text, and NULL where empty."""
    return _first(_text_column(check, cell, bindings) for check, cell in checks)


def native_verdict(checks: Iterable[tuple[Check, str, str]], bindings: Bindings) -> str:
    """Return the same for a row whose columns have types, given as the engine calls them."""
    return _first(_native_column(check, cell, sql_type, bindings) for check, cell, sql_type in checks)


def _first(columns: Iterable[str | None]) -> str:
    return f"coalesce({', '.join([*filter(None, columns), 'NULL'])})::USMALLINT"


def _text_column(check: Check, cell: str, bindings: Bindings) -> str | None:
    missing = _missing(check, cell, bindings)
    if check.kind in {"anything", "string"}:
        return f"CASE {missing} END" if missing else None
    taken, finer = _taken(check, cell, bindings), _finer(check, cell, bindings)
    refusal = bindings.reason(check.refusal)
    return f"CASE {missing} WHEN {cell} IS NULL OR {taken} THEN NULL {finer} ELSE {refusal} END"


def _missing(check: Check, cell: str, bindings: Bindings) -> str:
    return f"WHEN {cell} IS NULL THEN {bindings.reason(check.missing)}" if check.required else ""


def _taken(check: Check, cell: str, bindings: Bindings) -> str:
    """Return when a text is taken."""
    match check.kind:
        case "enum":
            # One bound list rather than IN: the engine may turn a long IN into a join.
            return f"list_contains({bindings.bind(list(check.values))}::VARCHAR[], {cell})"
        case "boolean":
            return f"{cell} IN ('true', 'false')"
        case "email":
            more = (
                f"(strlen({cell}) <= {patterns.SHORT_EMAIL} OR strlen({cell}) <= {patterns.EMAIL_LENGTH} "
                f"AND strpos({cell}, '@') - 1 <= {patterns.LOCAL_PART_LENGTH} "
                f"AND NOT {_full_match(cell, patterns.LONG_LABEL)})"
            )
        case "integer":
            more = f"(strlen({cell}) <= {SAFE_DIGITS} OR TRY_CAST({cell} AS BIGINT) IS NOT NULL)"
        case "number":
            more = f"coalesce(isfinite(TRY_CAST({cell} AS DOUBLE)), false)"
        case _:
            more = "true"
    return f"({_full_match(cell, _PATTERNS[check.kind])} AND {more})"


def _finer(check: Check, cell: str, bindings: Bindings) -> str:
    """Return the WHEN of texts that are refused in other words than the rest; "" where there are none."""
    if check.kind == "datetime":
        return f"WHEN {_full_match(cell, patterns.NAIVE_DATETIME)} THEN {bindings.reason(check.about(NAIVE))}"
    if check.kind == "integer":
        return f"WHEN {_full_match(cell, patterns.INTEGER)} THEN {bindings.reason(check.about(OUT_OF_RANGE))}"
    return ""


def _native_column(check: Check, cell: str, sql_type: str, bindings: Bindings) -> str | None:
    """Judge a column of a type: one that the field does not take has no valid value but null."""
    missing = _missing(check, cell, bindings)
    if check.kind == "anything":
        return f"CASE {missing} END" if missing else None
    if (unfit := refusal_of_type(check, sql_type)) is not None:
        return f"CASE {missing} WHEN {cell} IS NOT NULL THEN {bindings.reason(unfit)} END"
    if check.kind in {"email", "enum"}:
        return _text_column(check, f"{cell}::VARCHAR", bindings)
    refused = _native_refusal(check, cell, sql_type, bindings)
    return f"CASE {missing} {refused} END" if missing or refused else None


def refusal_of_type(check: Check, sql_type: str) -> str | None:
    """Return what every value of a column of this type is refused with, None where its field takes the type."""
    if check.kind == "anything" or re.fullmatch(_TAKEN_TYPES[check.kind], sql_type):
        return None
    naive = check.kind == "datetime" and sql_type.startswith("TIMESTAMP")
    return check.about(NAIVE) if naive else check.refusal


def _native_refusal(check: Check, cell: str, sql_type: str, bindings: Bindings) -> str:
    """Return the WHEN of those values of a taken type that the field does not take; "" where it takes all."""
    match check.kind:
        case "integer" if sql_type in {"UBIGINT", "HUGEINT", "UHUGEINT"}:
            outside = f"{cell} NOT BETWEEN {INTEGERS[0]} AND {INTEGERS[-1]}"
            return f"WHEN {outside} THEN {bindings.reason(check.about(OUT_OF_RANGE))}"
        case "number" if sql_type in {"FLOAT", "DOUBLE"}:
            return f"WHEN NOT isfinite({cell}) THEN {bindings.reason(check.refusal)}"
        case "date":
            outside = f"{cell} NOT BETWEEN DATE '0001-01-01' AND DATE '9999-12-31'"
            return f"WHEN {outside} THEN {bindings.reason(check.refusal)}"
        case "datetime":
            first, last = "0001-01-01 00:00:00+00", "9999-12-31 23:59:59.999999+00"
            outside = f"{cell} NOT BETWEEN TIMESTAMPTZ '{first}' AND TIMESTAMPTZ '{last}'"
            return f"WHEN {outside} THEN {bindings.reason(check.refusal)}"
    return ""


def _full_match(cell: str, pattern: str) -> str:
    """Match with a constant pattern: the engine compiles it once."""
    escaped = pattern.replace("'", "''")
    return f"regexp_full_match({cell}, '{escaped}')"
