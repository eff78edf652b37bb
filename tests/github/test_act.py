"""The workflows that ship, run by the real runner program against a bare remote and the emulator."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from syncer.emulator.testing import running
from tests.github.acting import ACTS, ROOT, SETTINGS, Runner
from tests.github.specs import SPEC
from tests.notify.service import listening

if TYPE_CHECKING:
    from tests.github.stand_in import GitHubStandIn

pytestmark = ACTS


@pytest.fixture
def runner(empty: Runner) -> Runner:
    """A repository with the templates, one spec and one file."""
    empty.seed()
    return empty


def pull_request(*, fork: bool = False, sha: str = "", author: str = "ann") -> dict[str, Any]:
    head = {"ref": "change", "sha": sha, "repo": {"full_name": "stranger/imports" if fork else "acme/imports"}}
    return {
        "pull_request": {"number": 7, "head": head, "base": {"ref": "main"}, "user": {"login": author}},
        "repository": {"full_name": "acme/imports"},
    }


def test_a_schedule_imports_and_commits(runner: Runner) -> None:
    """A scheduled run imports what is pending, and the log is in the remote's history; the next finds nothing."""
    ran = runner.run("schedule", "syncer-apply.yml")

    assert ran.green, ran.log
    assert runner.remote.events("crm") == ["claimed", "submitted", "finished"]
    assert "1 completed" in ran.log
    assert not runner.artifacts.exists()


def test_a_dispatch_can_plan_only(runner: Runner) -> None:
    """With `dry-run` a dispatch sends nothing; the input is one word to the shell, whatever it holds."""
    inputs = {"dry-run": "true", "spec": "$(touch broken) crm", "retry": "false", "keep-rejects": "false"}
    ran = runner.run("workflow_dispatch", "syncer-apply.yml", {"inputs": inputs})

    assert not ran.green
    assert "there is no spec '$(touch broken) crm'" in ran.log
    ran = runner.run("workflow_dispatch", "syncer-apply.yml", {"inputs": {**inputs, "spec": "crm"}})
    assert ran.green, ran.log
    assert "Plan: 1 to import" in ran.log
    assert runner.remote.messages() == []


def test_a_failing_import_is_red_and_on_record(runner: Runner) -> None:
    """Where every row is rejected the run fails with words of its own, people are told, and all of it is pushed."""
    settings = (runner.clone / "syncer.yaml").read_text("utf-8") + "notify: {ops: {url_from: NOTIFY_URL}}\n"
    runner.commit(**{"in/crm-1.csv": "email\nnobody\n", "syncer.yaml": settings})
    inputs = {"keep-rejects": "true", "dry-run": "false", "retry": "false", "spec": ""}
    runner.secrets["REJECTS_PASSPHRASE"] = "correct horse"
    with listening() as service:
        runner.secrets["NOTIFY_URL"] = service.url
        ran = runner.run("workflow_dispatch", "syncer-apply.yml", {"inputs": inputs})

    assert not ran.green
    assert [told.partition(" (")[0] for told in service.titles()] == ["syncer: crm failed"]
    assert "syncer: Rejected rows" in ran.log
    assert "nobody" not in ran.log
    assert runner.remote.events("crm") == ["claimed", "submitted", "finished", "notified"]
    (kept,) = (runner.artifacts / "rejects-encrypted").iterdir()
    assert kept.read_bytes().startswith(b"Salted__")


def test_an_overdue_spec_is_red(runner: Runner) -> None:
    """A scheduled run that finds nothing new for longer than the spec expects fails, and names the spec."""
    runner.commit(**{"specs/crm.yaml": SPEC % ("crm", "profiles") + "expect_every: 1s\n"})
    runner.syncer("apply")
    ran = runner.run("schedule", "syncer-apply.yml")

    assert not ran.green
    assert "crm is overdue: nothing imported for more than 1" in ran.log


def test_a_lost_race_is_run_again(runner: Runner) -> None:
    """When somebody else pushes in between, the run decides anew and goes on."""
    runner.remote.loses_races(2)
    ran = runner.run("push", "syncer-apply.yml", {"ref": "refs/heads/main"})

    assert ran.green, ran.log
    assert runner.remote.events("crm") == ["claimed", "submitted", "finished"]


