"""A protected main, over HTTP: without an app the run stops in time; with one, the log is pushed by its token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.github.acting import ACTS, ROOT, Runner, app_token
from tests.github.git_server import GitServer, git_served
from tests.github.stand_in import TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator


pytestmark = ACTS
APP = "Iv23liSyncerOfAcme"
KEY = "the app's private key"
CALLER = """\
on: {workflow_dispatch: }
permissions: {contents: write, issues: write}
jobs:
  sync:
    uses: ./.github/workflows/sync.yml
    with: {app-client-id: "${{ vars.SYNCER_APP_CLIENT_ID }}"}
    secrets: inherit
"""


@pytest.fixture
def server(empty: Runner) -> Iterator[GitServer]:
    """The repository, whose main takes pushes with the app's token only, and which two tokens may read."""
    with git_served(empty.remote, {TOKEN: "job", app_token(APP, KEY): "app"}) as git_server:
        yield git_server


@pytest.fixture
def runner(empty: Runner, server: GitServer) -> Runner:
    """A project on that server, which the workflow checks out itself with the token it is given."""
    empty.checks_out = True
    empty.environ["GITHUB_SERVER_URL"] = server.url
    reusable = (ROOT / ".github" / "workflows" / "sync.yml").read_text("utf-8")
    empty.seed(**{".github/workflows/sync.yml": reusable, ".github/workflows/caller.yml": CALLER})
    server.protects_main()
    return empty


@pytest.mark.parametrize(("event", "workflow"), [("schedule", "syncer-apply.yml"), ("workflow_dispatch", "caller.yml")])
def test_a_protected_branch_takes_an_app(server: GitServer, runner: Runner, event: str, workflow: str) -> None:
    """Without the app nothing is sent and the refusal is told; with its variable and key, all is done, once."""
    refused = runner.run(event, workflow)

    assert not refused.green
    assert "changes must be made through a pull request" in refused.log
    assert set(server.pushed) == {"job"}
    assert runner.emulator.query("SELECT id FROM jobs") == []
    assert runner.remote.messages() == []

    server.pushed.clear()
    runner.variables["SYNCER_APP_CLIENT_ID"] = APP
    runner.secrets["SYNCER_APP_KEY"] = KEY
    done = runner.run(event, workflow)

    assert done.green, done.log
    assert set(server.pushed) == {"app"}
    assert runner.remote.events("crm") == ["claimed", "submitted", "finished"]
    assert runner.emulator.query("SELECT email FROM profiles") == [("ada@example.com",)]
    assert len(runner.emulator.query("SELECT id FROM jobs")) == 1
    assert app_token(APP, KEY) not in done.log
