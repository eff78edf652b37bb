"""Count data rows as the API counts them, without preparing anything."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from syncer.model.files import SourceFile
from syncer.model.spec import Spec
from syncer.prepare import parquet
from syncer.prepare.csv_records import open_records
from syncer.prepare.jsonl import lines
from syncer.prepare.reading import Tap, open_bytes
from syncer.prepare.stopping import Progress, Stop


@dataclass(frozen=True, slots=True)
class CsvCount:
    """Data rows of a CSV file, and how many of them have not as many cells as the header."""

    rows: int
    ragged: int


def count_rows(file: SourceFile, spec: Spec, *, stop: Stop | None = None, progress: Progress | None = None) -> int:
    """Count exactly: from the footer for Parquet, by reading the whole file for CSV and JSONL.

    Invalid rows count, blank lines and the header do not. Raises what `prepare` raises for a file that is broken.
    """
    if file.format == "parquet":
        with tempfile.TemporaryDirectory(prefix="syncer-") as scratch:
            return parquet.count_rows(file, Path(scratch))
    if file.format == "csv":
        return count_csv(file, spec, stop=stop, progress=progress).rows
    with open_bytes(file, stop=stop, progress=progress) as stream:
        return sum(1 for _ in lines(file, stream))


def count_csv(
    file: SourceFile,
    spec: Spec,
    *,
    stop: Stop | None = None,
    progress: Progress | None = None,
    stored: Tap | None = None,
    plain: Tap | None = None,
) -> CsvCount:
    """Count the data rows of a CSV file and, among them, the ragged ones. The taps are those of `open_bytes`."""
    rows = ragged = 0
    with open_records(file, spec, stop=stop, progress=progress, stored=stored, plain=plain) as records:
        width = len(next(records, []))
        for record in records:
            rows += 1
            ragged += len(record) != width
    return CsvCount(rows, ragged)
