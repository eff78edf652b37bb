r"""The exact CSV reader: every record as its cells, by RFC 4180 without leniency, in bounded memory.

It decides what a CSV file says. Blank lines are no records. Lines end with `\\n`, `\\r\\n` or `\\r`, also mixed. A
quote inside an unquoted cell is itself. An open quote, text after a closing quote and bytes that are not of the file's
encoding are errors that name the line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import IO, cast

from syncer.errors import PrepareError
from syncer.model.files import SourceFile
from syncer.model.spec import Spec
from syncer.prepare import delimiters
from syncer.prepare.encodings import MARK_BYTES, check_mark, reader_of, undecodable
from syncer.prepare.reading import MAX_RECORD_BYTES, Tap, broken, open_bytes
from syncer.prepare.stopping import Progress, Stop

BOM = "\ufeff"


class Records(Iterable[list[str]]):
    """The records of one file, the header first, to go through once; and the delimiter that they are split by."""

    def __init__(self, records: Iterator[list[str]], delimiter: str) -> None:
        self.delimiter = delimiter
        self._records = records

    def __iter__(self) -> Iterator[list[str]]:
        return self._records

    def __next__(self) -> list[str]:
        return next(self._records)


@contextmanager
def open_records(
    file: SourceFile,
    spec: Spec,
    *,
    stop: Stop | None = None,
    progress: Progress | None = None,
    stored: Tap | None = None,
    plain: Tap | None = None,
) -> Iterator[Records]:
    """Iterate over the records. A byte order mark is taken off. The taps are those of `open_bytes`.

    Raises PrepareError, here or while iterating, for a file that is not CSV as said above; nothing of its contents is
    in the message.
    """
    encoding = spec.source.csv.encoding
    # The limit is the interpreter's, so it is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_RECORD_BYTES))
    try:
        with open_bytes(file, stop=stop, progress=progress, stored=stored, plain=plain) as stream:
            check_mark(file, encoding, cast("io.BufferedReader", stream).peek(MARK_BYTES))
            yield _records(file, _lines(file, stream, encoding), spec)
    except UnicodeDecodeError as error:
        raise undecodable(file, encoding, stop) from error


def _records(file: SourceFile, lines: Iterator[str], spec: Spec) -> Records:
    delimiter = delimiters.declared(spec)
    if delimiter is None:
        head = _Head(lines)
        delimiter = delimiters.seen_in(head, spec.mapping)
        lines = chain(head.taken, lines)
    return Records(_split(file, lines, delimiter), delimiter)


class _Head:
    """The lines from the first on, as often as they are asked for; those taken once are kept."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.taken: list[str] = []
        self._lines = lines

    def __iter__(self) -> Iterator[str]:
        yield from self.taken
        for line in self._lines:
            self.taken.append(line)
            yield line


def _split(file: SourceFile, lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    done = 0
    try:
        for record in reader:
            done = reader.line_num
            if record:
                yield record
    except csv.Error as error:
        raise _explained(file, error, begun=done + 1, reached=reader.line_num) from error


def _lines(file: SourceFile, stream: IO[bytes], encoding: str) -> Iterator[str]:
    text = io.TextIOWrapper(stream, encoding=reader_of(encoding), errors="strict", newline="")
    number = 0
    while line := text.readline(MAX_RECORD_BYTES):
        number += 1
        if len(line) == MAX_RECORD_BYTES:
            raise broken(file, number, "this line is longer than 64 MiB")
        yield line.removeprefix(BOM) if number == 1 else line


def _explained(file: SourceFile, error: csv.Error, *, begun: int, reached: int) -> PrepareError:
    reason = str(error)
    if "unexpected end" in reason:
        return broken(file, begun, "a quote opened in this record is never closed")
    if "field larger" in reason:
        return broken(file, begun, "a cell of this record is larger than 64 MiB; a quote may be open")
    return broken(file, reached, "there is text after a closing quote")
