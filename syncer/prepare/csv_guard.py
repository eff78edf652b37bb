r"""Tell, faster than reading its records, whether a CSV file is so plain that every reader agrees on what it says.

DuckDB's reader takes spaces around quotes off, ignores a delimiter at the end of a row, turns the blank lines of a
one-column file into rows, and finds no row at all where lines end with `\\r\\n` but one in the header's quotes with
`\\n`, all without a word. A file in which quotes stand only around whole cells, lines end in one way, and delimiters
are as many as rows and columns ask for, gives it no occasion to.

Plain is: valid UTF-8; quotes only directly at both ends of a cell, or doubled within; every quote closed; lines that
all end with `\\n`, or all with `\\r\\n`; no blank line before the header, and in a file of one column none at all.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from operator import itemgetter
from typing import IO, Final

from syncer.prepare.artifact import BLOCK_BYTES

QUOTE: Final = b'"'
_first, _last = itemgetter(0), itemgetter(-1)


@dataclass(frozen=True, slots=True)
class Plain:
    """What a plain file has outside its quotes. A last line counts with and without a line end."""

    delimiters: int
    lines: int

    def is_even(self, *, columns: int, rows: int) -> bool:
        """Whether a reader that found so many data rows, each of so many cells, has found all that is there."""
        if columns == 1 and self.lines != rows + 1:
            return False
        if not rows and self.lines > 1:
            return False  # rows of one cell each have no delimiters that would be missed
        return self.delimiters == (columns - 1) * (rows + 1)

    def may_be_even(self, *, columns: int) -> bool:
        """Whether the rows can all have so many cells; blank lines, which are no rows, may stand between them."""
        return self.delimiters % (columns - 1) == 0 if columns > 1 else self.delimiters == 0


def inspect(stream: IO[bytes], delimiter: str, *, one_column: bool = False) -> Plain | None:
    """Look through a whole file. None: it is not plain, only the exact reader may read it."""
    guard = Guard(delimiter, one_column=one_column)
    while block := stream.read(BLOCK_BYTES):
        guard.feed(block)
        if not guard.is_plain:
            return None
    return guard.result()


class Guard:
    """The same look through a file whose blocks somebody else reads. `delimiter` is one ASCII character.

    A byte order mark is passed over.
    """

    def __init__(self, delimiter: str, *, one_column: bool = False) -> None:
        self.is_plain = True
        self._delimiter = delimiter.encode()
        self._before_quote = frozenset(self._delimiter + b'\n"')
        self._after_quote = frozenset(self._delimiter + b"\r\n")
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._one_column = one_column
        self._begun = self._quoted = False
        self._last = b"\n"
        self._delimiters = self._breaks = self._returns = self._pairs = 0

    def feed(self, block: bytes) -> None:
        """Look at the next block, b"" for none; the first one has at least three bytes, or is the whole file."""
        if not self._begun:
            self._begun = True
            block = block.removeprefix(codecs.BOM_UTF8)
            self.is_plain = not block.startswith((b"\n", b"\r"))
        if block and self.is_plain:
            self.is_plain = self._decodes(block) and self._looks_plain(block)

    def result(self) -> Plain | None:
        one_line_end = not self._returns or self._returns == self._breaks == self._pairs
        if not self.is_plain or self._quoted or not one_line_end or not self._decodes(b"", final=True):
            return None
        return Plain(self._delimiters, self._breaks + (self._last != b"\n"))

    def _looks_plain(self, block: bytes) -> bool:
        text = self._outside(block)
        if text is None:
            return False
        self._delimiters += text.count(self._delimiter, 1)
        self._breaks += text.count(b"\n", 1)
        if b"\r" in text:
            self._returns += text.count(b"\r", 1)
            self._pairs += text.count(b"\r\n")
        self._last = text[-1:]
        return not (self._one_column and (b"\n\n" in text or b"\n\r" in text))

    def _decodes(self, block: bytes, *, final: bool = False) -> bool:
        if block.isascii() and not final and not self._decoder.getstate()[0]:
            return True
        try:
            self._decoder.decode(block, final)
        except UnicodeDecodeError:
            return False
        return True

    def _outside(self, block: bytes) -> bytes | None:
        """Return the byte seen last and what of the block is outside quotes, with a QUOTE for each quoted stretch.

        None where a quote opens or closes elsewhere than at the end of a cell.
        """
        pieces = block.split(QUOTE)
        began_quoted = self._quoted
        self._quoted ^= len(pieces) % 2 == 0
        outside = pieces[began_quoted::2]
        if not outside:
            return self._last
        if began_quoted:
            closed = outside
        else:
            # A quote that the last block ended with closed a cell, or is doubled by the first byte of this one.
            closed = outside[:] if self._last == QUOTE else outside[1:]
            outside[0] = self._last + outside[0]
        opened = outside if self._quoted else outside[:-1]
        if not self._after_quote.issuperset(map(_first, filter(None, closed))):
            return None
        if not self._before_quote.issuperset(map(_last, filter(None, opened))):
            return None
        text = QUOTE.join(outside)
        return (self._last if began_quoted else b"") + text + (QUOTE if self._quoted else b"")
