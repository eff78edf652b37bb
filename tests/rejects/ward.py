"""A project whose rejected rows are looked after: the workspace of `tests.apply`, with the commands of `rejects`."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncer.model.events import Waived
from syncer.model.repairs import Account
from syncer.operations.ledger import Ledger, open_ledger
from syncer.operations.rejects import RejectsEntry, rejects_list
from syncer.operations.rejects_get import Got, get
from syncer.operations.rejects_repair import repair
from syncer.operations.rejects_waive import Waiver, waive
from syncer.operations.state_verify import state_verify
from tests.apply.workspace import ORDERS, Hurried, Noted, Workspace, only

if TYPE_CHECKING:
    from syncer.apply.outcome import RunOutcome

SICK = ("bad1,2026-04-21T16:30:00Z,much", "bad2,2026-04-21,9.5")
"""Two rows that the platform rejects, each for another reason."""
WELL = ("bad1,2026-04-21T16:30:00Z,7", "bad2,2026-04-21T00:00:00Z,9.5")
"""The same rows, mended."""
REPAIR = "orders/a.csv#repair-1"


@dataclass(slots=True)
class Ward(Workspace):
    """`notes` is what the commands told before they began."""

    notes: list[str] = field(default_factory=list)

    def begin(self) -> None:
        self.spec("shop", ORDERS)
        self.file("orders/a.csv", "id,at,amount", "o1,2026-04-21T16:30:00Z,9.5", *SICK)
        assert only(self.run().imports).result == "completed"

    @property
    def first(self) -> str:
        """The id of the import that is to be repaired: the first in the log."""
        return str(self.log("shop")[0]["import"])

    def ledger(self) -> Ledger:
        return open_ledger(self.root, environ=self.environ)

    def listed(self, *names: str, everything: bool = False) -> tuple[RejectsEntry, ...]:
        return rejects_list(self.ledger(), names, everything=everything)

    def open_rows(self) -> dict[str, int]:
        """How many rejected rows are open, by path."""
        return {each.path: each.account.open for each in self.listed()}

    def account(self, path: str = "orders/a.csv") -> Account:
        (entry,) = (each for each in self.listed(everything=True) if each.path == path)
        return entry.account

    def get(self, given: str = "", **options: Any) -> Got:
        return get(self.ledger(), given or self.first, **options)

    def waive(self, rows: int | None = None, given: str = "") -> Waiver:
        return waive(self.ledger(), given or self.first, reason="test rows", rows=rows)

    def repair(self, fixed: Path | None = None, given: str = "", *, reporter: Noted | None = None) -> RunOutcome:
        """Repair an import, by default the first; waits take no time."""
        reporter = reporter or Noted()
        _, outcome = repair(
            self.root,
            given or self.first,
            environ=self.environ,
            reporter=lambda _: reporter,
            tell=self.notes.append,
            fixed=fixed,
            stop=Hurried(),
        )
        return outcome

    def repaired(self, fixed: Path | None = None, given: str = "") -> Any:
        return only(self.repair(fixed, given).imports)

    def mended(self, *rows: str, name: str = "mended.csv") -> Path:
        """Write a file of orders, by default the mended ones."""
        return self.file(name, "id,at,amount", *(rows or WELL))

    @property
    def kept(self) -> list[str]:
        """The files of rows that are kept for repairs under way."""
        folder = self.root / ".syncer" / "repairs"
        return sorted(path.name for path in folder.glob("[!.]*"))

    def uploaded(self, job: str) -> list[list[str]]:
        """The CSV that a job was given."""
        text = self.emulator.world.jobs.upload_path(job).read_text(encoding="utf-8")
        return list(csv.reader(text.splitlines()))

    def rejects_file(self) -> Path:
        """The private file of the first import's rejected rows."""
        (file,) = only(each for each in self.listed(everything=True) if each.path == "orders/a.csv").files
        return Path(file.path)

    def check_clean(self) -> None:
        verified = state_verify(self.ledger())
        assert verified.clean, verified

    def cli(self, *arguments: str) -> tuple[int, str, str]:
        """Run `syncer ARGUMENTS` here in a process of its own. Returns exit code, stdout, stderr."""
        ran = subprocess.run(
            [sys.executable, "-m", "syncer", *arguments],
            cwd=self.root,
            env={**os.environ, **self.environ, "NO_COLOR": "1", "PYTHONUTF8": "1"},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        return ran.returncode, ran.stdout, ran.stderr


def waived_rows(ledger: Ledger) -> list[int]:
    return [event.rows for event in ledger.store.read() if isinstance(event, Waived)]
