"""What a run may act on: only what no power cut can undo."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from syncer.errors import SyncerError
from syncer.state.store import LocalStore
from tests.model.making import Making

if TYPE_CHECKING:
    from pathlib import Path


class Disk:
    """Syncs as the system does, and keeps which files; refuses once `broken`."""

    def __init__(self) -> None:
        self.synced: list[int] = []
        self.broken = False

    def sync(self, descriptor: int) -> None:
        if self.broken:
            raise OSError(5, "Input/output error")
        self.synced.append(os.fstat(descriptor).st_ino)
        os.fsync(descriptor)


def test_a_run_syncs_what_a_killed_one_may_not_have(tmp_path: Path) -> None:
    """A permit that was written and not synced is there to be read; it is durable before anybody starts its job."""
    m, folder, disk = Making(), tmp_path / "state", Disk()
    LocalStore(folder, sync=lambda _: None).transact(lambda _: [m.claimed(), m.submitted()])
    with LocalStore(folder, sync=disk.sync).run_lock("the next run"):
        assert disk.synced == [(folder / "crm.jsonl").stat().st_ino]


def test_a_run_that_cannot_sync_what_is_there_does_not_begin(tmp_path: Path) -> None:
    """The error names the file, and the folder is free again."""
    folder, disk = tmp_path / "state", Disk()
    store = LocalStore(folder, sync=disk.sync)
    store.transact(lambda _: [Making().claimed()])
    disk.broken = True
    with pytest.raises(SyncerError, match="could not be written") as refused, store.run_lock("a run"):
        pass
    assert refused.value.where.endswith("crm.jsonl")
    assert not store.is_held()


def test_a_line_that_could_not_be_synced_is_taken_back(tmp_path: Path) -> None:
    """Nobody reads a permit that the disk may not have; an unterminated line before it stays as it was."""
    m, folder, disk = Making(), tmp_path / "state", Disk()
    log = folder / "crm.jsonl"
    LocalStore(folder).transact(lambda _: [m.claimed()])
    log.write_bytes(log.read_bytes().removesuffix(b"\n"))
    before = log.read_bytes()
    disk.broken = True
    with pytest.raises(SyncerError, match="Input/output error"):
        LocalStore(folder, sync=disk.sync).transact(lambda _: [m.submitted()])
    assert log.read_bytes() == before
    LocalStore(folder).transact(lambda _: [m.submitted()])
    assert log.read_bytes().startswith(before + b"\n{")


def test_a_folder_that_was_half_made_is_made_whole(tmp_path: Path) -> None:
    """What git is to ignore is written whole or not at all, so that no lock is ever committed."""
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / ".gitignore.0a1b2c3d").write_text("# made by", encoding="utf-8")
    LocalStore(folder).transact(lambda _: [Making().claimed()])
    assert ".*" in (folder / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_a_log_that_cannot_be_read_is_explained(tmp_path: Path) -> None:
    """The error names the place and what to do, rather than a defect."""
    (tmp_path / "crm.jsonl").mkdir()
    with pytest.raises(SyncerError, match="could not be read") as refused:
        LocalStore(tmp_path).read()
    assert refused.value.where.endswith("crm.jsonl")
