"""Where the rows of a repair come from: the API's file of rejected rows, or a file in which somebody mended them.

Every reader yields the rows in their order, each as its cells by source column: text from CSV, untouched JSON from
anything else. Columns that nobody asked for come along and are left to whoever writes the rows. What cannot be read is
a PrepareError that names the place and shows nothing of the row. A reader can be gone through again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec

from syncer.errors import PrepareError
from syncer.model.files import SourceFile, SourceFormat
from syncer.model.spec import Source, Spec
from syncer.prepare.csv_records import open_records
from syncer.prepare.jsonl import lines
from syncer.prepare.layout import check_columns
from syncer.prepare.reading import open_bytes

Cell = str | msgspec.Raw
SOURCE_ROW = "sourceRow"
_WHOLE_ROW = "row:"
"""What the API's reason begins with when a row is broken as such, so that its cells say nothing."""


class Rows(Protocol):
    """Rows to be sent again. `format` is that of their cells, `place` the file that they are in."""

    @property
    def format(self) -> SourceFormat: ...

    @property
    def place(self) -> str: ...

    def __iter__(self) -> Iterator[Mapping[str, Cell]]: ...


class _Rejected(msgspec.Struct):
    """One line of the API's file; `rowNumber` counts the data rows of the artifact that had it."""

    sourceRow: dict[str, msgspec.Raw]  # noqa: N815 - the API's own word
    error: str = ""
    rowNumber: int = 0  # noqa: N815 - the API's own word


@dataclass(frozen=True, slots=True)
class RejectedRows:
    """The rows of the API's files, one a job, as they were sent: they are prepared already.

    `files` are paths with the words that name them.
    """

    files: Sequence[tuple[Path, str]]
    format: SourceFormat = "jsonl"

    @property
    def place(self) -> str:
        return ", ".join(shown for _, shown in self.files)

    def __iter__(self) -> Iterator[Mapping[str, Cell]]:
        decode = msgspec.json.Decoder(_Rejected).decode
        for path, shown in self.files:
            file = _file(path, shown, "jsonl")
            with open_bytes(file) as stream:
                for number, line in lines(file, stream):
                    yield _as_sent(decode, line, f"{shown}:{number}")


def _as_sent(decode: Callable[[bytes], _Rejected], line: bytes, where: str) -> Mapping[str, Cell]:
    try:
        rejected = decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        rejected = None
    if rejected is None or rejected.error.startswith(_WHOLE_ROW):
        raise PrepareError(
            "a rejected row was broken as a whole, so that it cannot be put together again",
            where=where,
            why="its columns were not told apart when it was read",
            next_step="write the rows into a file as they should be, and give it: --file FILE",
        )
    return rejected.sourceRow


@dataclass(frozen=True, slots=True)
class MendedJson:
    """Rows that somebody mended: a JSON object a line, either the row or the API's line with the row in it."""

    path: Path
    mapped: Collection[str]
    format: SourceFormat = "jsonl"

    @property
    def place(self) -> str:
        return self.path.as_posix()

    def __iter__(self) -> Iterator[Mapping[str, Cell]]:
        decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
        file = _file(self.path, self.place, "jsonl")
        with open_bytes(file) as stream:
            for number, line in lines(file, stream):
                try:
                    row = decode(line)
                    if SOURCE_ROW in row and SOURCE_ROW not in self.mapped:
                        row = decode(row[SOURCE_ROW])
                except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                    where = f"{self.place}:{number}"
                    raise PrepareError(f"{where}: this line is no JSON object", where=where) from error
                yield row


@dataclass(frozen=True, slots=True)
class MendedCsv:
    """Rows that somebody mended, in CSV with a header: UTF-8, comma or what the header shows."""

    path: Path
    spec: Spec
    format: SourceFormat = "csv"

    @property
    def place(self) -> str:
        return self.path.as_posix()

    def __iter__(self) -> Iterator[Mapping[str, Cell]]:
        as_usual = self.spec.model_copy(update={"source": Source(uri=self.place)})
        with open_records(_file(self.path, self.place, "csv"), as_usual) as records:
            header = next(records, [])
            check_columns(self.place, header, self.spec.mapping)
            for number, record in enumerate(records, start=1):
                if len(record) != len(header):
                    raise PrepareError(
                        f"row {number} of {self.place} has {len(record)} cells, and its header {len(header)}",
                        where=self.place,
                        next_step="correct that row, then run the same command again",
                    )
                yield dict(zip(header, record, strict=True))


def mended(path: Path, spec: Spec) -> Rows:
    """Read a file that somebody mended, by its extension. Raises PrepareError for any but CSV and JSONL."""
    ending = path.suffix.lower()
    if ending == ".csv":
        return MendedCsv(path, spec)
    if ending in (".jsonl", ".ndjson"):
        return MendedJson(path, spec.mapping)
    raise PrepareError(
        f"{path.name} is neither .csv nor .jsonl",
        where=path.as_posix(),
        next_step="get the rows as one of them: syncer rejects get ID --out FILE.csv",
    )


def _file(path: Path, shown: str, file_format: SourceFormat) -> SourceFile:
    """Give the path the form in which readers take files."""
    return SourceFile(
        path=shown,
        location=str(path),
        size=0,
        modified=datetime.fromtimestamp(0, UTC),
        fingerprint="",
        format=file_format,
    )
