"""GitHub Actions: annotations, groups, the summary page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RunCli = Callable[..., Any]


@pytest.fixture
def actions(monkeypatch: pytest.MonkeyPatch, project: Path) -> Path:
    """Let the environment be that of a job; returns the summary's file."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project.parent))
    summary = project.parent / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    return summary


@pytest.mark.usefixtures("actions")
@pytest.mark.parametrize("verb", ["validate", "plan"])
def test_problems_are_annotations(cli: RunCli, project: Path, verb: str) -> None:
    """Each problem points at its line in the repository, escaped as the runner wants it."""
    (project / "specs" / "crm.yaml").write_text("version: 1\n'50%, a:b': 1\n", "utf-8")

    ran = cli(verb)

    assert ran.code == 65
    assert "::error file=project/specs/crm.yaml,line=2,col=1::unknown key '50%25, a:b'" in ran.err
    assert "::error" not in ran.out


def test_a_plan_is_put_on_the_summary_page(cli: RunCli, actions: Path) -> None:
    """The job's page shows the plan as Markdown, whatever was printed."""
    ran = cli("plan", "-o", "json")

    assert ran.code == 0
    assert actions.read_text("utf-8").startswith("### Plan: 1 to import")


@pytest.mark.usefixtures("actions")
def test_what_a_run_tells_is_folded(cli: RunCli) -> None:
    """Progress stands in a group, which is closed also when the run fails."""
    ran = cli("apply")

    assert ran.code == 6
    assert ran.err.startswith("::group::syncer apply\n")
    assert "::endgroup::\nerror: no credentials" in ran.err
    assert "::error::no credentials" in ran.err


def test_elsewhere_there_are_none(cli: RunCli, project: Path) -> None:
    """Outside of GitHub Actions no line is meant for its runner."""
    (project / "specs" / "crm.yaml").write_text("version: 2\n", "utf-8")

    assert "::" not in cli("plan").err
