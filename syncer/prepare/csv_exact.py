"""Project a CSV file record by record: slower than the engine, and never wrong."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter

from syncer.model.files import SourceFile
from syncer.model.spec import Spec
from syncer.prepare.artifact import BLOCK_BYTES, Output
from syncer.prepare.csv_records import open_records
from syncer.prepare.layout import Kept, Layout
from syncer.prepare.stopping import Progress, Stop
from syncer.prepare.transforms.text import Transform, transform

FORCED_QUOTES = "\r\n"
"""csv.writer quotes cells that hold a character of its line terminator: both must be, whatever ends our lines."""


def project(
    file: SourceFile,
    spec: Spec,
    layout: Layout,
    output: Output,
    *,
    stop: Stop | None = None,
    progress: Progress | None = None,
) -> int:
    r"""Write the layout's columns as comma-separated UTF-8 with `\\n`, and return the number of data rows.

    A row with too few or too many cells stays one invalid row at its place, and takes nothing along: it becomes a row
    of one empty cell too many.
    """
    lines = _Lines(output)
    writer = csv.writer(lines, lineterminator=FORCED_QUOTES)
    writer.writerow(layout.columns)
    with open_records(file, spec, stop=stop, progress=progress) as records:
        header = next(records)
        rows = _Rows(header, layout)
        writer.writerows(rows.projected(records))
    lines.flush()
    return rows.count


Cells = Iterable[str | None]


class _Rows:
    def __init__(self, header: Sequence[str], layout: Layout) -> None:
        self.count = 0
        self._width = len(header)
        self._added = tuple(one.text for one in layout.added)
        self._pick = _picking([header.index(one.column) for one in layout.kept], layout.kept)
        self._invalid = ("",) * (len(layout.all) + 1)

    def projected(self, records: Iterable[list[str]]) -> Iterator[Cells]:
        for record in records:
            self.count += 1
            yield chain(self._added, self._pick(record)) if len(record) == self._width else self._invalid


def _picking(positions: Sequence[int], kept: Sequence[Kept]) -> Callable[[list[str]], Cells]:
    """Return what takes the kept cells out of a record, each after its steps."""
    if any(one.steps for one in kept):
        cells = [(position, transform(one.steps)) for position, one in zip(positions, kept, strict=True)]
        return lambda record: [_cell(record[position], steps) for position, steps in cells]
    if len(positions) > 1:
        return itemgetter(*positions)
    return itemgetter(slice(positions[0], positions[0] + 1))


def _cell(value: str, steps: Transform) -> str | None:
    """Transform one cell. An empty one is a null, which stays as it is."""
    return steps(value) if value else value


class _Lines:
    r"""The file that csv.writer writes to: it ends lines with `\\n` and hands on large blocks."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._parts: list[str] = []
        self._length = 0

    def write(self, line: str) -> None:
        self._parts.append(line[: -len(FORCED_QUOTES)])
        self._length += len(line)
        if self._length >= BLOCK_BYTES:
            self.flush()

    def flush(self) -> None:
        if self._parts:
            self._output.write(("\n".join(self._parts) + "\n").encode())
        self._parts, self._length = [], 0
