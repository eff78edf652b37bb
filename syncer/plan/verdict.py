"""The decision about one file before its neighbours are looked at, and the words that decisions share."""

from __future__ import annotations

from dataclasses import dataclass

from syncer.model.log import Generation
from syncer.plan.types import Action

WRITE_MODE_CURE = (
    "write source.on_change: import (or ignore, or fail) in the spec, or let syncer ask the API: "
    "it needs credentials with the scope cdp:metadata:read"
)
"""What helps in every case: without credentials, without the scope, and where the API does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The decision about one file before its neighbours are looked at.

    `imported`: this very version is in the platform. `life` is set where the decision is about what the log holds
    rather than about the file as it is now. `needs_write_mode` and `needs_content` say what has to be found out before
    it can be decided. `not_ready`: the file may still be being written.
    """

    action: Action
    reason: str
    generation: int
    attempt: int = 1
    import_id: str = ""
    attention: bool = False
    needs_write_mode: bool = False
    needs_content: bool = False
    not_ready: bool = False
    imported: bool = False
    job: str | None = None
    life: Generation | None = None


def done_words(life: Generation) -> str:
    """Say when and how this version got into the platform."""
    if life.baseline is not None:
        return f"recorded as already imported on {life.baseline.time:%Y-%m-%d}: {life.baseline.reason}"
    completion = life.completion
    if completion is None:
        return "declared completed by an operator"
    return f"imported on {completion.time:%Y-%m-%d} by job {completion.job}"


def imported_already(life: Generation, reason: str, generation: int) -> Verdict:
    """Leave the file alone: the platform has what this life imported."""
    return Verdict(action=Action.SKIP, reason=reason, generation=generation, import_id=life.import_id, imported=True)


def again(lives: list[Generation], newest: int) -> Verdict:
    """Import what an operator has asked for again."""
    reasons = "; ".join(sorted(life.forgotten.reason for life in lives if life.forgotten is not None))
    return Verdict(action=Action.IMPORT, reason=f"forgotten by an operator: {reasons}", generation=newest + 1)
