"""Pushes that are refused, that get lost, or that never arrive: nothing starts without a permit, nothing is lost."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from syncer.errors import SyncerError
from syncer.state import git_store
from tests.apply.workspace import ERRORS, INIT, START, STATUS, Hurried, results, shape_of
from tests.git.clones import git

if TYPE_CHECKING:
    from syncer.emulator.faults import Fault
    from tests.git.clones import Clone, Project

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the remote's hooks are shell scripts")
ONE = ["claimed", "submitted", "finished"]
BRIEF = {"SYNCER_STATE__LEASE": "1ms"}


def everything_once(project: Project, clone: Clone, rows: list[str]) -> None:
    """Every row is there once, every event stands once in the log, and nothing waits to be pushed."""
    assert clone.merged("orders", "order_id") == rows
    lines = project.remote.lines("shop")
    assert len({line["id"] for line in lines}) == len(lines)
    ends = [(line["import"], line.get("job")) for line in lines if line["event"] == "finished"]
    assert len(set(ends)) == len(ends)
    assert clone.verify().clean
    assert clone.unpushed == []


def test_a_lost_race_is_decided_again_on_the_remote_log(project: Project) -> None:
    """The refused commit is dropped; somebody else's commits stay, and the pauses between tries are never the same."""
    rows = project.orders(2)
    clone = project.clone("one")
    project.remote.loses_races(4)
    stop = Hurried()
    assert set(results(clone.run(stop=stop)).values()) == {"completed"}
    subjects = git(project.remote.path, "log", "--format=%s", "main").splitlines()
    assert subjects.count("somebody else's work") == 4
    assert len(project.remote.messages()) == 3
    pauses = [wait for wait in stop.waits if wait >= 0.05]
    assert len(set(pauses)) == len(pauses) >= 4
    everything_once(project, clone, rows)


