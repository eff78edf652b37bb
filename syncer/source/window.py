"""Read an object as one stream, through a bounded window of ranges that are fetched side by side.

One connection to a distant store is slow whatever the link can do; a dozen together fill it. The window is as wide as
the buffers that are free, and those are the whole process's: however many files are read at once, memory stays flat.
"""

from __future__ import annotations

import io
import mmap
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from syncer.source.stopping import Stop, check
from syncer.source.stores.base import RetryableError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK_BYTES: Final = 4 << 20
BLOCKS: Final = 16
"""64 MiB for all reads of the process. Fewer do not fill a link with 30 ms of delay; more are no faster there."""
LONGEST: Final = 4
"""Blocks of one range. A store that is near pays for every range that it opens, and three of these fill its link."""
FAST: Final = 150_000_000
"""Bytes a second of one range from which longer ranges are asked for; at half of it they are shortened again."""
FIRST_BYTES: Final = 256 << 10
"""A read begins with one small range: many a reader wants the head of a file and no more."""
ATTEMPTS: Final = 5
PAUSE_SECONDS: Final = 0.2
"""Before a range is fetched again; twice as long each time, and any part of it."""
_PATIENCE_SECONDS: Final = 0.2
"""How long a wait for a range lasts before it is asked whether to stop."""

Fetch = Callable[[int, memoryview], None]
"""Fill the buffer with the bytes from an offset, or raise RetryableError or what ends the read."""


@dataclass(frozen=True, slots=True)
class Run:
    """Blocks that lie side by side, lent by Buffers."""

    first: int
    blocks: int
    memory: memoryview


class Buffers:
    """A fixed number of equal blocks. A reader that holds none waits for one; with one it can always go on.

    So readers cannot lock each other out: whoever holds a block gives it back when its bytes are read.
    """

    def __init__(self, count: int = BLOCKS, size: int = BLOCK_BYTES) -> None:
        self.size = size
        self.count = count
        self._waiting = 0
        self._free = [True] * count
        self._memory: memoryview | None = None
        self._changed = threading.Condition()

    def take(self, blocks: int = 1, *, stop: Stop | None = None, wait: bool) -> Run | None:
        """Return a run of so many blocks (a power of two); where there is none, wait for any run or return None.

        Whoever waits has none yet, and goes before those who want one more.
        """
        with self._changed:
            if wait:
                self._wait(stop)
            elif self._waiting:
                return None
            while (first := self._first_of(blocks)) is None:
                if not wait:
                    return None
                blocks //= 2
            self._free[first : first + blocks] = [False] * blocks
            return Run(first, blocks, self._mapped()[first * self.size : (first + blocks) * self.size])

    def give_back(self, run: Run) -> None:
        with self._changed:
            self._free[run.first : run.first + run.blocks] = [True] * run.blocks
            self._changed.notify()

    def _first_of(self, blocks: int) -> int | None:
        """Find a free run. Runs begin at multiples of their length: what is given back makes long ones again."""
        places = range(0, self.count - blocks + 1, blocks)
        return next((first for first in places if all(self._free[first : first + blocks])), None)

    def _mapped(self) -> memoryview:
        if self._memory is None:
            self._memory = memoryview(mmap.mmap(-1, self.count * self.size))  # costs nothing until it is written to
        return self._memory

    def _wait(self, stop: Stop | None) -> None:
        self._waiting += 1
        try:
            while not any(self._free):
                self._changed.wait(_PATIENCE_SECONDS)
                check(stop)
        finally:
            self._waiting -= 1


SHARED: Final = Buffers()


@dataclass(frozen=True, slots=True)
class _Range:
    """A range that was asked for; its future has the seconds that it took."""

    arrived: Future[float]
    run: Run
    length: int


