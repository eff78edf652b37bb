"""What the predictions are held against: the emulator's own readers and rules, run on a file without a server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from syncer.emulator.catalogue import FieldDefinition
from syncer.emulator.csv_reader import CsvReader
from syncer.emulator.importing import _Check, rejected_line
from syncer.emulator.jsonl_reader import JsonlReader
from syncer.emulator.parquet_reader import ParquetReader
from syncer.emulator.reading import JobFailedError, Reader, Row
from syncer.emulator.rules import RejectedValueError
from syncer.errors import PrepareError
from syncer.model.files import Compression, SourceFormat
from syncer.model.objects import FieldSchema
from syncer.prepare.judge.judge import judge
from syncer.prepare.judge.judgement import Judgement

Fields = Mapping[str, FieldDefinition]
FAILED = "the job fails"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Rows read, and the lines of the rejected rows file."""

    rows: int
    rejected: list[dict[str, Any]]

    @property
    def reasons(self) -> dict[int, str]:
        return {line["rowNumber"]: line["error"] for line in self.rejected}


def actual(
    path: Path, file_format: SourceFormat, fields: Fields, field_map: Mapping[str, str], *, compressed: bool = False
) -> Verdict | str:
    """What the emulator says of the file; FAILED where its job fails."""
    mapped = {column: fields[to] for column, to in field_map.items()}
    try:
        if file_format == "parquet":
            with duckdb.connect() as session:
                return _judged(ParquetReader(path, mapped, session), fields, field_map)
        reader = CsvReader if file_format == "csv" else JsonlReader
        return _judged(reader(path, list(mapped), compressed=compressed), fields, field_map)
    except JobFailedError:
        return FAILED


def predicted(
    path: Path,
    file_format: SourceFormat,
    fields: Fields,
    field_map: Mapping[str, str],
    *,
    work_dir: Path,
    compression: Compression | None = None,
) -> Verdict | str:
    """What is predicted of it, in the same form; the judgement's own counts are checked on the way."""
    try:
        judgement, lines = run(
            path, file_format, schema_of(fields), field_map, work_dir=work_dir, compression=compression
        )
    except PrepareError:
        return FAILED
    check_counts(judgement, lines)
    return Verdict(judgement.rows, lines)


def run(
    path: Path,
    file_format: SourceFormat,
    schema: Mapping[str, FieldSchema],
    field_map: Mapping[str, str],
    *,
    work_dir: Path,
    compression: Compression | None = None,
    **more: Any,
) -> tuple[Judgement, list[dict[str, Any]]]:
    """Judge a file, and read the rejected rows back."""
    judgement = judge(
        path,
        file_format=file_format,
        compression=compression,
        columns=tuple(field_map),
        field_map=field_map,
        source_fields=more.pop("source_fields", dict.fromkeys(field_map, "string")),
        schema=schema,
        rejects=work_dir / "rejects.jsonl",
        work_dir=work_dir,
        **more,
    )
    if judgement.rejects is None:
        return judgement, []
    return judgement, [json.loads(line) for line in judgement.rejects.read_bytes().splitlines()]


def check_counts(judgement: Judgement, lines: list[dict[str, Any]]) -> None:
    """Counts, row numbers and grouped reasons all say what the rejected rows say."""
    numbers = [line["rowNumber"] for line in lines]
    assert judgement.invalid == len(lines) == judgement.rows - judgement.valid
    assert list(judgement.rejected_numbers()) == numbers == sorted(set(numbers))
    assert sum(each.count for each in judgement.reasons) == len(lines)
    assert {each.first_row for each in judgement.reasons} <= set(numbers)
    judgement.discard()


def schema_of(fields: Fields) -> dict[str, FieldSchema]:
    """The fields as the Metadata API describes them."""
    return {
        name: FieldSchema(type=each.type, required=each.required, nullable=not each.required, enum=each.values)
        for name, each in fields.items()
    }


def _judged(reader: Reader, fields: Fields, field_map: Mapping[str, str]) -> Verdict:
    rows = 0
    checks: list[_Check] = []
    rejected: list[dict[str, Any]] = []
    for rows, row in enumerate(reader.rows(), 1):
        checks = checks or [
            _Check(column, to, fields[to].required, reader.rule(column, fields[to])) for column, to in field_map.items()
        ]
        reason = _reason(row, checks)
        if reason is not None:
            rejected.append(json.loads(rejected_line(rows, reader.originals([row])[0], reason)))
    return Verdict(rows, rejected)


def _reason(row: Row, checks: list[_Check]) -> str | None:
    if row.error is not None:
        return row.error
    try:
        for check, value in zip(checks, row.values, strict=True):
            check.apply(value)
    except RejectedValueError as error:
        return str(error.args[0])
    return None
