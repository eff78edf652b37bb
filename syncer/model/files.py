"""What is known of a source file before it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import BinaryIO, Literal

from syncer.values import format_size

GB = 10**9
SPLIT_ADVICE_BYTES = 10 * GB
MAX_FILE_BYTES = 50 * GB
"""The vendor guide: 50 GB is the largest file; above 10 GB it advises to split into 5-8 GB."""

SourceFormat = Literal["csv", "jsonl", "parquet"]
Compression = Literal["gzip"]

FORMAT_BY_EXTENSION: dict[str, SourceFormat] = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One object found by a spec's `source.uri`, at one version.

    `path` is what identifies the file across runs and machines: project-relative with forward slashes for local
    files, the full URL otherwise. `location` is where it can be opened now. `fingerprint` is `scheme:value`. `date`
    is parsed from the path where the URI has `{date:…}`, else None. `rows` is known only where somebody needed it and
    it was counted, `content` (`sha256:<hex>` of the stored bytes) only where somebody read them all. `tag` is the
    listing's own word for the version where the fingerprint is another one (`identity: content`). `missing_marker` is
    the path of the `ready.marker` that should stand beside the file and does not. `opener` opens the stored bytes,
    seekable, where `location` is no path on this disk and somebody has hold of the version.
    """

    path: str
    location: str
    size: int
    modified: datetime
    fingerprint: str
    format: SourceFormat
    compression: Compression | None = None
    date: date | None = None
    rows: int | None = None
    tag: str = ""
    content: str | None = None
    missing_marker: str = ""
    opener: Callable[[], BinaryIO] | None = field(default=None, compare=False, repr=False)

    @property
    def is_remote(self) -> bool:
        """Whether the file is in an object store rather than on this disk."""
        return "://" in self.path

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]

    @property
    def stem(self) -> str:
        """The name without its format and compression extensions: `orders` of `orders.jsonl.gz`."""
        return stem_of(self.name)


def stem_of(name: str) -> str:
    """Return a file's name without its format and compression extensions."""
    base = name[:-3] if name.lower().endswith(".gz") else name
    known = next((ending for ending in FORMAT_BY_EXTENSION if base.lower().endswith(ending)), "")
    return base[: len(base) - len(known)]


def media_type(file_format: SourceFormat, compression: Compression | None) -> str:
    """Return the upload's Content-Type as the API's contract names them."""
    if compression == "gzip":
        return "application/gzip"
    return {
        "csv": "text/csv",
        "jsonl": "application/x-ndjson",
        "parquet": "application/vnd.apache.parquet",
    }[file_format]


def size_refusal(size: int) -> str | None:
    """Say why a file of this size cannot be imported at all, or None."""
    if size <= MAX_FILE_BYTES:
        return None
    return (
        f"{format_size(size)} is more than the {format_size(MAX_FILE_BYTES)} that one import accepts: "
        "split the file into chunks of 5-8 GB"
    )


def size_advice(size: int, file_format: SourceFormat) -> str | None:
    """Repeat the vendor guide's advice for a file that is accepted but larger than it recommends, or None."""
    if not SPLIT_ADVICE_BYTES < size <= MAX_FILE_BYTES:
        return None
    parquet = "" if file_format == "parquet" else ", or export Parquet, of which only the mapped columns are read"
    return f"{format_size(size)} in one file: chunks of 5-8 GB restart faster and show progress{parquet}"
