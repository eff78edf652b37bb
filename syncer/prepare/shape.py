"""What the head of a source file tells: its columns, as the file spells them, and what separates them."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from syncer.errors import PrepareError
from syncer.model.files import SourceFile
from syncer.model.spec import Spec
from syncer.prepare import delimiters, parquet
from syncer.prepare.csv_records import open_records
from syncer.prepare.reading import open_bytes

BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Shape:
    """`columns` in the file's order, None for JSONL, whose lines differ. `marked`: a byte order mark leads.

    `delimiter` is a CSV file's: the declared one, or the one that its header shows.
    """

    columns: tuple[str, ...] | None
    marked: bool = False
    delimiter: str = delimiters.COMMA


def shape_of(file: SourceFile, spec: Spec) -> Shape:
    """Read the head of a file, or the footer of a Parquet file.

    Raises PrepareError for a file that is empty, has no header or is not of its format, SourceError if it cannot be
    read.
    """
    if file.format == "parquet":
        with tempfile.TemporaryDirectory(prefix="syncer-") as scratch:
            return Shape(parquet.columns(file, Path(scratch)))
    with open_bytes(file) as stream:
        marked = stream.read(len(BOM)) == BOM
    if file.format == "jsonl":
        return Shape(None, marked)
    with open_records(file, spec) as records:
        header = next(records, None)
    if header is None:
        raise PrepareError(
            f"{file.path} has no header row",
            where=file.path,
            why="its lines are all blank",
            next_step="export the file with its column names in the first row",
        )
    return Shape(tuple(header), marked, records.delimiter)


def columns_of(file: SourceFile, spec: Spec) -> tuple[str, ...]:
    """Return the file's columns without reading its rows; () for JSONL, whose lines differ. Raises as `shape_of`."""
    return shape_of(file, spec).columns or ()
