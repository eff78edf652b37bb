"""Rate limits: so many calls a minute, for each token and class of endpoints, in windows of the emulator's clock."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

from syncer.emulator.envelope import RATE_LIMITED, RefusalError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncer.emulator.clock import Clock

_WINDOW_SECONDS = 60


class RateLimits:
    """Counts calls. A class without a configured limit has none."""

    def __init__(self, per_minute: Mapping[str, int], clock: Clock) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}

    def take(self, subject: str, endpoint_class: str) -> None:
        """Count one call of `subject`. Past the limit it is not counted, but refused: raises RefusalError (429)."""
        allowed = self._per_minute.get(endpoint_class)
        if allowed is None:
            return
        with self._lock:
            now = self._clock.timestamp()
            began, used = self._windows.get((subject, endpoint_class), (now, 0))
            if now >= began + _WINDOW_SECONDS:
                began, used = now, 0
            if used >= allowed:
                seconds = max(1, math.ceil(began + _WINDOW_SECONDS - now))
                raise too_many(seconds, f"more than {allowed} calls a minute to {endpoint_class}")
            self._windows[subject, endpoint_class] = (began, used + 1)


def too_many(retry_after: int, message: str) -> RefusalError:
    headers = {"Retry-After": str(retry_after)}
    remediation = f"Wait {retry_after} seconds, then try again with jitter."
    return RefusalError(429, RATE_LIMITED, message, remediation=remediation, headers=headers)
