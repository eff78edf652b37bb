"""Time, chance and traces that a test holds in its hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from syncer.api.wire import Trace


@dataclass(slots=True)
class Rig:
    """A clock that only `sleep` moves, and a die that always shows `chance`. `waits` are the seconds slept."""

    now: datetime = datetime(2026, 11, 3, 2, 0, tzinfo=UTC)
    chance: float = 0.5
    waits: list[float] = field(default_factory=list)
    traces: list[Trace] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += timedelta(seconds=seconds)

    def seams(self) -> dict[str, Any]:
        """Give what `connect` takes."""
        return {
            "sleep": self.sleep,
            "random": lambda: self.chance,
            "clock": lambda: self.now,
            "tracer": self.traces.append,
        }
