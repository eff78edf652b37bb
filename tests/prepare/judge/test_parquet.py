"""Parquet: a column's type decides for all of its values."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from syncer.errors import PrepareError
from syncer.model.objects import FieldSchema
from tests.prepare.judge.oracle import run

AT = FieldSchema(type="datetime")


def parquet(path: Path, query: str) -> Path:
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return path


def judged(tmp_path: Path, query: str, schema: dict[str, FieldSchema]) -> list[dict[str, object]]:
    path = parquet(tmp_path / "artifact.parquet", query)
    judgement, lines = run(path, "parquet", schema, {name: name for name in schema}, work_dir=tmp_path)
    judgement.discard()
    return lines


@pytest.mark.parametrize(
    ("value", "kind", "reason"),
    [
        ("TIMESTAMP '2026-04-21 10:00:00'", "datetime", "v: naive datetime — include timezone offset"),
        ("TIMESTAMP_NS '2026-04-21 10:00:00'", "datetime", "v: naive datetime — include timezone offset"),
        ("DATE '2026-04-21'", "datetime", "v: not an RFC 3339 datetime"),
        ("'2026-04-21T10:00:00Z'", "datetime", "v: not an RFC 3339 datetime"),
        ("TIMESTAMPTZ '10000-01-01 00:00:00+00'", "datetime", "v: not an RFC 3339 datetime"),
        ("TIMESTAMPTZ 'infinity'", "datetime", "v: not an RFC 3339 datetime"),
        ("DATE '10000-01-01'", "date", "v: not a date (YYYY-MM-DD)"),
        ("DATE 'infinity'", "date", "v: not a date (YYYY-MM-DD)"),
        ("TIMESTAMPTZ '2026-04-21 10:00:00+00'", "date", "v: not a date (YYYY-MM-DD)"),
        ("'5'", "integer", "v: not an integer"),
        ("5.0::DECIMAL(9, 1)", "integer", "v: not an integer"),
        ("9223372036854775808::UBIGINT", "integer", "v: integer out of range"),
        ("'nan'::FLOAT", "number", "v: not a number"),
        ("true", "number", "v: not a number"),
        ("1", "boolean", "v: not a boolean"),
        ("5", "string", "v: not a string"),
        ("['x']", "text", "v: not a string"),
        ("'x'::BLOB", "email", "v: invalid email format"),
        ("''", "email", "v: invalid email format"),
    ],
)
def test_a_value_that_its_field_does_not_take(value: str, kind: str, reason: str, tmp_path: Path) -> None:
    """Values need the field's own type and range; a null is none, whatever its column's type."""
    query = f"SELECT {value} AS v UNION ALL SELECT NULL"
    assert [line["error"] for line in judged(tmp_path, query, {"v": FieldSchema(type=kind)})] == [reason]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("TIMESTAMPTZ '2026-04-21 10:00:00+02'", "datetime"),
        ("TIMESTAMPTZ '9999-12-31 23:59:59.999999+00'", "timestamp"),
        ("DATE '0001-01-01'", "date"),
        ("9223372036854775807::UBIGINT", "integer"),
        ("1::TINYINT", "number"),
        ("1.5::DECIMAL(38, 4)", "decimal"),
        ("1e300", "number"),
        ("true", "boolean"),
        ("''", "string"),
        ("'{}'::JSON", "string"),
        ("'a@b.co'", "email"),
        ("[1]", "whatever"),
    ],
)
def test_a_value_that_its_field_takes(value: str, kind: str, tmp_path: Path) -> None:
    """Integers are numbers, JSON is text, and a type that nobody knows takes anything."""
    assert judged(tmp_path, f"SELECT {value} AS v", {"v": FieldSchema(type=kind, required=True)}) == []


def test_rejected_rows_are_shown_whole_and_as_json(tmp_path: Path) -> None:
    """Every column of the row is shown; numbers that JSON does not have are text, also where they are nested."""
    query = """SELECT 'x' AS v, 'nan'::DOUBLE AS f, '-inf'::FLOAT AS g, [1.5, 'inf'::DOUBLE] AS h, [1.5] AS i,
        1.25::DECIMAL(9, 2) AS d, 12345678901234567890::UBIGINT AS u, {'a': 'é"'} AS s, NULL AS z,
        -0.5::DECIMAL(18, 18) AS p, {'a': [0.25::DECIMAL(20, 20)], 'b': ':.5'} AS q, 0.5::DECIMAL(38, 38) AS r"""
    (line,) = judged(tmp_path, query, {"v": FieldSchema(type="integer")})
    assert line["sourceRow"] == {
        "v": "x",
        "f": "NaN",
        "g": "-Infinity",
        "h": "[1.5,Infinity]",
        "i": [1.5],
        "d": 1.25,
        "u": 12345678901234567890,
        "s": {"a": 'é"'},
        "z": None,
        "p": -0.5,
        "q": {"a": [0.25], "b": ":.5"},
        "r": 0.5,
    }
    assert json.loads((tmp_path / "rejects.jsonl").read_bytes(), parse_constant=pytest.fail) == line


def test_columns_may_be_called_anything(tmp_path: Path) -> None:
    """Names that the engine or the statement has a use for, and names that are no SQL, are only names."""
    names = ("file_row_number", "source", "reason", "rows", "c0", "file_name", 'a"b', "$1")
    query = "SELECT " + ", ".join(
        f'{place} AS "{name.replace(chr(34), chr(34) * 2)}"' for place, name in enumerate(names)
    )
    told = judged(tmp_path, query, {name: FieldSchema(type="string") for name in reversed(names)})
    assert told == [
        {
            "rowNumber": 1,
            "sourceRow": {name: place for place, name in enumerate(names)},
            "error": "$1: not a string",
        }
    ]


def test_rows_of_many_groups_keep_their_numbers(tmp_path: Path) -> None:
    """Rows are numbered as they stand in the file, across its row groups and the engine's threads."""
    query = """SELECT CASE WHEN range % 1000 = 6 THEN 'bad' ELSE 'a@b.co' END AS mail, range AS n
        FROM range(400000) ORDER BY n"""
    told = judged(tmp_path, query, {"mail": FieldSchema(type="email")})
    assert [(line["rowNumber"], line["sourceRow"]) for line in told] == [
        (number + 1, {"mail": "bad", "n": number}) for number in range(6, 400_000, 1000)
    ]


def test_files_that_would_fail_their_job(tmp_path: Path) -> None:
    """A mapped column that is not there, in these very letters, and a damaged file are no rows to judge."""
    whole = parquet(tmp_path / "whole.parquet", "SELECT 'a' AS Mail").read_bytes()
    with pytest.raises(PrepareError, match="no column 'mail'"):
        run(tmp_path / "whole.parquet", "parquet", {}, {"mail": "f"}, work_dir=tmp_path)
    for damaged in (whole[:-10], b"a,b\n1,2\n", b""):
        (tmp_path / "damaged.parquet").write_bytes(damaged)
        with pytest.raises(PrepareError):
            run(tmp_path / "damaged.parquet", "parquet", {"f": AT}, {"Mail": "f"}, work_dir=tmp_path)
