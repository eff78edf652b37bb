"""Write the new artifact to a private file, and say what it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from syncer.model.files import stem_of
from syncer.model.objects import FieldSchema
from syncer.prepare.artifact import Artifact, Output, digest_of, private_file
from syncer.prepare.reading import open_bytes
from syncer.prepare.reshape.converting import write_parquet
from syncer.prepare.reshape.evening import Readable
from syncer.prepare.reshape.numbers import Leaving
from syncer.prepare.reshape.rows import blocks, copy
from syncer.prepare.reshape.sorting import sort_text
from syncer.prepare.reshape.work import Work, described


def as_parquet(
    work: Work, source: Readable, gone: Leaving, *, sort: bool, schema: Mapping[str, FieldSchema]
) -> Artifact:
    """Make a Parquet artifact of the rows that stay. Raises UnconvertibleError for a row that would not survive."""
    artifact = work.artifact
    with private_file(work.work_dir, work.file) as path:
        rows, fields = write_parquet(work, source, gone, path, sort=sort, schema=schema)
        work.check_rows(rows, source.rows - gone.count)
        size, digest = digest_of(path, stop=work.stop)
    return replace(
        artifact,
        path=path,
        owned=True,
        copied=False,
        opener=None,
        format="parquet",
        compression=None,
        size=size,
        digest=digest,
        rows=rows,
        file_name=f"{stem_of(artifact.file_name)}.parquet",
        source_fields=fields or artifact.source_fields,
    )


def as_text(work: Work, source: Readable, gone: Leaving, *, sort: bool) -> Artifact:
    """Make an artifact of the rows that stay, in their format and compression."""
    with private_file(work.work_dir, work.file) as path:
        if sort:
            rows, size, digest = sort_text(work, source, gone, path)
        else:
            rows, size, digest = _copied(work, gone, path)
        work.check_rows(rows, source.rows - gone.count)
        own = replace(work.artifact, path=path, owned=True, copied=False, opener=None)
        artifact = replace(own, size=size, digest=digest, rows=rows)
        return _with_met_columns(work, artifact) if artifact.format == "jsonl" and gone.count and rows else artifact


def _with_met_columns(work: Work, artifact: Artifact) -> Artifact:
    """Take those columns off a JSONL artifact that only rows had which left: mapped, they would fail the whole job."""
    unmet = {column: msgspec.json.encode(column) + b":" for column in artifact.columns if column != work.key}
    with open_bytes(described(artifact, work.file.path), stop=work.stop) as stream:
        for text in blocks(stream, quoted=False):
            unmet = {column: key for column, key in unmet.items() if key not in text}
            if not unmet:
                return artifact
    return replace(
        artifact,
        columns=tuple(column for column in artifact.columns if column not in unmet),
        source_fields={column: one for column, one in artifact.source_fields.items() if column not in unmet},
        field_map={column: field for column, field in artifact.field_map.items() if column not in unmet},
    )


def _copied(work: Work, gone: Leaving, target: Path) -> tuple[int, int, str]:
    is_csv = work.file.format == "csv"
    with open_bytes(work.file, stop=work.stop) as stream, target.open("wb") as raw:
        output = Output(raw, work.artifact.compression)
        blanks = is_csv and work.artifact.is_source
        rows = copy(stream, gone.numbers(), output, quoted=is_csv, header=is_csv, blanks=blanks)
        output.finish()
    return rows, output.size, output.digest
