"""Batches of records: every row once and in order, as many at once as the API takes, refused rows in their places."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from syncer.errors import PrepareError
from syncer.model.objects import FieldSchema
from syncer.prepare.artifact import Artifact
from syncer.prepare.records.batches import MOST_BYTES, MOST_ROWS, RecordRows, Survey

if TYPE_CHECKING:
    from pathlib import Path


def record_rows(tmp_path: Path, *lines: str, **schema: FieldSchema) -> RecordRows:
    """Rows of a CSV file whose columns `address` and `points` go to `email` and `score`."""
    path = tmp_path / "people.csv"
    path.write_text("\n".join(["address,points", *lines]), encoding="utf-8")
    artifact = Artifact(
        path=path,
        owned=False,
        format="csv",
        compression=None,
        size=path.stat().st_size,
        digest="",
        rows=None,
        columns=("address", "points"),
        file_name="people.csv",
        source_fields={"address": "string", "points": "integer"},
        field_map={"address": "email", "points": "score"},
    )
    return RecordRows(artifact=artifact, schema=schema, name="data/people.csv", work_dir=tmp_path)


def test_a_record_has_the_fields_names_and_types(tmp_path: Path) -> None:
    """Columns become fields; the declared type counts where the object's is not known, and else that of the field."""
    (row,) = record_rows(tmp_path, "a@b.co,7")
    assert (row.number, row.record, row.source) == (
        1,
        b'{"email":"a@b.co","score":7}',
        {"address": "a@b.co", "points": "7"},
    )
    (row,) = record_rows(tmp_path, "a@b.co,7", score=FieldSchema(type="string"))
    assert row.record == b'{"email":"a@b.co","score":"7"}'
    (row,) = record_rows(tmp_path, ",seven")
    assert row.record == b'{"email":null,"score":"seven"}'


def test_a_row_that_no_record_can_stand_for_keeps_its_place(tmp_path: Path) -> None:
    """A row of too few cells is refused in the API's words, between the rows around it."""
    rows = record_rows(tmp_path, "a@b.co,1", "b@b.co", "c@b.co,3")
    (batch,) = rows.batches()
    assert [(row.number, bool(row.record)) for row in batch] == [(1, True), (2, False), (3, True)]
    assert batch[1].refusal == "row: expected 2 columns, found 1"
    assert rows.survey() == Survey(rows=3, refused=1, longest=len(batch[0].record))


def test_a_batch_holds_as_many_rows_as_the_api_takes(tmp_path: Path) -> None:
    """The last batch may hold a single row; together they are all rows in their order."""
    rows = record_rows(tmp_path, *(f"{number}@b.co,{number}" for number in range(1, 2 * MOST_ROWS + 2)))
    batches = list(rows.batches())
    assert [len(batch) for batch in batches] == [MOST_ROWS, MOST_ROWS, 1]
    assert [row.number for batch in batches for row in batch] == list(range(1, 2 * MOST_ROWS + 2))


def test_a_batch_of_large_rows_is_cut_by_its_bytes(tmp_path: Path) -> None:
    """No batch is larger than half a request, so that a lone record can be sent twice in one."""
    rows = record_rows(tmp_path, *(f"{'x' * 2_000_000},{number}" for number in range(5)))
    batches = list(rows.batches())
    assert [len(batch) for batch in batches] == [2, 2, 1]
    assert all(sum(len(row.record) for row in batch) <= MOST_BYTES for batch in batches)


def test_a_row_that_no_request_takes_is_found_beforehand(tmp_path: Path) -> None:
    """The way out is the import job, and nothing of the row is told."""
    rows = record_rows(tmp_path, f"{'x' * MOST_BYTES},1")
    with pytest.raises(PrepareError, match="too large for a record") as caught:
        rows.check_size(rows.survey())
    assert "target.via: import" in caught.value.next_step


def test_a_value_that_is_no_number_in_json_stays_text(tmp_path: Path) -> None:
    """What the field does not take is sent as it stands, for the API to refuse."""
    for cell in ("007", "1.0", "+1", "1" * 41):
        (row,) = record_rows(tmp_path, f"a@b.co,{cell}")
        assert json.loads(row.record)["score"] == cell
