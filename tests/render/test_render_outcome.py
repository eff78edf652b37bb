"""How a run ended, as people and programs see it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from syncer.apply.outcome import ImportOutcome, RunOutcome
from syncer.model.events import RowCounts
from syncer.plan import Action, Plan, PlannedImport
from syncer.render.outcome_json import outcome_json
from syncer.render.outcome_markdown import outcome_markdown
from syncer.render.outcome_text import outcome_text
from syncer.render.outcome_words import summary
from syncer.render.style import Style

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


def test_what_did_not_run_says_why(plan: Plan, item: Callable[..., PlannedImport]) -> None:
    """Alike files are told together, what the outcome tells of is not repeated, and up-to-date files are not told."""
    idle = [item(Action.BLOCKED, f"in/{n}.csv", "suspended: migration", spec="b") for n in range(3)]
    idle += [item(Action.WAIT, "in/w.csv", "run r1 holds it", spec="b", after=("a",))]
    idle += [item(Action.BLOCKED, f"in/x{n}.csv", f"reason {n}", spec="c") for n in range(12)]
    told = item(Action.BLOCKED, "in/stuck.csv", "the file is empty", spec="c", attention=True)
    specs = tuple(replace(plan.specs[0], name=name) for name in "bc")
    made = replace(
        plan, specs=specs, imports=(*idle, told, item(Action.SKIP, "in/done.csv", "imported", spec="c", imported=True))
    )
    run = RunOutcome("r", (ImportOutcome(item=told, result="attention", message="the file is empty"),))

    text, document = outcome_text(made, run), outcome_markdown(made, run)

    assert "b: not run\n  blocked     in/0.csv and 2 more\n      suspended: migration\n" in text
    assert "  waiting     in/w.csv\n      run r1 holds it (after a)\n      see: syncer plan --spec b\n" in text
    assert "and 2 more reasons\n      see: syncer plan --spec c\n" in text
    assert text.count("the file is empty") == 1
    assert "done.csv" not in text
    assert "Not run of `b` (see `syncer plan --spec b`):\n\n- blocked `in/0.csv and 2 more`: suspended: mig" in document
    assert "- waiting `in/w.csv`: run r1 holds it" in document


def test_a_choice_of_commands_has_each_on_its_own_line(plan: Plan) -> None:
    """Both can be pasted as they stand."""
    steps = "to start it: syncer state resolve 01 --start\nto give it up: syncer state resolve 01 --abandon"
    run = RunOutcome("r", (ImportOutcome(item=plan.runnable[0], result="attention", next_step=steps),))
    text, document = outcome_text(plan, run), outcome_markdown(plan, run)
    for word in ("--start", "--abandon"):
        assert f"\n          syncer state resolve 01 {word}\n" in text
        assert f"state resolve 01 {word}\n" in document


def test_a_file_of_which_no_row_was_taken_stands_out(plan: Plan) -> None:
    """Every format says so, with what to look at and what to do."""
    said = "every row was rejected: look at a.jsonl"
    end = ImportOutcome(
        item=plan.runnable[1],
        result="completed",
        message=said,
        next_step="syncer forget 0123",
        rows=RowCounts(read=2, valid=0, invalid=2, inserts=0, updates=0),
        systematic=True,
    )
    run = RunOutcome("r", (end,))
    assert run.exit_code == 3
    assert summary(plan, run).startswith("Applied: 1 completed (1 with every row rejected); ")
    text = outcome_text(plan, run, style=Style(colour=True))
    assert said in text
    assert "    syncer forget 0123\n" in text
    assert Style(colour=True).red("completed   exports/profiles-1.csv") in text
    assert "| ❌ completed |" in outcome_markdown(plan, run)
    assert said in outcome_markdown(plan, run)
    (document,) = json.loads(outcome_json(plan, run))["imports"]
    assert (document["every_row_rejected"], document["message"]) == (True, said)


def test_a_run_for_programs(plan: Plan, outcome: RunOutcome) -> None:
    """JSON has a version, every import's counts and ids, and what was not run."""
    document = json.loads(outcome_json(plan, outcome))

    assert document["format_version"] == 1
    assert document["run"] == "run-1"
    assert [each["result"] for each in document["imports"]] == ["completed", "failed", "held", "completed"]
    assert document["imports"][0]["rows"]["inserts"] == 1_500
    assert document["imports"][1]["correlation_id"] == "corr-2"
    assert document["not_run"] == {"resume": 1, "wait": 1, "blocked": 1, "skip": 2}
