"""Projects to be killed in the middle of: what each holds, and what must be true of it when all is done."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncer.operations.ledger import open_ledger
from syncer.operations.state_verify import state_verify
from tests.apply.workspace import ORDERS, PEOPLE, START, Workspace, results, shape

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from syncer.emulator.testing import Emulator

VIEWS = """
version: 1
source: {uri: views/*.csv}
target: {object: page_views}
mapping:
  id: event_id
  at: {to: viewed_at, type: datetime}
"""
AT = "2026-04-21T16:30:00Z"
Rows = dict[str, list[str]]
KEYS = {"orders": "order_id", "page_views": "event_id", "profiles": "email"}


def single(workspace: Workspace, mark: str) -> Rows:
    """One file of two rows."""
    workspace.spec("shop", ORDERS)
    workspace.orders("a.csv", f"{mark}a", f"{mark}b")
    return {"orders": [f"{mark}a", f"{mark}b"]}


def side_by_side(workspace: Workspace, mark: str) -> Rows:
    """Two objects, which are imported at the same time."""
    workspace.spec("web", VIEWS)
    workspace.file("views/a.csv", "id,at", f"{mark}v,{AT}")
    return {**single(workspace, mark), "page_views": [f"{mark}v"]}


def with_a_list(workspace: Workspace, mark: str) -> Rows:
    """A file whose job makes a list, and one that joins it."""
    workspace.spec("crm", PEOPLE + f'list: {{create: "{mark}"}}\n')
    rows = [f"{mark}{name}@example.com" for name in ("a", "b")]
    for row in rows:
        workspace.people(f"{row[: len(mark) + 1]}.csv", row)
    return {"profiles": rows}


def with_rejected_rows(workspace: Workspace, mark: str) -> Rows:
    """One file with a row that the API rejects."""
    workspace.spec("shop", ORDERS)
    workspace.file("orders/a.csv", "id,at,amount", f"{mark}a,{AT},9.5", f"{mark}x,{AT},much")
    return {"orders": [f"{mark}a"]}


SCENES: dict[str, Callable[[Workspace, str], Rows]] = {
    "single": single,
    "side_by_side": side_by_side,
    "with_a_list": with_a_list,
    "with_rejected_rows": with_rejected_rows,
}


@dataclass(frozen=True, slots=True)
class Scene:
    """One project of its own beside a shared emulator. Its rows, and so its jobs, are nobody else's."""

    workspace: Workspace
    rows: Rows
    began: int

    @classmethod
    def make(cls, name: str, folder: Path, mark: str, emulator: Emulator) -> Scene:
        workspace = Workspace(folder / mark, emulator)
        return cls(workspace, SCENES[name](workspace, mark), len(emulator.requests))

    @property
    def lines(self) -> list[dict[str, object]]:
        """Every whole line of the log. Raises for one in the middle that cannot be read."""
        found = []
        for path in sorted((self.workspace.root / "state").glob("*.jsonl")):
            lines = path.read_bytes().split(b"\n")
            found += [json.loads(line) for line in lines[:-1]]
        return found

    @property
    def started(self) -> set[str]:
        """The jobs that were asked to start since the scene began."""
        records = self.workspace.emulator.requests[self.began :]
        return {record.path.split("/")[-2] for record in records if shape(record) == START}

    def check_permits(self) -> None:
        """Nothing was started without its permit on the disk."""
        permitted = {line["job"] for line in self.lines if line["event"] == "submitted"}
        assert self.started <= permitted

    def finish(self) -> None:
        """Run again to the end, and check that every row is there exactly once and nothing is left over."""
        outcome = self.workspace.run()
        assert set(results(outcome).values()) <= {"completed"}, results(outcome)
        self.check()

    def check(self) -> None:
        for name, ids in self.rows.items():
            key = KEYS[name]
            mark = self.workspace.root.name
            found = self.workspace.emulator.query(f"SELECT {key} FROM {name} WHERE starts_with({key}, '{mark}')")
            assert sorted(row[0] for row in found) == sorted(ids)
        verified = state_verify(open_ledger(self.workspace.root, environ=self.workspace.environ))
        assert (verified.problems, verified.anomalies, verified.notes) == ((), (), ())
        assert {line["event"] for line in self.lines} >= {"claimed", "submitted", "finished"}
        assert len(self.started) == len({line["path"] for line in self.lines})
        assert self._artifacts() == []
        self.check_permits()
        self._check_list()

    def _artifacts(self) -> list[str]:
        private = self.workspace.root / ".syncer"
        work = (path for folder in private.glob("syncer-work-*") for path in folder.rglob("*"))
        return [path.name for path in work if path.name != ".gitignore"]

    def _check_list(self) -> None:
        if "profiles" in self.rows:
            lists = self.workspace.emulator.query(
                "SELECT count(DISTINCT l.id), count(*) FROM lists l JOIN list_members m ON l.id = m.list_id "
                "WHERE l.name = ?",
                self.workspace.root.name,
            )
            assert lists == [(1, len(self.rows["profiles"]))]
