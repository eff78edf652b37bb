"""Every single answer of a run is lost in turn: two objects side by side, and a list that is made and joined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from syncer.emulator.faults import Fault
from tests.crash.scenes import Scene

if TYPE_CHECKING:
    from pathlib import Path

    from syncer.emulator.testing import Emulator

MOST_REQUESTS = 80


@pytest.mark.slow
@pytest.mark.parametrize("do", ["drop_before", "drop_after"])
@pytest.mark.parametrize("name", ["side_by_side", "with_a_list", "with_rejected_rows"])
def test_each_request_of_a_run_is_lost_once(
    tmp_path: Path, emulator: Emulator, name: str, do: Literal["drop_before", "drop_after"]
) -> None:
    """The run copes, or the next one does: each row is there once, one list is made, and the log has no complaint."""
    for at in range(1, MOST_REQUESTS):
        scene = Scene.make(name, tmp_path, f"{at}-", emulator)
        seen: list[str] = []

        def lose(method: str, path: str, seen: list[str] = seen, at: int = at) -> Fault | None:
            seen.append(path)
            return Fault(match=f"{method} {path}", do=do) if len(seen) == at else None

        scene.workspace.watch(lose)
        scene.workspace.run()
        scene.workspace.watch(lambda *_: None)
        scene.check_permits()
        scene.finish()
        if len(seen) < at:
            assert at > 8
            return
    raise AssertionError("the run has no end of requests")