def test_a_branch_that_always_moves_ends_the_run_loudly(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of tries is bounded, nothing was started, and the next run goes on."""
    monkeypatch.setattr(git_store, "LOST_RACES", 3)
    rows = project.orders(1)
    clone = project.clone("one")
    project.remote.loses_races(1000)
    with pytest.raises(SyncerError, match="it moved at every try"):
        clone.run()
    assert INIT not in clone.calls()
    project.remote.no_hook("pre-receive")
    assert clone.run().exit_code == 0
    everything_once(project, clone, rows)


def test_a_protected_branch_is_told_with_its_cure(project: Project) -> None:
    """One try and no more; nothing is started at the API, and with a branch of its own the same clone goes on."""
    rows = project.orders(1)
    clone = project.clone("one")
    project.remote.protects_main()
    code, _, err = clone.cli("apply")
    assert code == 1
    assert "protected branch" in err
    assert "state.branch" in err
    assert clone.writes() == []
    assert clone.cli("status")[0] == 0
    project.remote.no_hook("pre-receive")
    assert clone.run().exit_code == 0
    everything_once(project, clone, rows)


@pytest.mark.parametrize("times", [1, 3, 100])
def test_a_push_whose_answer_is_lost_counts_once(project: Project, times: int) -> None:
    """The remote took it and died before it said so: the commit is looked up, and nothing is told twice."""
    rows = project.orders(2)
    clone = project.clone("one")
    project.remote.loses_answers(times)
    assert set(results(clone.run()).values()) == {"completed"}
    assert len(project.remote.messages()) == 3
    assert sorted(project.remote.events("shop")) == sorted(ONE * 2)
    everything_once(project, clone, rows)


def test_a_remote_that_is_away_at_the_start_starts_nothing(project: Project) -> None:
    """The plan is still shown, with a warning; apply says what could not be reached."""
    rows = project.orders(1)
    clone = project.clone("one")
    project.remote.go_away()
    code, out, err = clone.cli("plan")
    assert code == 0, err
    assert "could not be asked" in out + err
    code, _, err = clone.cli("apply")
    assert code == 1
    assert "the state could not be pushed to origin, branch main" in err
    assert clone.writes() == []
    project.remote.come_back()
    assert clone.run().exit_code == 0
    everything_once(project, clone, rows)


def test_a_remote_that_vanishes_before_the_permit_starts_nothing(project: Project) -> None:
    """A claim is no leave to start; another clone goes on when the lease is over."""
    rows = project.orders(1)
    clone = project.clone("one", **BRIEF)
    away = _away_at(project, clone, INIT)
    with pytest.raises(SyncerError, match="could not be pushed"):
        clone.run()
    assert away == [INIT]
    assert START not in clone.calls()
    project.remote.come_back()
    other = project.clone("two")
    assert other.run().exit_code == 0
    everything_once(project, other, rows)


@pytest.mark.parametrize("at", [START, STATUS])
@pytest.mark.parametrize("who", ["the same clone", "another clone"])
def test_what_the_last_push_could_not_bring_is_merged(project: Project, at: str, who: str) -> None:
    """The message names the file and the one command; done here or on another machine, the log is whole."""
    rows = project.orders(1)
    clone = project.clone("one", **BRIEF)
    away = _away_at(project, clone, at)
    with pytest.raises(SyncerError) as failed:
        clone.run()
    assert away == [at]
    (kept,) = clone.unpushed
    assert kept.as_posix() in failed.value.where
    assert f"syncer state merge {kept.as_posix()}" in failed.value.next_step
    project.remote.come_back()
    assert project.remote.events("shop") == ONE[:2]
    merging = clone if who == "the same clone" else project.clone("two")
    code, out, err = merging.cli("state", "merge", str(kept))
    assert code == 0, out + err
    assert project.remote.events("shop") == ONE
    assert merging.run().imports == ()
    assert merging.merged("orders", "order_id") == rows
    assert merging.verify().clean


def test_the_next_run_on_another_clone_is_safe_without_the_lost_file(project: Project) -> None:
    """It asks after the permitted job and records its end; what comes to light later tells nothing new."""
    rows = project.orders(1)
    clone = project.clone("one", **BRIEF)
    _away_at(project, clone, STATUS)
    with pytest.raises(SyncerError):
        clone.run()
    project.remote.come_back()
    other = project.clone("two")
    assert results(other.run()) == {"orders/000.csv": "completed"}
    assert project.remote.events("shop") == ONE
    clone.orders("more.csv", "o9")
    assert results(clone.run()) == {"orders/more.csv": "completed"}
    everything_once(project, clone, sorted([*rows, "o9"]))
    assert project.remote.events("shop") == ONE * 2


def test_what_a_dead_run_left_is_taken_over_by_the_next_on_its_machine(project: Project) -> None:
    """Before it decides anything, and its file is gone once the facts are pushed."""
    rows = project.orders(1)
    clone = project.clone("one")
    _away_at(project, clone, STATUS)
    with pytest.raises(SyncerError):
        clone.run()
    project.remote.come_back()
    since = len(clone.calls())
    outcome = clone.run()
    assert outcome.exit_code == 0
    assert not any(call in (STATUS, START, ERRORS) for call in clone.calls(since=since))
    assert project.remote.events("shop") == ONE
    everything_once(project, clone, rows)


def test_a_leftover_that_cannot_be_read_is_kept_and_told(project: Project) -> None:
    """It holds back nothing: what is in doubt is asked of the API."""
    project.orders(1)
    clone = project.clone("one")
    folder = clone.root / ".syncer" / "unpushed"
    folder.mkdir(parents=True)
    (folder / "old.jsonl").write_text("no event\n{}\n", encoding="utf-8")
    made, outcome = clone.plan_and_run()
    assert outcome.exit_code == 0
    assert any("old.jsonl cannot be read" in warning for warning in made.warnings)
    assert [path.name for path in clone.unpushed] == ["old.jsonl"]


def test_a_log_with_conflict_markers_is_never_taken_for_an_empty_one(project: Project) -> None:
    """Every command says so, however often it asks."""
    project.orders(1)
    clone = project.clone("one")
    assert clone.run().exit_code == 0
    log = clone.root / "state" / "shop.jsonl"
    log.write_bytes(b"<<<<<<< ours\n" + log.read_bytes())
    clone.git("commit", "--quiet", "-am", "a merge that went wrong")
    clone.git("push", "--quiet")
    for _ in range(2):
        code, _, err = clone.cli("apply")
        assert code == 5
        assert "conflict markers" in err
    store = clone.process("state", "verify")
    assert "conflict markers" in "".join(store.communicate(timeout=60))
    assert len(clone.jobs()) == 1


def _away_at(project: Project, clone: Clone, at: str) -> list[str]:
    """Take the remote away when this request arrives. Returns the list that the request is noted in then."""
    seen: list[str] = []

    def watch(method: str, path: str) -> Fault | None:
        if shape_of(method, path) == at and not seen:
            seen.append(at)
            project.remote.go_away()
        return None

    clone.watch(watch)
    return seen
