"""What an operator's command did to the log, and what the next plan makes of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """One event that an operator's command wrote, or with a dry run would write. `word` is the event's kind."""

    word: str
    spec: str
    path: str
    import_id: str
    generation: int
    job: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftAlone:
    """One import that a command did not touch, and why."""

    spec: str
    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the next plan does with a file that was touched, from that plan itself.

    `action` is "" where the plan has no such file.
    """

    spec: str
    path: str
    action: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What an operator's command did to the log."""

    verb: str
    reason: str
    touched: tuple[Touched, ...]
    left: tuple[LeftAlone, ...] = ()
    expected: tuple[Expected, ...] = ()
    dry_run: bool = False
