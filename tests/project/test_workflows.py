"""The workflows hold no more rights and no more foreign code than they need. CI runs actionlint and zizmor on top."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TEMPLATES = sorted((ROOT / "syncer" / "scaffold" / "github" / "workflows").glob("*.yml"))
TOOLS = Path(sys.executable).parent
ACTION = ROOT / ".github" / "actions" / "syncer" / "action.yml"


@pytest.fixture(params=[*WORKFLOWS, *TEMPLATES], ids=lambda path: path.name)
def workflow(request: pytest.FixtureRequest) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(request.param.read_text("utf-8"))
    return loaded


def test_rights_are_given_job_by_job(workflow: dict[str, Any]) -> None:
    """A workflow has no rights; each job names the ones it has, and how long it may take."""
    assert workflow["permissions"] == {}
    assert all(job["permissions"].keys() and job["timeout-minutes"] for job in workflow["jobs"].values())


def test_actions_are_pinned_and_say_what_they_keep(workflow: dict[str, Any]) -> None:
    """Every action is pinned by a full commit, and a checkout leaves no token behind but where syncer needs the log."""
    steps = [step for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]

    assert steps
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", step["uses"]) for step in steps)
    for step in steps:
        if step["uses"].startswith("actions/checkout@"):
            runs_syncer = any("syncer status" in text or "syncer plan" in text for text in commands(workflow))
            assert step["with"]["persist-credentials"] is runs_syncer


def commands(workflow: dict[str, Any]) -> list[str]:
    return [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]


def test_nothing_foreign_reaches_a_shell(workflow: dict[str, Any]) -> None:
    """A command holds no expression: what comes from a pull request or a dispatch goes through the environment."""
    assert all("${{" not in text for text in commands(workflow))


def test_who_tells_what_failed_has_the_mask_key(workflow: dict[str, Any]) -> None:
    """A digest of the preparation holds the key: without it what failed for good looks untried."""
    judges = re.compile(r"syncer (?:plan|apply|status|github overdue|github issues)\b")
    steps = [step for job in workflow["jobs"].values() for step in job["steps"] if judges.search(step.get("run", ""))]

    assert all("SYNCER_MASK_KEY" in step["env"] for step in steps)


def test_a_caller_has_what_the_jobs_ask_for() -> None:
    """The example of the documents grants what the jobs of the reusable workflow need, and not more."""
    reusable = yaml.safe_load((ROOT / ".github" / "workflows" / "sync.yml").read_text("utf-8"))
    asked: dict[str, str] = {}
    for job in reusable["jobs"].values():
        asked |= {name: level for name, level in job["permissions"].items() if asked.get(name) != "write"}
    text = (ROOT / "docs" / "github.md").read_text("utf-8")
    (example,) = (each for each in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "/sync.yml@" in each)

    assert yaml.safe_load(example)["jobs"]["sync"]["permissions"] == asked


def test_no_workflow_takes_syncer_from_an_index_by_name() -> None:
    """On the public index the name is somebody else's: whoever runs it says what is installed, or the action is it."""
    for path in [*TEMPLATES, ROOT / ".github" / "workflows" / "sync.yml", ACTION]:
        installs = re.findall(r"pip install (.*)", path.read_text("utf-8"))
        assert installs
        assert not any("syncer" in each for each in installs)


@pytest.mark.skipif(not (TOOLS / "zizmor").exists(), reason="the checkers are not for this machine")
@pytest.mark.parametrize("folder", [".github", "syncer/scaffold/github"])
def test_actionlint_and_zizmor_find_nothing(folder: str, tmp_path: Path) -> None:
    """Workflows, actions and the shell in them are clean, the ones that `syncer init` writes like our own."""
    shutil.copytree(ROOT / folder, tmp_path / ".github")
    (tmp_path / ".git").mkdir()  # where the checkers take a repository to begin
    path = {"PATH": f"{TOOLS}:/usr/bin:/bin", "HOME": str(tmp_path)}
    for command in (
        ["actionlint", *map(str, sorted((tmp_path / ".github" / "workflows").glob("*.yml")))],
        ["zizmor", "--offline", "--strict-collection", "--pedantic", "--no-progress", ".github/"],
    ):
        done = subprocess.run(
            [TOOLS / command[0], *command[1:]], cwd=tmp_path, env=path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_ci_covers_every_promised_platform() -> None:
    """The matrix is every system and every Python that the package's metadata promises."""
    (path,) = (path for path in WORKFLOWS if path.name == "ci.yml")
    matrix = yaml.safe_load(path.read_text("utf-8"))["jobs"]["test"]["strategy"]["matrix"]
    metadata = (path.parents[2] / "pyproject.toml").read_text("utf-8")

    assert matrix["os"] == ["ubuntu-latest", "macos-latest", "windows-latest"]
    assert matrix["python"] == re.findall(r"Python :: (3\.\d+)\"", metadata)