class Window(io.RawIOBase):
    """The bytes of one object, in order. Close it: fetches that are under way end, and their buffers come back.

    A range that fails is fetched again by itself. Once its attempts are used up, reading raises what `gave_up` makes of
    the last failure; any other error of `fetch` it raises at once, and Interrupted when `stop` says so. `break_off`
    makes every `fetch` that is under way fail: a closed window does not wait for a store that hangs.
    """

    def __init__(
        self,
        fetch: Fetch,
        size: int,
        *,
        buffers: Buffers = SHARED,
        gave_up: Callable[[RetryableError], Exception] | None = None,
        stop: Stop | None = None,
        break_off: Callable[[], None] | None = None,
        pause: float = PAUSE_SECONDS,
        fast: float = FAST,
    ) -> None:
        super().__init__()
        self._fetch = fetch
        self._size = size
        self._buffers = buffers
        self._gave_up = gave_up
        self._stop = stop
        self._break_off = break_off
        self._pause = pause
        self._fast = fast
        self._next = 0
        self._width = 1
        self._blocks = 1
        self._ranges: deque[_Range] = deque()
        self._taken = 0
        self._closing = threading.Event()
        self._pool: ThreadPoolExecutor | None = None

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Return what is there of the current range, at most `size` bytes; b"" at the end."""
        if size < 0:
            return self.readall()
        block = bytes(self._arrived(size))
        self._pass(len(block))
        return block

    def readinto(self, target: WriteableBuffer) -> int:
        """Fill the target with what is there of the current range; 0 at the end."""
        view = memoryview(target).cast("B")
        block = self._arrived(len(view))
        view[: len(block)] = block
        self._pass(len(block))
        return len(block)

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go on from another place. What is under way is given up, so this is for looking, not for reading."""
        here = self.tell()
        there = max(0, min({io.SEEK_SET: 0, io.SEEK_CUR: here, io.SEEK_END: self._size}[whence] + offset, self._size))
        if there != here:
            self._drop_ranges(self._stop)
            self._next = there
        return there

    def tell(self) -> int:
        return self._next - sum(one.length for one in self._ranges) + self._taken

    def close(self) -> None:
        if not self.closed:
            self._closing.set()
            if self._break_off is not None:
                self._break_off()
            self._drop_ranges()
            if self._pool is not None:
                self._pool.shutdown(wait=True)
        super().close()

    def _arrived(self, size: int) -> memoryview:
        """Return what is there next, at most `size` bytes, once it is there; `_pass` has to follow."""
        if self.closed:
            raise ValueError("the window is closed")
        check(self._stop)
        self._widen()
        if not self._ranges:
            return memoryview(b"")
        one = self._ranges[0]
        self._wait_for(one.arrived, self._stop)
        one.arrived.result()
        return one.run.memory[self._taken : min(self._taken + size, one.length)]

    def _pass(self, count: int) -> None:
        """Leave bytes behind; a range that is read to its end gives its buffer back."""
        self._taken += count
        if self._ranges and self._taken == self._ranges[0].length:
            one = self._ranges.popleft()
            self._buffers.give_back(one.run)
            self._taken = 0
            self._adapt(one)

    def _adapt(self, one: _Range) -> None:
        """Ask for more ranges at once, and for longer ones where a single one is fast."""
        self._width = min(2 * self._width, BLOCKS)
        speed = one.length / max(one.arrived.result(), 1e-9)
        if speed >= self._fast:
            # Three at least: one that is read, one that comes and one that is asked for.
            self._blocks = min(2 * self._blocks, LONGEST, max(1, self._buffers.count // 3))
        elif speed < self._fast / 2:
            self._blocks = max(1, self._blocks // 2)

    def _drop_ranges(self, stop: Stop | None = None) -> None:
        self._taken = 0
        while self._ranges:
            one = self._ranges[-1]
            if not one.arrived.cancel():
                self._wait_for(one.arrived, stop)  # its thread still writes into the buffer
            self._buffers.give_back(one.run)
            self._next -= one.length
            self._ranges.pop()

    def _widen(self) -> None:
        """Begin ranges while there are buffers and the window may be so wide; it doubles with each range read."""
        while self._next < self._size and len(self._ranges) < self._width:
            run = self._buffers.take(self._blocks, stop=self._stop, wait=not self._ranges)
            if run is None:
                return
            # Ranges end at multiples of a block: a store that keeps objects in pieces opens fewer.
            room = len(run.memory) - self._next % self._buffers.size
            length = min(FIRST_BYTES if self._width == 1 else room, room, self._size - self._next)
            if self._pool is None:
                self._pool = ThreadPoolExecutor(BLOCKS, thread_name_prefix="range")
            arrived = self._pool.submit(self._fetched, self._next, run.memory[:length])
            self._ranges.append(_Range(arrived, run, length))
            self._next += length

    def _wait_for(self, arrived: Future[float], stop: Stop | None) -> None:
        while not wait([arrived], _PATIENCE_SECONDS).done:
            check(stop)

    def _fetched(self, start: int, into: memoryview) -> float:
        """Fetch one range, again and again while there is hope, and tell how long it took at last. Runs in the pool."""
        for attempt in range(1, ATTEMPTS + 1):
            begun = time.perf_counter()
            try:
                self._fetch(start, into)
            except RetryableError as error:
                pause = random.uniform(0, self._pause * 2**attempt)  # noqa: S311 - jitter, not a secret
                if attempt == ATTEMPTS or self._closing.wait(pause):
                    raise (self._gave_up(error) if self._gave_up is not None else error) from error
            else:
                return time.perf_counter() - begun
        raise AssertionError("the last attempt returns or raises")
