"""Transforms in each format: what they touch and leave, and that both ways of writing CSV give the same bytes."""

from __future__ import annotations

import csv
import hmac
import io
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from syncer.errors import PrepareError
from syncer.model.files import SourceFile
from syncer.prepare import csv_engine, csv_exact
from syncer.prepare.artifact import Output
from syncer.prepare.layout import layout_of
from syncer.prepare.prepare import prepare
from syncer.prepare.shape import Shape
from syncer.settings import MaskKey
from tests.prepare.files import MakeFile, contents, on_disk, source_file, spec_of
from tests.prepare.test_parquet import parquet_file, read

KEY = MaskKey(secret=SecretStr("k3y"))
MASKED = {"to": "hash", "mask": "hmac"}
BERLIN = {"to": "at", "type": "datetime", "timezone": "Europe/Berlin"}


def masked(text: str) -> str:
    return hmac.new(b"k3y", text.encode(), "sha256").hexdigest()


def made(file: SourceFile, work_dir: Path, mapping: dict[str, Any]) -> Path:
    return on_disk(prepare(file, spec_of(mapping), batch_value=None, work_dir=work_dir, mask_key=KEY))


@pytest.mark.parametrize("tail", ["", "ragged\n"], ids=["engine", "exact reader"])
def test_csv_cells_go_through_their_steps(tail: str, make_file: MakeFile, work_dir: Path) -> None:
    """Each column has its own steps, an empty cell has none, and a row that is ragged stays one."""
    rows = ' A@X.io ,"0151, 1",2026-07-01 12:00,x\n,,,\n  , ,2026-10-25 02:30:00,x\n'
    file = make_file(f"mail,phone,at,other\n{rows}{tail}".encode())
    mapping = {"mail": {"to": "e", "clean": ["trim", "lower"]}, "phone": {**MASKED, "clean": ["trim"]}, "at": BERLIN}
    assert made(file, work_dir, mapping).read_text() == (
        f"mail,phone,at\na@x.io,{masked('0151, 1')},2026-07-01T12:00:00+02:00\n,,\n,,2026-10-25 02:30:00\n"
        + (",,,\n" if tail else "")
    )


def test_a_lone_column_that_becomes_empty_stays_a_row(make_file: MakeFile, work_dir: Path) -> None:
    """A cell that is trimmed away is written as a pair of quotes, or its row would be a blank line."""
    for tail in (b"", b"a,b,c\n"):
        file = make_file(b"a,b\n x ,1\n  ,2\n" + tail)
        data = made(file, work_dir, {"a": {"to": "f", "clean": ["trim", "empty_to_null"]}}).read_bytes()
        assert data == b'a\nx\n""\n' + (b",\n" if tail else b"")


