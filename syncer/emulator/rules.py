"""When is a value of a row valid, and what is a row told that is not.

Every rule takes one value and gives the text that is stored (DuckDB casts it, exactly), or raises
`RejectedValueError`. There are two families: text rules, for CSV, and native rules, for JSON and Parquet, whose values
must have the declared type themselves. Nothing is trimmed or guessed.

The reasons, as the rejected rows file has them. The first two and the last are the vendor guide's own words::

    <column>: invalid email format
    <field>: naive datetime — include timezone offset
    <field>: not an RFC 3339 datetime
    <field>: not a date (YYYY-MM-DD)
    <field>: not an integer
    <field>: integer out of range
    <field>: not a number
    <field>: not a boolean
    <field>: not a string
    <field>: not valid Unicode text
    <field>: not one of <values>
    <field>: required value is missing
    row: not valid JSON
    row: not a JSON object
    row: duplicate key <column>
    row: expected <n> columns, found <m>
"""

from __future__ import annotations

import math
import re
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncer.emulator.catalogue import FieldDefinition

    Rule = Callable[[object], str]

INVALID_EMAIL = "invalid email format"
NAIVE_DATETIME = "naive datetime — include timezone offset"
NOT_DATETIME = "not an RFC 3339 datetime"
REQUIRED_MISSING = "required value is missing"
NOT_NATIVE = {
    "string": "not a string",
    "email": INVALID_EMAIL,
    "integer": "not an integer",
    "number": "not a number",
    "boolean": "not a boolean",
    "date": "not a date (YYYY-MM-DD)",
    "datetime": NOT_DATETIME,
}
"""What is said of a value that is not of its field's type at all."""

_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?"
_OFFSET = r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATETIME = re.compile(rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})T{_TIME}{_OFFSET}")
_NAIVE = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?)?"
)
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+(?=[^.]*[A-Za-z]){_LABEL}")
_EMAIL_LENGTH = 254
_INTEGER_DIGITS = 20


class RejectedValueError(Exception):
    """A value that its field does not take. `args[0]` is the reason without its prefix."""


def text_rule(field: FieldDefinition) -> Rule:
    """The rule for a CSV cell that is not empty."""
    if field.type == "enum":
        return _enum(field)
    return _TEXT_RULES[field.type]


def native_rule(field: FieldDefinition) -> Rule:
    """The rule for a JSON value that is not null."""
    if field.type == "enum":
        return _enum(field)
    return _NATIVE_RULES[field.type]


def rejecting(reason: str) -> Rule:
    """A rule that no value meets: for a Parquet column whose type the field does not take."""

    def reject(_: object) -> str:
        raise RejectedValueError(reason)

    return reject


def not_native(field: FieldDefinition) -> str:
    """The reason for a value that is not of the field's type at all."""
    return f"not one of {', '.join(field.values)}" if field.type == "enum" else NOT_NATIVE[field.type]


def _enum(field: FieldDefinition) -> Rule:
    known = frozenset(field.values)
    reason = not_native(field)

    def enum(value: object) -> str:
        if isinstance(value, str) and value in known:
            return value
        raise RejectedValueError(reason)

    return enum


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise RejectedValueError(NOT_NATIVE["string"])
    if not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise RejectedValueError("not valid Unicode text") from error
    return value


def _email(value: object) -> str:
    if isinstance(value, str) and len(value) <= _EMAIL_LENGTH and _EMAIL.fullmatch(value):
        return value
    raise RejectedValueError(INVALID_EMAIL)


def _datetime(value: object) -> str:
    if isinstance(value, str):
        if (match := _DATETIME.fullmatch(value)) and _is_date(match[1]):
            return value
        if (match := _NAIVE.fullmatch(value)) and _is_date(match[1]):
            raise RejectedValueError(NAIVE_DATETIME)
    raise RejectedValueError(NOT_DATETIME)


def _date(value: object) -> str:
    if isinstance(value, str) and _DATE.fullmatch(value) and _is_date(value):
        return value
    raise RejectedValueError(NOT_NATIVE["date"])


def _is_date(text: str) -> bool:
    try:
        date(int(text[:4]), int(text[5:7]), int(text[8:10]))
    except ValueError:
        return False
    return True


def _text_integer(value: object) -> str:
    if not (isinstance(value, str) and _INTEGER.fullmatch(value)):
        raise RejectedValueError(NOT_NATIVE["integer"])
    if len(value) > _INTEGER_DIGITS:
        raise RejectedValueError("integer out of range")
    return _ranged(int(value))


def _native_integer(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        raise RejectedValueError(NOT_NATIVE["integer"])
    return _ranged(value)


def _ranged(value: int) -> str:
    if not -(2**63) <= value < 2**63:
        raise RejectedValueError("integer out of range")
    return str(value)


def _text_number(value: object) -> str:
    if isinstance(value, str) and _NUMBER.fullmatch(value) and math.isfinite(float(value)):
        return value
    raise RejectedValueError(NOT_NATIVE["number"])


def _native_number(value: object) -> str:
    if not isinstance(value, bool) and isinstance(value, int | float):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return repr(number)
    raise RejectedValueError(NOT_NATIVE["number"])


def _text_boolean(value: object) -> str:
    if isinstance(value, str) and value in {"true", "false"}:
        return value
    raise RejectedValueError(NOT_NATIVE["boolean"])


def _native_boolean(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    raise RejectedValueError(NOT_NATIVE["boolean"])


_TEXT_RULES: dict[str, Rule] = {
    "string": _string,
    "email": _email,
    "integer": _text_integer,
    "number": _text_number,
    "boolean": _text_boolean,
    "date": _date,
    "datetime": _datetime,
}
_NATIVE_RULES: dict[str, Rule] = {
    **_TEXT_RULES,
    "integer": _native_integer,
    "number": _native_number,
    "boolean": _native_boolean,
}
