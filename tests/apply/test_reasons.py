"""What is told of a rejected row: the reason, and nothing that could be a value of the row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.apply.reasons import grouped, job_failure, without_values

if TYPE_CHECKING:
    from pathlib import Path

NAMES = frozenset({"row", "email_address", "email", "signed_up_at", "city", "loyalty_tier", "points"})
WORD = st.text("abcdefghijklmnopqrstuvwxyz@0123456789 '-äß", min_size=1, max_size=20)


@pytest.mark.parametrize(
    "reason",
    [
        "email_address: invalid email format",
        "signed_up_at: naive datetime — include timezone offset",
        "signed_up_at: not an RFC 3339 datetime",
        "row: expected 4 columns, found 3",
        "points: not an integer",
        "email: required value is missing",
        "loyalty_tier: not one of bronze, silver, gold",
    ],
)
def test_reasons_without_a_value_are_kept_as_they_are(reason: str) -> None:
    """The guide's reasons and the row rules' reach the log word for word."""
    assert without_values(reason, {"email_address": "x@example.com", "points": "many", "city": "Ulm"}, NAMES) == reason


@pytest.mark.parametrize(
    ("reason", "row", "told"),
    [
        ("loyalty_tier: 'platinum' is not one of bronze, silver", {}, "loyalty_tier: … is not one of bronze, silver"),
        ('loyalty_tier: "platinum" is unknown', {}, "loyalty_tier: … is unknown"),
        ("city: \u201cBad Ems\u201d is unknown", {}, "city: … is unknown"),
        ("points: 12.5 is not an integer", {}, "points: … is not an integer"),
        ("points: -17 is below 0", {}, "points: … is below …"),
        ("signed_up_at: 2026-04-21T10:00:00+02:00 is in the future", {}, "signed_up_at: … is in the future"),
        ("email_address: jane@example.com was seen before", {}, "email_address: … was seen before"),
        ("city: Bad Ems is unknown", {"town": "Bad Ems"}, "city: … is unknown"),
        ("city: bad ems is unknown", {"town": "Bad Ems"}, "city: … is unknown"),
        ("city: Ems is unknown", {"town": {"name": [" Ems "]}}, "city: … is unknown"),
        ("city: Emsland is unknown", {"town": "Ems"}, "city: Emsland is unknown"),
        ("Bad Ems: no such town", {"town": "Bad Ems"}, "…: no such town"),
        ("city: unknown", {"city": "city"}, "city: unknown"),
        ("'points' is not mapped", {}, "'points' is not mapped"),
    ],
)
def test_values_are_taken_out_of_a_reason(reason: str, row: dict[str, object], told: str) -> None:
    """Quoted text, numbers, dates, addresses and the row's own cells are hidden; field names are not."""
    assert without_values(reason, row, NAMES) == told


@given(WORD.filter(lambda text: text.strip(" '-") and text.strip()[0].isalnum() and text.strip()[-1].isalnum()))
def test_no_cell_of_a_row_survives_in_its_reason(cell: str) -> None:
    """Wherever a cell stands in a reason as it is, it is not there afterwards."""
    told = without_values(f"city: the town # {cell.strip()} # is unknown", {"city": cell}, NAMES)
    assert f"# {cell.strip()} #" not in told


def test_reasons_are_counted_with_their_first_row(tmp_path: Path) -> None:
    """The most frequent comes first, and rows that differ in their values alone count as one reason."""
    lines = [
        {"rowNumber": 7, "sourceRow": {"tier": "x"}, "error": "points: '1' is odd"},
        {"rowNumber": 3, "sourceRow": {"tier": "y"}, "error": "points: '3' is odd"},
        {"rowNumber": 2, "sourceRow": {}, "error": "email_address: invalid email format"},
    ]
    path = tmp_path / "rejected.jsonl"
    path.write_text("\n".join([*map(json.dumps, lines), "", "broken"]), encoding="utf-8")
    found = [(each.reason, each.count, each.first_row) for each in grouped(path, NAMES)]
    assert found == [
        ("points: … is odd", 2, 3),
        ("a rejection that cannot be read", 1, 0),
        ("email_address: invalid email format", 1, 2),
    ]


def test_endless_reasons_do_not_make_an_endless_line(tmp_path: Path) -> None:
    """Past a hundred reasons the rest are one, so that no file of rejected rows can bloat the log."""
    path = tmp_path / "rejected.jsonl"
    letters = [f"{chr(97 + number // 26)}{chr(97 + number % 26)}" for number in range(150)]
    path.write_text(
        "".join(json.dumps({"rowNumber": 1, "error": f"city: odd in way {each}"}) + "\n" for each in letters),
        encoding="utf-8",
    )
    found = grouped(path, NAMES)
    assert len(found) == 101
    assert (found[0].reason, found[0].count) == ("other reasons", 50)


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("row 3 has 5 columns", "row 3 has 5 columns"),
        ("no field 'points'; did you mean 'point'?", "no field 'points'; did you mean …?"),
        ("cannot parse 'jane@example.com' in line 12", "cannot parse … in line 12"),
        ("jane@example.com is broken", "… is broken"),
        ("phone +49 171 1234567 is broken", "phone … is broken"),
    ],
)
def test_a_jobs_failure_quotes_nothing_from_the_file(message: str, told: str) -> None:
    """Line numbers and field names are left; addresses, long numbers and other quotes are not."""
    assert job_failure(message, NAMES) == told
