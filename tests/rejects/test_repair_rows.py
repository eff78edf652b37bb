"""The artifact of a repair: the mapped columns of rejected rows, with nothing done to them a second time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from syncer.errors import PrepareError
from syncer.model.spec import Spec
from syncer.prepare.repair import Repaired, Sent, repair_layout, write_repair
from syncer.prepare.repair_rows import RejectedRows, Rows, mended
from tests.model.making import spec

if TYPE_CHECKING:
    from pathlib import Path

HASH = "5f" * 32
CSV = Sent(format="csv", columns=("id", "phone", "at"))
JSONL = Sent(format="jsonl", columns=())
PARQUET = Sent(format="parquet", columns=("id", "phone", "at"))


def people(**more: Any) -> Spec:
    """A spec whose every column has a step, so that a second step would show."""
    mapping = {
        "id": {"to": "id", "clean": ["trim", "upper"]},
        "phone": {"to": "phone_hash", "mask": "hmac"},
        "at": {"to": "at", "type": "datetime", "timezone": "Europe/Berlin"},
    }
    return spec(mapping=mapping, **more)


def rejected(folder: Path, *rows: object, error: str = "id: was bad") -> Rows:
    """Write the API's file of these rows, and read it."""
    path = folder / "rejected.jsonl"
    lines = [json.dumps({"rowNumber": n, "sourceRow": row, "error": error}) for n, row in enumerate(rows, 1)]
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return RejectedRows([(path, path.name)])


