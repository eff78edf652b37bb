"""Cut CSV and JSONL between rows, as the bytes that they are."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from typing import IO, Final, cast

import msgspec

from syncer.errors import PrepareError
from syncer.prepare.artifact import BLOCK_BYTES, Artifact, Output, private_file
from syncer.prepare.csv_guard import Guard
from syncer.prepare.reading import MAX_RECORD_BYTES, open_bytes
from syncer.prepare.reshape.rows import LINE_FEED, blocks, unmasked
from syncer.prepare.reshape.work import Work
from syncer.prepare.splitting.parts import SLACK, header_too_large, part_of, parts_of, row_too_large

_PIECES: Final = 64
"""A part is put together from at least so many pieces, so its size is at most a sixty-fourth off."""
_GZIP_END: Final = 16
"""Bytes that end a gzip stream: an empty block, the checksum and the length."""


def text_parts(work: Work, limit: int) -> Generator[Artifact]:
    """Iterate over the parts as they are made. One that was given is the caller's to discard."""
    with closing(_texts(work, limit)) as texts:
        yield from _Cutter(work, limit, texts).parts()


class _Cutter:
    """Hands out the rows, piece by piece, to one part after another."""

    def __init__(self, work: Work, limit: int, texts: Iterator[bytes]) -> None:
        self._work, self._limit = work, limit
        self._texts, self._text, self._at = texts, b"", 0
        self._header = b""
        self._rows = self._written = 0

    def parts(self) -> Iterator[Artifact]:
        """Make the parts, one at a time."""
        if self._work.file.format == "csv" and self._has_more():
            self._header = self._take(self._text.find(LINE_FEED) + 1 or len(self._text))
        number = 0
        while self._has_more():
            number += 1
            yield self._part(number)
        if not number:
            raise header_too_large(self._work, self._limit)

    def _part(self, number: int) -> Artifact:
        work = self._work
        with private_file(work.work_dir, work.file) as path, path.open("wb") as raw:
            output = Output(raw, work.artifact.compression)
            output.write(self._header)
            output.settle()
            begin = output.size
            if begin + self._end() >= self._limit:
                raise header_too_large(work, self._limit)
            columns = _Columns(work)
            rows = self._fill(output, columns, room=self._limit - begin)
            output.finish()
            if output.size > self._limit:
                raise row_too_large(work, self._rows + 1, self._limit)
            self._rows += rows
            self._written += output.size - begin
            part = part_of(work.artifact, number, path, rows=rows, size=output.size, digest=output.digest)
            return columns.met_in(part)

    def _fill(self, output: Output, columns: _Columns, *, room: int) -> int:
        """Write rows until the part has its share of what is left, or the next might be too much for it."""
        begin, rows = self._limit - room, 0
        target = begin + self._share(begin, room)
        while output.size < target and self._has_more():
            end = self._piece_end(min(BLOCK_BYTES, room // _PIECES))
            if rows and output.size + self._at_most(end - self._at) > self._limit:
                break
            rows += max(1, self._text.count(LINE_FEED, self._at, end))
            piece = self._take(end)
            columns.look_at(piece)
            output.write(piece)
            output.settle()
        return rows

    def _share(self, begin: int, room: int) -> int:
        left = self._work.artifact.size - begin - self._written
        if self._work.artifact.compression is not None:
            room -= room // SLACK
        parts = parts_of(left, room)
        return -(-left // parts) if parts > 1 else self._limit

    def _end(self) -> int:
        return _GZIP_END if self._work.artifact.compression is not None else 0

    def _at_most(self, size: int) -> int:
        """Return how much a part can grow by so many bytes of rows and its end; gzip stores what it cannot compress."""
        return size + (size // 256 + 64 + _GZIP_END if self._work.artifact.compression is not None else 0)

    def _has_more(self) -> bool:
        while self._at == len(self._text):
            try:
                self._text, self._at = next(self._texts), 0
            except StopIteration:
                return False
        return True

    def _piece_end(self, size: int) -> int:
        """Return where the next rows of at most `size` bytes end, or the next row if it is longer."""
        end = self._text.rfind(LINE_FEED, self._at, self._at + size) + 1
        return end or self._text.find(LINE_FEED, self._at) + 1 or len(self._text)

    def _take(self, end: int) -> bytes:
        piece, self._at = self._text[self._at : end], end
        return unmasked(piece) if self._work.file.format == "csv" else piece


class _Columns:
    """Which columns of a JSONL part no row has. A file that passed unread may write its keys in any way."""

    def __init__(self, work: Work) -> None:
        told = work.artifact.columns if work.file.format == "jsonl" and not work.artifact.is_source else ()
        self._unmet = {column: msgspec.json.encode(column) + b":" for column in told if column != work.key}

    def look_at(self, rows: bytes) -> None:
        """Take note of the keys in these rows."""
        if self._unmet:
            self._unmet = {column: key for column, key in self._unmet.items() if key not in rows}

    def met_in(self, part: Artifact) -> Artifact:
        """Take the columns off that no row has, unless nothing would be left."""
        met = tuple(column for column in part.columns if column not in self._unmet)
        if not self._unmet or not met:
            return part
        return replace(
            part,
            columns=met,
            source_fields={column: one for column, one in part.source_fields.items() if column in met},
            field_map={column: field for column, field in part.field_map.items() if column in met},
        )


class _Stream:
    """A stream that remembers what `blocks` does not tell: how much no row has ended in, and how the file ends."""

    def __init__(self, stream: IO[bytes], most: int) -> None:
        self._stream, self._most = stream, most
        self._last = b""
        self.unended = 0
        self.ended = False

    @property
    def is_cut_off(self) -> bool:
        """Whether all is read, and the last row has no line feed."""
        return self.ended and self._last != LINE_FEED

    def read(self, size: int) -> bytes:
        block = self._stream.read(size)
        self.unended += len(block)
        if self.unended > self._most + BLOCK_BYTES:
            raise _RowTooLongError
        self._last, self.ended = block[-1:] or self._last, not block
        return block


class _RowTooLongError(Exception):
    """No row ends within what memory should hold."""


def _texts(work: Work, limit: int) -> Generator[bytes]:
    """Iterate over whole rows, as `blocks` does, but the last one has no line feed where the file has none.

    Raises PrepareError for a file that is not as large as it was, and for CSV that passed unchanged and is not plain.
    """
    artifact, is_csv = work.artifact, work.file.format == "csv"
    guard = Guard(",") if is_csv and artifact.is_source else None
    read = 0

    def count(size: int) -> None:
        nonlocal read
        read += size

    file = replace(work.file, opener=artifact.opener if artifact.path is None else None)
    with open_bytes(file, stop=work.stop, progress=count, plain=guard.feed if guard is not None else None) as opened:
        for text in _rows(work, opened, limit, blanks=guard is not None):
            if guard is not None and not guard.is_plain:
                raise _not_plain(work)
            yield text
    if guard is not None and guard.result() is None:
        raise _not_plain(work)
    if read != artifact.size:
        raise PrepareError(f"{file.path} has {read} bytes, and {artifact.size} were announced", where=file.path)


def _rows(work: Work, opened: IO[bytes], limit: int, *, blanks: bool) -> Iterator[bytes]:
    is_csv = work.file.format == "csv"
    most = MAX_RECORD_BYTES if work.artifact.compression is not None else min(limit, MAX_RECORD_BYTES)
    stream, done = _Stream(opened, most), -1 if is_csv else 0
    try:
        for text in blocks(cast("IO[bytes]", stream), quoted=is_csv, blanks=blanks):
            stream.unended = 0
            done += text.count(LINE_FEED)
            if text:
                yield text[:-1] if stream.is_cut_off else text
    except _RowTooLongError:
        raise row_too_large(work, max(1, done + 1), most) from None


def _not_plain(work: Work) -> PrepareError:
    return PrepareError(
        f"{work.file.path} cannot be cut into parts as it is",
        where=work.file.path,
        why="it has quotes inside cells, mixed line ends, blank lines before its header, or is not UTF-8",
        next_step="use prepare.mode: auto, which writes it anew",
    )
