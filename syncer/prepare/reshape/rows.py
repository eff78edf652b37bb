"""The rows of a text artifact as the bytes that they are, thousands at a time.

Nothing is parsed: a row of CSV ends at a line feed outside quotes, a row of JSONL at any line feed. That is true of the
files that this project writes, and of those that pass unchanged: quotes stand around whole cells only, and all is
UTF-8, whose texts never hold the two bytes that are used here as marks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Final

from syncer.prepare.artifact import BLOCK_BYTES, Output

LINE_FEED: Final = b"\n"
QUOTE: Final = b'"'
MASK: Final = b"\xff"
"""Stands for a line feed inside quotes."""
_SEAM: Final = b"\xfe"
_BLANK: Final = (b"", b"\r")


def blocks(stream: IO[bytes], *, quoted: bool, blanks: bool = False) -> Iterator[bytes]:
    """Iterate over whole rows, many at once, each with its line feed; those inside quotes are `MASK`.

    `quoted` says whether quotes hide line feeds, as in CSV; `blanks` whether there may be blank lines, which are no
    rows and are left out.
    """
    rest = b""
    while block := stream.read(BLOCK_BYTES):
        rest += block
        text = _masked(rest) if quoted else rest
        end = text.rfind(LINE_FEED) + 1
        if end:
            yield _without_blanks(text[:end]) if blanks else text[:end]
            rest = rest[end:]
    if rest:
        yield (_masked(rest) if quoted else rest) + LINE_FEED


def copy(
    stream: IO[bytes], numbers: Iterator[int], output: Output, *, quoted: bool, header: bool, blanks: bool = False
) -> int:
    """Copy all rows but those with these numbers, which ascend, and return how many were copied.

    A header is copied and not counted. `quoted` and `blanks` are those of `blocks`.
    """
    kept, first = 0, 0 if header else 1
    leaving = next(numbers, None)
    for text in blocks(stream, quoted=quoted, blanks=blanks):
        behind = first + text.count(LINE_FEED)
        if leaving is None or leaving >= behind:
            output.write(unmasked(text))
            kept += behind - first
        else:
            lines, staying, begin = text.split(LINE_FEED)[:-1], list[bytes](), 0
            while leaving is not None and leaving < behind:
                staying += lines[begin : leaving - first]
                begin = leaving - first + 1
                leaving = next(numbers, None)
            staying += lines[begin:]
            if staying:
                output.write(unmasked(LINE_FEED.join(staying) + LINE_FEED))
            kept += len(staying)
        first = behind
    return kept - header


def unmasked(text: bytes) -> bytes:
    """Put the line feeds inside quotes back."""
    return text.replace(MASK, LINE_FEED)


def _masked(text: bytes) -> bytes:
    if QUOTE not in text:
        return text
    pieces = text.split(QUOTE)
    inside = _SEAM.join(pieces[1::2])
    if LINE_FEED not in inside:
        return text
    pieces[1::2] = inside.replace(LINE_FEED, MASK).split(_SEAM)
    return QUOTE.join(pieces)


def _without_blanks(text: bytes) -> bytes:
    if not text.startswith((b"\n", b"\r\n")) and b"\n\n" not in text and b"\n\r\n" not in text:
        return text
    lines = [line for line in text.split(LINE_FEED) if line not in _BLANK]
    return LINE_FEED.join([*lines, b""]) if lines else b""
