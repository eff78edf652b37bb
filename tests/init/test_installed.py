"""What `syncer init` says of the package that workflows install, and of the folder that it is in."""

from __future__ import annotations

import json
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import Any

import pytest

from syncer.operations.init import installed
from syncer.operations.init.scaffold import scaffold
from tests.cli.conftest import RunCli

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILE = Path(".github", "requirements.txt")


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the package be installed with this record of where it came from; None: without one."""

    def write(direct_url: dict[str, Any] | None) -> None:
        info = tmp_path / "site" / "syncer-0.1.0.dist-info"
        info.mkdir(parents=True)
        if direct_url is not None:
            (info / "direct_url.json").write_text(json.dumps(direct_url), "utf-8")
        monkeypatch.setattr(installed, "distribution", lambda _name: PathDistribution(info))

    return write


def test_workflows_install_the_commit_that_made_them(record: Any, tmp_path: Path) -> None:
    """Installed from a repository, syncer names it and the commit, and nothing is lacking."""
    record({"url": "https://github.com/acme/syncer", "vcs_info": {"vcs": "git", "commit_id": COMMIT}})

    made = {each.path: each for each in scaffold(tmp_path / "repo")}

    assert made[FILE.as_posix()].lacks == ()
    lines = (tmp_path / "repo" / FILE).read_text("utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        f"syncer @ git+https://github.com/acme/syncer@{COMMIT}"
    ]


@pytest.mark.parametrize(
    "direct_url",
    [
        None,
        {"url": "file:///home/ada/syncer", "dir_info": {"editable": True}},
        {"url": "file:///home/ada/syncer", "vcs_info": {"vcs": "git", "commit_id": COMMIT}},
        {"url": "https://example.com/syncer.whl", "archive_info": {}},
    ],
)
def test_what_another_machine_has_not_is_not_named(record: Any, tmp_path: Path, direct_url: Any) -> None:
    """A bare name may be somebody else's on another index, and a folder is on this machine alone."""
    record(direct_url)

    made = {each.path: each for each in scaffold(tmp_path / "repo")}

    assert made[FILE.as_posix()].lacks == (installed.REPOSITORY,)
    assert all(line.startswith("#") for line in (tmp_path / "repo" / FILE).read_text("utf-8").splitlines())


def test_it_is_asked_for_until_it_is_said(
    record: Any, tmp_path: Path, cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each init names the line that is lacking, and a clone is not to be made once more."""
    record(None)
    monkeypatch.chdir(tmp_path)
    said = f".github/requirements.txt lacks what syncer needs; add: {installed.REPOSITORY}"

    first = cli("init", "repo")
    (tmp_path / "repo" / ".git").mkdir()
    (tmp_path / "repo" / "syncer.yaml").unlink()
    second = cli("init", "repo")
    (tmp_path / "repo" / FILE).write_text("syncer==1.2.3\n", "utf-8")

    assert said in first.out
    assert "    git init && git add -A" in first.out
    assert said in second.out
    assert "    git add -A" in second.out
    assert "lacks" not in cli("init", "repo").out
