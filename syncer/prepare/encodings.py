"""How the text of a CSV file is encoded, and where it is not as its spec says. Nothing is ever replaced."""

from __future__ import annotations

import codecs
from typing import Final

from syncer.errors import PrepareError
from syncer.model.files import SourceFile
from syncer.prepare.artifact import BLOCK_BYTES
from syncer.prepare.reading import broken, open_bytes
from syncer.prepare.stopping import Stop

MARK_BYTES: Final = 4
_MARKS: Final = (
    (codecs.BOM_UTF8, ("utf-8", "utf-8-sig")),
    (codecs.BOM_UTF32_LE, ("utf-32", "utf-32-le")),
    (codecs.BOM_UTF32_BE, ("utf-32", "utf-32-be")),
    (codecs.BOM_UTF16_LE, ("utf-16", "utf-16-le")),
    (codecs.BOM_UTF16_BE, ("utf-16", "utf-16-be")),
)
"""Byte order marks and the encodings that they stand for; the longer ones first, of which others are the beginning."""
_NEEDS_MARK: Final = ("utf-16", "utf-32")


def is_utf8(encoding: str) -> bool:
    """Whether the name, in any of its spellings, is UTF-8's."""
    return _canonical(encoding) in ("utf-8", "utf-8-sig")


def reader_of(encoding: str) -> str:
    """Return the encoding to read text with; a byte order mark may be left at its start."""
    return "utf-8" if is_utf8(encoding) else encoding


def check_mark(file: SourceFile, encoding: str, head: bytes) -> None:
    """Raise PrepareError if a file's first bytes contradict the encoding that the spec gives, or leave it open.

    A byte order mark is no accident; and UTF-16 without one may be in either order.
    """
    name = _canonical(encoding)
    marked = next((names for mark, names in _MARKS if head.startswith(mark)), None)
    if marked is None and name in _NEEDS_MARK:
        raise PrepareError(
            f"{file.path} is {encoding} without a byte order mark",
            where=file.path,
            why="nothing tells the order of its bytes",
            next_step=f"set source.csv.encoding to {name}-le or {name}-be, or to what the file is",
        )
    if marked is not None and name not in marked:
        raise PrepareError(
            f"{file.path} is not {encoding}",
            where=file.path,
            why=f"it begins with the byte order mark of {marked[0]}",
            next_step=f"set source.csv.encoding to {marked[0]}",
        )


def undecodable(file: SourceFile, encoding: str, stop: Stop | None) -> PrepareError:
    r"""Explain which line, counted from 1, is not in the encoding. Lines end with `\\n`, `\\r\\n` or `\\r`."""
    told = "UTF-8" if is_utf8(encoding) else encoding
    line = _line_of_undecodable(file, encoding, stop)
    return broken(file, line, f"this line is not {told}", f"export the file as {told}, or correct source.csv.encoding")


def _line_of_undecodable(file: SourceFile, encoding: str, stop: Stop | None) -> int:
    decoder, ends = codecs.getincrementaldecoder(encoding)("strict"), _LineEnds()
    with open_bytes(file, stop=stop) as stream:
        block = b"?"
        while block:
            block, state = stream.read(BLOCK_BYTES), decoder.getstate()
            try:
                ends.count(decoder.decode(block, final=not block))
            except UnicodeDecodeError:
                decoder.setstate(state)
                _count_up_to_error(decoder, block, ends)
                break
    return ends.seen + 1


def _count_up_to_error(decoder: codecs.IncrementalDecoder, block: bytes, ends: _LineEnds) -> None:
    try:
        for position in range(len(block)):
            ends.count(decoder.decode(block[position : position + 1]))
    except UnicodeDecodeError:
        return


class _LineEnds:
    def __init__(self) -> None:
        self.seen = 0
        self._last = ""

    def count(self, text: str) -> None:
        joined = self._last + text
        self.seen += text.count("\n") + text.count("\r") - joined.count("\r\n")
        self._last = "\r" if joined.endswith("\r") else ""


def _canonical(encoding: str) -> str:
    return codecs.lookup(encoding).name
