"""An operator's desk: a project with one spec, a log that a test writes, and the plan that follows from both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from syncer.operations.ledger import Ledger, open_ledger
from syncer.operations.plan import plan
from syncer.operations.state_verify import Verification, state_verify
from syncer.plan import Action, PlannedImport
from syncer.spec.load import load_project
from syncer.state.store import LocalStore
from tests.model.making import NOW, WORKSPACE, Making

if TYPE_CHECKING:
    from pathlib import Path

    from syncer.model.events import AnyEvent
    from syncer.model.spec import Spec

SPEC = """
version: 1
source: {uri: data/*.csv}
target: {object: profiles, match_key: email}
mapping: {email_address: email}
"""
WHY = "support said so"


@dataclass
class Desk:
    """One project whose clock stands at NOW and which has no API to ask."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.root / "specs").mkdir(parents=True)
        (self.root / "data").mkdir()
        self.spec("crm", SPEC)
        self.environ |= {"SYNCER_API__BASE_URL": "http://127.0.0.1:9/public/v1", "SYNCER_API__WORKSPACE": WORKSPACE}

    def spec(self, name: str, text: str) -> None:
        (self.root / "specs" / f"{name}.yaml").write_text(text, encoding="utf-8")

    def file(self, name: str, *addresses: str) -> str:
        """Write `data/<name>` and return its path in the project."""
        lines = "".join(f"{each}\n" for each in ("email_address", *addresses))
        (self.root / "data" / name).write_text(lines, encoding="utf-8")
        return f"data/{name}"

    @property
    def state(self) -> Path:
        return self.root / "state"

    def ledger(self) -> Ledger:
        return open_ledger(self.root, environ=self.environ, clock=lambda: NOW)

    def log(self, *events: AnyEvent) -> None:
        """Append the events as they are."""
        LocalStore(self.state).merge(events)

    def lines(self) -> int:
        return sum(path.read_bytes().count(b"\n") for path in self.state.glob("*.jsonl"))

    def plan(self) -> dict[str, PlannedImport]:
        """Return what the real plan would do with each file."""
        made = plan(self.root, environ=self.environ, clock=lambda: NOW, in_full=True)
        return {item.file.path: item for item in made.imports}

    def action(self, path: str) -> Action:
        return self.plan()[path].action

    def of(self, path: str, generation: int = 1) -> Making:
        """Make events of a file of this project, as a run would log them."""
        own: Spec = load_project(self.root, environ=self.environ).specs[0].spec
        return Making(own, self.plan()[path].file, generation)

    def preparation(self, path: str) -> dict[str, Any]:
        return {"preparation": self.plan()[path].preparation}

    def verify(self) -> Verification:
        return state_verify(self.ledger())
