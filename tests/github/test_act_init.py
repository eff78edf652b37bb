"""`syncer init` into an empty repository, commit, run: green, with the state in its history."""

from __future__ import annotations

from tests.git.clones import git
from tests.github.acting import ACTS, Runner

pytestmark = ACTS


def test_a_fresh_repository_imports_its_example(empty: Runner) -> None:
    """What `syncer init` made runs as it is, once: each event of the import is a commit of the remote."""
    empty.environ["SYNCER_API__BASE_URL"] = empty.emulator.base_url
    empty.home.mkdir()
    empty.syncer("init")
    empty.commit()
    git(empty.clone, "push", "--quiet", "origin", "HEAD:main")

    first = empty.run("schedule", "syncer-apply.yml")
    second = empty.run("schedule", "syncer-apply.yml")

    assert first.green, first.log
    assert second.green, second.log
    assert empty.remote.events("example") == ["claimed", "submitted", "finished"]
    assert empty.emulator.query("SELECT count(*) FROM jobs WHERE started_at IS NOT NULL") == [(1,)]
    assert len(empty.remote.messages()) == 3