def test_a_protected_branch_stops_the_run(runner: Runner) -> None:
    """Where the log may not be pushed nothing is sent, and the message is about the branch."""
    runner.remote.protects_main()
    ran = runner.run("schedule", "syncer-apply.yml")

    assert not ran.green
    assert "protected branch" in ran.log
    assert runner.emulator.query("SELECT id FROM jobs WHERE started_at IS NOT NULL") == []


def test_a_pull_request_is_planned_and_commented_on(runner: Runner, github: GitHubStandIn) -> None:
    """The plan is an artifact and one comment, which a second push edits; only what changed is detailed."""
    runner.commit(**{"specs/läden/shop.yaml": SPEC % ("shop", "orders"), "in/shop-1.csv": "email\na@example.com\n"})

    for _ in range(2):
        ran = runner.run("pull_request", "syncer-plan.yml", pull_request())
        assert ran.green, ran.log

    (comment,) = github.comments
    assert "in/shop-1.csv" in comment["body"]
    assert "1 spec not changed here, with 1 import pending" in comment["body"]
    assert (runner.artifacts / "syncer-plan" / "plan.json").exists()
    assert runner.remote.messages() == []


def test_a_fork_is_planned_without_secrets(runner: Runner, github: GitHubStandIn) -> None:
    """Without secrets it is validated, tested and planned, and GitHub is not asked to write anything."""
    runner.secrets.clear()
    runner.commit(**{"specs/shop.yaml": SPEC % ("shop", "orders"), "in/shop-1.csv": "email\na@example.com\n"})

    ran = runner.run("pull_request", "syncer-plan.yml", pull_request(fork=True))

    assert ran.green, ran.log
    assert (runner.artifacts / "syncer-plan" / "plan.json").exists()
    assert github.requests == []


@pytest.mark.parametrize(
    ("event", "green"),
    [
        (pull_request(fork=True), True),
        (pull_request(author="dependabot[bot]"), True),
        (pull_request(), False),
    ],
    ids=["fork", "dependabot", "person"],
)
def test_a_source_out_of_reach_fails_who_has_secrets(runner: Runner, event: dict[str, Any], green: bool) -> None:
    """Whoever is given no secrets cannot list a bucket: that is a warning; for others it is an error."""
    runner.secrets.pop("EXPERITURE_API_KEY")
    runner.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    runner.commit(**{"specs/crm.yaml": (SPEC % ("crm", "profiles")).replace("in/", "s3://acme/")})

    ran = runner.run("pull_request", "syncer-plan.yml", event)

    assert ran.green is green, ran.log
    assert "no credentials were found" in ran.log
    assert ("Planned offline: there are no credentials for some of the sources." in ran.log) is green


def test_a_wrong_spec_is_shown_at_its_line(runner: Runner, github: GitHubStandIn) -> None:
    """A push that breaks a spec is red, with an annotation at the line, and the comment drops the plan from before."""
    good = runner.commit(**{"in/crm-2.csv": "email\na@example.com\n"})
    planned = runner.run("pull_request", "syncer-plan.yml", pull_request(sha=good))
    before = github.comments[0]["body"]
    shutil.rmtree(runner.artifacts)
    bad = runner.commit(**{"specs/crm.yaml": "version: 1\nsorce: x\n"})
    ran = runner.run("pull_request", "syncer-plan.yml", pull_request(sha=bad))

    assert planned.green, planned.log
    assert f"Commit {good}, plan" in before
    assert not ran.green
    assert "file=specs/crm.yaml,line=2" in ran.log
    assert not runner.artifacts.exists()
    (comment,) = github.comments
    assert "pending" not in comment["body"]
    assert f"Commit {bad} could not be planned" in comment["body"]
    assert "specs/crm.yaml:2:1" in comment["body"]


def test_settings_of_a_pull_request_get_no_key(runner: Runner, github: GitHubStandIn) -> None:
    """Where a pull request says where the platform is, or what is installed, it is planned without the key."""
    with running(runner.home.parent / "another") as another:
        runner.commit(**{"syncer.yaml": SETTINGS.format(url=another.base_url)})
        ran = runner.run("pull_request", "syncer-plan.yml", pull_request())

        assert ran.green, ran.log
        assert "Planned without the key" in ran.log
        assert another.query("SELECT 1 FROM requests") == []
    assert "1 import pending" in github.comments[0]["body"]


