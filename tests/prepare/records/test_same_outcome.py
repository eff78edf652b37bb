"""Records against import jobs: of the same file the same rows are taken, with the same values, and the same refused."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from hypothesis import example, given, settings

from syncer.emulator.app import _parse
from syncer.emulator.csv_reader import CsvReader
from syncer.emulator.endpoints.records import _accept
from syncer.emulator.importing import _Check
from syncer.emulator.jsonl_reader import JsonlReader
from syncer.emulator.parquet_reader import ParquetReader
from syncer.emulator.reading import JobFailedError
from syncer.emulator.rules import RejectedValueError
from syncer.errors import PrepareError
from syncer.prepare.artifact import Artifact
from syncer.prepare.records.batches import RecordRows
from tests.prepare.judge.oracle import schema_of
from tests.prepare.judge.strategies import Case, csv_files, definition, jsonl_files, parquet_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncer.emulator.catalogue import FieldDefinition
    from syncer.emulator.reading import Reader
    from syncer.model.files import Compression, SourceFormat

    Fields = Mapping[str, FieldDefinition]

TYPED = {"a": definition("number"), "b": definition("boolean"), "c": definition("integer")}
FAILED = "the job fails"
REJECTED = "rejected"
Outcome = list[dict[str, Any] | str] | str


class _Object:
    """As much of an object's definition as the records endpoint looks at."""

    def __init__(self, fields: Fields) -> None:
        self.fields = fields


def of_job(path: Path, file_format: SourceFormat, fields: Fields) -> Outcome:
    """What an import job makes of each row: the values that it stores, or that it rejects it."""
    try:
        if file_format == "parquet":
            with duckdb.connect() as session:
                return _stored_by_job(ParquetReader(path, dict(fields), session), fields)
        reader = CsvReader if file_format == "csv" else JsonlReader
        return _stored_by_job(reader(path, list(fields), compressed=False), fields)
    except JobFailedError:
        return FAILED


def _stored_by_job(reader: Reader, fields: Fields) -> Outcome:
    found: list[dict[str, Any] | str] = []
    checks: list[_Check] = []
    for row in reader.rows():
        checks = checks or [_Check(name, name, each.required, reader.rule(name, each)) for name, each in fields.items()]
        if row.error is not None:
            found.append(REJECTED)
            continue
        try:
            values = [check.apply(value) for check, value in zip(checks, row.values, strict=True)]
        except RejectedValueError:
            found.append(REJECTED)
        else:
            found.append(comparable(dict(zip(fields, values, strict=True)), fields))
    return found


def of_records(
    path: Path, file_format: SourceFormat, fields: Fields, compression: Compression | None = None
) -> Outcome:
    """What the records endpoint makes of each row's record; a row that is none is rejected."""
    with tempfile.TemporaryDirectory() as folder:
        rows = RecordRows(
            artifact=artifact_of(path, file_format, fields, compression),
            schema=schema_of(fields),
            name="people",
            work_dir=Path(folder),
        )
        try:
            return [_stored_by_records(row.record, fields) for row in rows]
        except PrepareError:
            return FAILED


def _stored_by_records(record: bytes, fields: Fields) -> dict[str, Any] | str:
    if not record:
        return REJECTED
    request: Any = type("Request", (), {"headers": {"content-type": "application/json"}})()
    body = _parse(b'{"records":[' + record + b"," + record + b"]}", request)
    assert list(body["records"][0]) == list(fields)
    definition: Any = _Object(fields)
    try:
        return comparable(_accept(definition, body["records"][1]), fields)
    except RejectedValueError:
        return REJECTED


def comparable(stored: Mapping[str, str | None], fields: Fields) -> dict[str, Any]:
    """Return what is in the table in the end: a number is a double, however it was written."""
    return {
        name: repr(float(value)) if value is not None and fields[name].type == "number" else value
        for name, value in stored.items()
    }


def artifact_of(path: Path, file_format: SourceFormat, fields: Fields, compression: Compression | None) -> Artifact:
    return Artifact(
        path=path,
        owned=False,
        format=file_format,
        compression=compression,
        size=path.stat().st_size,
        digest="",
        rows=None,
        columns=tuple(fields),
        file_name=path.name,
        source_fields=dict.fromkeys(fields, "string"),
        field_map={name: name for name in fields},
    )


def agree(case: Case, file_format: SourceFormat) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "artifact")
        path.write_bytes(case.content)
        told = of_job(path, file_format, case.fields)
        assert of_records(path, file_format, case.fields) == told
        packed = Path(folder, "artifact.gz")
        packed.write_bytes(gzip.compress(case.content, 1))
        assert of_records(packed, file_format, case.fields, "gzip") == told


@settings(max_examples=60)
@given(csv_files())
@example(Case(b"a,b,c\n1.10,true,007\n1e999,True,-0\n,,\n1E5,false,12\n", TYPED))
@example(Case(b"a\n" + b"1" * 5000 + b"\n", {"a": definition("integer")}))
@example(Case(b"a\n-0\n-0.0\n-0e5\n", {"a": definition("number")}))
def test_csv(case: Case) -> None:
    """Whatever a CSV file does."""
    agree(case, "csv")


@settings(max_examples=150)
@given(jsonl_files())
@example(Case(b'{"a":' + b"[" * 300 + b"]" * 300 + b'}\n{"a":"x"}\n', {"a": definition("string")}))
@example(Case(b'{"a":"\\ud800"}\n{"a":"x"}\n', {"a": definition("string")}))
@example(Case(b'{"a":1.0}\n{"a":1}\n{}\n', {"a": definition("integer")}))
def test_jsonl(case: Case) -> None:
    """Whatever a JSONL file does."""
    agree(case, "jsonl")


@settings(max_examples=40)
@given(parquet_files())
@example(("SELECT -0.5::DECIMAL(4, 4) AS a, 0.25::DECIMAL(18, 18) AS c", {"a": definition("number"), "c": TYPED["c"]}))
def test_parquet(made: tuple[str, dict[str, FieldDefinition]]) -> None:
    """Whatever the types of a Parquet file's columns are."""
    query, fields = made
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "artifact.parquet")
        with duckdb.connect() as connection:
            connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
        assert of_records(path, "parquet", fields) == of_job(path, "parquet", fields)
