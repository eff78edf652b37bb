"""Expected and actual rows: equal ones are silent, and every difference is told at its cell."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.model.spec_tests import Expectation
from syncer.operations.spec_tests_compare import NOTHING, Difference, differences, refusal_differences
from syncer.prepare.tracing import Traced
from tests.prepare.files import spec_of

SPEC = spec_of({"mail": "email", "n": "points"})
VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
ROWS = st.lists(st.dictionaries(st.sampled_from("abc"), VALUES, min_size=1, max_size=3), max_size=6)


def traced(*sent: dict[str, Any], **more: Any) -> Traced:
    given: dict[str, Any] = {"format": "jsonl", "suppressed": frozenset(), "rejected": {}, "quarantined": frozenset()}
    return Traced(sent=sent, passed=False, **{**given, **more})


def compared(expect: dict[str, Any], found: Traced) -> list[Difference]:
    return list(differences(Expectation.model_validate(expect), SPEC, found))


@given(ROWS)
def test_what_is_equal_is_silent(rows: list[dict[str, Any]]) -> None:
    """Rows that are as expected give no difference, in whatever order their fields are."""
    turned = [dict(reversed(row.items())) for row in rows]
    assert compared({"rows": rows}, traced(*turned)) == []


@given(ROWS.filter(bool), st.data())
def test_one_changed_cell_is_one_difference(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    """It names the row as it is sent, and the field, also where other rows are alike."""
    number = data.draw(st.integers(0, len(rows) - 1))
    field = data.draw(st.sampled_from(sorted(rows[number])))
    changed = [dict(row) for row in rows]
    changed[number][field] = "another value"

    (found,) = compared({"rows": rows}, traced(*changed))
    assert (found.where, found.actual) == (f"row {number + 1}, {field}", '"another value"')


@given(ROWS, st.data())
def test_a_row_more_or_less_shifts_no_other(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    """A row that was not expected, or did not come, is the one difference."""
    place = data.draw(st.integers(0, len(rows)))
    longer = [*rows[:place], {"a": "one more"}, *rows[place:]]

    (extra,) = compared({"rows": rows}, traced(*longer))
    assert extra == Difference(f"row {place + 1} of those sent", NOTHING, '{"a": "one more"}')
    (missing,) = compared({"rows": longer}, traced(*rows))
    assert missing == Difference(f"row {place + 1} of those expected", '{"a": "one more"}', NOTHING)


@pytest.mark.parametrize(
    ("expected", "sent", "kind", "differ"),
    [
        ({"a": None}, {}, "csv", False),
        ({"a": ""}, {"a": None}, "csv", False),
        ({"a": None}, {}, "jsonl", True),
        ({"a": 5}, {"a": "5"}, "csv", True),
        ({"a": True}, {"a": 1}, "jsonl", True),
        ({"a": 1.0}, {"a": 1}, "jsonl", False),
        ({"a": {"k": [1]}}, {"a": {"k": [True]}}, "jsonl", True),
    ],
)
def test_values_are_compared_as_the_api_reads_them(
    expected: dict[str, Any], sent: dict[str, Any], kind: str, differ: bool
) -> None:
    """A null in CSV is an empty cell; in JSON a type is part of a value, and a null is more than a missing key."""
    assert bool(compared({"rows": [expected]}, traced(sent, format=kind))) == differ


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ({"rejected": 2}, []),
        ({"rejected": 1}, [("rejected", "1", "2 (row 2: mail: invalid email format; row 4: row: not valid JSON)")]),
        ({"rejected": [{"row": 2, "field": "email", "error": "invalid"}, {"row": 4, "field": "row"}]}, []),
        ({"rejected": [{"row": 2, "field": "mail"}, {"row": 4}]}, []),
        (
            {"rejected": [{"row": 1}, {"row": 2, "field": "points"}]},
            [
                ("row 1 of the source", "rejected", "accepted"),
                ("row 2 of the source", "rejected for points", "rejected: mail: invalid email format"),
                ("row 4 of the source", "accepted", "rejected: row: not valid JSON"),
            ],
        ),
        (
            {"rejected": [{"row": 2, "error": "naive"}, {"row": 4}]},
            [("row 2 of the source", "rejected: naive", "rejected: mail: invalid email format")],
        ),
        ({"suppressed": 1, "quarantined": 2}, []),
        ({"suppressed": 0}, [("suppressed", "0", "1: row 3")]),
        ({"quarantined": 0}, [("quarantined", "0", "2: row 2, 4")]),
        ({"refused": "x"}, [("the file", "to be refused: x", "prepared")]),
    ],
)
def test_what_became_of_rows(expect: dict[str, Any], told: list[tuple[str, str, str]]) -> None:
    """Counts, rows and reasons are held against what is expected of them, and nothing else is."""
    rejected = {2: "mail: invalid email format", 4: "row: not valid JSON"}
    found = compared(expect, traced(rejected=rejected, suppressed=frozenset({3}), quarantined=frozenset(rejected)))
    assert found == [Difference(*each) for each in told]


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ({"refused": "no column"}, []),
        ({"refused": "no header"}, [("the refusal", '"no header"', "x.csv has no column 'a'")]),
        ({"rows": []}, [("the file", "to be prepared", "refused: x.csv has no column 'a'")]),
    ],
)
def test_a_refused_file(expect: dict[str, Any], told: list[tuple[str, str, str]]) -> None:
    """Its error contains what is expected of it, or it was not to be refused at all."""
    found = list(refusal_differences(Expectation.model_validate(expect), "x.csv has no column 'a'"))
    assert found == [Difference(*each) for each in told]
