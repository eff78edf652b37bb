"""Tell, faster than reading its records, whether a CSV file is so plain that every reader agrees on what it says.

DuckDB's reader takes spaces around quotes off, ignores a delimiter at the end of a row, and turns blank lines of a
one-column file into rows, all without a word. A file in which quotes stand only around whole cells, lines end in one
way, and delimiters are as many as rows and columns ask for, gives it no occasion to.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import IO

from syncer.prepare.artifact import BLOCK_BYTES

ORDINARY, QUOTE, DELIMITER, BREAK, RETURN = b"x", b'"', b",", b"\n", b"\r"


@dataclass(frozen=True, slots=True)
class Plain:
    """What was seen of a plain file: delimiters outside quotes, and whether a line was blank."""

    delimiters: int
    blank_lines: bool

    def agrees(self, *, columns: int, rows: int) -> bool:
        """Whether a reader that found so many data rows of at least `columns` cells each has found everything."""
        return self.delimiters == (columns - 1) * (rows + 1)


def inspect(stream: IO[bytes], delimiter: str) -> Plain | None:
    r"""Look through a whole file. None: it is not plain, only the exact reader may read it.

    Plain is: valid UTF-8; quotes only directly at both ends of a cell, or doubled within; every quote closed; lines
    that all end with `\\n`, or all with `\\r\\n`; no blank line before the header. `delimiter` is one ASCII
    character.
    """
    guard = Guard(delimiter)
    while block := stream.read(BLOCK_BYTES):
        guard.feed(block)
        if not guard.is_plain:
            return None
    return guard.result()


class Guard:
    """The same look through a file whose blocks somebody else reads."""

    def __init__(self, delimiter: str) -> None:
        self.is_plain = True
        self._scan: _Scan | None = None
        self._delimiter = delimiter

    def feed(self, block: bytes) -> None:
        """Look at the next block, b"" for none; the first one has at least three bytes, or is the whole file."""
        if self._scan is None:
            self._scan = _Scan(self._delimiter)
            block = block.removeprefix(codecs.BOM_UTF8)
        if block and self.is_plain:
            self.is_plain = self._scan.feed(block)

    def result(self) -> Plain | None:
        return self._scan.result() if self._scan is not None and self.is_plain else None


class _Scan:
    def __init__(self, delimiter: str) -> None:
        classes = bytearray(ORDINARY * 256)
        for byte in (QUOTE, BREAK, RETURN):
            classes[byte[0]] = byte[0]
        classes[ord(delimiter)] = DELIMITER[0]
        self._classes = bytes(classes)
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._quoted = False
        self._last = b""
        self._delimiters = self._breaks = self._returns = self._pairs = 0
        self._blank = False

    def feed(self, block: bytes) -> bool:
        if not self._decodes(block):
            return False
        outside = self._outside(block)
        if not self._last and outside[:1] in (BREAK, RETURN):
            return False
        joined = self._last + outside
        if ORDINARY + QUOTE in joined or QUOTE + ORDINARY in joined:
            return False
        self._delimiters += outside.count(DELIMITER)
        self._breaks += outside.count(BREAK)
        self._returns += outside.count(RETURN)
        self._pairs += joined.count(RETURN + BREAK)
        self._blank = self._blank or BREAK + BREAK in joined or BREAK + RETURN in joined
        self._last = joined[-1:]
        return True

    def result(self) -> Plain | None:
        one_line_end = not self._returns or self._returns == self._breaks == self._pairs
        if self._quoted or not one_line_end or not self._decodes(b"", final=True):
            return None
        return Plain(self._delimiters, self._blank)

    def _decodes(self, block: bytes, *, final: bool = False) -> bool:
        if block.isascii() and not final and not self._decoder.getstate()[0]:
            return True
        try:
            self._decoder.decode(block, final)
        except UnicodeDecodeError:
            return False
        return True

    def _outside(self, block: bytes) -> bytes:
        """Classify the bytes outside quotes. Each opening or closing of a quoted stretch leaves at least one QUOTE."""
        pieces = block.split(QUOTE)
        outside = pieces[self._quoted :: 2]
        lead = QUOTE if self._quoted and len(pieces) > 1 else b""
        self._quoted ^= len(pieces) % 2 == 0
        tail = QUOTE if self._quoted and outside else b""
        return lead + QUOTE.join(outside).translate(self._classes) + tail
