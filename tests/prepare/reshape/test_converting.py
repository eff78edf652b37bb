"""Parquet made of CSV and JSONL: every value survives, or the conversion is refused with its column and row."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from syncer.errors import PrepareError
from syncer.model.files import SourceFormat
from syncer.model.objects import FieldSchema
from syncer.model.spec import FieldType
from syncer.prepare.artifact import Artifact
from syncer.prepare.reshape import reshape as reshaping
from syncer.prepare.reshape.reshape import reshape
from tests.prepare.judge.pools import CASES
from tests.prepare.reshape.artifacts import (
    artifact_of,
    bytes_of,
    csv_bytes,
    hashed,
    numbers_file,
    parquet_rows,
    suppress_file,
)

FINER = "2026-04-21T16:30:00.123456789012345+05:45"
LOSSY: dict[str, tuple[str, ...]] = {
    "integer": (),
    "number": ("1e-999", "9" * 308, "1.7976931348623158e308", "1234567890.123456", "1e-310", "9007199254740993"),
    "boolean": (),
    "date": (),
    "datetime": (FINER, "2026-04-21T16:30:00.1234567Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"),
}
"""What the API takes and a Parquet column does not keep."""
MORE: dict[str, tuple[str, ...]] = {
    "integer": (),
    "number": ("0.000", "123456789012345", "12345678901234500000", "1.10", "2.22507385850721e-307"),
    "boolean": (),
    "date": (),
    "datetime": ("2026-04-21T16:30:00.1234560000Z", "2026-03-29T02:30:00+01:00", "9999-12-31T23:59:59.999999Z"),
}
TYPED = pytest.mark.parametrize("kind", ["integer", "number", "boolean", "date", "datetime"])


def one_value(
    kind: FieldType, value: str, tmp_path: Path, *, file_format: SourceFormat = "csv", before: int = 1
) -> Artifact:
    """An artifact whose last row has the value; those before it have none."""
    rows: bytes
    if file_format == "csv":
        rows = csv_bytes(["k", "v"], *[["x", None]] * before, ["y", value])
    else:
        rows = b'{"k":"x","v":null}\n' * before + f'{{"k":"y","v":{value}}}\n'.encode()
    return artifact_of(tmp_path, rows, ("k", "v"), file_format=file_format, types={"v": kind}, rows=before + 1)


def converted(made: Artifact, work_dir: Path, **more: Any) -> list[tuple[Any, ...]]:
    return parquet_rows(reshape(made, to="parquet", work_dir=work_dir, **more).artifact)[1]


@TYPED
def test_what_the_api_takes_is_cast_and_stays_the_same(kind: FieldType, tmp_path: Path, work_dir: Path) -> None:
    """Every text that a typed field takes survives, but those of which a Parquet column keeps less."""
    texts = [text for text, refusal in CASES[kind].items() if refusal is None and text not in LOSSY[kind]]
    texts += MORE[kind]
    rows = csv_bytes(["k", "v"], ["x", None], *(["y", text] for text in texts))
    made = artifact_of(tmp_path, rows, ("k", "v"), types={"v": kind}, rows=len(texts) + 1)
    values = [row[1] for row in converted(made, work_dir)]
    assert values == [None, *(_meant(kind, text) for text in texts)]


def _meant(kind: str, text: str) -> object:
    match kind:
        case "integer":
            return int(text)
        case "number":
            return float(text)
        case "boolean":
            return text == "true"
        case "date":
            return dt.date.fromisoformat(text)
    moment = dt.datetime.fromisoformat(text.replace(".1234560000", ".123456"))
    shown = moment.astimezone(dt.UTC).isoformat(" ").removesuffix("+00:00")
    return (shown.rstrip("0") if "." in shown else shown) + "+00"


@TYPED
def test_one_value_that_would_not_survive_stops_the_conversion(kind: FieldType, tmp_path: Path, work_dir: Path) -> None:
    """The error names row and column, and what to do."""
    refused = [text for text, refusal in CASES[kind].items() if refusal is not None and text]
    for text in [*refused[:8], *LOSSY[kind]]:
        with pytest.raises(
            PrepareError, match=r"people\.csv cannot be made Parquet: row 2: the value of 'v'"
        ) as caught:
            reshape(one_value(kind, text, tmp_path), to="parquet", work_dir=work_dir)
        assert caught.value.where == "people.csv, row 2"
        assert "on_invalid" in caught.value.next_step
        assert "prepare.format to csv" in caught.value.next_step
    assert list(work_dir.iterdir()) == []


@TYPED
def test_an_error_never_shows_the_value(kind: FieldType, tmp_path: Path, work_dir: Path) -> None:
    """What stands in a row stays there."""
    with pytest.raises(PrepareError) as caught:
        reshape(one_value(kind, "s3cret@x.io", tmp_path), to="parquet", work_dir=work_dir)
    error = caught.value
    assert "s3cret" not in f"{error.what} {error.where} {error.why} {error.next_step} {error.__cause__}"


@pytest.mark.parametrize(
    ("kind", "value", "meant"),
    [
        ("string", '"1.10"', "1.10"),
        ("string", '"a\\u0000\\n\\u00e9"', "a\0\né"),
        ("string", '""', ""),
        ("string", "7", None),
        ("string", '{"a":1}', None),
        ("string", "true", None),
        ("integer", "-9223372036854775808", -(2**63)),
        ("integer", "9223372036854775808", None),
        ("integer", "1" + "0" * 30, None),
        ("integer", "1.0", None),
        ("integer", "1e2", None),
        ("integer", '"7"', None),
        ("number", "7", 7.0),
        ("number", "1.10", 1.1),
        ("number", "-1.5E-3", -0.0015),
        ("number", "0e9999", 0.0),
        ("number", "1234567890.123456", None),
        ("number", "0.10000000000000000001", None),
        ("number", "123456789012345678901234567890", None),
        ("number", "1e400", None),
        ("number", "1e-400", None),
        ("number", '"7"', None),
        ("boolean", "false", False),
        ("boolean", '"true"', None),
        ("boolean", "1", None),
        ("date", '"2024-02-29"', dt.date(2024, 2, 29)),
        ("date", '"2023-02-29"', None),
        ("datetime", '"2026-04-21T16:30:00.5+02:00"', "2026-04-21 14:30:00.5+00"),
        ("datetime", '"2026-04-21T16:30:00"', None),
        ("datetime", "1700000000", None),
    ],
)
def test_a_json_value_has_to_be_of_its_type(
    kind: FieldType, value: str, meant: object, tmp_path: Path, work_dir: Path
) -> None:
    """As in JSONL, text is no number and a number no text; what counts is what the file says."""
    made = one_value(kind, value, tmp_path, file_format="jsonl")
    if meant is None:
        with pytest.raises(PrepareError, match="row 2: the value of 'v'"):
            reshape(made, to="parquet", work_dir=work_dir)
    else:
        assert converted(made, work_dir) == [("x", None), ("y", meant)]


def test_a_row_that_is_no_json_object_stops_the_conversion(tmp_path: Path, work_dir: Path) -> None:
    """The API would refuse that row alone, which Parquet has no place for; left out, it is none of its business."""
    for broken in (b"{\n", b"[1]\n", b'"x"\n', b'{"k":\r1\n'):
        made = artifact_of(tmp_path, b'{"k":"a"}\n' + broken, ("k",), file_format="jsonl", rows=2)
        with pytest.raises(PrepareError, match="row 2: it is no JSON object"):
            reshape(made, to="parquet", work_dir=work_dir)
        assert converted(made, work_dir, leave_out=numbers_file(tmp_path, 2)) == [("a",)]


def test_a_ragged_row_stops_the_conversion(tmp_path: Path, work_dir: Path) -> None:
    """It is named by its number, unless it is left out."""
    made = artifact_of(tmp_path, b"k,v\na,1\n,,\n,,\nb,2\n", ("k", "v"), rows=4)
    with pytest.raises(PrepareError, match="row 3: it has not as many cells as the header"):
        reshape(made, to="parquet", leave_out=numbers_file(tmp_path, 2), work_dir=work_dir)
    assert converted(made, work_dir, leave_out=numbers_file(tmp_path, 2, 3)) == [("a", "1"), ("b", "2")]


def test_rows_that_leave_are_not_cast(tmp_path: Path, work_dir: Path) -> None:
    """A quarantined or suppressed row may hold anything, and rows keep the numbers that they had."""
    content = csv_bytes(["k", "v"], ["a", "x"], ["b", "1"], ["c", "y"], ["d", "2"], ["e", "z"])
    made = artifact_of(tmp_path, content, ("k", "v"), types={"v": "integer"}, rows=5)
    leave_out, listed = numbers_file(tmp_path, 1), suppress_file(tmp_path, hashed("c"))
    with pytest.raises(PrepareError, match="row 5"):
        reshape(
            made, to="parquet", leave_out=leave_out, suppress=listed, match_column="k", sort=True, work_dir=work_dir
        )
    rows = converted(made, work_dir, leave_out=numbers_file(tmp_path, 1, 3, 5), match_column="k", sort=True)
    assert rows == [("b", 1), ("d", 2)]


def test_text_stays_text(tmp_path: Path, work_dir: Path) -> None:
    """Nothing that looks like something else is changed, and an empty cell is null."""
    texts = ["01", "1e5", "NULL", "NA", " a ", "true", "2026-01-01", "ünï🙂", "\0", "a\nb\r", '"', None]
    made = artifact_of(tmp_path, csv_bytes(["k"], *([text] for text in texts)), ("k",), rows=len(texts))
    result = reshape(made, to="parquet", work_dir=work_dir)
    assert parquet_rows(result.artifact) == ({"k": "VARCHAR"}, [(text,) for text in texts])
    assert (result.artifact.format, result.artifact.compression) == ("parquet", None)
    assert (result.artifact.file_name, result.artifact.rows) == ("people.parquet", len(texts))
    assert result.artifact.digest.startswith("sha256:")
    assert bytes_of(result.artifact).startswith(b"PAR1")


def test_the_field_decides_on_the_type(tmp_path: Path, work_dir: Path) -> None:
    """A field takes only its own kind from Parquet, so a column declared otherwise becomes what the field is."""
    content = csv_bytes(["n", "t", "u", "e"], ["1", "007", "x", "a@x.io"])
    types: dict[str, FieldType] = {"n": "string", "t": "integer", "u": "integer", "e": "string"}
    made = artifact_of(tmp_path, content, types, types=types, rows=1)
    schema = {
        "n": FieldSchema(type="integer"),
        "t": FieldSchema(type="string"),
        "u": FieldSchema(type="json"),
        "e": FieldSchema(type="email", required=True),
    }
    result = reshape(made, to="parquet", schema=schema, work_dir=work_dir)
    assert parquet_rows(result.artifact) == (
        {"n": "BIGINT", "t": "VARCHAR", "u": "VARCHAR", "e": "VARCHAR"},
        [(1, "007", "x", "a@x.io")],
    )
    assert result.artifact.source_fields == {"n": "integer", "t": "string", "u": "string", "e": "string"}


@pytest.mark.parametrize(
    ("value", "survives"),
    [('{"a":[1,2.5,"x"]}', True), ("7", True), ("1.10", False), ("[1, 2]", False), ("1e5", False)],
)
def test_nested_json_becomes_text_where_the_field_may_take_it(
    value: str, survives: bool, tmp_path: Path, work_dir: Path
) -> None:
    """For a field of a type that nobody knows, a JSON value is its own text, if that is exactly what the row holds."""
    made = one_value("string", value, tmp_path, file_format="jsonl")
    schema = {"v": FieldSchema(type="json")}
    if survives:
        assert converted(made, work_dir, schema=schema) == [("x", None), ("y", value)]
    else:
        with pytest.raises(PrepareError, match="the value of 'v'"):
            reshape(made, to="parquet", schema=schema, work_dir=work_dir)


def test_a_parquet_file_is_the_same_bytes_every_time(tmp_path: Path, work_dir: Path) -> None:
    """Neither time nor the memory at hand is in it."""
    content = csv_bytes(["k", "v"], *([f"k{number % 97}", str(number)] for number in range(200_000)))
    made = artifact_of(tmp_path, content, ("k", "v"), types={"v": "integer"}, rows=200_000)
    for wish in ({}, {"sort": True, "match_column": "k"}):
        digests = {
            reshape(made, to="parquet", work_dir=work_dir, memory_limit=memory, **wish).artifact.digest  # type: ignore[arg-type]
            for memory in (300 << 20, 300 << 20, 8 << 30)
        }
        assert len(digests) == 1


def test_auto_makes_parquet_of_large_files_only(
    tmp_path: Path, work_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counts is the rows that are left, and a file that is Parquet already stays as it is."""
    monkeypatch.setattr(reshaping, "AUTO_ROWS", 2)
    content = csv_bytes(["k"], ["c"], ["b"], ["a"])
    made = artifact_of(tmp_path, content, ("k",), rows=3)
    result = reshape(made, to="auto", work_dir=work_dir)
    assert (parquet_rows(result.artifact)[1], result.kept_format) == ([("c",), ("b",), ("a",)], "")
    assert reshape(result.artifact, to="auto", work_dir=work_dir).artifact is result.artifact
    fewer = reshape(made, to="auto", leave_out=numbers_file(tmp_path, 1), work_dir=work_dir)
    assert (fewer.artifact.format, fewer.artifact.rows, fewer.kept_format) == ("csv", 2, "")
    uncounted = artifact_of(tmp_path, b'{"k":"a"}\n' * 3, ("k",), file_format="jsonl")
    assert reshape(uncounted, to="auto", work_dir=work_dir).artifact.format == "parquet"


