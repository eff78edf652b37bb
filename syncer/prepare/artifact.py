"""What preparation makes, and the private file that it is written to."""

from __future__ import annotations

import errno
import hashlib
import os
import struct
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from zlib_ng import zlib_ng

from syncer.errors import PrepareError
from syncer.model.files import Compression, SourceFile, SourceFormat
from syncer.model.spec import FieldType
from syncer.prepare.stopping import Stop, check

PREPARATION_VERSION: Final = 3
"""Part of every preparation digest: raise it when the same input and spec give other bytes than before."""

GZIP_LEVEL: Final = 6
_GZIP_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""No name, no time and no system: the same rows give the same bytes, and no local path leaves."""
BLOCK_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """The bytes to upload.

    `path` is where they are on this disk, None for a remote file's own, which `open` reads from its store. `owned`
    means that `path` is a temporary file (mode 0600) which the caller removes with `discard`, `copied` that it is one
    of the source's own bytes. `digest` is `sha256:<hex>` of the bytes, "" where nobody has read them yet; `size` is
    their number. `content` is `sha256:<hex>` of the source file's stored bytes, "" likewise. `columns` are exactly
    those in the file, in its order, () for JSONL that passed unread; `source_fields` (column to type) and `field_map`
    (column to destination field) are the mapping request's. `rows` counts data rows as the API does, None where nobody
    counted. `file_name` is the name to announce. `warnings` say what was unexpected about the file's columns.
    """

    path: Path | None
    owned: bool
    copied: bool = False
    opener: Callable[[], BinaryIO] | None = None
    format: SourceFormat
    compression: Compression | None
    size: int
    digest: str
    content: str = ""
    rows: int | None
    columns: tuple[str, ...]
    file_name: str
    source_fields: Mapping[str, FieldType]
    field_map: Mapping[str, str]
    warnings: tuple[str, ...] = ()

    @property
    def is_source(self) -> bool:
        """Whether the bytes are the source file's own, which may be written in any way, and not of this project."""
        return self.copied or not self.owned

    def open(self) -> BinaryIO:
        """Open the bytes from their start, as often as asked. Raises OSError, or SourceError for a remote file."""
        if self.path is not None:
            return self.path.open("rb", buffering=0)
        if self.opener is None:
            raise AssertionError("an artifact is on this disk or in a store")
        return self.opener()

    def discard(self) -> None:
        """Remove the temporary file. Does nothing for a source file, or a second time."""
        if self.owned and self.path is not None:
            self.path.unlink(missing_ok=True)


def announced_name(file: SourceFile) -> str:
    """Return the file name for the API, whose extension always tells the format, whatever the source is called."""
    return f"{file.stem}.{file.format}" + (".gz" if file.compression else "")


class Output:
    """A file being written: what is written is compressed, counted and hashed on its way."""

    def __init__(self, raw: BinaryIO, compression: Compression | None) -> None:
        self.size = 0
        self._raw = raw
        self._sha = hashlib.sha256()
        self._gzip = _Gzip(self.store) if compression == "gzip" else None

    @property
    def digest(self) -> str:
        return f"sha256:{self._sha.hexdigest()}"

    def write(self, data: bytes) -> None:
        if self._gzip is not None:
            self._gzip.write(data)
        else:
            self.store(data)

    def store(self, data: bytes) -> None:
        self._raw.write(data)
        self._sha.update(data)
        self.size += len(data)

    def settle(self) -> None:
        """Compress all that was written so far, so that `size` tells what it takes; each time costs some bytes."""
        if self._gzip is not None:
            self._gzip.settle()

    def finish(self) -> None:
        if self._gzip is not None:
            self._gzip.finish()
        self._raw.flush()


class _Gzip:
    """Compresses in blocks of one size: what zlib-ng makes of the same bytes depends on the pieces that it is given."""

    def __init__(self, store: Callable[[bytes], None]) -> None:
        self._store = store
        self._deflate = zlib_ng.compressobj(GZIP_LEVEL, zlib_ng.DEFLATED, -zlib_ng.MAX_WBITS)
        self._pending = bytearray()
        self._checksum = self._size = 0
        store(_GZIP_HEADER)

    def write(self, data: bytes) -> None:
        self._pending += data
        while len(self._pending) >= BLOCK_BYTES:
            self._compress(BLOCK_BYTES)

    def settle(self) -> None:
        self._compress(len(self._pending))
        self._store(self._deflate.flush(zlib_ng.Z_SYNC_FLUSH))

    def finish(self) -> None:
        self._compress(len(self._pending))
        self._store(self._deflate.flush())
        self._store(struct.pack("<II", self._checksum, self._size & 0xFFFFFFFF))

    def _compress(self, size: int) -> None:
        block = bytes(self._pending[:size])
        del self._pending[:size]
        self._checksum = zlib_ng.crc32(block, self._checksum)
        self._size += size
        self._store(self._deflate.compress(block))


def digest_of(path: Path, *, stop: Stop | None = None) -> tuple[int, str]:
    """Return size and `sha256:<hex>` of a file that somebody else wrote."""
    sha, size = hashlib.sha256(), 0
    with path.open("rb", buffering=0) as file:
        while block := file.read(BLOCK_BYTES):
            check(stop)
            sha.update(block)
            size += len(block)
    return size, f"sha256:{sha.hexdigest()}"


@contextmanager
def private_file(work_dir: Path, file: SourceFile) -> Iterator[Path]:
    """Create an empty file that only this user can read; it is removed unless the block is left without an error.

    An OSError of the block is taken for one of the work folder and becomes a PrepareError that says so.
    """
    try:
        work_dir.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix="artifact-", dir=work_dir)
        os.close(handle)
    except OSError as error:
        raise cannot_write(file, work_dir, error) from error
    path = Path(name)
    try:
        yield path
    except OSError as error:
        path.unlink(missing_ok=True)
        raise cannot_write(file, work_dir, error) from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def cannot_write(file: SourceFile, work_dir: Path, error: OSError) -> PrepareError:
    """Explain why the artifact could not be written."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return PrepareError(
        f"no space is left to prepare {file.path}" if full else f"{file.path} could not be prepared",
        where=str(work_dir),
        why=error.strerror or type(error).__name__,
        next_step="free disk space, or set prepare.temp_dir in syncer.yaml to a larger disk"
        if full
        else "check that prepare.temp_dir can be written to",
    )
