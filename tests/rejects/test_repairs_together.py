"""Two repairs of the same rows at once, in one clone and in two: real processes, and one import."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from syncer.emulator.options import Options
from syncer.operations.ledger import open_ledger
from syncer.operations.rejects import rejects_list
from tests.apply.workspace import ORDERS
from tests.git.clones import Clone, Project, Remote
from tests.rejects.ward import REPAIR, SICK, WELL, Ward

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence
    from pathlib import Path

    from syncer.emulator.testing import Emulator

OTHER = (WELL[1], "bad1,2026-04-21T16:30:00Z,8")
"""The same rows as somebody else would mend them."""


@pytest.fixture
def options() -> Options:
    """Jobs that take long enough to be met by another repair."""
    return Options(job_seconds=0.05)


@pytest.fixture
def project(tmp_path: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A remote project of which one import left two rejected rows."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "no-gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    made = Project(Remote.made(tmp_path / "remote.git"), emulator, tmp_path)
    made.seed({"specs/shop.yaml": ORDERS, "orders/a.csv": "".join(f"{line}\n" for line in ("id,at,amount", *SICK))})
    return made


def ended(children: Sequence[subprocess.Popen[str]]) -> list[tuple[int, str]]:
    told = [child.communicate(timeout=100) for child in children]
    return [(child.returncode, out + err) for child, (out, err) in zip(children, told, strict=True)]


def repair(clone: Clone, given: str, rows: tuple[str, ...]) -> subprocess.Popen[str]:
    fixed = clone.file("mended.csv", "id,at,amount", *rows)
    return clone.process("rejects", "repair", given, "--file", str(fixed))


def check_once(clone: Clone, lines: list[dict[str, object]]) -> None:
    """The rows are there once, by one job, and the log proves it."""
    assert clone.merged("orders", "order_id") == ["bad1", "bad2"]
    assert clone.jobs().count("completed") == 2
    assert [line["path"] for line in lines if line["event"] == "finished"] == ["orders/a.csv", REPAIR]
    assert clone.verify().clean
    entries = rejects_list(open_ledger(clone.root, environ=clone.environ), everything=True)
    assert [(each.account.repaired, each.account.open) for each in entries] == [(2, 0)]


@pytest.mark.parametrize("rows", [WELL, OTHER], ids=["the same file", "another file"])
def test_two_repairs_in_one_clone_make_one(sick: Ward, rows: tuple[str, ...]) -> None:
    """The second waits, or finds that nothing is open: 75 or 4, never a second import."""
    here = Clone(sick.root, sick.emulator)
    first, given = sick.mended(), sick.first
    second = sick.mended(*rows, name="other.csv")
    ends = ended([here.process("rejects", "repair", given, "--file", str(each)) for each in (first, second)])
    codes = sorted(code for code, _ in ends)
    assert codes[0] == 0, ends
    assert codes[1] in (4, 75), ends
    assert sick.merged("orders", "order_id") == ["bad1", "bad2", "o1"]
    assert sick.jobs().count("completed") == 2
    assert (sick.open_rows(), sick.account().repaired) == ({}, 2)
    sick.check_clean()


@pytest.mark.parametrize("rows", [WELL, OTHER], ids=["the same file", "another file"])
def test_two_repairs_in_two_clones_make_one(project: Project, rows: tuple[str, ...]) -> None:
    """Whoever gets the permit sends the rows; the other is refused, and finds nothing open the next time."""
    one, two = project.clone("one"), project.clone("two")
    assert one.cli("apply")[0] == 3  # every row was rejected
    given = str(project.remote.lines("shop")[0]["import"])
    ends = ended([repair(one, given, WELL), repair(two, given, rows)])
    assert {code for code, _ in ends} <= {0, 4, 5, 75}, ends
    for _ in range(6):
        ends = ended([repair(one, given, WELL), repair(two, given, rows)])
        if all(code == 4 for code, _ in ends):
            break
    assert all("no rejected row of orders/a.csv is open" in said for _, said in ends), ends
    check_once(one, project.remote.lines("shop"))


@pytest.mark.skipif(sys.platform == "win32", reason="the remote's hook is a shell script")
def test_a_repair_that_loses_its_race_for_the_branch_decides_again(project: Project) -> None:
    """Another commit came in between: the claim and the permit are checked on it, and pushed after it."""
    clone = project.clone("one")
    assert clone.cli("apply")[0] == 3
    given = str(project.remote.lines("shop")[0]["import"])
    project.remote.loses_races(2)
    assert ended([repair(clone, given, WELL)])[0][0] == 0
    check_once(clone, project.remote.lines("shop"))


def test_a_repair_waits_for_rows_that_somebody_gives_up(project: Project) -> None:
    """What one clone waived is not open in the other, whose rows are then too many."""
    one, two = project.clone("one"), project.clone("two")
    assert one.cli("apply")[0] == 3
    given = str(project.remote.lines("shop")[0]["import"])
    assert one.cli("rejects", "waive", given, "--rows", "1", "--reason", "a test row")[0] == 0
    code, said = ended([repair(two, given, WELL)])[0]
    assert (code, "2 rows are given, and 1 rejected rows" in said) == (4, True), said
    assert ended([repair(two, given, WELL[:1])])[0][0] == 0
    assert two.merged("orders", "order_id") == ["bad1"]
    assert two.verify().clean


@pytest.mark.skipif(os.name == "nt", reason="a process is frozen by a signal")
def test_another_clone_brings_a_permitted_repair_to_its_end(project: Project) -> None:
    """The rows are kept in one clone; the job has them, so that any clone may start it."""
    one, two = project.clone("one"), project.clone("two", SYNCER_STATE__LEASE="1s")
    one.environ["SYNCER_STATE__LEASE"] = "1s"
    assert one.cli("apply")[0] == 3
    given = str(project.remote.lines("shop")[0]["import"])
    one.emulator.faults.add(match="POST /import-jobs/*/start", do="status", status=503, retry_after=86_400, times=0)
    assert ended([repair(one, given, WELL)])[0][0] == 1
    one.emulator.faults.clear()
    assert project.remote.events("shop")[-2:] == ["submitted", "claimed"]
    code, out, err = two.cli("apply")
    assert (code, f"completed   {REPAIR}" in out) == (0, True), out + err
    check_once(two, project.remote.lines("shop"))
