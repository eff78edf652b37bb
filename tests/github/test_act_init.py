"""`syncer init` into an empty repository, commit, run: green, with the state in its history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncer.emulator.testing import running
from tests.git.clones import Remote, git
from tests.github.acting import ACT, Runner

if TYPE_CHECKING:
    from pathlib import Path

    from tests.github.stand_in import GitHubStandIn

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not ACT.exists(), reason="the runner program is not for this machine"),
]


def test_a_fresh_repository_imports_its_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, github: GitHubStandIn
) -> None:
    """What `syncer init` made runs as it is, once: each event of the import is a commit of the remote."""
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    remote, clone = Remote.made(tmp_path / "remote.git"), tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(remote.path), str(clone))
    with running(tmp_path / "emulator") as emulator:
        runner = Runner(clone, remote, emulator, tmp_path / "home", {"EXPERITURE_API_KEY": emulator.token})
        runner.reaches(github)
        runner.environ["SYNCER_API__BASE_URL"] = emulator.base_url
        runner.home.mkdir()
        runner.syncer("init")
        runner.commit()
        git(clone, "push", "--quiet", "origin", "HEAD:main")
        first = runner.run("schedule", "syncer-apply.yml")
        second = runner.run("schedule", "syncer-apply.yml")
        jobs = emulator.query("SELECT count(*) FROM jobs WHERE started_at IS NOT NULL")

    assert first.green, first.log
    assert second.green, second.log
    assert remote.events("example") == ["claimed", "submitted", "finished"]
    assert jobs == [(1,)]
    assert len(remote.messages()) == 3
