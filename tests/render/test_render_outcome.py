"""How a run ended, as people and programs see it."""

from __future__ import annotations

import json
from collections.abc import Callable

from syncer.apply.outcome import RunOutcome
from syncer.plan import Plan
from syncer.render.outcome_json import outcome_json
from syncer.render.outcome_markdown import outcome_markdown
from syncer.render.outcome_text import outcome_text
from syncer.render.outcome_words import summary

CheckGolden = Callable[[str, str], None]


def test_the_text_of_a_run(plan: Plan, outcome: RunOutcome, golden: CheckGolden) -> None:
    """Rows, reasons, where the rejected rows are, and for failures what support asks for and what to do."""
    golden("outcome.txt", outcome_text(plan, outcome))


def test_the_markdown_of_a_run(plan: Plan, outcome: RunOutcome, golden: CheckGolden) -> None:
    """A table of the imports, with details that open."""
    golden("outcome.md", outcome_markdown(plan, outcome))


def test_only_ten_reasons_are_shown(plan: Plan, outcome: RunOutcome) -> None:
    """The first ten reasons are listed, and the rest counted; JSON has them all."""
    text = outcome_text(plan, outcome)

    assert "email: reason 10 " in text
    assert "email: reason 11 " not in text
    assert "and 2 more reasons" in text
    assert len(json.loads(outcome_json(plan, outcome))["imports"][0]["rejections"]) == 12


def test_the_summary_counts_what_was_left_alone_too(plan: Plan, outcome: RunOutcome) -> None:
    """Blocked, waiting and up-to-date files are counted apart from what ran."""
    assert summary(plan, outcome) == (
        "Applied: 2 completed (1 with rejected rows), 1 failed, 1 held back; "
        "1 blocked, 1 waiting, 1 up to date, 1 left out."
    )
    assert summary(plan, RunOutcome("r", ())).startswith("Applied: nothing to do; ")


def test_a_run_for_programs(plan: Plan, outcome: RunOutcome) -> None:
    """JSON has a version, every import's counts and ids, and what was not run."""
    document = json.loads(outcome_json(plan, outcome))

    assert document["format_version"] == 1
    assert document["run"] == "run-1"
    assert [each["result"] for each in document["imports"]] == ["completed", "failed", "held", "completed"]
    assert document["imports"][0]["rows"]["inserts"] == 1_500
    assert document["imports"][1]["correlation_id"] == "corr-2"
    assert document["not_run"] == {"resume": 1, "wait": 1, "blocked": 1, "skip": 2}
