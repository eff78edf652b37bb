"""Cut the first rows out of a source file, however large and wherever it is, into a small private file of its format.

Of CSV and JSONL no more is read than the rows take, in the blocks of whoever reads; of a remote Parquet file the
footer and the row groups that these rows are in.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from syncer.errors import PrepareError
from syncer.model.files import SourceFile
from syncer.model.spec import Spec
from syncer.prepare import head_parquet
from syncer.prepare.artifact import private_file
from syncer.prepare.csv_records import open_records
from syncer.prepare.encodings import is_utf8
from syncer.prepare.jsonl import lines
from syncer.prepare.read_back import Row, json_row, rows_of_parquet
from syncer.prepare.reading import open_bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The first rows of a file: as a small file under the same path, and as they are read there.

    `columns` are those of the file; of JSONL, those of the rows. `more` says that the file goes on.
    """

    file: SourceFile
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    more: bool


@contextmanager
def head_of(file: SourceFile, spec: Spec, count: int, work_dir: Path) -> Iterator[Head]:
    """Give the first `count` rows of the file. The small file is private and there for the time of the block.

    Raises PrepareError for what is wrong with the head, as `prepare` would, and SourceError when it cannot be read.
    """
    with private_file(work_dir, file) as path:
        try:
            if file.format == "parquet":
                columns, rows, more = _of_parquet(file, count, path)
            elif file.format == "csv":
                columns, rows, more = _of_csv(file, spec, count, path)
            else:
                columns, rows, more = _of_jsonl(file, count, path)
            yield Head(_cut(file, path), columns, tuple(rows), more)
        finally:
            path.unlink(missing_ok=True)


_Found = tuple[tuple[str, ...], list[Row], bool]


def _of_csv(file: SourceFile, spec: Spec, count: int, path: Path) -> _Found:
    encoding = spec.source.csv.encoding
    with open_records(file, spec) as records:
        header = next(records, None)
        if header is None:
            raise PrepareError(f"{file.path} has no header row", where=file.path, why="its lines are all blank")
        found = list(islice(records, count))
        more = next(iter(records), None) is not None
        with path.open("w", encoding="utf-8" if is_utf8(encoding) else encoding, newline="") as small:
            csv.writer(small, delimiter=records.delimiter, lineterminator="\r\n").writerows([header, *found])
    return tuple(header), [_cells(header, record) for record in found], more


def _cells(header: Sequence[str], record: Sequence[str]) -> Row:
    """Return the cells that a row has, also where they are fewer or more than the columns."""
    extra = {f"(cell {place})": cell for place, cell in enumerate(record, 1) if place > len(header)}
    return {**{column: cell or None for column, cell in zip(header, record, strict=False)}, **extra}


def _of_jsonl(file: SourceFile, count: int, path: Path) -> _Found:
    with open_bytes(file) as stream:
        numbered = lines(file, stream)
        found = [line for _, line in islice(numbered, count)]
        more = next(numbered, None) is not None
    path.write_bytes(b"".join(found))
    rows = [json_row(line) for line in found]
    return tuple(dict.fromkeys(column for row in rows for column in row)), rows, more


def _of_parquet(file: SourceFile, count: int, path: Path) -> _Found:
    names, rows = head_parquet.cut(file, count, path)
    small = _cut(file, path)
    return names, rows_of_parquet(small, path.parent), rows > count


def _cut(file: SourceFile, path: Path) -> SourceFile:
    return replace(
        file,
        location=str(path),
        opener=None,
        size=path.stat().st_size,
        compression=None,
        fingerprint="",
        content=None,
        rows=None,
    )
