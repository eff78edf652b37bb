"""The operator's words between real runs, and on a log that is kept on a branch."""

from __future__ import annotations

import shutil
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from syncer.emulator.testing import running
from syncer.errors import Waiting
from syncer.operations.baseline import baseline
from syncer.operations.closing import TrackFinder, forget, retry
from syncer.operations.ledger import open_ledger
from syncer.operations.state_read import state_list
from syncer.operations.state_verify import state_verify
from syncer.operations.state_write import merge, resolve
from syncer.plan import Action
from syncer.state.lines import encode
from tests.apply.workspace import ORDERS, Workspace
from tests.model.making import NOW
from tests.operator.desk import WHY, Desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

A = "data/a.csv"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """An append object with one file of two orders."""
    with running(tmp_path / "emulator") as emulator:
        made = Workspace(tmp_path / "project", emulator)
        made.spec("orders", ORDERS)
        made.orders("a.csv", "1", "2")
        yield made


def test_a_forgotten_file_comes_in_once_more_and_the_log_stays_clean(workspace: Workspace) -> None:
    """The rows of an append object stand twice, because somebody said so, and the log says who."""
    workspace.run()
    ledger = open_ledger(workspace.root, environ=workspace.environ)
    (entry,) = state_list(ledger)
    forget(ledger, TrackFinder(ledger, given=entry.import_id), reason=WHY, append_again=True)
    workspace.run()
    assert workspace.run().imports == ()
    assert workspace.merged("orders", "order_id") == ["1", "1", "2", "2"]
    found = state_verify(open_ledger(workspace.root, environ=workspace.environ))
    assert (found.clean, found.imports, found.completed, found.rows) == (True, 1, 2, 4)


def test_a_baselined_file_never_comes_in(workspace: Workspace) -> None:
    """Only what came after it does."""
    baseline(open_ledger(workspace.root, environ=workspace.environ), "orders", reason=WHY)
    workspace.orders("b.csv", "3")
    workspace.run()
    assert workspace.merged("orders", "order_id") == ["3"]
    assert state_verify(open_ledger(workspace.root, environ=workspace.environ)).clean


# --- a log on a branch that machines share ---------------------------------------------------------------------------


@pytest.fixture
def shared(desk: Desk, tmp_path: Path) -> Desk:
    """A clone whose log is pushed to a remote."""
    if shutil.which("git") is None:
        pytest.skip("needs git")
    remote = tmp_path / "remote.git"
    for command in (
        ("init", "-q", "--bare", "-b", "main", str(remote)),
        ("init", "-q", "-b", "main", str(desk.root)),
        ("-C", str(desk.root), "remote", "add", "origin", str(remote)),
    ):
        subprocess.run(["git", *command], check=True, capture_output=True)
    (desk.root / "syncer.yaml").write_text("state: {git: push, branch: state}\n", encoding="utf-8")
    return desk


def test_the_shared_log_is_what_is_written_and_checked(shared: Desk, tmp_path: Path) -> None:
    """Every word is pushed, the checkout is left alone, and `verify` reads what every run shares."""
    one = shared.of(A)
    dead = tmp_path / "dead.jsonl"
    dead.write_bytes(b"".join(encode(event) for event in (one.claimed(), one.submitted())))
    assert merge(shared.ledger(), [dead]).added == 2
    resolve(shared.ledger(), one.import_id, "completed", reason=WHY)
    other = shared.file("b.csv", "c@example.com")
    baseline(shared.ledger(), "crm", reason=WHY)
    assert {entry.path: entry.standing for entry in state_list(shared.ledger())} == {A: "done", other: "done"}
    found = shared.verify()
    assert (found.clean, found.lines, found.imports) == (True, 4, 2)
    assert not shared.state.exists()
    pushed = subprocess.run(
        ["git", "--git-dir", str(tmp_path / "remote.git"), "show", "state:state/crm.jsonl"],
        check=True,
        capture_output=True,
    )
    assert pushed.stdout.count(b"\n") == 4


def test_a_run_of_another_machine_is_waited_for(shared: Desk, tmp_path: Path) -> None:
    """Its lease says how long; nothing is decided about what it may have in hand, and afterwards it is."""
    one = shared.of(A)
    log = tmp_path / "other.jsonl"
    claim = one.claimed(lease=NOW + timedelta(minutes=5), write_mode="upsert")
    log.write_bytes(b"".join(encode(event) for event in (claim, one.failed("final", **shared.preparation(A)))))
    merge(shared.ledger(), [log])
    ledger = shared.ledger()
    with pytest.raises(Waiting, match="run-1 may be at work"):
        forget(ledger, TrackFinder(ledger, path=A, spec="crm"), reason=WHY)
    with pytest.raises(Waiting, match="run-1 may be at work"):
        retry(ledger, one.import_id, reason=WHY)
    later = open_ledger(shared.root, environ=shared.environ, clock=lambda: NOW + timedelta(minutes=6))
    (told,) = retry(later, one.import_id, reason=WHY).expected
    assert told.action == Action.IMPORT
