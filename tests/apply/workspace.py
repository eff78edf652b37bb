"""A project on disk beside an emulator: write specs and files, apply, and look at what was asked, kept and merged."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from syncer.apply.context import Stop
from syncer.apply.progress import Silent, Step
from syncer.emulator.faults import Fault, Faults
from syncer.operations.apply import apply

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from syncer.apply.outcome import ImportOutcome, RunOutcome
    from syncer.emulator.request_log import RequestRecord
    from syncer.emulator.testing import Emulator
    from syncer.plan import Plan, PlannedImport

JSON = dict[str, Any]

PEOPLE = """
version: 1
source: {uri: data/*.csv}
target: {object: profiles, match_key: email}
mapping: {email_address: email, FirstName: first_name}
"""

ORDERS = """
version: 1
source: {uri: orders/*.csv}
target: {object: orders}
mapping:
  id: order_id
  at: {to: ordered_at, type: datetime}
  amount: {to: amount, type: number}
"""


class Hurried(Stop):
    """A stop whose waits take no time; `waits` keeps how long they would have been."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        super().wait(0)


class Watching(Faults):
    """The emulator's faults, with `watch(method, path)` called as each request arrives, before it has any effect."""

    def __init__(self, watch: Callable[[str, str], Fault | None]) -> None:
        super().__init__()
        self._watch = watch

    def take(self, method: str, path: str) -> Fault | None:
        return self._watch(method, path) or super().take(method, path)


class Noted(Silent):
    """A reporter that keeps the steps; `on_step` is called at each, in the import's own thread."""

    def __init__(self, on_step: Callable[[PlannedImport, Step], None] | None = None) -> None:
        self.steps: list[tuple[str, Step]] = []
        self.ended: list[str] = []
        self._on_step = on_step

    def step(self, item: PlannedImport, step: Step, detail: str = "") -> None:
        del detail
        self.steps.append((item.file.path, step))
        if self._on_step is not None:
            self._on_step(item, step)

    def finished(self, item: PlannedImport, outcome: ImportOutcome) -> None:
        del outcome
        self.ended.append(item.file.path)


def meeting(at: threading.Barrier) -> Noted:
    """Return a reporter that lets an import past RUNNING only once another one has come there, too."""

    def on_step(_: PlannedImport, step: Step) -> None:
        if step is Step.RUNNING:
            at.wait(20)

    return Noted(on_step)


@dataclass(slots=True)
class Workspace:
    """One project folder whose API is `emulator`."""

    root: Path
    emulator: Emulator
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("specs", "data", "orders"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        self.environ = {
            "SYNCER_API__BASE_URL": self.emulator.base_url,
            "SYNCER_API__POLL__INITIAL": "20ms",
            "EXPERITURE_API_KEY": self.emulator.token,
            **self.environ,
        }

    def spec(self, name: str, text: str) -> None:
        (self.root / "specs" / f"{name}.yaml").write_text(text, encoding="utf-8")

    def people(self, name: str, *addresses: str, first_name: str = "Ann") -> Path:
        """Write `data/<name>`: one row an address."""
        rows = [f"{address},{first_name},secret" for address in addresses]
        return self.file(f"data/{name}", "email_address,FirstName,ssn", *rows)

    def orders(self, name: str, *ids: str) -> Path:
        """Write `orders/<name>`: one row an order."""
        return self.file(f"orders/{name}", "id,at,amount", *(f"{each},2026-04-21T16:30:00Z,9.5" for each in ids))

    def file(self, name: str, *lines: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    def run(self, *, reporter: Noted | None = None, stop: Stop | None = None, **options: Any) -> RunOutcome:
        """Apply, and return how it ended. Waits take no time unless a `stop` is given."""
        return self.plan_and_run(reporter=reporter, stop=stop, **options)[1]

    def plan_and_run(
        self, *, reporter: Noted | None = None, stop: Stop | None = None, **options: Any
    ) -> tuple[Plan, RunOutcome]:
        given = reporter or Noted()
        stop = stop or Hurried()
        return apply(self.root, environ=self.environ, reporter=lambda _: given, stop=stop, **options)

    def watch(self, watch: Callable[[str, str], Fault | None]) -> None:
        """Have `watch` called for each request, in the server, before it takes effect; it may return a fault.

        Faults that were scripted before are forgotten.
        """
        self.emulator.world.faults = Watching(watch)

    def log(self, spec: str) -> list[JSON]:
        """Every line of a spec's log, as it stands on disk."""
        path = self.root / "state" / f"{spec}.jsonl"
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    def events(self, spec: str) -> list[str]:
        return [line["event"] for line in self.log(spec)]

    def calls(self, *, since: int = 0) -> list[str]:
        """Return method and path of every API request, ids left out, in the order in which they were answered."""
        return [shape(record) for record in self.emulator.requests[since:]]

    def writes(self, *, since: int = 0) -> list[str]:
        return [call for call in self.calls(since=since) if not call.startswith("GET")]

    def requests(self, call: str, *, since: int = 0) -> list[RequestRecord]:
        return [record for record in self.emulator.requests[since:] if shape(record) == call]

    def merged(self, object_name: str, key: str) -> list[str]:
        """Return the key of every row that the platform holds now, sorted; a row imported twice stands twice."""
        return sorted(row[0] for row in self.emulator.query(f"SELECT {key} FROM {object_name}"))

    def jobs(self, column: str = "state") -> list[Any]:
        return [row[0] for row in self.emulator.query(f"SELECT {column} FROM jobs ORDER BY created_at, id")]

    def hashes(self) -> Mapping[str, tuple[str, int]]:
        """Digest and modification time of every file of the state."""
        files = [path for path in (self.root / "state").rglob("*") if path.is_file()]
        return {path.name: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) for path in files}


INIT, UPLOAD = "POST /import-jobs", "PUT /file"
MAPPING, START = "POST /import-jobs/{}/mapping", "POST /import-jobs/{}/start"
STATUS, ERRORS, ERROR_FILE = "GET /import-jobs/{}", "GET /import-jobs/{}/errors", "GET /error-files/{}"
ONE_IMPORT = [INIT, UPLOAD, MAPPING, START]


def shape(record: RequestRecord) -> str:
    """Return the request as `METHOD /path` with `{}` for ids."""
    return shape_of(record.method, record.path)


def shape_of(method: str, path: str) -> str:
    if path.startswith("/uploads/"):
        return f"{method} /file"
    steps = path.removeprefix("/public/v1").split("/")
    return f"{method} " + "/".join("{}" if step.startswith(("imp_", "lst_")) else step for step in steps)


def results(outcome: RunOutcome) -> dict[str, str]:
    """How each file's import ended."""
    return {ended.item.file.path: ended.result for ended in outcome.imports}


def only(items: Sequence[Any] | Iterator[Any]) -> Any:
    (item,) = items
    return item
