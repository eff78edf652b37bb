"""A job that outlasts the workflow that started it."""

from __future__ import annotations

from tests.git.clones import git
from tests.github.acting import ACTS, Runner

pytestmark = ACTS


def test_the_next_run_finishes_what_one_left_running(empty: Runner) -> None:
    """A run past its wait is green, says so and leaves the permit in git; the next one ends the very same job."""
    emulator, remote = empty.emulator, empty.remote
    empty.variables["SYNCER_MAX_WAIT"] = "5s"
    empty.seed()
    emulator.faults.add(match="POST /import-jobs/*/start", do="stick", seconds=7200)

    left = empty.run("schedule", "syncer-apply.yml")

    assert left.green, left.log
    assert "::notice title=syncer: Not finished yet::" in left.log
    assert remote.events("crm") == ["claimed", "submitted", "claimed"]  # the last gives the import back
    ((job, state),) = emulator.query("SELECT id, state FROM jobs")
    assert state == "running"

    emulator.clock.advance(7200)
    empty.variables.clear()
    git(empty.clone, "pull", "--quiet", "origin", "main")
    done = empty.run("schedule", "syncer-apply.yml")

    assert done.green, done.log
    assert "Not finished yet" not in done.log
    assert [line["job"] for line in remote.lines("crm") if line["event"] != "claimed"] == [job, job]
    assert remote.events("crm")[-1] == "finished"
    assert emulator.query("SELECT id, state, merged_inserts FROM jobs") == [(job, "completed", 1)]
    assert sum(each.path.endswith("/start") for each in emulator.requests) == 1
