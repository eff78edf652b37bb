"""Ctrl-C and `kill`: the first asks the run to stop cleanly, the second ends it at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syncer.apply.context import Stop

_STDERR = 2


@contextmanager
def stopping(stop: Stop) -> Iterator[None]:
    """Turn SIGINT and SIGTERM into `stop` while the block runs. Main thread only."""

    def ask(number: int, _frame: FrameType | None) -> None:
        if stop.signal_number is not None:
            os._exit(128 + number)  # threads may be in the middle of a call: what they began is in the log
        stop.by_signal(number)
        # The signal may have come while Python's own stream is locked, so it is gone around.
        os.write(_STDERR, b"\nstopping: what was begun is in the log (again: stop at once)\n")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def exiting() -> Iterator[None]:
    """Let SIGTERM unwind the block as Ctrl-C does, so that what it opened is closed."""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
