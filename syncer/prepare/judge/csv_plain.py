"""See whether an artifact is so plain that every reader of CSV agrees on what it says; see `csv_guard`.

Unlike a source file, one with a byte order mark is not plain: to the API that is part of the first column's name.
"""

from __future__ import annotations

import codecs
from typing import IO

from syncer.prepare.artifact import BLOCK_BYTES
from syncer.prepare.csv_guard import Guard, Plain


def look_through(stream: IO[bytes], *, columns: int) -> Plain | None:
    """Read a whole comma-separated file. None: it is not plain."""
    guard = Guard(",", one_column=columns == 1)
    block = stream.read(BLOCK_BYTES)
    if block.startswith(codecs.BOM_UTF8):
        return None
    while block and guard.is_plain:
        guard.feed(block)
        block = stream.read(BLOCK_BYTES)
    return guard.result()
