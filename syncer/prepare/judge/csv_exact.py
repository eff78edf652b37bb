"""Judge a CSV file record by record, as strictly as the API reads it: slower than the engine, and never wrong.

Unlike the reader of source files, it leaves a byte order mark where it is: to the API that is part of the first
column's name.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO

from syncer.errors import PrepareError
from syncer.model.files import SourceFile
from syncer.prepare.encodings import undecodable
from syncer.prepare.judge.checks import ragged
from syncer.prepare.judge.judgement import RejectedRows, Tally
from syncer.prepare.judge.values import TextRule, text_rule
from syncer.prepare.judge.work import Work
from syncer.prepare.reading import MAX_RECORD_BYTES, broken, open_bytes
from syncer.prepare.stopping import Stop

EXTRA_CELLS = "_extra"
"""Where a rejected row shows the cells that no column is left for."""


def header_of(work: Work) -> tuple[str, ...]:
    """Read the column names. Raises PrepareError where there are none."""
    with open_records(work.file, work.stop) as records:
        header = next(records, None)
    if header is None:
        raise PrepareError(
            f"{work.file.path} would fail its import",
            where=work.file.path,
            why="it has no header row",
            next_step="export the file with its column names in the first row",
        )
    return tuple(header)


def judge(work: Work, header: Sequence[str]) -> Tally:
    """Judge every row. Raises PrepareError for a file that is not CSV: the API would fail the whole job."""
    rules = _rules(work, header)
    width = len(header)
    number = 0
    with RejectedRows(work.numbers, work.rejects) as rejected, open_records(work.file, work.stop) as records:
        next(records)
        for number, record in enumerate(records, 1):
            if len(record) != width:
                rejected.add(number, ragged(width, len(record)), source_row(header, record))
                continue
            for position, rule in rules:
                reason = rule(record[position])
                if reason is not None:
                    rejected.add(number, reason, source_row(header, record))
                    break
    rejected.tally.rows = number
    return rejected.tally


def _rules(work: Work, header: Sequence[str]) -> list[tuple[int, TextRule]]:
    rules = ((header.index(check.column), text_rule(check)) for check in work.checks)
    return [(position, rule) for position, rule in rules if rule is not None]


def source_row(header: Sequence[str], record: list[str]) -> dict[str, object]:
    """Return a record as a rejected row shows it."""
    shown: dict[str, object] = dict(zip(header, record, strict=False))
    if len(record) > len(header):
        shown[EXTRA_CELLS] = record[len(header) :]
    return shown


@contextmanager
def open_records(file: SourceFile, stop: Stop | None) -> Iterator[Iterator[list[str]]]:
    """Iterate over the records of an artifact, the header first.

    Raises PrepareError, also while iterating, for a file that is not CSV: the API would fail the whole job.
    """
    # The limit is the interpreter's, so it is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_RECORD_BYTES))
    try:
        with open_bytes(file, stop=stop) as stream:
            yield _records(file, stream)
    except UnicodeDecodeError as error:
        raise undecodable(file, "utf-8", stop) from error


def _records(file: SourceFile, stream: IO[bytes]) -> Iterator[list[str]]:
    text = io.TextIOWrapper(stream, encoding="utf-8", errors="strict", newline="")
    reader = csv.reader(_lines(file, text), strict=True)
    done = 0
    try:
        for record in reader:
            done = reader.line_num
            if record:
                yield record
    except csv.Error as error:
        if "after" in str(error):  # "',' expected after '"'"
            raise broken(file, reader.line_num, "there is text after a closing quote") from error
        raise broken(file, done + 1, "a quote opened in this record is never closed") from error


def _lines(file: SourceFile, text: io.TextIOWrapper) -> Iterator[str]:
    number = 0
    while line := text.readline(MAX_RECORD_BYTES):
        number += 1
        if len(line) == MAX_RECORD_BYTES:
            raise broken(file, number, "this line is longer than 64 MiB")
        yield line