def given(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def written(rows: Rows, own: Spec, sent: Sent, folder: Path, batch: str | None = None) -> tuple[Repaired, str]:
    path = folder / "artifact"
    made = write_repair(rows, own, batch, sent, path)
    text = path.read_bytes().decode()
    assert made.size == path.stat().st_size
    return made, text


def test_csv_rows_are_sent_cell_by_cell_as_they_were(tmp_path: Path) -> None:
    """No step is taken twice, what is not mapped stays, quotes and line breaks survive, and the tag is put on anew."""
    rows = rejected(
        tmp_path,
        {"import_batch": "old", "id": " a ", "phone": HASH, "at": "2026-04-21T10:00:00", "ssn": "secret"},
        {"import_batch": "old", "id": 'x,"y"\nz', "phone": "", "at": None},
    )
    own = people(batch={"field": "import_batch"}, constants={"import_source": "crm"})
    made, text = written(rows, own, CSV, tmp_path, batch="b-1")
    assert text == (
        f'import_batch,import_source,id,phone,at\nb-1,crm, a ,{HASH},2026-04-21T10:00:00\nb-1,crm,"x,""y""\nz",,\n'
    )
    assert (made.format, made.rows) == ("csv", 2)
    assert repair_layout(own, "b-1").source_fields["at"] == "datetime"


def test_json_values_are_sent_byte_by_byte_as_they_were(tmp_path: Path) -> None:
    """Numbers keep their spelling; a key that a row lacks stays away, and one that all lack is null."""
    path = given(
        tmp_path,
        "r.jsonl",
        '{"rowNumber": 1, "sourceRow": {"id": 1.10, "at": null, "x": 1}, "error": "e"}',
        '{"rowNumber": 2, "sourceRow": {"id": 12345678901234567890}, "error": "e"}',
    )
    sent = Sent(format="jsonl", columns=("id", "phone", "at"))
    _, text = written(RejectedRows([(path, "r")]), people(), sent, tmp_path)
    assert text == '{"phone":null,"id":1.10,"at":null}\n{"phone":null,"id":12345678901234567890}\n'


def test_times_of_a_columnar_file_are_written_as_the_api_takes_them(tmp_path: Path) -> None:
    """Only in columns that are datetimes, and only a time that has an offset: none is made up."""
    times = ["2026-04-21 10:00:00.25+00", "2026-04-21 10:00:00+05:30", "2026-04-21 10:00:00", None]
    rows = rejected(tmp_path, *({"id": times[0], "phone": HASH, "at": time} for time in times))
    _, text = written(rows, people(), PARQUET, tmp_path)
    found = [json.loads(line) for line in text.splitlines()]
    assert [row["at"] for row in found] == ["2026-04-21T10:00:00.25+00:00", "2026-04-21T10:00:00+05:30", times[2], None]
    assert {row["id"] for row in found} == {times[0]}


@pytest.mark.parametrize("name", ["m.csv", "m.jsonl"])
def test_the_same_rows_give_the_same_bytes(tmp_path: Path, name: str) -> None:
    """So two machines that repair one import name it alike."""
    lines = ("id,phone,at", "a,,") if name.endswith("csv") else ('{"id": "a", "phone": null, "at": ""}',)
    own = people()
    once, again = (written(mended(given(tmp_path, name, *lines), own), own, CSV, tmp_path)[0] for _ in range(2))
    assert once == again


def test_mended_rows_may_come_as_a_spreadsheet_saves_them(tmp_path: Path) -> None:
    """With a byte order mark, semicolons, columns in another order, and columns of their own."""
    path = tmp_path / "m.csv"
    path.write_bytes("\ufeffat;note;id;phone\r\n2026-04-21T10:00:00Z;mine;ä;\r\n\r\n".encode())
    own = people()
    assert written(mended(path, own), own, CSV, tmp_path)[1] == "id,phone,at\nä,,2026-04-21T10:00:00Z\n"


@pytest.mark.parametrize(
    ("name", "lines", "told"),
    [
        ("m.csv", ("id,phone", "a,"), "has no column 'at'"),
        ("m.csv", ("id,phone,at,at", "a,,,"), "has the mapped column 'at' 2 times"),
        ("m.csv", ("id,phone,at", "a,,", "b"), "row 2 of .* has 1 cells, and its header 3"),
        ("m.csv", ("id,phone,at", "a,,", ",,"), "row 2 of .* holds nothing in any mapped column"),
        ("m.csv", ("id,phone,at", "a,+49 30 1234,"), "row 1 of .* has a value in 'phone' that is not masked"),
        ("m.csv", ("id,phone,at", 'a,,"open'), "a quote opened in this record is never closed"),
        ("m.jsonl", ('{"id": "a", "phone": "+49"}',), "row 1 of .* has a value in 'phone' that is not masked"),
        ("m.jsonl", ('{"id": "a"}', "[1]"), ":2: this line is no JSON object"),
        ("m.jsonl", ('{"ID": "a"}',), "has no column 'id', which the mapping names"),
        ("m.jsonl", ('{"id": null, "phone": ""}',), "holds nothing in any mapped column"),
        ("m.xlsx", ("PK",), "is neither .csv nor .jsonl"),
    ],
)
def test_what_cannot_be_sent_is_told_without_showing_it(
    tmp_path: Path, name: str, lines: tuple[str, ...], told: str
) -> None:
    """The place and the reason, and no value of the row."""
    own = people()
    with pytest.raises(PrepareError, match=told) as caught:
        written(
            mended(given(tmp_path, name, *lines), own), own, Sent(format="jsonl", columns=("phone", "at")), tmp_path
        )
    assert "+49" not in f"{caught.value.what}{caught.value.why}{caught.value.next_step}"


def test_a_nested_value_has_no_place_in_a_csv_file(tmp_path: Path) -> None:
    """It is not flattened in silence."""
    with pytest.raises(PrepareError, match="holds a nested value"):
        written(rejected(tmp_path, {"id": {"x": 1}, "phone": "", "at": ""}), people(), CSV, tmp_path)


def test_a_key_that_no_row_ever_had_is_told(tmp_path: Path) -> None:
    """A column that was mapped since would be sent as null, and null overwrites."""
    with pytest.raises(PrepareError, match="has no column 'at'"):
        written(rejected(tmp_path, {"id": "a", "phone": HASH}), people(), JSONL, tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        '{"rowNumber": 1, "sourceRow": {"id": "", "_extra": [""]}, "error": "row: expected 3 columns, found 4"}',
        '{"rowNumber": 1, "sourceRow": "{broken", "error": "row: not valid JSON"}',
        "{broken",
    ],
)
def test_a_row_that_was_broken_as_a_whole_is_not_put_together(tmp_path: Path, line: str) -> None:
    """Its cells say nothing: somebody has to write it as it should be."""
    path = given(tmp_path, "r.jsonl", line)
    with pytest.raises(PrepareError, match="broken as a whole") as caught:
        written(RejectedRows([(path, "r.jsonl")]), people(), CSV, tmp_path)
    assert caught.value.where == "r.jsonl:1"


def test_rows_that_were_sent_without_a_tag_get_none_made_up(tmp_path: Path) -> None:
    """A spec that tags its rows since says nothing of what the first import's tag would have been."""
    with pytest.raises(PrepareError, match="were sent without a tag"):
        written(rejected(tmp_path, {"id": "a"}), people(batch={"field": "import_batch"}), JSONL, tmp_path)
