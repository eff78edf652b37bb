"""The one comment on a pull request tells what changed specs make of files that were imported already."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.github.stand_in import GitHubStandIn

Cli = Callable[..., tuple[int, str, str]]
SIDE = {"rows": 1204, "invalid": 2, "suppressed": 0, "quarantined": 0, "fields_from": "", "over": "", "problem": ""}
SECTION = "#### The last imported files, checked again under the changed specs"


def spec(name: str, invalid: int, *, over: str = "", **more: Any) -> dict[str, Any]:
    return {
        "spec": name,
        "path": f"specs/{name}.yaml",
        "file": f"in/{name}-1.csv",
        "not_compared": "",
        "before": SIDE,
        "after": {**SIDE, "invalid": invalid, "over": over},
        "difference": invalid - 2,
        "reasons": [{"reason": "age: expected a @number", "before": 0, "after": 12}],
        **more,
    }


@pytest.fixture
def say(github: GitHubStandIn, project: Path, cli: Cli) -> Callable[..., str]:
    """Write the comment with these specs and return its body."""

    def call(*specs: dict[str, Any], problem: str = "") -> str:
        (project / "plan.json").write_text(cli("plan", "-o", "json")[1], "utf-8")
        document = {"against": "HEAD^1", "commit": "0" * 40, "new": 0, "problem": problem, "specs": list(specs)}
        (project / "check.json").write_text(json.dumps(document), "utf-8")
        code, _, err = cli("github", "comment", "--pr", "7", "--plan", "plan.json", "--check", "check.json")
        assert code == 0, err
        body: str = github.comments[0]["body"]
        return body

    return call


def test_the_difference_is_a_table_above_the_plan(say: Callable[..., str]) -> None:
    """Each changed spec has a row with what would be rejected before and now, and why; nothing in it is a mention."""
    gone = spec("shop", 2, before=None, after=None, difference=None, reasons=[], not_compared="in/shop-1.csv is gone")
    body = say(spec("crm", 14, over="checks.max_invalid is 1%"), gone)

    assert body.index(SECTION) < body.index("in/crm-2.csv")
    assert "| `crm` | `in/crm-1.csv` | 1,204 | 2 | 14 | ⚠️ **+12** | ⚠️ **does not pass now: checks.max" in body
    assert "+12 age: expected a @<!-- -->number (new)" in body
    assert "| `shop` | `in/shop-1.csv` |  |  |  |  | not compared: in/shop-1.csv is gone |" in body


def test_nothing_changed_says_nothing(say: Callable[..., str]) -> None:
    """Where no spec is changed there is no section; a base whose specs are wrong is told."""
    assert SECTION not in say()
    assert "the specs at HEAD^1 cannot be read: specs/crm.yaml:1:1" in say(problem="specs/crm.yaml:1:1: missing key")


def test_it_stays_where_the_plan_is_cut(say: Callable[..., str], project: Path) -> None:
    """Many pending files do not push it out, nor do a thousand changed specs push the plan out."""
    for number in range(3, 900):
        (project / "in" / f"crm-{number}{'x' * 150}.csv").write_text("email\na@example.com\n", "utf-8")

    body = say(*(spec(f"s{number}" + "y" * 50, 14) for number in range(1000)))

    assert len(body) <= 65_536
    assert body.count("⚠️ **+12**") == 20
    assert "and 980 more specs" in body
    assert "901 imports pending" in body
    assert "in/crm-1" in body


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--plan", "plan.json", "--check", "gone.json"), "the check cannot be read"),
        (("--plan", "plan.json", "--check", "plan.json"), "is no check against a revision"),
        (("--markdown", "plan.json", "--check", "check.json"), "--check goes with --plan"),
    ],
)
def test_wrong_usage_is_told(
    github: GitHubStandIn, say: Callable[..., str], cli: Cli, arguments: tuple[str, ...], told: str
) -> None:
    """What is no check is named, before GitHub is asked."""
    say()
    asked = len(github.requests)
    code, _, err = cli("github", "comment", "--pr", "7", *arguments)

    assert code == 64
    assert told in err
    assert len(github.requests) == asked
