"""`state merge`: the union of two logs, whichever came first, and nothing of a log that cannot be believed."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.errors import Conflict, SyncerError
from syncer.model.log import Log
from syncer.operations.state_write import merge
from syncer.plan import Action
from syncer.state.lines import encode
from syncer.state.store import LocalStore
from tests.model.making import WORKSPACE, Making, file, spec

if TYPE_CHECKING:
    from syncer.model.events import AnyEvent
    from tests.operator.desk import Desk

A = "data/a.csv"


def written(path: Path, *events: AnyEvent, torn: bytes = b"") -> Path:
    path.write_bytes(b"".join(encode(event) for event in events) + torn)
    return path


def test_what_a_dead_machine_could_not_push_is_taken_over(desk: Desk, tmp_path: Path) -> None:
    """Ids, order and times stay; the job that it permitted is taken up by the next run."""
    one = desk.of(A)
    claim, permit, end = one.whole("imp_9")
    desk.log(claim)
    done = merge(desk.ledger(), [written(tmp_path / "dead.jsonl", claim, permit)])
    assert (done.added, done.open_jobs) == (1, ("imp_9",))
    assert [(each.events, each.lacking) for each in done.files] == [(2, 1)]
    assert list(LocalStore(desk.state).read()) == [claim, permit]
    assert desk.plan()[A].action is Action.RESUME
    merge(desk.ledger(), [written(tmp_path / "more.jsonl", end)])
    assert desk.plan()[A].action is Action.SKIP
    assert desk.verify().clean


def test_merging_again_changes_no_byte(desk: Desk, tmp_path: Path) -> None:
    """What stands already counts once."""
    path = written(tmp_path / "dead.jsonl", *desk.of(A).whole())
    merge(desk.ledger(), [path, path])
    before = (desk.state / "crm.jsonl").read_bytes()
    assert merge(desk.ledger(), [path]).added == 0
    assert (desk.state / "crm.jsonl").read_bytes() == before == path.read_bytes()


def test_an_altered_line_is_refused_as_a_whole(desk: Desk, tmp_path: Path) -> None:
    """Nothing of the file is taken over, not even what would fit."""
    claim, permit, end = desk.of(A).whole()
    desk.log(claim)
    path = written(tmp_path / "dead.jsonl", msgspec.structs.replace(claim, epoch=9), permit, end)
    with pytest.raises(Conflict, match="two different lines"):
        merge(desk.ledger(), [path])
    assert desk.lines() == 1


def test_a_torn_last_line_is_reported(desk: Desk, tmp_path: Path) -> None:
    """The machine died while it wrote; the line counts for nothing."""
    path = written(tmp_path / "dead.jsonl", *desk.of(A).whole(), torn=b'{"event": "fini')
    (merged,) = merge(desk.ledger(), [path]).files
    assert merged.notes == ("dead.jsonl:4: the last line is torn and counts for nothing",)
    assert desk.lines() == 3


@pytest.mark.parametrize("name", ["../outside", "a/b", ".hidden"])
def test_a_hostile_name_never_becomes_a_file(desk: Desk, tmp_path: Path, name: str) -> None:
    """An event names its spec, and the spec names the file that is written to."""
    event = msgspec.structs.replace(desk.of(A).claimed(), spec=name)
    with pytest.raises(Conflict, match="of no spec"):
        merge(desk.ledger(), [written(tmp_path / "dead.jsonl", event)])
    assert not desk.state.exists()


def test_an_unreadable_line_and_a_missing_file_are_refused(desk: Desk, tmp_path: Path) -> None:
    """The place is told."""
    path = tmp_path / "dead.jsonl"
    path.write_bytes(b"{}\n" + encode(desk.of(A).claimed()))
    with pytest.raises(Conflict, match=r"dead\.jsonl:1"):
        merge(desk.ledger(), [path])
    with pytest.raises(SyncerError, match="cannot be read"):
        merge(desk.ledger(), [tmp_path / "none.jsonl"])


POOL = [
    *(event for own in ("crm", "web") for event in Making(spec(own)).whole(f"imp_{own}")),
    *Making(source=file("data/b.csv")).whole("imp_b"),
    *(one := Making(source=file("data/c.csv"))).whole("imp_c"),
    one.forgotten(),
    one.resolved("failed", "imp_c"),
    one.submitted("imp_d"),
    one.baselined(),
]


def picture(log: Log) -> dict[object, object]:
    return {
        (spec_name, target, life.path, life.number, life.import_id): (
            life.standing,
            [permit.job for permit in life.open_permits],
            life.completed_parts,
            life.epoch,
        )
        for spec_name, target, life in log.all_generations(WORKSPACE)
    }


@given(one=st.lists(st.sampled_from(POOL)), other=st.lists(st.sampled_from(POOL)), seed=st.integers(0, 99))
def test_two_logs_merge_alike_in_either_order(one: list[AnyEvent], other: list[AnyEvent], seed: int) -> None:
    """The union is what both held, and it reads the same whichever log took over the other."""
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = (LocalStore(Path(folder) / name, sync=lambda _: None) for name in ("ours", "theirs"))
        ours.merge(one)
        theirs.merge(other)
        mine, yours = list(ours.read()), list(theirs.read())
        random.Random(seed).shuffle(yours)
        ours.merge(yours)
        theirs.merge(mine)
        assert picture(LocalStore(Path(folder) / "ours").read()) == picture(LocalStore(Path(folder) / "theirs").read())
        held = {event.id for event in (*one, *other)}
        assert len(ours.read()) == len(theirs.read()) == len(held)
        assert {event.id for event in ours.read()} == held
