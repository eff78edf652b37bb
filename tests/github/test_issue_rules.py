"""When an issue is opened, edited, closed or left alone, and what its text holds: standings against issues."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from syncer.model.repairs import Account
from syncer.operations.github_issues import Issue, Known, Step, decide
from syncer.operations.status import SpecStatus, State
from syncer.render import github_issue

OPENED = datetime(2026, 11, 23, 12, tzinfo=UTC)
BEFORE, AFTER = OPENED - timedelta(hours=1), OPENED + timedelta(hours=1)
FAILING = SpecStatus(
    name="crm",
    path="specs/crm.yaml",
    object="profiles",
    state="failing",
    reason="in/crm-1.csv: failed for good",
    imported=3,
    pending=0,
    rejects=Account(),
    last_import=BEFORE,
    last_run="r-1",
    owner=None,
)


def issue(about: SpecStatus, *, number: int = 7, set_aside: datetime | None = None) -> Issue:
    body = github_issue.body(about, key="specs", run_url="https://github.com/acme/imports/actions/runs/1")
    return Issue(number=number, spec=about.name, body=body, created=OPENED, set_aside=set_aside)


def decided(now: SpecStatus, *there: Issue, closed: Issue | None = None) -> list[Step]:
    known = Known({"crm": there} if there else {}, {"crm": closed} if closed else {})
    return decide([now], known, key="specs", run_url="https://github.com/acme/imports/actions/runs/2", all_specs=True)


@pytest.mark.parametrize("state", get_args(State))
@pytest.mark.parametrize("last_import", [None, BEFORE, AFTER])
def test_every_standing_has_its_rule(state: State, last_import: datetime | None) -> None:
    """Trouble keeps it open, recovery closes it, and work that is held, under way or only pending leaves it alone."""
    now = replace(FAILING, state=state, last_import=last_import)
    bad = state in {"failing", "stale"}
    closes = state in {"ok", "never", "blocked"} or (state == "pending" and last_import == AFTER)

    assert [step.deed for step in decided(now)] == (["open"] if bad else [])
    there = decided(now, issue(now if bad else FAILING))
    assert [(step.deed, step.number) for step in there] == ([("close", 7)] if closes else [])


def test_from_failing_to_overdue() -> None:
    """It is one issue still, with another title and text, and a comment that says what it is now."""
    now = replace(FAILING, state="stale", reason="nothing imported for more than 1 day")

    (step,) = decided(now, issue(FAILING))

    assert (step.deed, step.number, step.title) == ("edit", 7, "syncer: crm is overdue")
    assert step.comment.startswith("Now: **`crm` is overdue**: nothing imported for more than 1 day")
    assert "**`crm` is overdue**" in step.body


@pytest.mark.parametrize(
    "change", [{"last_import": AFTER}, {"owner": "bob"}, {"reason": "in/crm-2.csv: failed for good"}]
)
def test_a_detail_is_no_other_cause(change: dict[str, str]) -> None:
    """What changes beside the cause is written into the text, and neither title nor comment is."""
    (step,) = decided(replace(FAILING, **change), issue(FAILING))  # type: ignore[arg-type] # each of its own type

    assert (step.deed, step.title, step.comment) == ("edit", "", "")


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        (FAILING, False),
        (replace(FAILING, reason="in/crm-9.csv: failed for good"), False),
        (replace(FAILING, reason="in/crm-1.csv: the file is empty"), True),
        (replace(FAILING, last_import=AFTER), True),
    ],
)
def test_set_aside_holds_for_one_cause_and_until_an_import(now: SpecStatus, opens: bool) -> None:
    """What a person closed as not planned is not brought up again; another cause is, and a failure after a success."""
    assert [step.deed for step in decided(now, closed=issue(FAILING, set_aside=OPENED))] == (["open"] if opens else [])


def test_recovery_goes_before_what_is_new() -> None:
    """A limit that stops the run half-way finds the closings done."""
    new = replace(FAILING, name="a-new-one")
    changed = replace(FAILING, name="b-changed", owner="bob")
    known = Known({"b-changed": [replace(issue(replace(changed, owner=None)), number=3)], "crm": [issue(FAILING)]})

    steps = decide([new, changed, replace(FAILING, state="ok")], known, key="specs", run_url="", all_specs=True)

    assert [(step.deed, step.spec) for step in steps] == [
        ("close", "crm"),
        ("edit", "b-changed"),
        ("open", "a-new-one"),
    ]


@pytest.mark.parametrize(
    ("owner", "told"),
    [
        ("@acme/crm-data", "| owner | @acme/crm-data |"),
        ("@ann and <b>@bob</b>", "| owner | @<!-- -->ann and &lt;b&gt;@<!-- -->bob&lt;/b&gt; |"),
        (None, "| object | `profiles` |\n| last import |"),
    ],
)
def test_only_a_name_is_a_mention(owner: str | None, told: str) -> None:
    """An owner that is a name on GitHub is told by GitHub; whatever else stands there is text."""
    assert told in github_issue.body(replace(FAILING, owner=owner), key="specs", run_url="")


def test_a_reason_is_text_of_bounded_length() -> None:
    """Neither markup nor mentions in a reason have any effect, and the issue stays within what GitHub takes."""
    long = replace(FAILING, reason="in/@acme/#12 <!-- cause:00 --> | `" + "x" * 200_000)

    body = github_issue.body(long, key="specs", run_url="")

    assert len(body) < 10_000
    assert "in/@<!-- -->acme/#<!-- -->12 &lt;!-- cause:00 --&gt; \\| \\`x" in body
    assert github_issue.CAUSE.findall(body) == [github_issue.cause(long)]
