"""JSON lines: exact about keys, numbers and damage, and quick where all is well."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from syncer.errors import PrepareError
from syncer.model.objects import FieldSchema
from syncer.prepare.judge import jsonl
from tests.prepare.judge.oracle import FAILED, actual, run
from tests.prepare.judge.strategies import definition

SCHEMA = {"n": FieldSchema(type="integer"), "t": FieldSchema(type="string")}
FIELD_MAP = {"n": "n", "t": "t"}


def judged(tmp_path: Path, content: bytes, field_map: dict[str, str] | None = None) -> list[dict[str, object]]:
    path = tmp_path / "artifact.jsonl"
    path.write_bytes(content)
    judgement, lines = run(path, "jsonl", SCHEMA, field_map or FIELD_MAP, work_dir=tmp_path)
    judgement.discard()
    return lines


def test_each_kind_of_line_gets_its_reason(tmp_path: Path) -> None:
    """A line that is no object is shown as it stands, and every line counts, blank ones and the last one too."""
    lines = [
        '{"n":1,"t":"x"}',
        '{"n":1,"t":"x"',
        "",
        "[1]",
        '{"n":1,"t":"x","n":1}',
        '{"n":1,"t":"x","other":{"a":1,"a":2}}',
        '{"n":NaN,"t":"x"}',
        "\ufeff{}",
        '{"n":"1","t":"x"}',
    ]
    assert judged(tmp_path, "\n".join(lines).encode()) == [
        {"rowNumber": 2, "sourceRow": {"_raw": lines[1]}, "error": "row: not valid JSON"},
        {"rowNumber": 3, "sourceRow": {"_raw": ""}, "error": "row: not valid JSON"},
        {"rowNumber": 4, "sourceRow": {"_raw": "[1]"}, "error": "row: not a JSON object"},
        {"rowNumber": 5, "sourceRow": {"_raw": lines[4]}, "error": "row: duplicate key n"},
        {"rowNumber": 6, "sourceRow": {"_raw": lines[5]}, "error": "row: duplicate key a"},
        {"rowNumber": 7, "sourceRow": {"_raw": lines[6]}, "error": "row: not valid JSON"},
        {"rowNumber": 8, "sourceRow": {"_raw": lines[7]}, "error": "row: not valid JSON"},
        {"rowNumber": 9, "sourceRow": {"n": "1", "t": "x"}, "error": "n: not an integer"},
    ]


def test_a_rejected_row_is_shown_in_its_own_bytes(tmp_path: Path) -> None:
    """Numbers, escapes and nested values of the source row are those of the file, and the line is one line."""
    row = b'{"n": 1.10, "t":"\\ud800", "big":12345678901234567890123, "far":1e999, "deep":{"k":[1.0]}}'
    judged(tmp_path, b"\t" + row.replace(b", ", b",\r") + b" \r\n")
    assert (tmp_path / "rejects.jsonl").read_bytes() == (
        b'{"rowNumber": 1, "sourceRow": ' + row + b', "error": "n: not an integer"}\n'
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(b'{"n":1,"t":"x"}\n{"n":2,', ":2: the last line is cut off", id="cut off"),
        pytest.param(b'{"n":1,"t":"x"}\n ', ":2: the last line is cut off", id="a last line of spaces"),
        pytest.param(b'{"n":1,"t":"x"}\n{"n":1,"t":"\xff"}\n', ":2: this line is not UTF-8", id="not UTF-8"),
        pytest.param(b'{"n":1,"o":"\xed\xa0\x80"}\n', ":1: this line is not UTF-8", id="half a pair in UTF-8"),
        pytest.param(b'{"n":1}\n{"T":1}\n', "no column 't'", id="a column that no row has"),
        pytest.param(b"{}\n", "no column 'n'", id="rows without a key"),
        pytest.param(b"", "is empty", id="no byte"),
    ],
)
def test_a_file_that_would_fail_its_job(content: bytes, told: str, tmp_path: Path) -> None:
    """The API would fail these whole jobs; the prediction says so, and why, instead of judging rows."""
    with pytest.raises(PrepareError, match=told):
        judged(tmp_path, content)
    fields = {"n": definition("integer"), "t": definition("string")}
    assert actual(tmp_path / "artifact.jsonl", "jsonl", fields, FIELD_MAP) == FAILED


def test_lines_that_are_no_rows_do_not_ask_for_columns(tmp_path: Path) -> None:
    """A file without a single object has every row rejected, and no column is missing."""
    assert len(judged(tmp_path, b"1\n2\n")) == 2


@pytest.mark.parametrize(
    "line",
    [
        pytest.param('{{"n":{},"t":"x"}}', id="every column"),
        pytest.param('{{"n":{}}}', id="columns that lack"),
        pytest.param('{{"n":{},"t":null,"more":"y"}}', id="columns that are not mapped"),
        pytest.param('{{"t":"a \\"quoted\\" \\u00e9 text", "n": {}}}', id="spaces and escapes"),
    ],
)
def test_valid_rows_are_never_read_twice(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only rows in doubt take the exact way, however large the file and wherever they stand in it."""
    taken: list[int] = []
    exact = jsonl._Rows._judge_line

    def judge_line(rows: jsonl._Rows, number: int, text: bytes, *, ended: bool) -> None:
        taken.append(number)
        exact(rows, number, text, ended=ended)

    monkeypatch.setattr(jsonl._Rows, "_judge_line", judge_line)
    values = ["0.5" if number in {3, 4000, 9999} else str(number) for number in range(1, 10_001)]
    text = "\n".join(line.format(value) for value in values)
    assert [row["rowNumber"] for row in judged(tmp_path, text.encode(), {"n": "n"})] == [3, 4000, 9999]
    assert taken == [3, 4000, 9999]


def test_a_column_that_json_has_to_escape(tmp_path: Path) -> None:
    """A column's name may hold what no decoder can be told to look for."""
    column = 'a"\\\n'
    line = json.dumps({column: "x"}).encode()
    assert [row["sourceRow"] for row in judged(tmp_path, line + b"\n", {column: "n"})] == [{column: "x"}]


def test_lines_of_any_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line may be longer than a block, and no longer than memory should hold."""
    content = b'{"n":1,"t":"' + b"x" * 300_000 + b'"}\n{"n":"1","t":""}\n'
    assert [row["rowNumber"] for row in judged(tmp_path, content)] == [2]
    monkeypatch.setattr(jsonl, "MAX_RECORD_BYTES", 200_000)
    with pytest.raises(PrepareError, match=":1: this line is longer"):
        judged(tmp_path, content)
