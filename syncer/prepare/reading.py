"""Read a source file's bytes in blocks: counted, stoppable, decompressed."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from zlib_ng import zlib_ng

from syncer.errors import PrepareError, SourceError
from syncer.model.files import SourceFile
from syncer.prepare.artifact import BLOCK_BYTES
from syncer.prepare.stopping import Progress, Stop, check

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Tap = Callable[[bytes], object]
"""Shown each block of a file while somebody reads it; b"" at the end."""

_DEFLATE_ERROR = cast("type[Exception]", zlib_ng.error)  # a class, whatever its types say
MAX_RECORD_BYTES = 1 << 26
"""No record is longer than 64 MiB: past that, a quote is open or the file is not of its format, and memory must not
grow."""


class _Counted(io.RawIOBase):
    """A file that tells how many of its bytes were read, and asks between blocks whether to go on."""

    def __init__(self, path: str, raw: BinaryIO, stop: Stop | None, told: Progress | None) -> None:
        super().__init__()
        self._path, self._raw, self._stop, self._told = path, raw, stop, told

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        check(self._stop)
        try:
            count = cast("io.RawIOBase", self._raw).readinto(buffer) or 0
        except OSError as error:
            raise cannot_read(self._path, error) from error
        if self._told is not None:
            self._told(count)
        return count


class _Tapped(io.RawIOBase):
    """A stream that shows somebody else what is read from it."""

    def __init__(self, stream: IO[bytes], tap: Tap) -> None:
        super().__init__()
        self._stream, self._tap = stream, tap

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        block = self._stream.read(len(view))
        view[: len(block)] = block
        self._tap(block)
        return len(block)


def open_stored(file: SourceFile) -> BinaryIO:
    """Open the file's bytes as they are stored, seekable. Raises SourceError when it cannot be opened."""
    if file.opener is not None:
        return file.opener()
    try:
        return Path(file.location).open("rb", buffering=0)
    except OSError as error:
        raise cannot_read(file.path, error) from error


@contextmanager
def open_bytes(
    file: SourceFile,
    *,
    stop: Stop | None = None,
    progress: Progress | None = None,
    stored: Tap | None = None,
    plain: Tap | None = None,
) -> Iterator[IO[bytes]]:
    """Open the file's bytes, decompressed where it is gzipped. `progress` counts the stored bytes.

    `stored` is shown every block of the file as it is stored, `plain` every decompressed one, as they are read.

    Raises SourceError when the file cannot be opened, PrepareError for damaged gzip (also where the block meets it)
    and a file that is empty.
    """
    with open_stored(file) as raw:
        stream: IO[bytes] = io.BufferedReader(_Counted(file.path, raw, stop, progress), BLOCK_BYTES)
        if stored is not None:
            stream = _tapped(stream, stored)
        if file.compression == "gzip":
            stream = _decompressed(stream)
        if plain is not None:
            stream = _tapped(stream, plain)
        try:
            if not cast("io.BufferedReader", stream).peek(1):
                raise empty(file)
            yield stream
        except (EOFError, _DEFLATE_ERROR, gzip.BadGzipFile) as error:
            raise PrepareError(
                f"{file.path} is damaged gzip",
                where=file.path,
                why="it ends early or its checksum is wrong",
                next_step="export or copy the file again",
            ) from error


def _decompressed(stream: IO[bytes]) -> IO[bytes]:
    from zlib_ng import gzip_ng

    reader = cast("type[gzip.GzipFile]", gzip_ng.GzipNGFile)  # which has no types of its own, and the same arguments
    return io.BufferedReader(cast("io.RawIOBase", reader(fileobj=stream, mode="rb")), BLOCK_BYTES)


def _tapped(stream: IO[bytes], tap: Tap) -> IO[bytes]:
    return io.BufferedReader(_Tapped(stream, tap), BLOCK_BYTES)


def cannot_read(path: str, error: OSError) -> SourceError:
    """Explain why the system does not let the source file be read."""
    return SourceError(f"{path} cannot be read", where=path, why=error.strerror or type(error).__name__)


def empty(file: SourceFile) -> PrepareError:
    """Explain that a file has nothing in it."""
    return PrepareError(
        f"{file.path} is empty",
        where=file.path,
        why="the API refuses files without a byte",
        next_step="export the file again, or remove it",
    )


def broken(file: SourceFile, line: int, what: str, next_step: str = "") -> PrepareError:
    """Explain what is wrong in one line of a file, without showing the line."""
    return PrepareError(
        f"{file.path}:{line}: {what}",
        where=f"{file.path}:{line}",
        why="guessing what was meant could change rows",
        next_step=next_step or "correct the export",
    )
