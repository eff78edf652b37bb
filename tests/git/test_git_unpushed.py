"""What was noted and not pushed: told once, in a log without holes, and no id ever stands for two lines."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import msgspec
import pytest

from syncer.errors import SyncerError
from syncer.model.log import Log
from syncer.state.spool import Spool, left_behind
from syncer.state.unpushed import Unpushed, still_to_tell
from tests.model.making import Making, file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

A, B = Making(source=file("data/a.csv")), Making(source=file("data/b.csv"))


def ids() -> Callable[[], str]:
    numbers = count()
    return lambda: f"new{next(numbers)}"


def test_an_end_that_another_run_recorded_is_left_out_without_a_hole() -> None:
    """What was written behind it takes its place in the order, under a new id."""
    claim, permit, end = A.whole("imp_1")
    mine = msgspec.structs.replace(end, id="mine", seen=permit.id)
    after = msgspec.structs.replace(list(B.whole("imp_2"))[2], id="after", seen="mine")
    log = Log([claim, permit, end])
    (kept,) = still_to_tell([mine, after], log, ids())
    assert (kept.id, kept.seen) == ("new0", permit.id)
    log.add(kept)
    assert log.holes() == {}


def test_what_the_log_holds_already_is_told_no_more() -> None:
    """A push whose answer was lost had brought it."""
    claim, permit, end = A.whole("imp_1")
    assert still_to_tell([end], Log([claim, permit, end]), ids()) == []
    assert still_to_tell([end], Log([claim, permit]), ids()) == [end]


def test_of_a_dead_run_only_facts_are_believed() -> None:
    """A claim of the dead would hold others up, and a permit that nobody saw was never one."""
    claim, permit, end = A.whole("imp_1")
    assert [type(event) for event in still_to_tell([claim, permit, end], Log(), ids(), facts_only=True)] == [type(end)]


def test_a_claim_that_was_overtaken_is_not_let_go_of_again() -> None:
    """Two claims of one epoch would be a contradiction."""
    claim = A.claimed(epoch=2)
    other = A.claimed(epoch=2, id="other", run="other")
    assert still_to_tell([claim], Log([other]), ids()) == []
    assert still_to_tell([claim], Log([A.claimed(id="first")]), ids()) == [claim]


def test_leftovers_are_kept_until_they_are_pushed(tmp_path: Path) -> None:
    """They move into the new run's own file first, so that no moment is without them."""
    claim, permit, end = A.whole("imp_1")
    Spool(tmp_path / "dead.jsonl").append([end])
    unpushed = Unpushed(tmp_path, "alive", ids())
    unpushed.inherit(Log([claim, permit]))
    assert unpushed.events == [end]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alive.jsonl", "dead.jsonl"]
    unpushed.clear()
    assert list(tmp_path.iterdir()) == []


def test_a_torn_last_line_was_never_relied_on(tmp_path: Path) -> None:
    """What stands before it counts; an unreadable line elsewhere leaves the whole file to a person."""
    end = list(A.whole("imp_1"))[2]
    Spool(tmp_path / "a.jsonl").append([end])
    whole = (tmp_path / "a.jsonl").read_bytes()
    (tmp_path / "a.jsonl").write_bytes(whole + b'{"eve')
    (tmp_path / "b.jsonl").write_bytes(b'{"eve\n' + whole)
    found, unreadable = left_behind(tmp_path)
    assert found == {tmp_path / "a.jsonl": [end]}
    assert unreadable == [tmp_path / "b.jsonl"]


def test_what_the_disk_refuses_still_goes_with_the_next_push(tmp_path: Path) -> None:
    """The fact is in memory; only the copy for the case of death is missing."""
    (tmp_path / "folder").write_text("a file in the way", encoding="utf-8")
    unpushed = Unpushed(tmp_path / "folder", "run", ids())
    end = list(A.whole("imp_1"))[2]
    with pytest.raises(SyncerError, match="cannot be kept"):
        unpushed.add([end])
    assert unpushed.events == [end]
