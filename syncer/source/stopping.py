"""How a long read is stopped from outside."""

from __future__ import annotations

import signal
from collections.abc import Callable

from syncer.errors import Interrupted

Stop = Callable[[], bool]


def check(stop: Stop | None) -> None:
    """Raise Interrupted when `stop` says True. `stop` may also raise an error of its own."""
    if stop is not None and stop():
        raise Interrupted("reading the source files was stopped", signal_number=signal.SIGINT)
