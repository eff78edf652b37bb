"""The rows of an artifact in batches that the records API takes, the same ones each time they are gone through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from syncer.errors import PrepareError
from syncer.model.objects import FieldSchema
from syncer.prepare.artifact import Artifact
from syncer.prepare.engine import DEFAULT_MEMORY
from syncer.prepare.judge.checks import checks_of
from syncer.prepare.read_back import small_file
from syncer.prepare.records import from_csv, from_jsonl
from syncer.prepare.records.row import Row
from syncer.prepare.stopping import Stop

MOST_ROWS: Final = 10_000
"""How many records a batch of the API may hold."""
FEWEST_ROWS: Final = 2
"""A batch of one record is refused."""
MOST_BYTES: Final = 4_900_000
"""How large the records of a batch are together: with a lone one sent twice, still within a request's 10 MB."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What an artifact's rows are as records: how many, how many of them are none, the longest record in bytes."""

    rows: int
    refused: int
    longest: int

    @property
    def records(self) -> int:
        return self.rows - self.refused


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRows:
    """The rows of one artifact on this disk, to be gone through as often as wanted.

    `schema` are the object's fields; one that it lacks has its column's declared type. `name` is what errors call the
    file, `memory_limit` is in bytes. Going through raises PrepareError for a file that an import job would fail as a
    whole, SourceError when it cannot be read, Interrupted when `stop` says so.
    """

    artifact: Artifact
    schema: Mapping[str, FieldSchema]
    name: str
    work_dir: Path
    memory_limit: int = DEFAULT_MEMORY
    stop: Stop | None = None

    def __iter__(self) -> Iterator[Row]:
        artifact = self.artifact
        if artifact.path is None:
            raise AssertionError("records are made of an artifact on this disk")
        file = small_file(artifact.path, self.name, artifact)
        checks = checks_of(artifact.field_map, artifact.source_fields, self.schema)
        if artifact.format == "csv":
            return from_csv.rows_of(file, checks, stop=self.stop)
        if artifact.format == "jsonl":
            return from_jsonl.rows_of(file, checks, stop=self.stop)
        from syncer.prepare.records import from_parquet

        return from_parquet.rows_of(file, checks, self.work_dir, memory_limit=self.memory_limit, stop=self.stop)

    def batches(self) -> Iterator[list[Row]]:
        """Yield the rows in order, as many at once as fit one request; some of them may be no records."""
        batch: list[Row] = []
        size = 0
        for row in self:
            length = len(row.record) + 1
            if batch and (len(batch) == MOST_ROWS or size + length > MOST_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(row)
            size += length
        if batch:
            yield batch

    def survey(self) -> Survey:
        """Go through all rows once, so that whatever stops them stops them before anything is sent."""
        rows = refused = longest = 0
        for row in self:
            rows += 1
            refused += not row.record
            longest = max(longest, len(row.record))
        return Survey(rows, refused, longest)

    def check_size(self, survey: Survey) -> None:
        """Raise PrepareError for a record that no request takes."""
        if survey.longest >= MOST_BYTES:
            raise PrepareError(
                f"a row of {self.name} is too large for a record",
                where=self.name,
                why=f"it takes {survey.longest:,} bytes, and a request of the records API takes 10 MB",
                next_step="have the file sent by an import job: target.via: import",
            )
