"""What a run tells while it works. How it is shown is decided elsewhere."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from syncer.apply.outcome import ImportOutcome
from syncer.model.events import RowCounts
from syncer.plan import PlannedImport


class Step(StrEnum):
    """The steps of one import, in order."""

    CLAIMED = "claimed"
    PREPARING = "preparing"
    PART = "part"
    UPLOADING = "uploading"
    UPLOADED = "uploaded"
    MAPPED = "mapped"
    SUBMITTED = "submitted"
    RUNNING = "running"
    RETRYING = "retrying"
    STUCK = "stuck"


class Reporter(Protocol):
    """Told of every change, from several threads. No call may raise or block for long."""

    def step(self, item: PlannedImport, step: Step, detail: str = "") -> None:
        """An import reached a step; `detail` holds ids and sizes, never contents."""

    def sent(self, item: PlannedImport, done: int, total: int) -> None:
        """So many bytes of the upload were sent."""

    def polled(self, item: PlannedImport, job: str, rows: RowCounts, seconds: float) -> None:
        """The job is still running, `seconds` after its start."""

    def finished(self, item: PlannedImport, outcome: ImportOutcome) -> None:
        """An import came to its end in this run."""


class Silent:
    """A reporter that tells nobody."""

    def step(self, item: PlannedImport, step: Step, detail: str = "") -> None: ...
    def sent(self, item: PlannedImport, done: int, total: int) -> None: ...
    def polled(self, item: PlannedImport, job: str, rows: RowCounts, seconds: float) -> None: ...
    def finished(self, item: PlannedImport, outcome: ImportOutcome) -> None: ...
