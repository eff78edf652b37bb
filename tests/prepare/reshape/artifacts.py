"""What the reshaping tests share: artifacts made by hand, and a plain reading of what comes out."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from syncer.model.files import Compression, SourceFormat
from syncer.model.spec import FieldType
from syncer.prepare.artifact import Artifact, Output
from syncer.prepare.csv_exact import FORCED_QUOTES

Record = Sequence[str | None]


def artifact_of(
    folder: Path,
    content: bytes,
    columns: Iterable[str],
    *,
    file_format: SourceFormat = "csv",
    types: Mapping[str, FieldType] | None = None,
    rows: int | None = None,
    compression: Compression | None = None,
    owned: bool = True,
) -> Artifact:
    """An artifact with this content; `rows` None says that nobody has counted."""
    names = tuple(columns)
    data = _stored(content, compression) if owned else gzip.compress(content) if compression else content
    path = folder / f"made-{hashlib.sha256(data).hexdigest()[:16]}"
    path.write_bytes(data)
    return Artifact(
        path=path,
        owned=owned,
        format=file_format,
        compression=compression,
        size=len(data),
        digest=f"sha256:{hashlib.sha256(data).hexdigest()}",
        rows=rows,
        columns=names,
        file_name=f"people.{file_format}" + (".gz" if compression else ""),
        source_fields={**dict.fromkeys(names, "string"), **(types or {})},
        field_map={name: name for name in names},
    )


def _stored(content: bytes, compression: Compression | None) -> bytes:
    """The content as this project stores it."""
    raw = io.BytesIO()
    output = Output(raw, compression)
    output.write(content)
    output.finish()
    return raw.getvalue()


def csv_bytes(*records: Record) -> bytes:
    """The records as this project writes CSV."""
    rows = []
    for record in records:
        text = io.StringIO()
        csv.writer(text, lineterminator=FORCED_QUOTES).writerow(record)
        rows.append(text.getvalue().removesuffix(FORCED_QUOTES) + "\n")
    return "".join(rows).encode()


def numbers_file(folder: Path, *numbers: int) -> Path:
    path = folder / "numbers.txt"
    path.write_text("".join(f"{number}\n" for number in numbers))
    return path


def hashed(*texts: str) -> str:
    """Lines of a suppress list."""
    return "".join(hashlib.sha256(text.encode()).hexdigest() + "\n" for text in texts)


def suppress_file(folder: Path, content: str) -> Path:
    path = folder / "erased.txt"
    path.write_text(content)
    return path


def bytes_of(artifact: Artifact) -> bytes:
    """An artifact's bytes, decompressed; what it says of them is checked on the way."""
    assert artifact.path is not None
    data = artifact.path.read_bytes()
    assert artifact.size == len(data)
    assert artifact.digest == f"sha256:{hashlib.sha256(data).hexdigest()}"
    return gzip.decompress(data) if artifact.compression else data


def parquet_rows(artifact: Artifact) -> tuple[dict[str, str], list[tuple[Any, ...]]]:
    """A Parquet artifact's columns with their types, and its rows; moments as text in UTC."""
    assert artifact.format == "parquet"
    with duckdb.connect() as connection:
        path = str(artifact.path)
        described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [path]).fetchall()
        types = {row[0]: row[1] for row in described}
        moments = [name for name, kind in types.items() if kind == "TIMESTAMP WITH TIME ZONE"]
        texts = "".join(f', "{name}"::VARCHAR AS "{name}"' for name in moments).removeprefix(", ")
        chosen = f"* REPLACE ({texts})" if moments else "*"
        return types, connection.execute(f"SELECT {chosen} FROM read_parquet(?)", [path]).fetchall()
