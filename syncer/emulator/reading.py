"""What every reader of an uploaded file has in common.

A reader gives the file's data rows in order, with the values of the mapped columns only, and can show the whole row
again when it is rejected. It knows its format and nothing about fields, except that it chooses the rule a column is
judged by.
"""

from __future__ import annotations

import gzip
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from syncer.emulator.envelope import REQUEST_SCHEMA, SOURCE_UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from syncer.emulator.catalogue import FieldDefinition
    from syncer.emulator.rules import Rule

MAX_ROW_BYTES = 16 * 1024 * 1024
"""A row longer than this makes the file unreadable: an open quote would otherwise swallow all of it into memory."""

FORMATS = {
    ".csv": "csv",
    ".csv.gz": "csv",
    ".jsonl": "jsonl",
    ".jsonl.gz": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}


class JobFailedError(Exception):
    """The whole job fails, and no row is written. `code` is what its status will carry."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Row(NamedTuple):
    """One data row. `values` are those of the mapped columns, in the mapping's order, None for null.

    A row that is broken as a whole has an `error` and no values. `original` is what the reader needs to show it again.
    """

    values: Sequence[object]
    error: str | None
    original: Any


class Reader(Protocol):
    """Reads one file once."""

    def rows(self) -> Iterator[Row]:
        """The data rows in order. Raises JobFailedError when the file cannot be read as what it claims to be."""

    def rule(self, column: str, field: FieldDefinition) -> Rule:
        """The rule for values of `column` that are not null. Called after the first row was asked for."""

    def originals(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """The whole source rows, every column of them, as JSON objects."""


def format_of(file_name: str) -> str | None:
    """The format that a file's name declares, or None if the API does not take such files."""
    for extension, name in FORMATS.items():
        if file_name.endswith(extension) and len(file_name) > len(extension):
            return name
    return None


def unreadable(why: str) -> JobFailedError:
    return JobFailedError(SOURCE_UNREADABLE, f"the uploaded file cannot be read: {why}")


def missing_column(column: str) -> JobFailedError:
    return JobFailedError(REQUEST_SCHEMA, f"the mapped column {column!r} is not in the file")


def repeated_column(column: str) -> JobFailedError:
    return JobFailedError(REQUEST_SCHEMA, f"the mapped column {column!r} stands in the file more than once")


@contextmanager
def open_bytes(path: Path, *, compressed: bool) -> Iterator[BinaryIO]:
    """The file's bytes, decompressed if need be. A gzip file that is broken or cut off raises JobFailedError."""
    try:
        with path.open("rb") as raw:
            if compressed:
                with gzip.GzipFile(fileobj=raw, mode="rb") as stream:
                    yield stream  # type: ignore[misc]  # GzipFile reads as a BinaryIO does
            else:
                yield raw
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise unreadable(f"corrupt gzip: {error}") from error
