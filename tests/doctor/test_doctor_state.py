"""`syncer doctor` before the log: real bare remotes that take a push, refuse it, or are not there."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from syncer.state.run_lock import RunLock
from tests.doctor.examined import Examined, examine
from tests.git.clones import SETTINGS, Clone, Project, Remote, git
from tests.servers.process import Recipe, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncer.emulator.testing import Emulator

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="git daemon and hooks are a Unix's")
PUSH = "push to origin, branch main"


@pytest.fixture
def project(tmp_path: Path, emulator: Emulator) -> Project:
    return Project(Remote.made(tmp_path / "remote.git"), emulator, tmp_path)


@pytest.fixture
def clone(project: Project) -> Clone:
    """A clone of a project whose log is pushed to its default branch."""
    project.orders(1)
    return project.clone("one")


def look(clone: Clone, **environ: str) -> Examined:
    return examine(clone.root, ["state"], {**clone.environ, **environ})


def set_up(clone: Clone, settings: str) -> None:
    (clone.root / "syncer.yaml").write_text(settings, "utf-8")


def test_a_remote_that_takes_pushes_passes_and_is_left_alone(project: Project, clone: Clone) -> None:
    """The branch is read and a push is gone through; neither the remote nor the checkout has changed after that."""

    def everything() -> list[str]:
        asked = (["status", "--porcelain"], ["rev-parse", "HEAD"], ["branch", "--list", "--all", "--verbose"])
        return [git(project.remote.path, "for-each-ref"), *(clone.git(*each) for each in asked)]

    before = everything()

    found = look(clone)

    assert found.exit_code == 0
    assert found["origin, branch main"].what == "it is there"
    assert found[PUSH].status == "ok"
    assert everything() == before


def test_a_branch_that_is_not_there_yet_is_no_failure(project: Project, clone: Clone) -> None:
    """The first run makes it; the push of just that ref is gone through, and does not make it."""
    set_up(clone, "state: {git: push, branch: syncer-state}\n")

    found = look(clone)

    assert found.exit_code == 0
    assert "the first run makes it" in found["origin, branch syncer-state"].what
    assert found["push to origin, branch syncer-state"].status == "ok"
    assert git(project.remote.path, "branch", "--list", "syncer-state") == ""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the repositories of a folder to whoever wants to read, and to nobody who wants to write."""

    def recipe(_folder: Path, ports: list[int]) -> Recipe:
        here = ["--listen=127.0.0.1", f"--port={ports[0]}", "--reuseaddr"]
        return Recipe(["git", "daemon", *here, "--export-all", f"--base-path={folder}", str(folder)])

    with running(recipe) as (port,):
        yield f"git://127.0.0.1:{port}"


def test_a_remote_that_only_lets_read_is_told_with_the_cure(project: Project, clone: Clone) -> None:
    """Reading works and the push is refused before anything is sent; in a workflow its permissions are named."""
    with served(project.remote.path.parent) as url:
        clone.git("remote", "set-url", "origin", f"{url}/{project.remote.path.name}")

        found = look(clone)
        in_workflow = look(clone, CI="true")

    assert found.exit_code == 1
    assert found.with_status("failed") == [PUSH]
    assert found[PUSH].what.startswith("refused: ")
    assert "state.branch" in found[PUSH].next_step
    assert "permissions: {contents: write}" in in_workflow[PUSH].next_step


def test_a_protected_branch_cannot_be_seen_and_the_check_says_so(project: Project, clone: Clone) -> None:
    """Rules of the server are asked at a real push only, and none is made here."""
    project.remote.protects_main()

    assert "shows only at a real push" in look(clone)[PUSH].what


def test_a_remote_that_is_gone_is_told(project: Project, clone: Clone) -> None:
    """In git's own words, without a push."""
    project.remote.go_away()

    found = look(clone)

    assert found.exit_code == 1
    assert found["origin, branch main"].status == "failed"
    assert "git ls-remote origin" in found["origin, branch main"].next_step
    assert PUSH not in found


def test_a_remote_that_is_not_set_up_is_told_with_its_name(clone: Clone) -> None:
    """And with those that there are."""
    set_up(clone, "state: {git: push, remote: upstream}\n")

    check = look(clone)["remote upstream"]

    assert check.status == "failed"
    assert "origin" in check.why
    assert "git remote add upstream" in check.next_step


def test_a_project_outside_of_git_is_told(tmp_path: Path, emulator: Emulator) -> None:
    """When its settings want the log in git."""
    folder = tmp_path / "plain"
    plain = Clone(folder, emulator, extra={"GIT_CEILING_DIRECTORIES": str(tmp_path)})
    set_up(plain, SETTINGS)

    found = look(plain)

    assert found.exit_code == 1
    assert "git init" in found["git"].next_step


