"""Ctrl-C and `kill`: the first asks the run to stop cleanly, the second ends it at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from syncer.apply.context import Stop

_STDERR = 2


@contextmanager
def stopping(stop: Stop, *, insist: bool = True) -> Iterator[None]:
    """Turn SIGINT and SIGTERM into `stop` while the block runs. Main thread only.

    `insist`: the second one ends the process at once, with nothing cleaned up.
    """
    how = b" (again: stop at once)" if insist else b""

    def ask(number: int, _frame: FrameType | None) -> None:
        if stop.signal_number is not None:
            if not insist:
                return
            os._exit(128 + number)  # threads may be in the middle of a call: what they began is in the log
        stop.by_signal(number)
        # The signal may have come while Python's own stream is locked, so it is gone around.
        with suppress(OSError):
            os.write(_STDERR, b"\nstopping: what was begun is in the log" + how + b"\n")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
