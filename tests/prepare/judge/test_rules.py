"""Every rule, value by value: the engine, the exact readers and the emulator say the same of it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from syncer.emulator.catalogue import FieldType
from syncer.model.files import SourceFormat
from syncer.model.objects import FieldSchema
from syncer.prepare.judge import csv_engine, csv_exact, patterns
from syncer.prepare.judge.sql import _full_match
from syncer.prepare.judge.values import _matches_date
from tests.prepare.judge.oracle import actual, run, schema_of
from tests.prepare.judge.pools import (
    BAD_DATE,
    BAD_EMAIL,
    BAD_TIME,
    CASES,
    NAIVE,
    NOT_BOOLEAN,
    NOT_ENUM,
    NOT_INTEGER,
    NOT_NUMBER,
    OUT_OF_RANGE,
)
from tests.prepare.judge.strategies import KINDS, definition

BAD_TEXT = "not a string"


@pytest.fixture(params=["engine", "exact"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Which of the two CSV readers has to do it."""
    if request.param == "engine":
        monkeypatch.delattr(csv_exact, "judge")
    else:
        monkeypatch.setattr(csv_engine, "judge", lambda *_: None)
    return str(request.param)


def csv_of(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def reasons(
    tmp_path: Path,
    content: bytes,
    schema: Mapping[str, FieldSchema],
    field_map: Mapping[str, str],
    file_format: SourceFormat = "csv",
    **more: Any,
) -> dict[int, str]:
    path = tmp_path / "artifact"
    path.write_bytes(content)
    judgement, lines = run(path, file_format, schema, field_map, work_dir=tmp_path, **more)
    judgement.discard()
    return {line["rowNumber"]: line["error"] for line in lines}


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("kind", KINDS)
def test_every_text_gets_its_reason(kind: FieldType, tmp_path: Path) -> None:
    """A cell is taken or refused, with exactly the words that are listed for it; the e-mail's begin with the column."""
    fields = {"f": definition(kind)}
    cases = {"": None, **CASES[kind]}
    told = reasons(tmp_path, csv_of([["c"], *([value] for value in cases)]), schema_of(fields), {"c": "f"})
    prefix = "c" if kind == "email" else "f"
    assert told == {
        number: f"{prefix}: {reason}" for number, reason in enumerate(cases.values(), 1) if reason is not None
    }
    judged = actual(tmp_path / "artifact", "csv", fields, {"c": "f"})
    assert not isinstance(judged, str)
    assert judged.reasons == told


NATIVE: dict[FieldType, dict[str, str | None]] = {
    "string": {'"x"': None, '""': None, "5": BAD_TEXT, "true": BAD_TEXT, "[1]": BAD_TEXT, "{}": BAD_TEXT}
    | dict.fromkeys(('"\\ud800"', '"a\\udfff"', '"\\ud800\\u0041"'), "not valid Unicode text"),
    "email": {'"a@b.co"': None, '"\\u0061@b.co"': None}
    | dict.fromkeys(("5", '""', '["a@b.co"]', '"\\ud800"'), BAD_EMAIL),
    "integer": {"5": None, "-0": None, "9223372036854775807": None, "-9223372036854775808": None}
    | dict.fromkeys(('"5"', "5.0", "5e0", "-0.0", "true", "1e999", "[]"), NOT_INTEGER)
    | dict.fromkeys(("9223372036854775808", "-9223372036854775809", "1" * 400), OUT_OF_RANGE),
    "number": {"5": None, "5.5": None, "1e308": None, "1e-999": None, "1" * 300: None}
    | dict.fromkeys(('"5"', "true", "1e999", "-1e999", "1" * 400, "{}"), NOT_NUMBER),
    "boolean": {"true": None, "false": None} | dict.fromkeys(('"true"', "1", "0", "[]"), NOT_BOOLEAN),
    "date": {'"2024-02-29"': None} | dict.fromkeys(("20240229", '"2023-02-29"', '""', "[]"), BAD_DATE),
    "datetime": {'"2026-04-21T16:30:00Z"': None, '"2026-04-21"': NAIVE}
    | dict.fromkeys(("1713690000", '"2026-04-21 16:30:00Z"', '""'), BAD_TIME),
    "enum": {'"a"': None, '"1"': None} | dict.fromkeys(('"b"', "1", '""', "true"), NOT_ENUM),
}


@pytest.mark.parametrize("kind", KINDS)
def test_json_values_need_their_own_type(kind: FieldType, tmp_path: Path) -> None:
    """A JSON value of another type is refused, however well its text would do; null is null."""
    fields = {"f": definition(kind)}
    cases = {"null": None, **NATIVE[kind]}
    content = "".join(f'{{"c":{value}}}\n' for value in cases).encode()
    told = reasons(tmp_path, content, schema_of(fields), {"c": "f"}, "jsonl")
    prefix = "c" if kind == "email" else "f"
    assert told == {
        number: f"{prefix}: {reason}" for number, reason in enumerate(cases.values(), 1) if reason is not None
    }
    judged = actual(tmp_path / "artifact", "jsonl", fields, {"c": "f"})
    assert not isinstance(judged, str)
    assert judged.reasons == told


@pytest.mark.usefixtures("reader")
def test_one_error_a_row_in_the_order_of_the_mapping(tmp_path: Path) -> None:
    """The first refused column in fieldMap order is told, wherever the file has it, and a required null counts."""
    schema = {
        "n": FieldSchema(type="integer"),
        "key": FieldSchema(type="email", required=True),
        "at": FieldSchema(type="datetime", nullable=False),
    }
    rows = [["at", "mail", "n"], ["", "", "x"], ["", "", "1"], ["", "bad", "1"], ["", "a@b.co", "1"], ["2026", "", ""]]
    assert reasons(tmp_path, csv_of(rows), schema, {"n": "n", "mail": "key", "at": "at"}) == {
        1: "n: not an integer",
        2: "key: required value is missing",
        3: "mail: invalid email format",
        4: "at: required value is missing",
        5: "key: required value is missing",
    }


@pytest.mark.usefixtures("reader")
def test_an_unknown_object_is_judged_by_the_declared_types(tmp_path: Path) -> None:
    """Without metadata only what the mapping says of its columns is known: no e-mails, nothing required."""
    content = csv_of([["a", "b"], ["no e-mail", "x"], ["", "5"]])
    field_map = {"a": "email", "b": "points"}
    told = reasons(tmp_path, content, {}, field_map, source_fields={"a": "string", "b": "integer"})
    assert told == {1: "points: not an integer"}


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(
    ("schema", "refused"),
    [
        pytest.param(FieldSchema(type="geo_point"), set(), id="a type nobody knows takes anything"),
        pytest.param(FieldSchema(type="phone"), set(), id="text under another name"),
        pytest.param(FieldSchema(type="enum"), set(), id="an enum without values"),
        pytest.param(FieldSchema(type="string", enum=("1", "x")), {3}, id="values decide, whatever the type"),
        pytest.param(FieldSchema(type="Decimal"), {2, 3}, id="another word for number, in any case"),
        pytest.param(FieldSchema(type="timestamp"), {1, 2, 3}, id="another word for datetime"),
    ],
)
def test_the_api_has_more_words_for_types(schema: FieldSchema, refused: set[int], tmp_path: Path) -> None:
    """Types are judged by what they hold; the column's declared type plays no part where the field is known."""
    content = csv_of([["c"], ["1"], ["x"], ["y"]])
    assert set(reasons(tmp_path, content, {"f": schema}, {"c": "f"}, source_fields={"c": "boolean"})) == refused


def test_text_under_another_name_is_text_in_json_too(tmp_path: Path) -> None:
    """A known kind of text takes JSON strings only, an unknown type every value but a null that it may not have."""
    schema = {"f": FieldSchema(type="uuid"), "g": FieldSchema(type="geo", required=True)}
    content = b"""\
{"c":"x","d":{"lat":1}}
{"c":5,"d":1}
{"c":"x","d":null}
{"c":"x"}
"""
    assert reasons(tmp_path, content, schema, {"c": "f", "d": "g"}, "jsonl") == {
        2: "f: not a string",
        3: "g: required value is missing",
        4: "g: required value is missing",
    }


def days() -> Iterator[str]:
    """The ends of every month in years of every kind, and the 29th of February in every year."""
    for year in (0, 1, 4, 99, 100, 399, 400, 999, 1000, 1600, 1700, 1900, 1999, 2000, 2023, 2024, 2100, 9999):
        for month in range(14):
            for day in (0, 1, 9, 10, 19, 20, 28, 29, 30, 31, 32):
                yield f"{year:04}-{month:02}-{day:02}"
    for year in range(10_000):
        yield f"{year:04}-02-29"


def test_the_calendar_is_the_calendar() -> None:
    """Both engines take exactly the days that there are."""
    expected = []
    for text in days():
        try:
            date.fromisoformat(text)
        except ValueError:
            expected.append(False)
        else:
            expected.append(True)
    assert [_matches_date(text) is not None for text in days()] == expected
    with duckdb.connect() as connection:
        statement = f"SELECT list_transform(?::VARCHAR[], lambda each: {_full_match('each', patterns.DATE)})"
        assert connection.execute(statement, [list(days())]).fetchall()[0][0] == expected


def test_values_of_an_enum_may_be_anything(tmp_path: Path) -> None:
    """Quotes, commas and other alphabets in an enum's values are compared as they are, and shown in the reason."""
    values = ("it's", 'a "b"', "c,d", "é", "$1", "?")
    content = csv_of([["c"], *([value] for value in values), ["e"]])
    told = reasons(tmp_path, content, {"f": FieldSchema(type="enum", enum=values)}, {"c": "f"})
    assert told == {7: """f: not one of it's, a "b", c,d, é, $1, ?"""}
    assert json.loads((tmp_path / "rejects.jsonl").read_bytes())["sourceRow"] == {"c": "e"}
