"""A plan as people and programs see it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.plan import Action, Plan, PlannedImport
from syncer.plan.document import from_document, to_document
from syncer.render.json_text import json_text
from syncer.render.layout import display_width
from syncer.render.plan_markdown import plan_markdown
from syncer.render.plan_text import plan_text
from syncer.render.plan_words import summary
from syncer.render.style import Style

CheckGolden = Callable[[str, str], None]
MakeItem = Callable[..., PlannedImport]


def test_the_text_of_a_whole_plan(plan: Plan, golden: CheckGolden) -> None:
    """Every action, refusal, warning and key that is not in force is told, grouped by spec."""
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


@given(
    files=st.lists(st.tuples(st.text(min_size=1, max_size=80), st.text(max_size=200)), max_size=8),
    width=st.integers(min_value=60, max_value=200),
)
def test_file_lines_fit_the_terminal(plan: Plan, item: MakeItem, files: list[tuple[str, str]], width: int) -> None:
    """Whatever paths and reasons are made of, only a single word may be wider than the terminal."""
    imports = tuple(item(Action.IMPORT, path, reason) for path, reason in files)

    text = plan_text(replace(plan, imports=imports, specs=plan.specs[:1], refusals=(), warnings=()), width=width)

    for line in text.splitlines()[:-1]:
        if not line.startswith(("  not in force", "note:")):
            assert display_width(line) <= width or len(line.split()) == 1


def _without_colour(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.mark.parametrize("action", list(Action))
def test_every_action_has_a_mark(action: Action, plan: Plan, item: MakeItem) -> None:
    """An action that is added later cannot be left out of the text."""
    one = replace(plan, imports=(item(action, "a.csv", "because"),), refusals=())

    assert f"{action.value}" in plan_text(one, verbose=True)
