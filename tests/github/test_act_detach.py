"""A job that outlasts the workflow that started it."""

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


def test_the_next_run_finishes_what_one_left_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, github: GitHubStandIn
) -> None:
    """A run past its wait is green, says so and leaves the permit in git; the next one ends the very same job."""
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    remote = Remote.made(tmp_path / "remote.git")
    git(tmp_path, "clone", "--quiet", str(remote.path), str(tmp_path / "clone"))
    with running(tmp_path / "emulator") as emulator:
        runner = Runner(tmp_path / "clone", remote, emulator, tmp_path / "home")
        runner.secrets["EXPERITURE_API_KEY"] = emulator.token
        runner.reaches(github)
        runner.variables["SYNCER_MAX_WAIT"] = "100ms"
        runner.seed()
        emulator.faults.add(match="POST /import-jobs/*/start", do="stick", seconds=7200)

        left = runner.run("schedule", "syncer-apply.yml")

        assert left.green, left.log
        assert "::notice title=syncer: Not finished yet::" in left.log
        assert remote.events("crm") == ["claimed", "submitted", "claimed"]  # the last gives the import back
        ((job, state),) = emulator.query("SELECT id, state FROM jobs")
        assert state == "running"

        emulator.clock.advance(7200)
        runner.variables.clear()
        git(runner.clone, "pull", "--quiet", "origin", "main")
        done = runner.run("schedule", "syncer-apply.yml")

        assert done.green, done.log
        assert "Not finished yet" not in done.log
        assert [line["job"] for line in remote.lines("crm") if line["event"] != "claimed"] == [job, job]
        assert remote.events("crm")[-1] == "finished"
        assert emulator.query("SELECT id, state, merged_inserts FROM jobs") == [(job, "completed", 1)]
        assert sum(each.path.endswith("/start") for each in emulator.requests) == 1
