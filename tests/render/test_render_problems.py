"""Problems at their lines."""

from __future__ import annotations

import json

from syncer.errors import Problem
from syncer.render.problems import problems_text, validation_json, validation_markdown, validation_text

PROBLEM = Problem("specs/a.yaml", 4, 3, "unknown key 'maping'", "  maping: {a: email}", "did you mean 'mapping'?")


def test_a_problem_points_at_its_column() -> None:
    """The place comes first, then the line, a caret below the column, and the hint."""
    assert problems_text([PROBLEM]).splitlines() == [
        "specs/a.yaml:4:3: unknown key 'maping'",
        "    maping: {a: email}",
        "    ^",
        "  did you mean 'mapping'?",
    ]


def test_the_caret_stands_below_wide_characters_and_tabs() -> None:
    """What is before the column is measured as it is shown."""
    line = "\t顧客: x"

    _, shown, caret = problems_text([Problem("a", 1, 6, "m", line)]).splitlines()

    assert shown == "      顧客: x"
    assert caret.index("^") == 2 + 4 + 4 + 2


def test_a_very_long_line_is_cut_around_the_column() -> None:
    """The offending place is in what is shown."""
    line = "a" * 500 + "X" + "b" * 500

    _, shown, caret = problems_text([Problem("a", 1, 501, "m", line)]).splitlines()

    assert len(shown) < 200
    assert shown[caret.index("^")] == "X"


def test_a_problem_without_a_line_is_only_told() -> None:
    """Nothing is pointed at where there is nothing to show."""
    assert problems_text([Problem("a.yaml", 1, 1, "is empty")]) == "a.yaml:1:1: is empty"


def test_validation_sums_up() -> None:
    """The last line counts specs, problems and warnings."""
    text = validation_text(2, [PROBLEM], [PROBLEM], online=True)

    assert text.endswith("2 specs checked against the platform: 1 problem, 1 warning.")
    assert "warning: unknown key" in text
    assert validation_text(1, [], [], online=False) == "1 spec checked: no problems."


def test_validation_for_programs() -> None:
    """JSON names every place in fields, Markdown in a table."""
    document = json.loads(validation_json(1, [PROBLEM], [], online=False))

    assert document["format_version"] == 1
    assert document["valid"] is False
    assert document["problems"][0]["line"] == 4
    assert "| `specs/a.yaml:4:3` | error |" in validation_markdown(1, [PROBLEM], [], online=False)