def test_a_machine_without_git_is_told(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than shown a traceback."""
    monkeypatch.setenv("PATH", str(clone.root))

    found = look(clone)

    assert found.exit_code == 1
    assert "git is not installed" in found["git"].what


def test_a_log_that_dies_with_a_ci_machine_is_told(clone: Clone) -> None:
    """A failure where nobody asked for it, as apply refuses it; a warning where it is meant."""
    set_up(clone, "{}\n")
    forgotten = look(clone, CI="true")
    set_up(clone, "state: {git: off}\n")
    meant = look(clone, CI="true")

    assert forgotten.exit_code == 1
    assert "state: {git: push}" in forgotten["state.git: off"].next_step
    assert meant.exit_code == 0
    assert meant["state.git: off"].status == "warning"
    assert look(clone)["state.git: off"].status == "ok"


def test_a_state_folder_that_cannot_be_made_is_told(clone: Clone) -> None:
    """Something else stands in its way."""
    set_up(clone, "state: {dir: state}\n")
    (clone.root / "state").write_text("a file", "utf-8")

    found = look(clone)

    assert found.exit_code == 1
    assert found["state folder"].status == "failed"


@pytest.mark.parametrize("settings", [SETTINGS, "state: {git: commit}\n", "state: {git: push, branch: main}\n"])
def test_a_log_among_peoples_branches_wants_union_merges(clone: Clone, settings: str) -> None:
    """The one line is named, and with it in place all is well."""
    set_up(clone, settings)
    before = look(clone)
    (clone.root / ".gitattributes").write_text("state/*.jsonl merge=union\n", "utf-8")
    after = look(clone)

    assert before.exit_code == 0
    assert before[".gitattributes"].status == "warning"
    assert "state/*.jsonl merge=union" in before[".gitattributes"].next_step
    assert after[".gitattributes"].status == "ok"


def test_a_log_on_a_branch_of_its_own_is_merged_by_nobody(clone: Clone) -> None:
    """So nothing is said about merging it, nor of one in a folder that git does not know."""
    set_up(clone, "state: {git: push, branch: syncer-state}\n")
    assert ".gitattributes" not in look(clone)
    set_up(clone, "state: {git: off}\n")
    assert ".gitattributes" not in look(clone)


def test_a_log_that_cannot_be_read_is_told(clone: Clone) -> None:
    """With the command that shows every line."""
    log = clone.root / "state" / "shop.jsonl"
    log.parent.mkdir()
    log.write_bytes(b"<<<<<<< ours\n{}\n=======\n>>>>>>> theirs\n")
    clone.git("add", "-A")
    clone.git("commit", "--quiet", "-m", "a merge that went wrong")
    clone.git("push", "--quiet")

    found = look(clone)

    assert found.exit_code == 1
    assert "conflict markers" in found["log"].what
    assert found["log"].next_step


def test_events_that_never_reached_the_shared_log_are_told(clone: Clone) -> None:
    """Those of a dead run by the command that takes them along; those of a folder by the one that merges them."""
    left = clone.root / ".syncer" / "unpushed" / "dead.jsonl"
    left.parent.mkdir(parents=True)
    left.write_text("{}\n", "utf-8")
    assert "syncer apply" in look(clone)["unpushed"].next_step

    with RunLock(clone.root / ".syncer").hold("a run"):
        at_work = look(clone)
    assert at_work["unpushed"].status == "ok"
    assert "a run is at work" in at_work["locks"].what

    left.unlink()
    set_up(clone, "state: {git: off}\n")
    assert clone.run().exit_code == 0
    set_up(clone, SETTINGS)
    found = look(clone)
    assert found["log"].status == "failed"
    assert "syncer state merge" in found["log"].next_step


@pytest.mark.parametrize("lock", ["index.lock", "refs/syncer/state.lock"])
def test_a_lock_that_a_dead_git_left_is_told(clone: Clone, lock: str) -> None:
    """An old one with the file to remove; a fresh one is somebody's at work."""
    path = clone.root / ".git" / lock
    path.parent.mkdir(parents=True, exist_ok=True)
    look(clone)
    path.touch()
    fresh = examine(clone.root, ["state"], clone.environ)
    long_ago = time.time() - 3600
    os.utime(path, (long_ago, long_ago))
    old = examine(clone.root, ["state"], clone.environ)

    assert fresh["locks"].status == "ok"
    assert old["locks"].status == "warning"
    assert f"rm {path.as_posix()}" in old["locks"].next_step
