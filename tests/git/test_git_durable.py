"""A log that no remote has is on the disk before anything is started; one that is pushed is the remote's to keep."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING

import pytest

from syncer.errors import SyncerError
from syncer.state import git as state_git
from tests.apply.workspace import ORDERS, START
from tests.git.clones import git

if TYPE_CHECKING:
    from pathlib import Path

    from tests.git.clones import Clone, Project


def alone(project: Project, folder: Path) -> Clone:
    """Return a project of one file whose log is committed and never pushed."""
    project.seed({"specs/shop.yaml": ORDERS}, settings="state: {git: commit}\n")
    clone = project.clone("alone")
    clone.orders("a.csv", "o1")
    assert clone.root.parent == folder
    return clone


def synced(trace: Path) -> dict[str, int]:
    """Return how many files each of git's commands synced, after git's own account."""
    names: dict[str, str] = {}
    counts: dict[str, int] = {}
    for line in trace.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if event["event"] == "cmd_name":
            names[event["sid"]] = event["name"]
        if event["event"] == "data" and event["category"] == "fsync" and event["key"] == "fsync/hardware-flush":
            name = names[event["sid"]]
            counts[name] = counts.get(name, 0) + int(event["value"])
    return counts


def knows_the_setting(folder: Path) -> bool:
    found = re.search(r"(\d+)\.(\d+)", git(folder, "version"))
    return found is not None and (int(found[1]), int(found[2])) >= (2, 36)


def test_what_is_committed_is_synced(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines, the tree, the commit and the branch, whatever git's settings are on this machine."""
    if not knows_the_setting(tmp_path):
        pytest.skip("git syncs what it is told to from 2.36 on")
    clone = alone(project, tmp_path)
    trace = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(trace))
    assert clone.run().exit_code == 0
    monkeypatch.delenv("GIT_TRACE2_EVENT")
    commits = len(clone.git("rev-list", "HEAD").splitlines()) - 1
    counts = synced(trace)
    assert commits == 3
    assert counts["hash-object"] == counts["commit-tree"] == counts["update-ref"] == commits
    assert counts["write-tree"] >= commits


@pytest.mark.skipif(sys.platform == "win32", reason="a folder cannot be synced there, and need not be")
def test_nothing_is_started_when_the_branch_cannot_be_synced(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The permit may stand there or not after a power cut: the next run finds out, and imports the file once."""
    clone = alone(project, tmp_path)
    folders: list[Path] = []

    def refuse_the_permit(folder: Path) -> None:
        folders.append(folder)
        if len(folders) == 2:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(state_git, "sync_directory", refuse_the_permit)
    with pytest.raises(SyncerError, match="cannot be synced"):
        clone.run()
    assert START not in clone.calls()
    assert {folder.resolve() for folder in folders} == {(clone.root / ".git" / "refs" / "heads").resolve()}
    assert clone.run().exit_code == 0
    assert clone.merged("orders", "order_id") == ["o1"]
    assert clone.verify().clean
