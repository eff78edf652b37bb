"""Which values a field takes, and what is said of the others."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.emulator.catalogue import FieldDefinition
from syncer.emulator.rules import RejectedValueError, native_rule, text_rule

if TYPE_CHECKING:
    from syncer.emulator.catalogue import FieldType

NAIVE = "naive datetime — include timezone offset"
BAD_TIME = "not an RFC 3339 datetime"
BAD_DATE = "not a date (YYYY-MM-DD)"


def field(kind: FieldType) -> FieldDefinition:
    return FieldDefinition(type=kind, values=("bronze", "gold") if kind == "enum" else ())


TEXT_TAKEN: list[tuple[FieldType, str]] = [
    ("string", "  anything, untrimmed ☃ \n"),
    ("email", "jane.doe+tag@mail.example.co"),
    ("email", "o'brien_1@example-shop.com"),
    ("integer", "0"),
    ("integer", "-9223372036854775808"),
    ("integer", "9223372036854775807"),
    ("number", "-0.5"),
    ("number", "12"),
    ("number", "1.5e-3"),
    ("number", "2E+10"),
    ("boolean", "true"),
    ("boolean", "false"),
    ("date", "2024-02-29"),
    ("datetime", "2026-04-21T16:30:00Z"),
    ("datetime", "2026-04-21T16:30:00.123456789-03:30"),
    ("enum", "gold"),
]


@pytest.mark.parametrize(("kind", "value"), TEXT_TAKEN)
def test_text_that_a_field_takes(kind: FieldType, value: str) -> None:
    """A valid cell is stored as it stands."""
    assert text_rule(field(kind))(value) == value


TEXT_REFUSED: list[tuple[FieldType, str, str]] = [
    *[
        ("email", value, "invalid email format")
        for value in (
            "not-an-email",
            "a@b",
            "a@@example.com",
            " a@example.com",
            "a@example.com ",
            "a..b@example.com",
            ".a@example.com",
            "a@-example.com",
            "a@example..com",
            "a@example.123",
            "a b@example.com",
            "ä@example.com",
            "a@example.com\n",
            "x" * 65 + "@example.com",
        )
    ],
    *[("integer", value, "not an integer") for value in ("+1", "01", "1.0", "", " 1", "1e3", "٣", "-", "1_000")],
    ("integer", "9223372036854775808", "integer out of range"),
    ("integer", "9" * 5000, "integer out of range"),
    *[("number", value, "not a number") for value in ("1,5", ".5", "5.", "+1", "01", "NaN", "inf", "1e999", "0x1", "")],
    *[("boolean", value, "not a boolean") for value in ("True", "TRUE", "1", "yes", " true")],
    *[
        ("date", value, BAD_DATE)
        for value in ("2026-02-30", "2026-2-3", "20260203", "2026-02-03T00:00:00Z", "0000-01-01")
    ],
    *[
        ("datetime", value, NAIVE)
        for value in (
            "2026-04-21",
            "2026-04-21T10:00:00",
            "2026-04-21 10:00:00",
            "2026-04-21T10:00",
            "2026-04-21T10:00:00.5",
        )
    ],
    *[
        ("datetime", value, BAD_TIME)
        for value in (
            "2026-04-21 10:00:00Z",
            "2026-04-21T10:00Z",
            "2026-04-21t10:00:00z",
            "2026-04-21T10:00:00+0200",
            "2026-04-21T10:00:00+24:00",
            "2026-04-21T24:00:00Z",
            "2026-04-21T10:00:60Z",
            "2026-02-30T10:00:00Z",
            "2026-02-30",
            "21.04.2026",
            "1713690000",
            "tomorrow",
        )
    ],
    ("enum", "Gold", "not one of bronze, gold"),
    ("enum", "gold ", "not one of bronze, gold"),
]


@pytest.mark.parametrize(("kind", "value", "reason"), TEXT_REFUSED)
def test_text_that_a_field_refuses(kind: FieldType, value: str, reason: str) -> None:
    """An invalid cell is refused with the reason that is documented for it."""
    with pytest.raises(RejectedValueError) as caught:
        text_rule(field(kind))(value)
    assert caught.value.args[0] == reason


NATIVE_REFUSED: list[tuple[FieldType, object, str]] = [
    ("string", 5, "not a string"),
    ("string", ["a"], "not a string"),
    ("string", "half a pair: \ud800", "not valid Unicode text"),
    ("email", 5, "invalid email format"),
    ("integer", "5", "not an integer"),
    ("integer", 5.0, "not an integer"),
    ("integer", True, "not an integer"),
    ("integer", 2**63, "integer out of range"),
    ("number", "5", "not a number"),
    ("number", True, "not a number"),
    ("number", math.inf, "not a number"),
    ("number", 10**400, "not a number"),
    ("boolean", "true", "not a boolean"),
    ("boolean", 1, "not a boolean"),
    ("date", 20260101, BAD_DATE),
    ("datetime", 1713690000, BAD_TIME),
    ("datetime", "2026-04-21", NAIVE),
    ("enum", None, "not one of bronze, gold"),
]


@pytest.mark.parametrize(("kind", "value", "reason"), NATIVE_REFUSED)
def test_json_values_need_their_own_type(kind: FieldType, value: object, reason: str) -> None:
    """A JSON value of another type is refused, however well its text would do."""
    with pytest.raises(RejectedValueError) as caught:
        native_rule(field(kind))(value)
    assert caught.value.args[0] == reason


@given(st.integers(min_value=-(2**63), max_value=2**63 - 1))
def test_every_64_bit_integer_is_taken(number: int) -> None:
    """Text and JSON agree on integers."""
    assert text_rule(field("integer"))(str(number)) == native_rule(field("integer"))(number) == str(number)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_keeps_its_value(number: float) -> None:
    """A number's stored text reads back as the same number."""
    assert float(native_rule(field("number"))(number)) == number


@given(st.datetimes(timezones=st.timezones()))
def test_every_aware_datetime_with_whole_minutes_of_offset_is_taken(moment: object) -> None:
    """What Python writes as ISO 8601 with seconds and an offset is RFC 3339, unless the offset has seconds."""
    text = moment.isoformat(timespec="microseconds")  # type: ignore[attr-defined]  # hypothesis hides the type
    if len(text) == len("2026-04-21T16:30:00.000000+00:00"):
        assert text_rule(field("datetime"))(text) == text


@given(st.text())
def test_no_text_breaks_a_rule(text: str) -> None:
    """Whatever the cell, each rule either takes it or gives a reason."""
    for kind in ("string", "email", "integer", "number", "boolean", "date", "datetime", "enum"):
        for rule in (text_rule(field(kind)), native_rule(field(kind))):
            with suppress(RejectedValueError):
                assert rule(text) == text
