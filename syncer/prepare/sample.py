"""Estimate the rows of a source file from its head, and see there how it is written."""

from __future__ import annotations

import codecs
import csv
import io
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from syncer.errors import PrepareError
from syncer.model.files import SourceFile
from syncer.model.samples import RowEstimate, Sample
from syncer.model.spec import Spec
from syncer.prepare import delimiters
from syncer.prepare.csv_records import BOM
from syncer.prepare.encodings import is_utf8, reader_of
from syncer.prepare.reading import cannot_read, open_stored
from syncer.prepare.rows import count_rows
from syncer.prepare.stopping import Stop, check

SAMPLE_BYTES: Final = 256 << 10
"""As stored. A store gives so many in one short read."""
PLAIN_BYTES: Final = 1 << 20
"""Decompressed: beyond that a sample takes longer and tells no more."""
_NAMES: Final = {delimiters.COMMA: "commas", **delimiters.OTHERS}
_GZIP: Final = 31
"""zlib: the widest window, in gzip's own framing."""


def sample_of(file: SourceFile, spec: Spec, *, stop: Stop | None = None) -> Sample:
    """Look at a Parquet file's footer, or at the first `SAMPLE_BYTES` of another one, and at no more of it.

    The rows are exact, counted as the API counts them, for Parquet and for a file that is in the sample as a whole.
    Raises PrepareError for what `prepare` would refuse there, or where no whole row is in the sample, and SourceError
    if the file cannot be read.
    """
    if file.format == "parquet":
        return Sample(rows=RowEstimate(count_rows(file, spec, stop=stop), exact=True))
    head = _head_of(file, stop)
    plain, used = _decompressed(file, head) if file.compression == "gzip" else (head, len(head))
    lines = _lines_of(file, spec, plain)
    delimiter = "" if file.format == "jsonl" else _delimiter_of(lines, spec)
    if used == file.size:
        whole = replace(file, opener=lambda: io.BytesIO(head))
        rows = RowEstimate(count_rows(whole, spec, stop=stop), exact=True)
    else:
        total = sum(map(len, lines)) * file.size / used
        rows = RowEstimate(_estimated(file, list(_row_ends(lines, delimiter))[:-1], total=total), exact=False)
    if not delimiter:
        return Sample(rows=rows)
    encoding = spec.source.csv.encoding
    return Sample(
        rows=rows, separated_by=_unexpected(lines, spec, delimiter), encoding="" if is_utf8(encoding) else encoding
    )


def _head_of(file: SourceFile, stop: Stop | None) -> bytes:
    head = b""
    try:
        with open_stored(file) as stored:
            while len(head) < SAMPLE_BYTES and (block := stored.read(SAMPLE_BYTES - len(head))):
                check(stop)
                head += block
    except OSError as error:
        raise cannot_read(file.path, error) from error
    return head


def _decompressed(file: SourceFile, head: bytes) -> tuple[bytes, int]:
    """Return at most `PLAIN_BYTES` of what the head of a gzip file holds, and how many stored bytes they take."""
    plain, rest = b"", head
    try:
        while rest and len(plain) < PLAIN_BYTES:
            member = zlib.decompressobj(_GZIP)
            plain += member.decompress(rest, PLAIN_BYTES - len(plain))
            rest = member.unused_data if member.eof else member.unconsumed_tail
    except zlib.error as error:
        raise PrepareError(
            f"{file.path} is damaged gzip", where=file.path, next_step="export or copy the file again"
        ) from error
    return plain, len(head) - len(rest)


def _lines_of(file: SourceFile, spec: Spec, plain: bytes) -> list[str]:
    """Return the lines of a sample, of which the last may be cut. Whether the encoding is right `prepare` tells."""
    is_csv = file.format == "csv"
    decoder = codecs.getincrementaldecoder(reader_of(spec.source.csv.encoding) if is_csv else "utf-8")("replace")
    text = decoder.decode(plain).removeprefix(BOM)
    return list(io.StringIO(text, newline="" if is_csv else "\n"))


def _delimiter_of(lines: Sequence[str], spec: Spec) -> str:
    return delimiters.declared(spec) or delimiters.seen_in(lines, spec.mapping)


def _row_ends(lines: Sequence[str], delimiter: str) -> Iterator[int]:
    """Yield how many characters come before the first row, and before the end of each row; the last row may be cut.

    Without a delimiter each line is a row.
    """
    position = 0

    def told() -> Iterator[str]:
        nonlocal position
        for line in lines:
            position += len(line)
            yield line

    if not delimiter:
        yield 0
        yield from (position for line in told() if line.strip())
        return
    with suppress(csv.Error):  # such as a cell that a cut leaves open; what came before it will do
        for record in csv.reader(told(), delimiter=delimiter):
            if record:
                yield position


def _estimated(file: SourceFile, ends: Sequence[int], *, total: float) -> int:
    """Return how many rows a file of about `total` characters has, if all are as long as those of the sample."""
    if len(ends) <= 1:
        raise PrepareError(
            f"{file.path} cannot be sampled",
            where=file.path,
            why=f"its first {SAMPLE_BYTES >> 10} KiB hold no whole row",
        )
    return round((total - ends[0]) * (len(ends) - 1) / (ends[-1] - ends[0]))


def _unexpected(lines: Sequence[str], spec: Spec, delimiter: str) -> str:
    """Name what the header is separated by, where it is neither what the spec says nor a comma."""
    if delimiters.declared(spec) is None:
        return delimiters.OTHERS.get(delimiter, "")
    mapped, seen = set(spec.mapping), delimiters.seen_in(lines, spec.mapping)
    is_wrong = mapped <= _header(lines, seen) and not mapped <= _header(lines, delimiter)
    return _NAMES[seen] if is_wrong else ""


def _header(lines: Sequence[str], delimiter: str) -> set[str]:
    try:
        return set(next((record for record in csv.reader(lines, delimiter=delimiter) if record), ()))
    except csv.Error:
        return set()
