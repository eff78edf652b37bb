"""What a run commits and pushes: the state and nothing else, from whatever checkout it runs in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.apply.workspace import ORDERS, results
from tests.git.clones import SETTINGS, git, order_file

if TYPE_CHECKING:
    from pathlib import Path

    from tests.git.clones import Project


def changed(remote: Path, commit: str = "main") -> list[str]:
    return git(remote, "show", "--format=", "--name-only", commit).splitlines()


def test_only_the_state_is_committed_whatever_else_is_dirty(project: Project) -> None:
    """Staged, unstaged and untracked changes stay where they are, and none of them is pushed."""
    rows = project.orders(1)
    clone = project.clone("one")
    (clone.root / "specs" / "shop.yaml").write_text(ORDERS + "# unstaged\n", encoding="utf-8")
    (clone.root / "staged.txt").write_text("staged", encoding="utf-8")
    clone.git("add", "staged.txt")
    (clone.root / "untracked.txt").write_text("untracked", encoding="utf-8")
    before, head = clone.git("status", "--porcelain"), clone.git("rev-parse", "HEAD")
    assert clone.run().exit_code == 0
    assert clone.git("status", "--porcelain") == before
    assert clone.git("rev-parse", "HEAD") == head
    for commit in git(project.remote.path, "rev-list", "main").splitlines()[:-1]:
        assert changed(project.remote.path, commit) == ["state/shop.jsonl"]
    assert clone.merged("orders", "order_id") == rows
    assert clone.verify().clean
    assert clone.run().imports == ()


@pytest.mark.parametrize("kind", ["shallow", "detached", "feature", "subfolder", "hook"])
def test_any_checkout_serves(project: Project, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shallow clone, a detached head, a feature branch, a project in a subfolder, a run from within a git hook."""
    under = "etl/imports" if kind == "subfolder" else ""
    rows = project.orders(2, under=under)
    clone = project.clone("one", *(("--depth", "1") if kind == "shallow" else ()), under=under)
    if kind == "detached":
        clone.git("checkout", "--quiet", "--detach")
    if kind == "feature":
        clone.git("checkout", "--quiet", "-b", "feature")
        (clone.root / "new.txt").write_text("not on main", encoding="utf-8")
        clone.git("add", "new.txt")
        clone.git("commit", "--quiet", "-m", "a change that is not merged")
    if kind == "hook":
        monkeypatch.setenv("GIT_DIR", str(clone.root / "nowhere"))
        monkeypatch.setenv("GIT_INDEX_FILE", str(clone.root / "nobody"))
    outcome = clone.run()
    monkeypatch.delenv("GIT_DIR", raising=False)
    monkeypatch.delenv("GIT_INDEX_FILE", raising=False)
    assert set(results(outcome).values()) == {"completed"}
    again = clone.run()
    assert again.imports == ()
    assert clone.merged("orders", "order_id") == rows
    assert clone.verify().clean
    state = f"{under}/state" if under else "state"
    lines = project.remote.lines("shop", folder=state)
    assert [line["event"] for line in lines].count("finished") == 2
    assert changed(project.remote.path) == [f"{state}/shop.jsonl"]
    other = project.clone("two", under=under)
    assert other.run().imports == ()


def test_a_branch_of_its_own_is_made_with_nothing_but_the_state(project: Project) -> None:
    """The first run makes it, without a parent; main does not move, and the next clone reads it."""
    rows = project.orders(2, settings="state: {git: push, branch: syncer-state}\n")
    main = project.remote.tip()
    clone = project.clone("one")
    assert clone.run().exit_code == 0
    assert project.remote.tip() == main
    assert git(project.remote.path, "ls-tree", "-r", "--name-only", "syncer-state") == "state/shop.jsonl"
    assert project.clone("two", "--depth", "1").run().imports == ()
    assert clone.merged("orders", "order_id") == rows
    assert clone.git("status", "--porcelain") == ""


def test_an_empty_remote_serves(project: Project, tmp_path: Path) -> None:
    """Its first commit is the state's; two clones that have seen nothing agree on it."""
    git(tmp_path, "clone", "--quiet", str(project.remote.path), str(tmp_path / "empty"))
    clone = project.clone("one")
    clone.file("syncer.yaml", "state: {git: push}")
    clone.spec("shop", ORDERS)
    clone.orders("a.csv", "o1")
    assert clone.run().exit_code == 0
    assert clone.run().imports == ()
    assert clone.merged("orders", "order_id") == ["o1"]
    assert project.remote.events("shop") == ["claimed", "submitted", "finished"]


def test_commits_name_the_run_and_what_it_did(project: Project) -> None:
    """CI does not start because of them, and whoever reads the history finds the run."""
    project.orders(2)
    outcome = project.clone("one").run()
    assert project.remote.messages() == [
        "syncer: 2 finished [skip ci]",
        "syncer: 2 submitted [skip ci]",
        "syncer: 2 claimed [skip ci]",
    ]
    body = git(project.remote.path, "log", "-1", "--format=%b", "main")
    assert body.splitlines() == [f"Run: {outcome.run}", "Specs: shop"]


