"""Tell a file's format from its name."""

from __future__ import annotations

from syncer.errors import SourceError
from syncer.model.files import FORMAT_BY_EXTENSION, Compression, SourceFormat

COMPRESSIBLE: tuple[SourceFormat, ...] = ("csv", "jsonl")
"""What the API accepts gzipped."""


def format_of(path: str, declared: SourceFormat | None = None) -> tuple[SourceFormat, Compression | None]:
    """Return format and compression: by extension in any letter case, the format overridden by `source.format`.

    Raises SourceError for a name that tells no format where none is declared, and for gzipped Parquet.
    """
    name = path.rsplit("/", 1)[-1].lower()
    compression: Compression | None = "gzip" if name.endswith(".gz") else None
    inner = name.removesuffix(".gz")
    by_name = next((known for ending, known in FORMAT_BY_EXTENSION.items() if inner.endswith(ending)), None)
    found = declared or by_name
    if found is None:
        raise SourceError(
            f"the format of {path} cannot be told from its name",
            where=path,
            why="known extensions: .csv .jsonl .ndjson .parquet .csv.gz .jsonl.gz .ndjson.gz",
            next_step="set source.format, or narrow source.uri to the files that are meant",
        )
    if compression and found not in COMPRESSIBLE:
        raise SourceError(
            f"{path} is gzipped {found}",
            where=path,
            why="the API reads gzipped CSV and JSONL only",
            next_step="decompress the file; Parquet is compressed inside",
        )
    return found, compression