CELLS = st.text(
    st.characters(codec="utf-8") | st.sampled_from(' \t\u00a0\u3000",\n\r;Aß'), max_size=5
) | st.sampled_from(["2026-07-01", "2026-03-29 02:30", "2026-07-01T00:00:00.5", "2026-07-01T00:00:00Z"])
STEPS = st.sampled_from(
    [
        {"to": "f"},
        {"to": "f", "clean": ["trim"]},
        {"to": "f", "clean": ["empty_to_null", "lower", "trim"]},
        {"to": "f", "clean": ["upper"], "mask": "hmac"},
        {"to": "f", "type": "datetime", "clean": ["trim"], "timezone": "Europe/Berlin"},
    ]
)


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.tuples(CELLS, CELLS), max_size=6), one=STEPS, two=st.none() | STEPS)
def test_engine_and_exact_reader_write_the_same_bytes(
    rows: list[tuple[str, str]], one: dict[str, Any], two: dict[str, Any] | None
) -> None:
    """Whatever the cells and the steps, nobody can tell from the artifact which of the two wrote it."""
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([("a", "b"), *rows])
    mapping = {"a": one} if two is None else {"a": one, "b": {**two, "to": "g"}}
    with tempfile.TemporaryDirectory() as folder:
        file, target = source_file(Path(folder, "t.csv"), text.getvalue().encode()), Path(folder, "out")
        spec, raw = spec_of(mapping), io.BytesIO()
        layout, output = layout_of(spec, ("a", "b"), None, KEY), Output(raw, None)
        count = csv_exact.project(file, spec, layout, output)
        output.finish()
        by_engine = csv_engine.project(file, spec, layout, Shape(("a", "b")), target, memory_limit=1 << 28)
        assert (by_engine, target.read_bytes()) == (count, raw.getvalue())


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        pytest.param({"to": "f", "clean": ["trim"]}, '" a "', '"a"', id="a string is cleaned"),
        pytest.param({"to": "f", "clean": ["trim"]}, '"a\\u00e9"', '"a\\u00e9"', id="unchanged keeps its bytes"),
        pytest.param({"to": "f", "clean": ["lower"]}, '"\\u00c9\\n"', '"é\\n"', id="changed is written anew"),
        pytest.param({"to": "f", "clean": ["trim", "empty_to_null"]}, '" "', "null", id="empty to null"),
        pytest.param({"to": "f", "clean": ["empty_to_null"]}, "null", "null", id="null stays"),
        pytest.param({"to": "f", "clean": ["lower"]}, "1E5", "1E5", id="a number is no text"),
        pytest.param({"to": "f", "clean": ["upper"]}, "true", "true", id="a boolean is no text"),
        pytest.param({"to": "f", "clean": ["upper"]}, '["a", {"b": 1}]', '["a", {"b": 1}]', id="nor is an array"),
        pytest.param(MASKED, '"0151"', f'"{masked("0151")}"', id="a masked string"),
        pytest.param(MASKED, '"\\u00e9"', f'"{masked("é")}"', id="by its characters, not its escapes"),
        pytest.param(MASKED, "1.10", f'"{masked("1.10")}"', id="a masked number, by its text"),
        pytest.param(MASKED, "true", f'"{masked("true")}"', id="a masked boolean"),
        pytest.param(MASKED, '{"a": 1}', '"' + masked('{"a": 1}') + '"', id="a masked object"),
        pytest.param(MASKED, "null", "null", id="no masked null"),
        pytest.param(MASKED, '""', '""', id="no masked empty text"),
        pytest.param({**MASKED, "clean": ["trim", "empty_to_null"]}, '" "', "null", id="cleaned, then masked"),
        pytest.param(BERLIN, '"2026-01-01 08:00:00"', '"2026-01-01T08:00:00+01:00"', id="a naive datetime"),
        pytest.param(BERLIN, '"2026-03-29T02:30:00"', '"2026-03-29T02:30:00"', id="a skipped one"),
        pytest.param(BERLIN, "1767225600", "1767225600", id="a number is no datetime"),
    ],
)
def test_json_values_go_through_their_steps(
    column: dict[str, Any], value: str, expected: str, make_file: MakeFile, work_dir: Path
) -> None:
    """Strings are transformed, other values are not, but for a mask: it leaves nothing in clear but null."""
    file = make_file(f'{{"v" : {value} , "x":1}}\n'.encode(), "o.jsonl", "jsonl")
    assert made(file, work_dir, {"v": column}).read_text() == f'{{"v":{expected}}}\n'


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        pytest.param({"to": "f", "clean": ["trim", "lower"]}, "' A '", ("VARCHAR", "a"), id="text"),
        pytest.param({"to": "f", "clean": ["trim", "empty_to_null"]}, "' '", ("VARCHAR", None), id="empty to null"),
        pytest.param({"to": "f", "clean": ["trim"]}, "NULL::VARCHAR", ("VARCHAR", None), id="null"),
        pytest.param({"to": "f", "clean": ["trim"]}, "7::BIGINT", ("BIGINT", "7"), id="a number"),
        pytest.param({"to": "f", "clean": ["trim"]}, "[' a ']", ("VARCHAR[]", "[' a ']"), id="a list of text"),
        pytest.param(MASKED, "'0151'", ("VARCHAR", masked("0151")), id="masked text"),
        pytest.param(MASKED, "151::BIGINT", ("VARCHAR", masked("151")), id="a masked number"),
        pytest.param(MASKED, "1.50::DECIMAL(9, 2)", ("VARCHAR", masked("1.50")), id="a masked decimal"),
        pytest.param(MASKED, "NULL::BIGINT", ("VARCHAR", None), id="no masked null"),
        pytest.param(BERLIN, "'2026-07-01 12:00'", ("VARCHAR", "2026-07-01T12:00:00+02:00"), id="datetime as text"),
        pytest.param(
            BERLIN,
            "TIMESTAMP '2026-07-01 12:00:00.123456'",
            ("TIMESTAMP WITH TIME ZONE", "2026-07-01 10:00:00.123456+00"),
            id="a timestamp becomes a moment",
        ),
        pytest.param(BERLIN, "DATE '2026-01-01'", ("TIMESTAMP WITH TIME ZONE", "2025-12-31 23:00:00+00"), id="a date"),
        pytest.param(BERLIN, "NULL::TIMESTAMP", ("TIMESTAMP WITH TIME ZONE", None), id="no timestamp"),
        pytest.param(
            BERLIN,
            "TIMESTAMP_NS '2026-07-01 12:00:00.123456'",
            ("TIMESTAMP WITH TIME ZONE", "2026-07-01 10:00:00.123456+00"),
            id="nanoseconds that are none",
        ),
        pytest.param(
            BERLIN,
            "TIMESTAMPTZ '2026-07-01 12:00:00+05'",
            ("TIMESTAMP WITH TIME ZONE", "2026-07-01 07:00:00+00"),
            id="a moment already",
        ),
    ],
)
def test_parquet_values_go_through_their_steps(
    column: dict[str, Any], value: str, expected: tuple[str, str | None], tmp_path: Path
) -> None:
    """Text is transformed, local times become moments, other types keep type and value."""
    file = parquet_file(tmp_path / "p.parquet", f"SELECT {value} AS v, 1 AS other")
    types, rows = read(made(file, tmp_path / "work", {"v": column}))
    assert (types, rows) == ([("v", expected[0])], [(expected[1],)])


