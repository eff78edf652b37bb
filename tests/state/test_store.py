"""The store: what was decided on is what is appended to, between threads and processes; reading leaves no trace."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Barrier

import msgspec
import pytest

from syncer.errors import Conflict, PermitRefused, SyncerError, Waiting
from syncer.model.events import AnyEvent
from syncer.model.log import Log
from syncer.state.lines import decode
from syncer.state.store import LocalStore
from tests.model.making import WORKSPACE, Making, file, spec

RACERS = 6


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


def claim_if_free(store: LocalStore, run: str) -> bool:
    """Take the one import unless somebody has it, as a run does."""

    def decide(log: Log) -> list[AnyEvent]:
        if len(log):
            raise PermitRefused("taken")
        return [Making().submitted(run)]

    try:
        store.transact(decide)
    except PermitRefused:
        return False
    return True


def race(folder: str, number: int) -> bool:
    """Race as one process of several; started by the test below."""
    return claim_if_free(LocalStore(Path(folder)), f"imp_{number}")


def test_the_store_gives_ids_and_what_was_seen_before(folder: Path) -> None:
    """Each event gets an id of its own and names the event before it in its spec's log."""
    numbers = count(1)
    store = LocalStore(folder, new_id=lambda: f"e{next(numbers)}")
    one, other = Making(), Making(spec("other"))
    written = store.transact(lambda _: [one.claimed(), other.claimed(), one.submitted()])
    written += store.transact(lambda _: [one.completed()])
    assert [(event.spec, event.id, event.seen) for event in written] == [
        ("crm", "e1", ""),
        ("other", "e2", ""),
        ("crm", "e3", "e1"),
        ("crm", "e4", "e3"),
    ]
    on_disk = [decode(line) for line in (folder / "crm.jsonl").read_bytes().splitlines()]
    assert on_disk == [event for event in written if event.spec == "crm"]


def test_the_next_process_goes_on_where_the_last_one_ended(folder: Path) -> None:
    """What was seen is read from the disk, not remembered."""
    LocalStore(folder, new_id=lambda: "e1").transact(lambda _: [Making().claimed()])
    (event,) = LocalStore(folder, new_id=lambda: "e2").transact(lambda _: [Making().submitted()])
    assert event.seen == "e1"


def test_a_hole_warns(folder: Path) -> None:
    """A line that a later one saw and that is gone is reported with its spec, and reading goes on."""
    m = Making()
    LocalStore(folder, new_id=iter(["e1", "e2", "e3"]).__next__).transact(
        lambda _: [m.claimed(), m.submitted(), m.completed()]
    )
    log = folder / "crm.jsonl"
    first, _, third = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(first + third)
    store = LocalStore(folder)
    assert len(store.read()) == 2
    (warning,) = store.warnings()
    assert "crm: the log lacks event e2" in warning


def test_a_store_sees_what_another_appends(folder: Path) -> None:
    """Reading again shows the events of other processes, and a decision is always made on them."""
    one, other = LocalStore(folder), LocalStore(folder)
    assert len(one.read()) == 0
    other.transact(lambda _: [Making().claimed()])
    assert len(one.read()) == 1
    other.transact(lambda _: [Making().submitted()])
    seen: list[int] = []

    def decide(log: Log) -> list[AnyEvent]:
        seen.append(len(log))
        return []

    one.transact(decide)
    assert seen == [2]


def test_what_the_decision_raises_leaves_nothing_behind(folder: Path) -> None:
    """A refusal writes no event, and the store goes on to work."""
    store = LocalStore(folder)

    def refuse(_: Log) -> list[AnyEvent]:
        raise PermitRefused("no")

    with pytest.raises(PermitRefused):
        store.transact(refuse)
    assert not list(folder.glob("*.jsonl"))
    store.transact(lambda _: [Making().claimed()])
    assert len(store.read()) == 1


def test_another_log_is_taken_in_as_it_is(folder: Path, tmp_path: Path) -> None:
    """Merging keeps ids and what was seen, adds only what is missing, and may be repeated."""
    m = Making()
    one, other = LocalStore(folder), LocalStore(tmp_path / "other")
    one.transact(lambda _: [m.claimed()])
    other.merge(one.read())
    added = other.transact(lambda _: [m.submitted()])
    assert one.merge(other.read()) == 1
    assert one.merge(other.read()) == 0
    assert list(LocalStore(folder).read()) == list(other.read())
    assert added[0] in list(one.read())


def test_a_log_that_contradicts_this_one_is_not_taken_in(folder: Path) -> None:
    """Two events of one id cannot both be true, and nothing of the other log is written."""
    m = Making()
    store = LocalStore(folder)
    (event,) = store.transact(lambda _: [m.claimed()])
    altered = msgspec.structs.replace(event, run="another")
    with pytest.raises(Conflict, match=event.id):
        store.merge([Making(source=file("data/b.csv")).claimed(), altered])
    assert len(LocalStore(folder).read()) == 1


