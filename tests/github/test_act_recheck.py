"""The workflow of pull requests, run by the real runner program, tells what a change makes of imported files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.git.clones import git
from tests.github.acting import ACTS, Runner
from tests.github.specs import SPEC
from tests.github.test_act import pull_request

if TYPE_CHECKING:
    from tests.github.stand_in import GitHubStandIn

pytestmark = ACTS
BEFORE = SPEC % ("crm", "profiles")
AFTER = BEFORE.replace("{email: email}", "{email: email, age: {to: age, type: integer}}")


@pytest.fixture
def runner(empty: Runner) -> Runner:
    """A repository whose one file was imported, with its log pushed."""
    empty.seed()
    empty.commit(**{"specs/crm.yaml": BEFORE, "in/crm-1.csv": "email,age\nada@example.com,40\nbob@example.com,old\n"})
    git(empty.clone, "push", "--quiet", "origin", "HEAD:main")
    empty.syncer("apply")
    return empty


def test_the_comment_tells_of_rows_that_would_be_rejected(runner: Runner, github: GitHubStandIn) -> None:
    """A mapped type that one row does not have is +1 in the comment and the artifact, and green; no row is shown."""
    runner.commit(**{"specs/crm.yaml": AFTER})
    ran = runner.run("pull_request", "syncer-plan.yml", pull_request())

    assert ran.green, ran.log
    (comment,) = github.comments
    assert "| `crm` | `in/crm-1.csv` | 2 | 0 | 1 | ⚠️ **+1** |" in comment["body"]
    kept = json.loads((runner.artifacts / "syncer-plan" / "recheck.json").read_text("utf-8"))
    assert kept["specs"][0]["difference"] == 1
    assert (runner.artifacts / "syncer-plan" / "plan.json").exists()
    assert "::warning file=specs/crm.yaml" in ran.log
    assert "bob@" not in ran.log + comment["body"]


def test_checks_that_it_would_not_pass_now_keep_it_green(runner: Runner, github: GitHubStandIn) -> None:
    """What is imported is imported: the comment says so, and the job is not red for it."""
    runner.commit(**{"specs/crm.yaml": f"{BEFORE}checks: {{min_rows: 3}}\n"})
    ran = runner.run("pull_request", "syncer-plan.yml", pull_request())

    assert ran.green, ran.log
    assert "⚠️ **does not pass now: checks.min\\_rows is 3**" in github.comments[0]["body"]


def test_a_fork_is_green_without_secrets(runner: Runner, github: GitHubStandIn) -> None:
    """Without secrets the mapping's types are judged; the artifact has the difference, and nobody is written to."""
    runner.secrets.clear()
    runner.commit(**{"specs/crm.yaml": AFTER})
    ran = runner.run("pull_request", "syncer-plan.yml", pull_request(fork=True))

    assert ran.green, ran.log
    kept = json.loads((runner.artifacts / "syncer-plan" / "recheck.json").read_text("utf-8"))
    assert (kept["specs"][0]["difference"], kept["specs"][0]["after"]["fields_from"]) == (1, "")
    assert github.requests == []
