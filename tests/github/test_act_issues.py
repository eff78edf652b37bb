"""The issue of a failing spec, kept by the workflows that ship."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.git.clones import git
from tests.github.acting import ACTS, ROOT, Runner

if TYPE_CHECKING:
    from tests.github.stand_in import GitHubStandIn

pytestmark = ACTS
CALLER = """\
on: {workflow_dispatch: }
permissions: {contents: write, issues: write}
jobs:
  sync:
    uses: ./.github/workflows/sync.yml
    secrets: inherit
"""


@pytest.fixture
def runner(empty: Runner) -> Runner:
    """A project with all the workflows, whose only file has no row that the platform takes."""
    reusable = (ROOT / ".github" / "workflows" / "sync.yml").read_text("utf-8")
    empty.seed(**{".github/workflows/sync.yml": reusable, ".github/workflows/caller.yml": CALLER})
    empty.commit(**{"in/crm-1.csv": "email\nnobody\n"})
    return empty


@pytest.mark.parametrize(("event", "workflow"), [("schedule", "syncer-apply.yml"), ("workflow_dispatch", "caller.yml")])
def test_a_failure_opens_an_issue_that_its_mending_closes(
    runner: Runner, github: GitHubStandIn, event: str, workflow: str
) -> None:
    """The run that fails opens it, one that finds the same writes nothing, and the one that imports closes it."""
    failed = runner.run(event, workflow)

    assert not failed.green
    assert "Issue 1 about crm was opened." in failed.log
    (issue,) = github.issues.all
    assert "every row of the last import was rejected" in issue["body"]
    assert "/acme/imports/actions/runs/" in issue["body"]
    assert "nobody" not in issue["body"]

    git(runner.clone, "pull", "--quiet", "--rebase", "origin", "main")
    runner.run(event, workflow)
    assert [each for each in github.requests if not each.startswith("GET")] == ["POST /repos/acme/imports/issues"]

    runner.commit(**{"in/crm-1.csv": "email\nada@example.com\n"})
    mended = runner.run(event, workflow)

    assert mended.green, mended.log
    assert "Issue 1 about crm was closed." in mended.log
    assert (issue["state"], issue["state_reason"]) == ("closed", "completed")
    assert github.comments[0]["body"].startswith("Recovered: `crm` is ok")


def test_a_plan_alone_keeps_no_issues(runner: Runner, github: GitHubStandIn) -> None:
    """A dispatch that only plans asks GitHub nothing, and neither does it fail for what it finds."""
    inputs = {"dry-run": "true", "spec": "", "retry": "false", "keep-rejects": "false"}

    ran = runner.run("workflow_dispatch", "syncer-apply.yml", {"inputs": inputs})

    assert ran.green, ran.log
    assert github.requests == []
