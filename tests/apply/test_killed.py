"""A run that is killed outright, at every request that it makes: each row arrives exactly once all the same."""

from __future__ import annotations

import pytest

from syncer.model.log import Standing
from syncer.state.store import LocalStore
from tests.apply.killer import Effect, kill_one_run
from tests.apply.workspace import ERROR_FILE, INIT, MAPPING, ORDERS, START, STATUS, UPLOAD, Workspace, results


def check_everything_once(workspace: Workspace, expected: list[str]) -> None:
    """Every row is there once, no job is left running, and the log folds without a complaint."""
    assert workspace.merged("orders", "order_id") == sorted(expected)
    assert "running" not in workspace.jobs()
    store = LocalStore(workspace.root / "state")
    lives = [life for _, _, life in store.read().all_generations("127.0.0.1")]
    assert store.warnings() == []
    assert {life.standing for life in lives} == {Standing.DONE}
    assert all(not life.open_permits for life in lives)


@pytest.mark.parametrize("effect", ["drop_before", "drop_after"])
def test_each_row_is_there_once_wherever_the_run_is_killed(workspace: Workspace, effect: Effect) -> None:
    """For every request of an import into an append object: kill the run there, run again, count the rows."""
    workspace.spec("shop", ORDERS)
    expected: list[str] = []
    killed_at: list[str] = []
    request = 0
    for number in range(1, 60):
        workspace.file(
            f"orders/{number:02}.csv",
            "id,at,amount",
            f"o{number},2026-04-21T16:30:00Z,9.5",
            f"bad{number},2026-04-21T16:30:00Z,much",
        )
        expected.append(f"o{number}")
        request += 1
        where = kill_one_run(workspace, request, effect)
        outcome = workspace.run()
        assert set(results(outcome).values()) <= {"completed"}, where
        check_everything_once(workspace, expected)
        if where is not None:
            killed_at.append(where)
        elif {INIT, UPLOAD, MAPPING, START, STATUS, ERROR_FILE} <= set(killed_at):
            break
        else:  # how often the job was asked for its state varies, so that a request may have been passed over
            request = 3
    else:
        pytest.fail(f"killed at no more than {sorted(set(killed_at))}")
    assert workspace.jobs().count("completed") == len(expected)


def test_a_run_that_is_killed_again_and_again_gets_there(workspace: Workspace) -> None:
    """Each run dies at the same call as the one before; the first that is let through finishes what they began."""
    workspace.spec("shop", ORDERS)
    workspace.orders("a.csv", "o1", "o2")
    for at in (3, 4, 4, 5, 3):
        assert kill_one_run(workspace, at, "drop_after") is not None
    assert results(workspace.run()) == {"orders/a.csv": "completed"}
    check_everything_once(workspace, ["o1", "o2"])
    assert workspace.events("shop").count("submitted") == 1