def test_auto_keeps_the_format_that_holds_every_value_and_says_why(
    tmp_path: Path, work_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A value that would not survive is no error there; the rest of the wish is done in the source's format."""
    monkeypatch.setattr(reshaping, "AUTO_ROWS", 1)
    made = artifact_of(
        tmp_path, csv_bytes(["k", "v"], ["b", "1"], ["a", "x"]), ("k", "v"), types={"v": "integer"}, rows=2
    )
    result = reshape(made, to="auto", sort=True, match_column="k", work_dir=work_dir)
    assert bytes_of(result.artifact) == b"k,v\na,x\nb,1\n"
    assert result.kept_format == (
        "it stays csv, because Parquet cannot hold it: row 2: the value of 'v' is not an integer of 64 bits"
    )
    assert reshape(made, to="auto", work_dir=work_dir).artifact is made
    assert list(work_dir.iterdir()) == [result.artifact.path]


def test_columns_that_differ_only_in_letter_case_are_no_parquet_columns(
    tmp_path: Path, work_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer does not tell them apart; auto keeps the format."""
    made = artifact_of(tmp_path, b"k,K\n1,2\n3,4\n", ("k", "K"), rows=2)
    with pytest.raises(PrepareError, match="differ only in letter case"):
        reshape(made, to="parquet", work_dir=work_dir)
    monkeypatch.setattr(reshaping, "AUTO_ROWS", 1)
    assert "letter case" in reshape(made, to="auto", work_dir=work_dir).kept_format


@pytest.mark.parametrize(("own", "to"), [("csv", "jsonl"), ("jsonl", "csv"), ("parquet", "csv")])
def test_files_are_only_converted_to_parquet(
    own: SourceFormat, to: SourceFormat, tmp_path: Path, work_dir: Path
) -> None:
    """Another target is refused with what can be chosen instead."""
    made = artifact_of(tmp_path, b"anything", ("k",), file_format=own, rows=1)
    with pytest.raises(PrepareError, match=f"is {own}, and cannot be made {to}") as caught:
        reshape(made, to=to, work_dir=work_dir)
    assert "parquet" in caught.value.next_step
