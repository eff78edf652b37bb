"""What stands in a pull request's comment where its newest commit could not be planned."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from syncer.render.github_comment import not_planned
from tests.github.stand_in import GitHubStandIn

Cli = Callable[..., tuple[int, str, str]]
SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def comment(github: GitHubStandIn, project: Path, cli: Cli) -> Callable[..., str]:
    """Post the comment for a validation, and return what it says."""

    def post(validation: str) -> str:
        (project / "validation.json").write_text(validation, "utf-8")
        code, _, err = cli("github", "comment", "--pr", "7", "--validation", "validation.json", "--commit", SHA)
        assert code == 0, err
        (posted,) = github.comments
        return str(posted["body"])

    return post


def test_problems_stand_in_it(project: Path, cli: Cli, comment: Callable[..., str]) -> None:
    """What does not validate is listed with its place, and no markup of a spec is markup of the comment."""
    (project / "specs" / "crm.yaml").write_text("version: 1\nsorce: '<b>|'\n", "utf-8")

    said = comment(cli("validate", "-o", "json")[1])

    assert f"Commit {SHA} could not be planned: " in said
    assert "| `specs/crm.yaml:2:1` |" in said
    assert "<b>" not in said


@pytest.mark.parametrize("validation", ["", "{", "[]", '{"problems": []}'])
def test_the_run_says_what_the_check_does_not(
    validation: str, comment: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the check found nothing, or never came to print anything, the comment leads to the run."""
    for name, value in {"SERVER_URL": "https://github.com", "REPOSITORY": "acme/imports", "RUN_ID": "12"}.items():
        monkeypatch.setenv(f"GITHUB_{name}", value)

    said = comment(validation)

    assert f"Commit {SHA} could not be planned: [the run](https://github.com/acme/imports/actions/runs/12) says" in said


def test_a_plan_that_stood_there_goes(
    github: GitHubStandIn, project: Path, cli: Cli, comment: Callable[..., str]
) -> None:
    """The comment of an earlier commit is edited, so that its plan does not pass for this one's."""
    (project / "plan.json").write_text(cli("plan", "-o", "json")[1], "utf-8")
    cli("github", "comment", "--pr", "7", "--plan", "plan.json", "--commit", SHA[:12])
    before = github.comments[0]["body"]

    said = comment("")

    assert f"Commit {SHA[:12]}, plan " in before
    assert "pending" in before
    assert "pending" not in said


def test_however_many_problems_fit() -> None:
    """The comment is cut below what GitHub takes, and says where the rest is."""
    problem = {"path": "specs/crm.yaml", "line": 1, "column": 1, "message": "wrong " * 20, "hint": ""}

    said = not_planned({"problems": [problem] * 2000})

    assert 60_000 < len(said.encode()) <= 65_000
    assert said.rstrip().endswith("The rest did not fit: it is in the run.")


def test_a_commit_is_digits(github: GitHubStandIn, project: Path, cli: Cli) -> None:
    """Only a commit can be named as one: it comes from a pull request."""
    assert project
    code, _, err = cli("github", "comment", "--pr", "7", "--validation", "v.json", "--commit", "@acme/all")

    assert code == 64
    assert "--commit takes the digits of a commit" in err
    assert github.requests == []


def test_a_failing_check_is_on_the_summary(project: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a job, problems stand on the summary page, and a check that finds none writes nothing there."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project / "summary"))

    assert cli("validate", "-o", "json")[0] == 0
    assert not (project / "summary").exists()
    (project / "specs" / "crm.yaml").write_text("version: 1\n", "utf-8")
    code, out, _ = cli("validate", "-o", "json")

    assert code == 65
    assert not json.loads(out)["valid"]
    assert "specs/crm.yaml:1:1" in (project / "summary").read_text("utf-8")
