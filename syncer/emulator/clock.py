"""The emulator's time: the machine's, plus whatever a script has added to it.

Every expiry, rate window and job duration is measured by this clock, so that a test can let a day pass in no time.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock:
    """Machine time shifted by an offset that only grows. Safe to use from several threads."""

    def __init__(self, offset: float = 0.0) -> None:
        self._offset = offset
        self._lock = threading.Lock()
        self._listeners: list[Callable[[float], None]] = []

    def now(self) -> datetime:
        """The emulator's time as an aware UTC datetime."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def timestamp(self) -> float:
        """The emulator's time in seconds since 1970."""
        return time.time() + self._offset

    def after(self, seconds: float) -> datetime:
        """The moment `seconds` from now."""
        return self.now() + timedelta(seconds=seconds)

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once and wake what waited for a moment inside them. Raises ValueError if negative."""
        if seconds < 0:
            raise ValueError("the clock cannot go back")
        with self._lock:
            self._offset += seconds
            offset = self._offset
        for listener in list(self._listeners):
            listener(offset)

    def on_advance(self, listener: Callable[[float], None]) -> None:
        """Call `listener` with the whole offset, in seconds, each time a script moves the clock."""
        self._listeners.append(listener)


def rfc3339(moment: datetime) -> str:
    """`moment` as the API writes times: UTC, whole seconds, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
