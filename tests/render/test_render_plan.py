"""A plan as people and programs see it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.model.samples import RowEstimate, Sample
from syncer.plan import Action, Plan, PlannedImport
from syncer.plan.document import from_document, to_document
from syncer.render.json_text import json_text
from syncer.render.layout import display_width
from syncer.render.plan_budget import amount, duration_words
from syncer.render.plan_markdown import plan_markdown
from syncer.render.plan_text import plan_text
from syncer.render.plan_words import summary
from syncer.render.style import Style

CheckGolden = Callable[[str, str], None]
MakeItem = Callable[..., PlannedImport]


def test_the_text_of_a_whole_plan(plan: Plan, golden: CheckGolden) -> None:
    """Every action, refusal and warning is told, grouped by spec."""
    golden("plan.txt", plan_text(plan))


def test_a_narrow_terminal_gets_the_reasons_below(plan: Plan, golden: CheckGolden) -> None:
    """Where a line would not fit, the reason stands on lines of its own."""
    golden("plan-narrow.txt", plan_text(plan, width=60))


def test_the_markdown_of_a_whole_plan(plan: Plan, golden: CheckGolden) -> None:
    """A table a spec, with nothing of a path or reason taken for markup."""
    golden("plan.md", plan_markdown(plan))


def test_skipped_files_are_listed_when_asked_for(plan: Plan) -> None:
    """Up-to-date files are counted, and listed with their reason by -v only."""
    short, long = plan_text(plan), plan_text(plan, verbose=True)

    assert "profiles-6.csv" not in short
    assert "1 up to date, 1 left out" in short
    assert "profiles-6.csv" in long
    assert "imported on 2026-11-01 by job imp_1" in long


def test_the_cost_of_each_file_is_listed_when_asked_for(plan: Plan) -> None:
    """The text tells merge compute and time of the whole spec, and with -v of each import that would begin."""
    short, long = (" ".join(plan_text(plan, verbose=verbose).split()) for verbose in (False, True))

    assert "2,000 rows new file" in short
    assert "2,000 rows 4,000 compute 30 s to 2 min new file" in long
    assert "~1.2 M rows ~2.4 M compute 5 to 40 min attempt 1 of 3" in long


def test_a_plan_without_estimates_does_not_explain_them(plan: Plan, item: MakeItem) -> None:
    """What `~` means is told where it stands, and a total of all specs where there are several."""
    counted = replace(plan, imports=(item(Action.IMPORT, "a.csv", "new file", rows=1),))

    for text in (plan_text(counted), plan_markdown(counted)):
        assert "estimate" not in text
        assert "All specs" not in text
    assert "  1 row  new file" in plan_text(counted)
    assert "total: 1 row, 2 rows of merge compute, typically 30 s to 2 min" in plan_text(counted)


@pytest.mark.parametrize(
    ("rows", "exact", "expected"),
    [
        (1_204_331, True, "1,204,331"),
        (1_204_331, False, "~1.2 M"),
        (999_999, False, "~1,000,000"),
        (204_331, False, "~204,000"),
        (9_876, False, "~9,880"),
        (17, False, "~17"),
        (2_345_678_901, False, "~2,345.7 M"),
    ],
)
def test_estimates_look_like_estimates(rows: int, expected: str, *, exact: bool) -> None:
    """Counted rows stand in full; of estimates no more digits than they are worth."""
    assert amount(RowEstimate(rows, exact)) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ((30, 120), "30 s to 2 min"),
        ((300, 2_400), "5 to 40 min"),
        ((1_800, 14_400), "30 min to 4 h"),
        ((5_400, 9_000), "90 min to 2.5 h"),
        ((3_000_000, 12_000_000), "34.7 to 138.9 days"),
    ],
)
def test_durations_are_short(seconds: tuple[int, int], expected: str) -> None:
    """One unit where one will do."""
    assert duration_words(seconds) == expected


def test_the_summary_counts_every_action(plan: Plan) -> None:
    """The last line tells how many files each action takes."""
    assert summary(plan) == (
        "Plan: 2 to import, 1 to import again, 1 to retry, 1 to resume, 1 waiting, 1 blocked, 1 up to date, 1 left out."
    )
    assert plan_text(plan).endswith(summary(plan))


def test_imported_files_that_are_only_counted_are_counted_in(plan: Plan) -> None:
    """What the listing left out as done adds to what is up to date, in every format, and -v lists the others."""
    first, *others = plan.specs
    many = replace(plan, specs=(replace(first, settled=1_000), *others))

    assert "= 1,001 up to date, 1 left out" in plan_text(many)
    assert "= 1,000 up to date\n" in plan_text(many, verbose=True)
    assert "1,001 up to date, 1 left out." in summary(many)
    assert "<summary>1,001 up to date, 1 left out</summary>" in plan_markdown(many)
    assert "\n\n1,000 up to date\n" in plan_markdown(replace(many, imports=plan.runnable))


def test_nothing_to_do_says_so(plan: Plan, item: MakeItem) -> None:
    """A plan without changes leads with that."""
    idle = replace(
        plan, imports=(item(Action.SKIP, "a.csv", "imported on 2026-11-01 by job imp_1", imported=True),), refusals=()
    )

    assert summary(idle) == "Plan: nothing to do, 1 up to date."
    assert "Refused" not in plan_text(idle)


def test_colour_changes_no_word(plan: Plan) -> None:
    """The coloured text without its sequences is the plain text."""
    coloured = plan_text(plan, style=Style(colour=True))

    assert "\x1b[" in coloured
    assert _without_colour(coloured) == plan_text(plan)


def test_paths_control_no_terminal(plan: Plan, item: MakeItem) -> None:
    """A file name with control characters is shown in escapes, in text and in Markdown."""
    wild = replace(plan, imports=(item(Action.IMPORT, "a\x1b[31m\nb.csv", "new\rfile"),))

    for text in (plan_text(wild), plan_markdown(wild)):
        assert "\x1b" not in text
        assert "\r" not in text
        assert "a\\x1b[31m\\nb.csv" in text.replace("&#92;", "\\")


def test_json_is_what_apply_takes_back(plan: Plan) -> None:
    """The JSON is the saved plan's document: versioned, and accepted by its reader."""
    document = json.loads(json_text(to_document(plan)))

    assert document["format_version"] == 1
    assert from_document(document, "plan").digest == plan.digest


