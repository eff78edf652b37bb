"""The bytes of a file on their way into a request, counted."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, cast

from syncer.api.connections import BLOCK_BYTES
from syncer.errors import Interrupted, UploadFailed

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Iterator
    from typing import BinaryIO


class SourceFailedError(Exception):
    """Carries an error of the file past the code that takes every OSError for the network's."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


class Body:
    """Gives a file's blocks, each good until the next is asked for; holds the last one back until nothing follows it.

    So a request whose file is longer or shorter than its Content-Length can never be complete. Raises UploadFailed for
    such a file, Interrupted when `stop` says so, and SourceFailedError for an OSError of the file.
    """

    def __init__(
        self,
        file: BinaryIO,
        size: int,
        *,
        stop: Callable[[], bool] | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self._size = size
        self._stop = stop
        self._progress = progress
        self._file = cast("io.RawIOBase", file)
        self._buffer = memoryview(bytearray(min(BLOCK_BYTES, size)))
        self._sent = 0
        self._under_way = 0
        self.is_complete = False
        """Whether every byte was sent, and the file has no more."""
        if not size:
            # A request of length 0 is complete with its headers, before the first block is asked for.
            self._refuse_more()
            self.is_complete = True

    def __iter__(self) -> Iterator[memoryview]:
        return self

    def __next__(self) -> memoryview:
        try:
            return self._next()
        except OSError as error:
            raise SourceFailedError(error) from error

    def _next(self) -> memoryview:
        self._account()
        if self._stop is not None and self._stop():
            raise Interrupted("the upload was stopped", signal_number=signal.SIGINT)
        left = self._size - self._sent
        count = (self._file.readinto(self._buffer[:left]) or 0) if left else 0
        if count == left:
            self._refuse_more()
        if not left:
            self.is_complete = True
            raise StopIteration
        if not count:
            why = f"it ends after {self._sent:,} of {self._size:,} bytes"
            raise UploadFailed("the file is shorter than was announced", why=why)
        self._under_way = count
        return self._buffer[:count]

    def _refuse_more(self) -> None:
        if self._file.read(1):
            raise UploadFailed("the file is longer than was announced", why=f"announced were {self._size:,} bytes")

    def _account(self) -> None:
        """Count the block that was given last: asking for the next one means that it was sent."""
        if self._under_way:
            self._sent += self._under_way
            self._under_way = 0
            if self._progress is not None:
                self._progress(self._sent)