def test_reading_leaves_no_trace(folder: Path) -> None:
    """A plan on a fresh checkout makes no folder, no lock and no file."""
    store = LocalStore(folder)
    assert len(store.read()) == 0
    assert store.warnings() == []
    assert not store.is_held()
    assert not folder.exists()


def test_reading_changes_no_byte_and_no_time(folder: Path) -> None:
    """Nor does it touch a log that is there."""
    LocalStore(folder).transact(lambda _: [Making().claimed()])

    def state() -> dict[str, tuple[int, bytes]]:
        return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}

    before = state()
    store = LocalStore(folder)
    store.read()
    store.is_held()
    assert state() == before


def test_git_ignores_all_but_the_log(folder: Path) -> None:
    """Locks and torn lines are no history, and git is told so by the folder itself."""
    store = LocalStore(folder)
    with store.run_lock("a run"):
        store.transact(lambda _: [Making().claimed()])
    subprocess.run(["git", "init", "--quiet", folder.parent], check=True)
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"],
        cwd=folder.parent,
        check=True,
        capture_output=True,
        text=True,
    )
    assert listed.stdout.split() == ["state/crm.jsonl"]


def test_one_thread_of_many_wins(folder: Path) -> None:
    """Threads that share a store decide one after the other, each on what the one before has written."""
    store, barrier = LocalStore(folder), Barrier(RACERS)

    def run(number: int) -> bool:
        barrier.wait()
        return claim_if_free(store, f"imp_{number}")

    with ThreadPoolExecutor(RACERS) as pool:
        assert sum(pool.map(run, range(RACERS))) == 1
    assert len(LocalStore(folder).read()) == 1


def test_one_process_of_many_wins(folder: Path) -> None:
    """Between processes too: exactly one permit is given, and it is the one on disk."""
    with multiprocessing.get_context("spawn").Pool(RACERS) as pool:
        won = pool.starmap(race, [(str(folder), number) for number in range(RACERS)])
    assert sum(won) == 1
    (permit,) = LocalStore(folder).read().open_permits(WORKSPACE)
    assert permit.job == f"imp_{won.index(True)}"


def test_many_processes_lose_no_line(folder: Path) -> None:
    """Appends of several processes neither mix nor overwrite each other."""
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        pool.starmap(append_some, [(str(folder), number) for number in range(4)])
    store = LocalStore(folder)
    assert len(store.read()) == 40
    assert store.warnings() == []


def append_some(folder: str, number: int) -> None:
    """Append ten events as one process of several; started by the test above."""
    store = LocalStore(Path(folder))
    for step in range(10):
        event = Making(source=file(f"data/{number}-{step}.csv")).claimed()
        store.transact(lambda _, event=event: [event])  # type: ignore[misc]  # bound at once


def test_a_second_run_waits_and_learns_who_holds(folder: Path) -> None:
    """The folder is one run's at a time; the other exits with 75 and is told whom it waits for."""
    first, second = LocalStore(folder), LocalStore(folder)
    with first.run_lock("run r-1 of mara"):
        assert second.is_held()
        with pytest.raises(Waiting) as caught, second.run_lock("run r-2"):
            pass
        assert (caught.value.exit_code, caught.value.where) == (75, "run r-1 of mara")
        second.transact(lambda _: [Making().claimed()])  # the log itself stays open to everybody
    assert not second.is_held()
    with second.run_lock("run r-2"):
        assert first.is_held()


def test_a_killed_run_frees_the_folder(folder: Path) -> None:
    """The lock dies with its process, whatever that left behind."""
    script = f"""
import os, sys
from pathlib import Path
from syncer.state.store import LocalStore
store = LocalStore(Path({str(folder)!r}))
lock = store.run_lock("run r-1")
lock.__enter__()
print("held", flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline().strip() == "held"
        store = LocalStore(folder)
        with pytest.raises(Waiting, match="another run"), store.run_lock("run r-2"):
            pass
        run.kill()
        run.wait()
        with store.run_lock("run r-2"):
            assert LocalStore(folder).is_held()


def test_a_look_at_the_lock_fails_no_run(folder: Path) -> None:
    """A plan that looks whether a run is alive has the lock for an instant, and a run that starts then waits for it."""
    store = LocalStore(folder)
    with store.run_lock("before"):
        pass

    def look() -> None:
        for _ in range(200):
            LocalStore(folder).is_held()

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        while not looking.done():
            with store.run_lock("run"):
                pass
        looking.result()
    assert not store.is_held()


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    """A file in the folder's place is named, rather than shown as a defect."""
    (tmp_path / "state").write_text("", encoding="utf-8")
    with pytest.raises(SyncerError) as caught:
        LocalStore(tmp_path / "state").transact(lambda _: [Making().claimed()])
    assert caught.value.where.endswith("state")