@pytest.mark.parametrize(
    ("setting", "configured", "expected"),
    [
        ("", None, "syncer <syncer@users.noreply.github.com>"),
        ("", "Bea <bea@example.com>", "Bea <bea@example.com>"),
        (', author: "Import Bot <bot@example.com>"', "Bea <bea@example.com>", "Import Bot <bot@example.com>"),
    ],
)
def test_the_author_is_chosen_known_or_syncer(
    project: Project, setting: str, configured: str | None, expected: str
) -> None:
    """`state.author`, else who git says that one is, else a name that works on a machine where git knows nobody."""
    project.orders(1, settings=f"state: {{git: push{setting}}}\n")
    clone = project.clone("one")
    if configured:
        name, _, address = configured.rstrip(">").partition(" <")
        clone.git("config", "user.name", name)
        clone.git("config", "user.email", address)
    assert clone.run().exit_code == 0
    assert git(project.remote.path, "log", "-1", "--format=%an <%ae>", "main") == expected
    assert git(project.remote.path, "log", "-1", "--format=%cn <%ce>", "main") == expected


def test_a_clean_checkout_is_brought_up_to_date(project: Project) -> None:
    """The log is there to be read and nothing is left to be committed."""
    project.orders(1)
    clone = project.clone("one")
    clone.run()
    assert clone.git("rev-parse", "HEAD") == project.remote.tip()
    assert clone.git("status", "--porcelain") == ""
    assert clone.events("shop") == ["claimed", "submitted", "finished"]


def test_a_file_in_the_way_of_the_update_is_left_alone(project: Project) -> None:
    """The run ends well all the same: the log is on the remote."""
    project.orders(1)
    clone = project.clone("one")
    (clone.root / "state").mkdir()
    (clone.root / "state" / "shop.jsonl").write_bytes(b"")
    assert clone.run().exit_code == 0
    assert (clone.root / "state" / "shop.jsonl").read_bytes() == b""
    assert clone.run().imports == ()


def test_commit_without_a_remote_leaves_the_checkout_clean(project: Project, tmp_path: Path) -> None:
    """`git: commit` moves the branch under its own checkout, and brings the state's files along."""
    root = tmp_path / "alone"
    git(tmp_path, "init", "--quiet", "--initial-branch=trunk", str(root))
    clone = type(project.clone("spare"))(root, project.emulator)
    clone.file("syncer.yaml", "state: {git: commit}")
    clone.file(".gitignore", ".syncer/")
    clone.spec("shop", ORDERS)
    clone.git("add", "-A")
    clone.git("commit", "--quiet", "-m", "begin")
    assert clone.run().imports == ()  # nothing to do, and no state folder yet
    clone.file("orders/a.csv", *order_file("o1").splitlines())
    clone.git("add", "-A")
    assert clone.run().exit_code == 0
    assert clone.git("status", "--porcelain") == "A  orders/a.csv"
    assert clone.events("shop") == ["claimed", "submitted", "finished"]
    assert clone.run().imports == ()
    assert clone.merged("orders", "order_id") == ["o1"]


def test_commit_mode_leaves_an_edited_state_alone(project: Project, tmp_path: Path) -> None:
    """What somebody has under way in the state folder is not overwritten."""
    root = tmp_path / "alone"
    git(tmp_path, "init", "--quiet", "--initial-branch=trunk", str(root))
    clone = type(project.clone("spare"))(root, project.emulator)
    clone.file("syncer.yaml", "state: {git: commit}")
    clone.spec("shop", ORDERS)
    clone.orders("a.csv", "o1")
    assert clone.run().exit_code == 0
    log = clone.root / "state" / "shop.jsonl"
    log.write_bytes(log.read_bytes() + b'{"half": ')
    clone.orders("b.csv", "o2")
    assert clone.run().exit_code == 0
    assert log.read_bytes().endswith(b'{"half": ')
    assert clone.merged("orders", "order_id") == ["o1", "o2"]


def test_a_log_that_was_kept_in_the_folder_is_not_forgotten(project: Project) -> None:
    """Who turns `state.git` on with a history on disk is told how to bring it in; nothing is imported a second time."""
    rows = project.orders(2, settings="state: {git: 'off'}\n")
    clone = project.clone("one")
    assert clone.run().exit_code == 0
    clone.file("syncer.yaml", SETTINGS.strip())
    code, _, err = clone.cli("apply")
    assert code == 5
    assert "syncer state merge state/shop.jsonl" in err
    assert clone.cli("state", "merge", "state/shop.jsonl")[0] == 0
    assert clone.cli("apply")[0] == 0
    assert clone.merged("orders", "order_id") == rows
    assert clone.verify().clean


@pytest.mark.parametrize(("settings", "code"), [("api: {}\n", 4), ("state: {git: 'off'}\n", 0)])
def test_in_ci_a_log_that_dies_with_the_machine_has_to_be_asked_for(project: Project, settings: str, code: int) -> None:
    """Git is off by default, which a machine that is thrown away must not take for an answer."""
    project.orders(1, settings=settings)
    clone = project.clone("one")
    got, _, err = clone.cli("apply", environ={"CI": "true"})
    assert got == code, err
    assert len(clone.jobs()) == (0 if code else 1)
