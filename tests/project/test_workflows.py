"""The workflows hold no more rights and no more foreign code than they need. CI runs actionlint and zizmor on top."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

WORKFLOWS = sorted((Path(__file__).parents[2] / ".github" / "workflows").glob("*.yml"))


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.name)
def workflow(request: pytest.FixtureRequest) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(request.param.read_text("utf-8"))
    return loaded


def test_rights_are_given_job_by_job(workflow: dict[str, Any]) -> None:
    """A workflow has no rights; each job names the ones it has, and how long it may take."""
    assert workflow["permissions"] == {}
    assert all(job["permissions"].keys() and job["timeout-minutes"] for job in workflow["jobs"].values())


def test_actions_are_pinned_and_keep_no_token(workflow: dict[str, Any]) -> None:
    """Every action is pinned by a full commit, and a checkout leaves no token behind."""
    steps = [step for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]

    assert steps
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", step["uses"]) for step in steps)
    for step in steps:
        if step["uses"].startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_ci_covers_every_promised_platform() -> None:
    """The matrix is every system and every Python that the package's metadata promises."""
    (path,) = (path for path in WORKFLOWS if path.name == "ci.yml")
    matrix = yaml.safe_load(path.read_text("utf-8"))["jobs"]["test"]["strategy"]["matrix"]
    metadata = (path.parents[2] / "pyproject.toml").read_text("utf-8")

    assert matrix["os"] == ["ubuntu-latest", "macos-latest", "windows-latest"]
    assert matrix["python"] == re.findall(r"Python :: (3\.\d+)\"", metadata)
