"""Many small imports: few pushes, few processes, each row once and in order."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from syncer.emulator.testing import running
from syncer.state.git import Repository
from tests.apply.workspace import START
from tests.git.clones import Project, Remote, never_overlap, order_file

if TYPE_CHECKING:
    from pathlib import Path

SPEC = """
version: 1
source: {{uri: {name}/*.csv}}
target: {{object: {name}}}
mapping:
  id: order_id
  at: {{to: ordered_at, type: datetime}}
  amount: {{to: amount, type: number}}
on_failure: block
"""
OBJECT = """
  {name}:
    type: event
    mode: append
    fields: {{order_id: {{type: string, required: true}}, amount: number, ordered_at: datetime, import_batch: string}}
"""


@pytest.mark.parametrize(
    ("imports", "objects", "pushes"),
    [(60, 3, 9), pytest.param(125, 5, 24, marks=[pytest.mark.slow, pytest.mark.timeout(400)])],
)
def test_many_imports_take_few_pushes(tmp_path: Path, imports: int, objects: int, pushes: int) -> None:
    """Jobs of an object are permitted as a queue, and objects that ask at the same time share a push."""
    names = [f"events_{number}" for number in range(objects)]
    catalogue = tmp_path / "objects.yaml"
    catalogue.write_text("objects:" + "".join(OBJECT.format(name=name) for name in names), encoding="utf-8")
    files = {f"specs/{name}.yaml": SPEC.format(name=name) for name in names}
    for number in range(imports):
        files[f"{names[number % objects]}/{number:03}.csv"] = order_file(f"r{number:03}")
    with running(tmp_path / "emulator", objects=catalogue) as emulator:
        project = Project(Remote.made(tmp_path / "remote.git"), emulator, tmp_path)
        project.remote.hook("post-receive", "cat > /dev/null; echo x >> pushes")
        project.seed(files)
        seeded = len((project.remote.path / "pushes").read_text().splitlines())
        clone = project.clone("one")
        outcome = clone.run()
        assert outcome.exit_code == 0
        taken = len((project.remote.path / "pushes").read_text().splitlines()) - seeded
        assert taken == len(project.remote.messages()) <= pushes
        rows = [row for name in names for row in clone.merged(name, "order_id")]
        assert sorted(rows) == [f"r{number:03}" for number in range(imports)]
        assert all(never_overlap(project.intervals(name)) for name in names)
        assert len(clone.requests(START)) == imports
        for name in names:
            begun = emulator.query("SELECT file_name FROM jobs WHERE object_name = ? ORDER BY started_at", name)
            assert [row[0] for row in begun] == sorted(row[0] for row in begun)
        assert clone.verify().clean


def test_a_transaction_costs_a_handful_of_processes(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Claims, permits and ends cost six each; the log is read once while the remote stands still."""
    project.orders(3)
    clone = project.clone("one")
    asked: list[str] = []
    run = Repository.run

    def counted(self: Repository, *arguments: str, **options: object) -> bytes:
        asked.append(next(each for each in arguments if not each.startswith("-")))
        return run(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Repository, "run", counted)
    assert clone.run().exit_code == 0
    per_kind: dict[str, int] = defaultdict(int)
    for each in asked:
        per_kind[each] += 1
    assert per_kind["push"] == 3
    assert per_kind["fetch"] == 1 + 2  # and before each start of a job that waited in the queue
    assert per_kind["ls-tree"] == 1
    assert asked.index("push") - asked.index("read-tree") <= 5
    assert len(asked) <= 3 * 6 + 2 * 2 + 13
