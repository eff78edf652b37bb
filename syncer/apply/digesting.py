"""Take the digest of bytes on their way from a store to the platform."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class Digesting(io.RawIOBase):
    """A stream that hashes what is read of it, from its start to its end. Closing it closes what it reads from."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self._sha = hashlib.sha256()

    @property
    def digest(self) -> str:
        """`sha256:<hex>` of everything that was read so far."""
        return f"sha256:{self._sha.hexdigest()}"

    def readable(self) -> bool:
        return True

    def readinto(self, target: WriteableBuffer) -> int:
        view = memoryview(target).cast("B")
        count = cast("io.RawIOBase", self._stream).readinto(view) or 0
        self._sha.update(view[:count])
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()