def test_markdown_folds_long_tables(plan: Plan, item: MakeItem) -> None:
    """More than ten files of a spec open with a click, and a comment stays below what GitHub takes."""
    many = tuple(item(Action.IMPORT, f"exports/{'x' * 60}-{n}.csv", "new file") for n in range(5_000))

    text = plan_markdown(replace(plan, imports=many))

    assert "<summary>5,000 files</summary>" in text
    assert "and 4,800 more" in text
    assert len(text) < 65_536


ROWS = st.builds(RowEstimate, st.integers(0, 50_000_000), st.booleans())


@given(
    files=st.lists(st.tuples(st.text(min_size=1, max_size=80), st.text(max_size=200), st.none() | ROWS), max_size=8),
    width=st.integers(min_value=60, max_value=200),
    verbose=st.booleans(),
)
def test_file_lines_fit_the_terminal(
    plan: Plan, item: MakeItem, files: list[tuple[str, str, RowEstimate | None]], width: int, *, verbose: bool
) -> None:
    """Whatever paths and reasons are made of, only a single word may be wider than the terminal."""
    imports = tuple(
        item(Action.IMPORT, path, reason, sample=rows and Sample(rows=rows)) for path, reason, rows in files
    )
    shown = replace(plan, imports=imports, specs=plan.specs[:1], refusals=(), warnings=())

    text = plan_text(shown, width=width, verbose=verbose)

    for line in text.splitlines()[:-1]:
        if not line.startswith("note:"):
            assert display_width(line) <= width or len(line.split()) == 1


def _without_colour(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.mark.parametrize("action", list(Action))
def test_every_action_has_a_mark(action: Action, plan: Plan, item: MakeItem) -> None:
    """An action that is added later cannot be left out of the text."""
    one = replace(plan, imports=(item(action, "a.csv", "because"),), refusals=())

    assert f"{action.value}" in plan_text(one, verbose=True)