@pytest.mark.parametrize("name", ["v", "local", "us", "start", "masked", "offset Europe/Berlin", 'a"b'])
def test_a_column_may_be_called_like_our_own_names(name: str, tmp_path: Path) -> None:
    """Names that the statements use themselves are ordinary columns."""
    quoted = '"' + name.replace('"', '""') + '"'
    file = parquet_file(tmp_path / "p.parquet", f"SELECT ' A ' AS x, TIMESTAMP '2026-07-01 12:00:00' AS {quoted}")
    mapping = {name: BERLIN, "x": {**MASKED, "clean": ["trim"]}}
    assert read(made(file, tmp_path / "work", mapping))[1] == [("2026-07-01 10:00:00+00", masked("A"))]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        pytest.param(
            "TIMESTAMP '2026-10-25 02:00:00' + to_minutes(range - 5)", "row 6: ", id="a time that comes twice"
        ),
        pytest.param("TIMESTAMP '2026-03-29 01:58:00' + to_minutes(range)", "row 3: ", id="a time that is skipped"),
        pytest.param("make_timestamp_ns(1782900000000000000 + range)", "finer than a microsecond", id="nanoseconds"),
    ],
)
def test_a_timestamp_without_a_moment_is_refused(query: str, message: str, tmp_path: Path) -> None:
    """A moment that cannot be told is neither guessed nor made null: the first such row is named, without its value."""
    file = parquet_file(tmp_path / "p.parquet", f"SELECT {query} AS v, 1 AS file_row_number FROM range(100)")
    with pytest.raises(PrepareError, match=message) as caught:
        made(file, tmp_path / "work", {"v": BERLIN})
    assert "2026-" not in f"{caught.value.what} {caught.value.why}"
    assert not list((tmp_path / "work").iterdir())


@pytest.mark.parametrize("value", ["1.5::DOUBLE", "[1]", "{'a': 1}", "TIMESTAMP '2026-01-01'", "'a'::BLOB"])
def test_what_has_several_spellings_is_not_masked(value: str, tmp_path: Path) -> None:
    """A hash of a value that other programs spell otherwise would match nothing: it is refused, and nothing leaves."""
    file = parquet_file(tmp_path / "p.parquet", f"SELECT {value} AS v")
    with pytest.raises(PrepareError, match="cannot be masked"):
        made(file, tmp_path / "work", {"v": MASKED})


def test_a_transformed_file_never_passes(make_file: MakeFile, work_dir: Path) -> None:
    """All columns mapped and nothing added is not enough: the values change."""
    file = make_file(b"a\n X\n")
    artifact = prepare(
        file, spec_of({"a": {"to": "f", "clean": ["lower"]}}), batch_value=None, work_dir=work_dir, mask_key=None
    )
    assert (artifact.owned, contents(artifact)) == (True, b"a\n x\n")
