r"""The exact CSV reader: every record as its cells, by RFC 4180 without leniency, in bounded memory.

It decides what a CSV file says. Blank lines are no records. Lines end with `\\n`, `\\r\\n` or `\\r`, also mixed. A
quote inside an unquoted cell is itself. An open quote, text after a closing quote and invalid UTF-8 are errors that
name the line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from syncer.errors import PrepareError
from syncer.model.files import SourceFile
from syncer.model.spec import Spec
from syncer.prepare.reading import MAX_RECORD_BYTES, Tap, broken, line_of_invalid_utf8, open_bytes
from syncer.prepare.stopping import Progress, Stop

UTF8_NAMES = ("utf-8", "utf8", "utf-8-sig")


@contextmanager
def open_records(
    file: SourceFile,
    spec: Spec,
    *,
    stop: Stop | None = None,
    progress: Progress | None = None,
    stored: Tap | None = None,
    plain: Tap | None = None,
) -> Iterator[Iterator[list[str]]]:
    """Iterate over the records, the header first. A byte order mark is taken off. The taps are those of `open_bytes`.

    Raises PrepareError, here or while iterating, for a file that is not CSV as said above; nothing of its contents is
    in the message.
    """
    options = spec.source.csv
    if options.encoding.lower().replace("_", "-") not in UTF8_NAMES:
        raise PrepareError(f"{file.path}: the encoding {options.encoding} cannot be read yet", next_step="export UTF-8")
    # The limit is the interpreter's, so it is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_RECORD_BYTES))
    try:
        with open_bytes(file, stop=stop, progress=progress, stored=stored, plain=plain) as stream:
            yield _records(file, stream, options.delimiter)
    except UnicodeDecodeError as error:
        line = line_of_invalid_utf8(file, stop)
        raise broken(file, line, "this line is not UTF-8", "export the file as UTF-8") from error


def _records(file: SourceFile, stream: IO[bytes], delimiter: str) -> Iterator[list[str]]:
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="strict", newline="")
    reader = csv.reader(_lines(file, text), delimiter=delimiter, strict=True)
    done = 0
    try:
        for record in reader:
            done = reader.line_num
            if record:
                yield record
    except csv.Error as error:
        raise _explained(file, error, begun=done + 1, reached=reader.line_num) from error


def _lines(file: SourceFile, text: io.TextIOWrapper) -> Iterator[str]:
    number = 0
    while line := text.readline(MAX_RECORD_BYTES):
        number += 1
        if len(line) == MAX_RECORD_BYTES:
            raise broken(file, number, "this line is longer than 64 MiB")
        yield line


def _explained(file: SourceFile, error: csv.Error, *, begun: int, reached: int) -> PrepareError:
    reason = str(error)
    if "unexpected end" in reason:
        return broken(file, begun, "a quote opened in this record is never closed")
    if "field larger" in reason:
        return broken(file, begun, "a cell of this record is larger than 64 MiB; a quote may be open")
    return broken(file, reached, "there is text after a closing quote")
