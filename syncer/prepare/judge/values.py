"""Judge one value in Python: the same verdicts as `sql` gives, for files that the engine does not read."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import TypeGuard

from syncer.prepare.judge import patterns
from syncer.prepare.judge.checks import INTEGERS, NAIVE, NO_UNICODE, OUT_OF_RANGE, Check, Kind

TextRule = Callable[[str], str | None]
"""Given a cell, "" for null: why its row is rejected, or None."""
NativeRule = Callable[[object], str | None]
"""The same for a JSON value, None for null."""

_INTEGER_DIGITS = 20
_matches_email = re.compile(patterns.EMAIL).fullmatch
_has_long_label = re.compile(patterns.LONG_LABEL).fullmatch
_matches_date = re.compile(patterns.DATE).fullmatch
_matches_datetime = re.compile(patterns.DATETIME).fullmatch
_matches_naive = re.compile(patterns.NAIVE_DATETIME).fullmatch
_matches_integer = re.compile(patterns.INTEGER).fullmatch
_matches_number = re.compile(patterns.NUMBER).fullmatch


def _is_email(text: str) -> bool:
    if len(text) > patterns.EMAIL_LENGTH or not _matches_email(text):
        return False
    if len(text) <= patterns.SHORT_EMAIL:
        return True
    return text.index("@") <= patterns.LOCAL_PART_LENGTH and not _has_long_label(text)


def _is_number(text: str) -> bool:
    return _matches_number(text) is not None and math.isfinite(float(text))


_TAKEN: Mapping[Kind, Callable[[str], object]] = {
    "email": _is_email,
    "date": _matches_date,
    "number": _is_number,
    "boolean": frozenset(("true", "false")).__contains__,
}


def text_rule(check: Check) -> TextRule | None:
    """Return the rule for a CSV cell, None where every cell is taken."""
    judge = _text_judge(check)
    missing = check.missing if check.required else None
    if judge is None:
        return (lambda cell: None if cell else missing) if missing else None
    return lambda cell: judge(cell) if cell else missing


def native_rule(check: Check) -> NativeRule | None:
    """Return the rule for a JSON value, which must be of its field's type itself; None where every one is taken."""
    judge = _native_judge(check)
    missing = check.missing if check.required else None
    if judge is None:
        return (lambda value: missing if value is None else None) if missing else None
    return lambda value: missing if value is None else judge(value)


def _text_judge(check: Check) -> TextRule | None:
    if check.kind in {"anything", "string"}:
        return None
    if check.kind == "datetime":
        return _datetime_judge(check)
    if check.kind == "integer":
        return _integer_judge(check)
    refusal = check.refusal
    if check.kind == "enum":
        known = frozenset(check.values)
        return lambda cell: None if cell in known else refusal
    taken = _TAKEN[check.kind]
    return lambda cell: None if taken(cell) else refusal


def _native_judge(check: Check) -> NativeRule | None:
    if check.kind == "anything":
        return None
    refusal = check.refusal
    match check.kind:
        case "boolean":
            return lambda value: None if isinstance(value, bool) else refusal
        case "number":
            return lambda value: None if _is_finite(value) else refusal
        case "integer":
            out_of_range = check.about(OUT_OF_RANGE)
            return lambda value: refusal if not _is_integer(value) else None if value in INTEGERS else out_of_range
        case "string":
            no_unicode = check.about(NO_UNICODE)
            return lambda value: refusal if not isinstance(value, str) else None if _is_unicode(value) else no_unicode
    judge = _text_judge(check)
    if judge is None:
        raise AssertionError("every other kind of text has a rule")
    return lambda value: judge(value) if isinstance(value, str) else refusal


def _datetime_judge(check: Check) -> TextRule:
    refusal, naive = check.refusal, check.about(NAIVE)

    def judge(cell: str) -> str | None:
        if _matches_datetime(cell):
            return None
        return naive if _matches_naive(cell) else refusal

    return judge


def _integer_judge(check: Check) -> TextRule:
    refusal, out_of_range = check.refusal, check.about(OUT_OF_RANGE)

    def judge(cell: str) -> str | None:
        if not _matches_integer(cell):
            return refusal
        # Python converts no text of thousands of digits.
        return None if len(cell) <= _INTEGER_DIGITS and int(cell) in INTEGERS else out_of_range

    return judge


def _is_integer(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_finite(value: object) -> bool:
    if not _is_integer(value) and not isinstance(value, float):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _is_unicode(text: str) -> bool:
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False
