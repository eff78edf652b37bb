"""How one import, and the whole run, ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from syncer.model.events import Rejection, RowCounts
from syncer.plan import PlannedImport

Result = Literal["completed", "failed", "unfinished", "attention", "held", "interrupted", "detached"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOutcome:
    """What became of one planned import in this run.

    `unfinished`: begun, and the next run goes on. `attention`: a person must decide. `held`: not begun, because of
    something else; `elsewhere`: because another run has it in hand, or had. `over_limit`: more rows are rejected than
    the spec's checks allow; where that was predicted, nothing was sent. `suppressed` and `quarantined` rows of the file
    were not sent, the latter for the reasons in `held_back`. `message` says why, `next_step` is a command;
    `warnings` are worth a look and fail nothing.
    """

    item: PlannedImport
    result: Result
    message: str = ""
    next_step: str = ""
    job: str | None = None
    correlation_id: str = ""
    rows: RowCounts | None = None
    rejections: tuple[Rejection, ...] = ()
    rejects_file: str | None = None
    suppressed: int = 0
    quarantined: int = 0
    held_back: tuple[Rejection, ...] = ()
    systematic: bool = False
    over_limit: bool = False
    elsewhere: bool = False
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """Every import of the run in the plan's order, sources that could not be listed, what waits for another run."""

    run: str
    imports: tuple[ImportOutcome, ...]
    problems: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """1 when something failed or was cut off, 75 for work that was left or another run's, 3 for rejected rows.

        3 means that a spec's checks do not allow so many, or that all of a file's rows were rejected.

        A run that a signal ended exits by the signal's number instead, which whoever caught it knows.
        """
        results = {outcome.result for outcome in self.imports if outcome.result != "failed" or not outcome.over_limit}
        if self.problems or results & {"failed", "attention", "unfinished"}:
            return 1
        if "detached" in results or self.waits or any(outcome.elsewhere for outcome in self.imports):
            return 75
        if any(outcome.systematic or outcome.over_limit for outcome in self.imports):
            return 3
        return 1 if results & {"held", "interrupted"} else 0

    def of(self, result: Result) -> tuple[ImportOutcome, ...]:
        return tuple(outcome for outcome in self.imports if outcome.result == result)
