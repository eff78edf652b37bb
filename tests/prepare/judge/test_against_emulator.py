"""Predictions against the emulator's own verdicts: the same rows, the same numbers, the same words."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

import duckdb
from hypothesis import example, given, settings

from syncer.emulator.catalogue import FieldDefinition
from syncer.model.files import SourceFormat
from tests.prepare.judge.oracle import actual, predicted
from tests.prepare.judge.strategies import Case, csv_files, definition, jsonl_files, parquet_files

EMAIL = {"a": definition("email", required=True), "b": definition("integer")}
TEXT = {"a": definition("string")}


def agree(case: Case, file_format: SourceFormat) -> None:
    """The predicted rejected rows file is the actual one, and nothing else is left in the work folder."""
    with tempfile.TemporaryDirectory() as folder:
        path, work_dir = Path(folder, "artifact"), Path(folder, "work")
        work_dir.mkdir()
        path.write_bytes(case.content)
        told = actual(path, file_format, case.fields, case.field_map)
        # As text: 1 is not 1.0, and a number that is not finite equals itself.
        assert repr(predicted(path, file_format, case.fields, case.field_map, work_dir=work_dir)) == repr(told)
        assert {each.name for each in work_dir.iterdir()} <= {"rejects.jsonl"}
        packed = Path(folder, "artifact.gz")
        packed.write_bytes(gzip.compress(case.content, 1))
        zipped = predicted(packed, file_format, case.fields, case.field_map, work_dir=work_dir, compression="gzip")
        assert repr(zipped) == repr(told)


@settings(max_examples=30)
@given(csv_files())
@example(Case(b"a,b\na@b.co,1,\n", EMAIL))
@example(Case(b"a\nx,\ny\n", TEXT))
@example(Case(b'a\n\n""\nx\n', TEXT))
@example(Case(b'a,b\n "a@b.co",1\n"a@b.co" ,2\n', EMAIL))
@example(Case(b"a,b\na@b.co,1\n\n\r\nbad,2\r", EMAIL))
@example(Case(b'a,b\n"bad\nx,1\ny,2",1\n', EMAIL))
def test_csv(case: Case) -> None:
    """Whatever a CSV file does, the prediction is what the API says of each row, or of the file."""
    agree(case, "csv")


@settings(max_examples=150)
@given(jsonl_files())
@example(Case(b'{"a":"a@b.co","b":1}\n{"a":"a@b.co","b":1,"b":2}\n', EMAIL))
@example(Case(b'{"a" :"a@b.co","a":"b@b.co"}\n{"b":1}\n', EMAIL))
@example(Case(b'{"a":"x","a":"y"}\n{}\n', TEXT))
@example(Case(b"{}\n", TEXT))
@example(Case(b'{"a":"x","z":' + b"9" * 5000 + b"}\n", TEXT))
def test_jsonl(case: Case) -> None:
    """The same for JSON lines."""
    agree(case, "jsonl")


@settings(max_examples=25)
@given(parquet_files())
def test_parquet(made: tuple[str, dict[str, FieldDefinition]]) -> None:
    """The same for Parquet columns of every type."""
    query, fields = made
    with tempfile.TemporaryDirectory() as folder:
        path, work_dir = Path(folder, "artifact.parquet"), Path(folder, "work")
        work_dir.mkdir()
        with duckdb.connect() as connection:
            connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
        field_map = {name: name for name in fields}
        told = actual(path, "parquet", fields, field_map)
        assert repr(predicted(path, "parquet", fields, field_map, work_dir=work_dir)) == repr(told)