def test_nothing_is_installed_by_name(runner: Runner) -> None:
    """What a job installs is what the repository says; as long as it does not, the job is red and says where."""
    asked = runner.hides_syncer()
    file = runner.clone / ".github" / "requirements.txt"
    said = file.read_text("utf-8") + "syncer @ git+https://example.com/s@1\n"
    nothing = runner.run("schedule", "syncer-apply.yml")
    file.unlink()
    runner.commit()
    missing = runner.run("schedule", "syncer-apply.yml")
    runner.commit(**{".github/requirements.txt": said})
    ran = runner.run("schedule", "syncer-apply.yml")

    for red in (nothing, missing):
        assert not red.green
        assert "file=.github/requirements.txt,line=1" in red.log
    assert ran.green, ran.log
    pip = "-m pip install --quiet -r .github/requirements.txt"
    assert [line.partition(": ")[2] for line in asked.read_text("utf-8").splitlines()] == [pip, pip]


CALLER = """\
on: {workflow_dispatch: }
permissions: {contents: write, issues: write}
jobs:
  sync:
    uses: ./.github/workflows/sync.yml
    with: {shards: 2, package: syncer}
    secrets: inherit
"""
ACTION = """\
on: {workflow_dispatch: }
permissions: {contents: write}
jobs:
  sync:
    runs-on: ubuntu-latest
    env: {EXPERITURE_API_KEY: "${{ secrets.EXPERITURE_API_KEY }}"}
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1
      - id: sync
        uses: ./.github/actions/syncer
        with: {command: apply, args: "--spec * --spec crm"}
        continue-on-error: true
      - {id: good, uses: ./.github/actions/syncer, with: {command: apply, args: --spec crm}}
      - run: echo "wrong=$WRONG code=$CODE imported=$IMPORTED"
        env:
          WRONG: ${{ steps.sync.outputs.exit-code }}
          CODE: ${{ steps.good.outputs.exit-code }}
          IMPORTED: ${{ steps.good.outputs.imported }}
"""


def test_another_repository_calls_it_with_shards(runner: Runner) -> None:
    """The reusable workflow splits the work among jobs, each applies its own part, and one branch has all their log."""
    runner.commit(
        **{
            ".github/workflows/sync.yml": (ROOT / ".github" / "workflows" / "sync.yml").read_text("utf-8"),
            ".github/workflows/caller.yml": CALLER,
            "specs/unsubscribed.yaml": SPEC % ("unsubscribed", "suppressions"),
            "in/unsubscribed-1.csv": "email\nbob@example.com\n",
            "specs/catalogue.yaml": (SPEC % ("catalogue", "products")).replace("email", "sku"),
            "in/catalogue-1.csv": "sku\nA1\n",
        }
    )
    ran = runner.run("workflow_dispatch", "caller.yml")

    assert ran.green, ran.log
    assert "apply 1/2" in ran.log
    for spec in ("crm", "unsubscribed", "catalogue"):
        assert runner.remote.events(spec) == ["claimed", "submitted", "finished"]


def test_the_action_runs_one_command(runner: Runner) -> None:
    """The composite action hands on its arguments unexpanded, fails as the command does, and tells what came of it."""
    action = (ROOT / ".github" / "actions" / "syncer" / "action.yml").read_text("utf-8")
    runner.commit(**{".github/actions/syncer/action.yml": action, ".github/workflows/own.yml": ACTION})
    ran = runner.run("workflow_dispatch", "own.yml")

    assert ran.green, ran.log
    assert "there is no spec '*'" in ran.log
    assert "wrong=64 code=0 imported=1" in ran.log


def test_the_action_installs_what_it_is_a_part_of(runner: Runner) -> None:
    """Whoever pins the action pins syncer with it, with the very packages that it was tested with."""
    action = (ROOT / ".github" / "actions" / "syncer" / "action.yml").read_text("utf-8")
    runner.commit(**{".github/actions/syncer/action.yml": action, ".github/workflows/own.yml": ACTION})
    asked = runner.hides_syncer()
    ran = runner.run("workflow_dispatch", "own.yml")

    assert ran.green, ran.log
    calls = [line.partition(": ") for line in asked.read_text("utf-8").splitlines()]
    assert [command for _, _, command in calls] == [
        "-m pip install --quiet -r requirements.txt",
        "-m pip install --quiet --no-deps --no-build-isolation .",
    ]
    assert {Path(folder).name for folder, _, _ in calls} == {
        "hostexecutor"
    }  # the copy of the clone, and no folder below
