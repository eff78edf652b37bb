"""How a long preparation is watched and stopped from outside."""

from __future__ import annotations

import signal
from collections.abc import Callable

from syncer.errors import Interrupted

Stop = Callable[[], bool]
Progress = Callable[[int], None]
"""Told how many more of the source file's stored bytes were read."""


def check(stop: Stop | None) -> None:
    """Raise Interrupted when `stop` says True. `stop` may also raise an error of its own."""
    if stop is not None and stop():
        raise Interrupted("preparing was stopped", signal_number=signal.SIGINT)
