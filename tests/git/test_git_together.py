"""Runs in several clones at once, real processes all: nothing twice, nothing lost, and everyone leaves in peace."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from syncer.emulator.options import Options
from tests.git.clones import Clone, Project, never_overlap

if TYPE_CHECKING:
    import subprocess


@pytest.fixture
def options() -> Options:
    """Jobs that take long enough to be met by another run."""
    return Options(job_seconds=0.05)


def together(clones: list[Clone]) -> list[tuple[int, str]]:
    """Apply in all clones at once. Returns each one's exit code and what it said."""
    children: list[subprocess.Popen[str]] = [clone.process() for clone in clones]
    told = [child.communicate(timeout=100) for child in children]
    return [(child.returncode, out + err) for child, (out, err) in zip(children, told, strict=True)]


def until_done(clones: list[Clone], *, times: int = 8) -> None:
    """Apply everywhere at once, again and again, until everybody has nothing left to do."""
    for _ in range(times):
        ends = together(clones)
        assert {code for code, _ in ends} <= {0, 75}, [said for code, said in ends if code not in (0, 75)]
        if all(code == 0 for code, _ in ends):
            return
    pytest.fail("they never come to an end")


def check(project: Project, clone: Clone, rows: list[str]) -> None:
    assert clone.merged("orders", "order_id") == rows
    assert never_overlap(project.intervals("orders"))
    assert clone.verify().clean
    lines = project.remote.lines("shop")
    permits = [line["import"] for line in lines if line["event"] == "submitted"]
    ends = [line["job"] for line in lines if line["event"] == "finished"]
    assert len(set(permits)) == len(permits) == len(set(ends)) == len(ends)


@pytest.mark.parametrize("races", [0, pytest.param(3, marks=pytest.mark.skipif(sys.platform == "win32", reason="sh"))])
@pytest.mark.parametrize("count", [2, pytest.param(4, marks=pytest.mark.slow)])
def test_clones_at_once_import_everything_once(project: Project, count: int, races: int) -> None:
    """Also while the branch moves under their pushes."""
    rows = project.orders(5)
    clones = [project.clone(f"clone{number}") for number in range(count)]
    if races:
        project.remote.loses_races(races)
    until_done(clones)
    check(project, clones[0], rows)


def test_runs_on_two_branches_share_the_one_lock(project: Project) -> None:
    """The state lives on the remote's default branch, whatever is checked out."""
    rows = project.orders(4)
    clones = [project.clone("one"), project.clone("two")]
    for number, clone in enumerate(clones):
        clone.git("checkout", "--quiet", "-b", f"feature-{number}")
        clone.git("commit", "--quiet", "--allow-empty", "-m", "work under way")
    until_done(clones)
    check(project, clones[0], rows)
    assert [clone.git("status", "--porcelain") for clone in clones] == ["", ""]


def test_the_second_says_what_it_waits_for(project: Project) -> None:
    """While another clone's lease holds, the run ends at once with 75 and names that run."""
    project.orders(1)
    first, second = project.clone("one"), project.clone("two")
    first.emulator.faults.add(match="POST /import-jobs/*/start", do="stick")
    child = first.process()
    try:
        while "submitted" not in (first.cli("history", "-o", "json")[1] if not first.jobs() else "submitted"):
            pass
        while first.jobs() != ["running"]:
            pass
        code, out, err = second.cli("apply")
        assert code == 75, out + err
        assert "holds it until" in out + err
    finally:
        child.kill()
        child.communicate()
