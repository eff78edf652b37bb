"""Read an object as one stream, through a bounded window of ranges that are fetched side by side.

One connection to a distant store is slow whatever the link can do; a dozen together fill it. The window is as wide as
the buffers that are free, and those are the whole process's: however many files are read at once, memory stays flat.
"""

from __future__ import annotations

import io
import random
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Final

from syncer.source.stopping import Stop, check
from syncer.source.stores.base import RetryableError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK_BYTES: Final = 4 << 20
BLOCKS: Final = 12
"""48 MiB for all reads of the process. Fewer do not fill a link with 30 ms of delay; more are no faster there."""
FIRST_BYTES: Final = 256 << 10
"""A read begins with one small range: many a reader wants the head of a file and no more."""
ATTEMPTS: Final = 5
PAUSE_SECONDS: Final = 0.2
"""Before a range is fetched again; twice as long each time, and any part of it."""
_PATIENCE_SECONDS: Final = 0.2
"""How long a wait for a range lasts before it is asked whether to stop."""

Fetch = Callable[[int, memoryview], None]
"""Fill the buffer with the bytes from an offset, or raise RetryableError or what ends the read."""


class Buffers:
    """A fixed number of equal buffers. A reader that holds none waits for one; with one it can always go on.

    So readers cannot lock each other out: whoever holds a buffer gives it back when its bytes are read.
    """

    def __init__(self, count: int = BLOCKS, size: int = BLOCK_BYTES) -> None:
        self.size = size
        self._left = count
        self._waiting = 0
        self._free: list[bytearray] = []
        self._changed = threading.Condition()

    def take(self, *, stop: Stop | None = None, wait: bool) -> bytearray | None:
        """Return a buffer; where none is free, wait for one or return None.

        Whoever waits has none yet, and goes before those who want one more.
        """
        with self._changed:
            if wait:
                self._wait(stop)
            elif self._waiting or not (self._free or self._left):
                return None
            if self._free:
                return self._free.pop()
            self._left -= 1
            return bytearray(self.size)

    def give_back(self, buffer: bytearray) -> None:
        with self._changed:
            self._free.append(buffer)
            self._changed.notify()

    def _wait(self, stop: Stop | None) -> None:
        self._waiting += 1
        try:
            while not self._free and not self._left:
                self._changed.wait(_PATIENCE_SECONDS)
                check(stop)
        finally:
            self._waiting -= 1


SHARED: Final = Buffers()


class Window(io.RawIOBase):
    """The bytes of one object, in order. Close it: fetches that are under way end, and their buffers come back.

    A range that fails is fetched again by itself. Once its attempts are used up, `read` raises what `gave_up` makes of
    the last failure; any other error of `fetch` it raises at once, and Interrupted when `stop` says so.
    """

    def __init__(
        self,
        fetch: Fetch,
        size: int,
        *,
        buffers: Buffers = SHARED,
        gave_up: Callable[[RetryableError], Exception] | None = None,
        stop: Stop | None = None,
        pause: float = PAUSE_SECONDS,
    ) -> None:
        super().__init__()
        self._fetch = fetch
        self._size = size
        self._buffers = buffers
        self._gave_up = gave_up
        self._stop = stop
        self._pause = pause
        self._next = 0
        self._width = 1
        self._ranges: deque[tuple[Future[None], bytearray, int]] = deque()
        self._taken = 0
        self._closing = threading.Event()
        self._pool: ThreadPoolExecutor | None = None

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Return what is there of the current range, at most `size` bytes; b"" at the end."""
        if self.closed:
            raise ValueError("the window is closed")
        if size < 0:
            return self.readall()
        check(self._stop)
        self._widen()
        if not self._ranges:
            return b""
        arrived, buffer, length = self._ranges[0]
        self._wait_for(arrived)
        end = min(self._taken + size, length)
        block = bytes(memoryview(buffer)[self._taken : end])
        self._taken = end
        if end == length:
            self._ranges.popleft()
            self._buffers.give_back(buffer)
            self._taken = 0
            self._width *= 2
        return block

    def readinto(self, target: WriteableBuffer) -> int:
        view = memoryview(target).cast("B")
        block = self.read(len(view))
        view[: len(block)] = block
        return len(block)

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go on from another place. What is under way is given up, so this is for looking, not for reading."""
        here = self.tell()
        there = max(0, min({io.SEEK_SET: 0, io.SEEK_CUR: here, io.SEEK_END: self._size}[whence] + offset, self._size))
        if there != here:
            self._drop_ranges()
            self._next = there
        return there

    def tell(self) -> int:
        return self._next - sum(length for _, _, length in self._ranges) + self._taken

    def close(self) -> None:
        if not self.closed:
            self._closing.set()
            self._drop_ranges()
            if self._pool is not None:
                self._pool.shutdown(wait=True)
        super().close()

    def _drop_ranges(self) -> None:
        for arrived, buffer, _ in self._ranges:
            if not arrived.cancel():
                wait([arrived])  # its thread still writes into the buffer
            self._buffers.give_back(buffer)
        self._ranges.clear()
        self._taken = 0

    def _widen(self) -> None:
        """Begin ranges while there are buffers and the window may be so wide; it doubles with each range read."""
        while self._next < self._size and len(self._ranges) < self._width:
            buffer = self._buffers.take(stop=self._stop, wait=not self._ranges)
            if buffer is None:
                return
            most = min(self._buffers.size, FIRST_BYTES) if self._width == 1 else self._buffers.size
            length = min(most, self._size - self._next)
            if self._pool is None:
                self._pool = ThreadPoolExecutor(BLOCKS, thread_name_prefix="range")
            arrived = self._pool.submit(self._fetched, self._next, memoryview(buffer)[:length])
            self._ranges.append((arrived, buffer, length))
            self._next += length

    def _wait_for(self, arrived: Future[None]) -> None:
        while not wait([arrived], _PATIENCE_SECONDS).done:
            check(self._stop)
        arrived.result()

    def _fetched(self, start: int, into: memoryview) -> None:
        """Fetch one range, again and again while there is hope. Runs in a thread of the pool."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._fetch(start, into)
            except RetryableError as error:
                pause = random.uniform(0, self._pause * 2**attempt)  # noqa: S311 - jitter, not a secret
                if attempt == ATTEMPTS or self._closing.wait(pause):
                    raise (self._gave_up(error) if self._gave_up is not None else error) from error
        raise AssertionError("the last attempt returns or raises")
