"""Rows sent = rows read = valid + invalid; what does not add up is told everywhere that somebody audits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from syncer.operations.history import history
from syncer.operations.ledger import open_ledger
from syncer.operations.state_verify import state_verify
from syncer.render.history import history_json, history_markdown, history_text
from tests.apply.workspace import ORDERS, Workspace, only

if TYPE_CHECKING:
    from syncer.apply.outcome import ImportOutcome


def imported(workspace: Workspace, **counts: int) -> ImportOutcome:
    """Import two orders into an API that gives these counts for them."""
    workspace.spec("shop", ORDERS)
    workspace.orders("a.csv", "o1", "o2")
    workspace.emulator.faults.add(match="GET /import-jobs/*", do="lie", times=0, counts=counts)
    end: ImportOutcome = only(workspace.run().imports)
    assert end.result == "completed"
    return end


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"readRows": 3, "validRows": 3, "mergedInserts": 3}, "2 rows were sent and 3 were read"),
        ({"readRows": 1, "validRows": 1, "mergedInserts": 1}, "2 rows were sent and 1 were read"),
        ({"validRows": 1, "mergedInserts": 1}, "2 rows were read, but 1 valid and 0 invalid were counted"),
    ],
)
def test_rows_that_do_not_add_up_fail_the_audit_line(workspace: Workspace, counts: dict[str, int], words: str) -> None:
    """The import is recorded, the run warns, and log, history and the check of the log say what is missing."""
    end = imported(workspace, **counts)
    assert words in end.warnings
    assert workspace.log("shop")[-1]["residual"] == [words]
    entries = history(workspace.root, environ=workspace.environ)
    assert f"rows do not add up: {words}" in history_text(entries)
    assert f"rows do not add up: {words}" in history_markdown(entries)
    (entry,) = json.loads(history_json(entries))["entries"]
    assert (entry["adds_up"], entry["residual"]) == (False, [words])
    verified = state_verify(open_ledger(workspace.root, environ=workspace.environ))
    assert [each.kind for each in verified.anomalies] == ["rows"]
    assert workspace.run().exit_code == 0


@pytest.mark.parametrize("counts", [{}, {"mergedInserts": 1, "mergedUpdates": 0}])
def test_repeated_keys_are_the_apis_own_business(workspace: Workspace, counts: dict[str, int]) -> None:
    """Inserts and updates that are not the valid rows cost a warning and no audit."""
    end = imported(workspace, **counts)
    assert len(end.warnings) == len(counts) // 2
    (entry,) = json.loads(history_json(history(workspace.root, environ=workspace.environ)))["entries"]
    assert (entry["adds_up"], entry["residual"]) == (True, [])
    assert state_verify(open_ledger(workspace.root, environ=workspace.environ)).clean
