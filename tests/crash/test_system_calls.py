"""The real command, killed or refused at one system call after the other: every row is there exactly once after all.

What the log needs of the disk are `write`, `fsync` and, for a new file, `open`. A process that is killed at one of them
leaves what the system holds; a power cut loses what was not synced, in whole or in part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.crash.scenes import Scene
from tests.crash.tracing import KILLED, Ended, Hit, hit_run, needs_strace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from syncer.emulator.testing import Emulator

pytestmark = [needs_strace, pytest.mark.timeout(300)]

SYNC, WRITE, OPEN = "fsync,fdatasync", "write", "openat"
RENAME, FOLDERS = "rename,renameat,renameat2", "mkdir"
ANYWHERE, STATE = "", "state"
LOGS = (
    ("single", "shop"),
    ("side_by_side", "shop"),
    ("side_by_side", "web"),
    ("with_a_list", "crm"),
    ("with_rejected_rows", "shop"),
)
MOST_POINTS = 60
EVERY_THIRD = 3
"""A run opens files of the log some thirty times, mostly to read them."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """Which calls are hit, one after the other: about one spec's log, the whole folder of the state, or any file."""

    scene: str
    calls: str
    where: str

    def __str__(self) -> str:
        return f"{self.scene}-{self.calls.split(',')[0]}-{self.where or 'anywhere'}"

    def points(self, do: str, folder: Path, emulator: Emulator) -> Iterator[tuple[Scene, Ended]]:
        """Yield a project, and how its run ended, for the first, second, … call, until there is no such call."""
        for at in range(1, MOST_POINTS, EVERY_THIRD if self.calls == OPEN else 1):
            scene = Scene.make(self.scene, folder, f"{at}-", emulator)
            ended = hit_run(scene.workspace, Hit(self.calls, do, at, self._paths(scene)))
            if not ended.hit:
                scene.check()
                assert at > 1, "the sweep hit nothing"
                return
            yield scene, ended
        raise AssertionError("the sweep has no end")

    def _paths(self, scene: Scene) -> tuple[Path, ...]:
        state = scene.workspace.root / "state"
        if self.where == ANYWHERE:
            return ()
        if self.where == STATE:
            names = ("shop.jsonl", ".gitignore", ".lock", ".run.lock", ".run.holder")
            return (state, *(state / name for name in names))
        return (state / f"{self.where}.jsonl",)


def chosen(sweeps: Sequence[Sweep]) -> pytest.MarkDecorator:
    """Give the sweeps to a test; all but those of the smallest project's log take their time."""
    always = ("single", "shop")
    return pytest.mark.parametrize(
        "sweep",
        [
            pytest.param(each, id=str(each), marks=[] if (each.scene, each.where) == always else [pytest.mark.slow])
            for each in sweeps
        ],
    )


LOG_SYNCS = [Sweep(scene, SYNC, log) for scene, log in LOGS]
LOG_WRITES = [Sweep(scene, WRITE, log) for scene, log in LOGS]
THE_REST = [
    Sweep("with_rejected_rows", SYNC, ANYWHERE),
    Sweep("with_rejected_rows", RENAME, ANYWHERE),
    Sweep("single", FOLDERS, ANYWHERE),
    Sweep("single", OPEN, STATE),
]


@chosen([*LOG_SYNCS, *LOG_WRITES, *THE_REST])
def test_a_run_that_is_killed_at_a_system_call(tmp_path: Path, emulator: Emulator, sweep: Sweep) -> None:
    """Wherever it dies, the next run ends with each row there once and a log without a complaint."""
    for scene, ended in sweep.points("signal=SIGKILL", tmp_path, emulator):
        assert ended.code == KILLED
        scene.check_permits()
        scene.finish()


@pytest.mark.parametrize("cut", ["lost", "torn"])
@chosen(LOG_SYNCS[:2])
def test_a_power_cut_at_a_sync(tmp_path: Path, emulator: Emulator, sweep: Sweep, cut: str) -> None:
    """What was not synced is lost, in whole or in part: no job was started whose permit is lost with it."""
    for scene, _ in sweep.points("signal=SIGKILL", tmp_path, emulator):
        lose_last_line(scene.workspace.root / "state" / f"{sweep.where}.jsonl", keep_half=cut == "torn")
        scene.check_permits()
        scene.finish()


def lose_last_line(log: Path, *, keep_half: bool) -> None:
    data = log.read_bytes()
    last = data[:-1].rfind(b"\n") + 1
    log.write_bytes(data[: last + (len(data) - last) // 2 if keep_half else last])


@pytest.mark.parametrize(
    ("sweep", "error"),
    [
        pytest.param(Sweep("single", SYNC, "shop"), "EIO"),
        pytest.param(Sweep("single", WRITE, "shop"), "ENOSPC"),
        pytest.param(Sweep("single", SYNC, "shop"), "ENOSPC", marks=pytest.mark.slow),  # where room is looked for late
        pytest.param(Sweep("single", WRITE, "shop"), "EIO", marks=pytest.mark.slow),
        pytest.param(Sweep("single", OPEN, STATE), "ENOSPC", marks=pytest.mark.slow),
        pytest.param(Sweep("side_by_side", SYNC, "web"), "EIO", marks=pytest.mark.slow),
        pytest.param(Sweep("with_a_list", WRITE, "crm"), "ENOSPC", marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_a_disk_that_refuses(tmp_path: Path, emulator: Emulator, sweep: Sweep, error: str) -> None:
    """The run says what, where, why and how to go on; nothing runs without a permit on the disk; the next run ends it.

    Only what tells people who holds the folder may be missing without a word.
    """
    for scene, ended in sweep.points(f"error={error}", tmp_path, emulator):
        if ".run.holder" not in ended.trace:
            assert ended.code == 1, ended.errors
            assert "error: the state" in ended.errors
            assert "where: " in ended.errors
            assert "why: " in ended.errors
            assert "    syncer apply" in ended.errors
        scene.check_permits()
        scene.finish()


def test_a_disk_that_stays_full(tmp_path: Path, emulator: Emulator) -> None:
    """Run after run is refused and starts nothing new; once there is room, the rows are there once."""
    scene = Scene.make("single", tmp_path, "full-", emulator)
    log = (scene.workspace.root / "state" / "shop.jsonl",)
    for at in (2, 1, 1):
        ended = hit_run(scene.workspace, Hit(WRITE, "error=ENOSPC", at, log, onwards=True))
        assert ended.code == 1
        assert scene.started == set()
    scene.finish()


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again(tmp_path: Path, emulator: Emulator) -> None:
    """Each run dies at the next sync of the log after the one before it; the first that lives finishes their work."""
    scene = Scene.make("side_by_side", tmp_path, "again-", emulator)
    log = (scene.workspace.root / "state" / "shop.jsonl",)
    for at in (1, 1, 2, 2, 3, 3):
        hit_run(scene.workspace, Hit(SYNC, "signal=SIGKILL", at, log))
        scene.check_permits()
    scene.finish()
