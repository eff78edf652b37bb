"""Copy a remote file to this disk, for those who cannot read it as a stream."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from syncer.errors import PrepareError
from syncer.model.files import SourceFile
from syncer.prepare.artifact import BLOCK_BYTES, private_file
from syncer.prepare.reading import open_stored
from syncer.prepare.stopping import Stop, check


def fetched(file: SourceFile, work_dir: Path, *, stop: Stop | None = None) -> tuple[SourceFile, str]:
    """Return the file as a private one on this disk, which is the caller's, and `sha256:<hex>` of its stored bytes.

    Raises SourceError when the file cannot be read, PrepareError when the copy cannot be written.
    """
    sha, size = hashlib.sha256(), 0
    with private_file(work_dir, file) as path:
        with open_stored(file) as stored, path.open("wb", buffering=0) as copy:
            while block := stored.read(BLOCK_BYTES):
                check(stop)
                copy.write(block)
                sha.update(block)
                size += len(block)
        if size != file.size:
            raise PrepareError(f"{file.path} has {size} bytes, and {file.size} were announced", where=file.path)
    return replace(file, location=str(path), opener=None), f"sha256:{sha.hexdigest()}"


@contextmanager
def copied(file: SourceFile, work_dir: Path, *, stop: Stop | None = None) -> Iterator[tuple[SourceFile, str]]:
    """Give the file as `fetched` does, for the time of the block."""
    local, digest = fetched(file, work_dir, stop=stop)
    try:
        yield local, digest
    finally:
        Path(local.location).unlink(missing_ok=True)
