"""Give the engine a text artifact that it reads as the API does.

Its CSV reader takes a row of one empty cell too many for a good one, and a blank line in a file of one column for a
row; its lines end at a carriage return, which JSON allows between values. Such a file is written anew for it, row by
row at the same place: a ragged row becomes one of empty cells, and is remembered; a carriage return becomes a mark.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from syncer.errors import PrepareError
from syncer.model.files import Compression
from syncer.prepare import parquet
from syncer.prepare.reading import open_bytes
from syncer.prepare.reshape.rows import LINE_FEED, blocks, unmasked
from syncer.prepare.reshape.work import Work

RETURN: Final = b"\r"
RETURN_MARK: Final = b"\x03"
"""No JSON text has this character but as an escape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readable:
    """What the engine reads instead of the artifact, or the artifact itself.

    `rows` are all data rows, `ragged` a file of the numbers of ragged ones. `longest` is at least the longest row's
    bytes. `marked` says that `RETURN_MARK` stands for carriage returns. `header` is a CSV file's first row as bytes.
    """

    location: str
    compression: Compression | None
    rows: int
    longest: int = 0
    ragged: Path | None = None
    marked: bool = False
    header: bytes = b""


def readable(work: Work, scratch: ExitStack) -> Readable:
    """Look through the artifact, and write it anew if that is needed, to a private file that `scratch` removes."""
    if work.file.format == "parquet":
        return untouched(work, parquet.count_rows(work.file, work.work_dir))
    return _csv(work, scratch) if work.file.format == "csv" else _jsonl(work, scratch)


def untouched(work: Work, rows: int, *, longest: int = 0, header: bytes = b"") -> Readable:
    """Say that the artifact is read as it is."""
    return Readable(
        location=work.file.location,
        compression=work.file.compression,
        rows=rows,
        longest=longest,
        header=header,
    )


def _csv(work: Work, scratch: ExitStack) -> Readable:
    width = len(work.columns)
    ragged = b"," * width
    # This project writes no blank lines, but a file that passed unchanged may have some.
    uneven = work.artifact.is_source and width == 1
    lines, longest, header = 0, 0, b""
    between = LINE_FEED + ragged + LINE_FEED
    for text in _blocks(work):
        header = header or unmasked(text[: text.index(LINE_FEED) + 1])
        lines += text.count(LINE_FEED)
        longest = max(longest, len(text))
        uneven = uneven or between in text or text.startswith(between[1:])
    header = header.replace(b"\r\n", b"\n")
    if not uneven:
        return untouched(work, lines - 1, longest=longest, header=header)
    copy, numbers = scratch.enter_context(work.scratch()), scratch.enter_context(work.scratch())
    filler = ragged[1:] or b'""'
    number = 0
    with copy.open("wb") as output, numbers.open("wb") as found:
        for text in _blocks(work):
            # Line ends of one kind, as the engine asks: the last row of a file may have had none.
            rows = text.replace(b"\r\n", LINE_FEED).split(LINE_FEED)[:-1]
            for position, row in enumerate(rows):
                if row == ragged:
                    rows[position] = filler
                    found.write(b"%d\n" % (number + position))
            number += len(rows)
            output.write(unmasked(LINE_FEED.join([*rows, b""])))
    return Readable(
        location=str(copy), compression=None, rows=lines - 1, longest=longest, ragged=numbers, header=header
    )


def _jsonl(work: Work, scratch: ExitStack) -> Readable:
    lines, longest, returns = 0, 0, False
    for text in _blocks(work):
        lines += text.count(LINE_FEED)
        longest = max(longest, len(text))
        returns = returns or RETURN in text
    if not returns:
        return untouched(work, lines, longest=longest)
    copy = scratch.enter_context(work.scratch())
    with copy.open("wb") as output:
        for text in _blocks(work):
            if RETURN_MARK in text:
                raise PrepareError(
                    f"{work.file.path} holds control characters, which JSON does not allow",
                    where=work.file.path,
                    next_step="use prepare.mode: rewrite, or export the file again",
                )
            output.write(text.replace(RETURN, RETURN_MARK))
    return Readable(location=str(copy), compression=None, rows=lines, longest=longest, marked=True)


def _blocks(work: Work) -> Iterator[bytes]:
    is_csv = work.file.format == "csv"
    with open_bytes(work.file, stop=work.stop) as stream:
        yield from blocks(stream, quoted=is_csv, blanks=is_csv and work.artifact.is_source)
