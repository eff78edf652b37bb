"""What the API makes of a reshaped file: the same rows, values and refusals as of the file before."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from syncer.emulator.testing import Emulator, running
from syncer.model.files import SourceFormat
from syncer.model.objects import FieldSchema
from syncer.prepare.artifact import Artifact
from syncer.prepare.reshape.reshape import Reshaped, reshape
from tests.emulator.driver import Api, Finished
from tests.prepare.judge.pools import CASES
from tests.prepare.reshape.artifacts import artifact_of, csv_bytes, hashed, numbers_file, suppress_file

KINDS = ("string", "email", "enum", "integer", "number", "boolean", "date", "datetime")
COLUMNS = tuple(f"c_{kind}" for kind in KINDS)
TIERS = ("a", "B", "c,d", "it's", "1")
FIELDS: dict[str, Any] = {f"c_{kind}": {"type": kind} for kind in KINDS} | {
    "c_enum": {"type": "enum", "values": TIERS},
    "id": {"type": "string", "required": True},
}
SCHEMA = {
    name: FieldSchema(type=one["type"], required=name == "id", enum=one.get("values", ()))
    for name, one in FIELDS.items()
}
TYPED = ("integer", "number", "boolean", "date", "datetime")
NOT_KEPT = {"1e-999", "9" * 308, "1.7976931348623158e308", "2026-04-21T16:30:00.123456789012345+05:45"}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    folder = tmp_path_factory.mktemp("emulator")
    objects = folder / "objects.yaml"
    things = {"type": "event", "mode": "append", "fields": FIELDS}
    people = {"type": "profile", "mode": "upsert", "matchKey": "id", "fields": FIELDS}
    objects.write_text(json.dumps({"objects": {"things": things, "people": people}}))
    with running(folder / "data", objects=objects) as running_emulator:
        yield running_emulator


@pytest.fixture
def api(emulator: Emulator) -> Iterator[Api]:
    api = Api(emulator.base_url)
    with api.session:
        yield api


def imported(api: Api, emulator: Emulator, made: Artifact, table: str = "things") -> tuple[Finished, list[Any]]:
    """Import an artifact, and read the rows that came of it, in the order of the file."""
    assert made.path is not None
    job = api.ready(table, made.file_name, made.path.read_bytes(), made.field_map)
    api.start(job)
    done = api.finish(job)
    assert done.status["state"] == "completed", done.status
    names = ", ".join(["id", *COLUMNS])
    return done, emulator.query(f"SELECT {names} FROM {table} WHERE _job_id = ? ORDER BY _row_number", job)


def artifact(folder: Path, rows: Sequence[Mapping[str, str]], file_format: SourceFormat) -> Artifact:
    """An artifact of these cells: texts for CSV, JSON for JSONL."""
    names = ("id", *COLUMNS)
    if file_format == "csv":
        content = csv_bytes(names, *([row.get(name) for name in names] for row in rows))
    else:
        members = (",".join(f'"{name}":{value}' for name, value in row.items()) for row in rows)
        content = "".join(f"{{{one}}}\n" for one in members).encode()
    return artifact_of(folder, content, names, file_format=file_format, rows=len(rows))


def sample(*, as_json: bool) -> list[dict[str, str]]:
    """Every value that a typed field keeps, and every one at all, also invalid ones, of a field that is text."""
    rows = [{"id": json.dumps("none") if as_json else "none"}]
    for kind in KINDS:
        texts = [text for text, refusal in CASES[kind].items() if kind not in TYPED or refusal is None]
        for text in [one for one in texts if one and one not in NOT_KEPT]:
            quoted = kind in {"string", "email", "enum", "date", "datetime"}
            value = json.dumps(text) if as_json and quoted else text
            name = f"{kind} {len(rows)}"
            rows.append({"id": json.dumps(name) if as_json else name, f"c_{kind}": value})
    without_id = {"c_string": '"x"' if as_json else "x"}
    return [*rows, without_id]


@pytest.mark.parametrize("file_format", ["csv", "jsonl"])
def test_parquet_gives_the_same_rows_values_and_refusals(
    file_format: SourceFormat, emulator: Emulator, api: Api, tmp_path: Path, work_dir: Path
) -> None:
    """Every value at the edge of a rule arrives as it did before, and the same rows are refused in the same words."""
    made = artifact(tmp_path, sample(as_json=file_format == "jsonl"), file_format)
    before, rows_before = imported(api, emulator, made)
    after, rows_after = imported(api, emulator, reshape(made, to="parquet", schema=SCHEMA, work_dir=work_dir).artifact)
    assert rows_after == rows_before
    assert len(rows_before) > 50
    assert after.reasons == before.reasons
    assert len(before.reasons) > 30
    for count in ("readRows", "validRows", "invalidRows"):
        assert after.status[count] == before.status[count]


def test_without_the_schema_text_columns_would_be_refused(
    emulator: Emulator, api: Api, tmp_path: Path, work_dir: Path
) -> None:
    """A column that is declared text and mapped to a number's field is text in Parquet, unless the field is known."""
    made = artifact(tmp_path, [{"id": "1", "c_integer": "7"}], "csv")
    told = reshape(made, to="parquet", schema=SCHEMA, work_dir=work_dir).artifact
    guessed = reshape(made, to="parquet", work_dir=work_dir).artifact
    assert imported(api, emulator, told)[0].reasons == {}
    assert imported(api, emulator, guessed)[0].reasons == {1: "c_integer: not an integer"}


@pytest.mark.parametrize("file_format", ["csv", "jsonl"])
@pytest.mark.parametrize("to", [None, "parquet"])
def test_sorted_rows_leave_the_same_people_behind(  # noqa: PLR0917 - pytest passes them by name
    file_format: SourceFormat, to: SourceFormat | None, emulator: Emulator, api: Api, tmp_path: Path, work_dir: Path
) -> None:
    """The later of two rows of a key wins before and after, and rows that left are not there."""
    as_json = file_format == "jsonl"
    rows = [{"id": f"p{number % 40}", "c_integer": str(number)} for number in range(200)]
    if as_json:
        rows = [{**row, "id": json.dumps(row["id"])} for row in rows]
    made = artifact(tmp_path, rows, file_format)
    result = reshape(
        made,
        leave_out=numbers_file(tmp_path, 199, 200),
        suppress=suppress_file(tmp_path, hashed("p7", "P8")),
        match_column="id",
        sort=True,
        to=to,
        schema=SCHEMA,
        work_dir=work_dir,
    )
    done, people = imported(api, emulator, _with_all_columns(result, made), "people")
    assert done.status["readRows"] == result.artifact.rows == 200 - 2 - 5
    expected = {f"p{number}": 160 + number for number in range(40) if number != 7} | {"p38": 158, "p39": 159}
    assert {row[0]: row[1 + KINDS.index("integer")] for row in people} == expected
    assert [row[0] for row in people] == sorted(expected)


def _with_all_columns(result: Reshaped, made: Artifact) -> Artifact:
    """Rows of JSONL have two keys each, and only these can be mapped then."""
    if made.format == "jsonl" and result.artifact.format == "jsonl":
        assert set(result.artifact.field_map) == {"id", "c_integer"}
    return result.artifact


def test_ragged_rows_are_refused_as_before(emulator: Emulator, api: Api, tmp_path: Path, work_dir: Path) -> None:
    """A row of one cell too many is refused with its new number when others left, and not any more when it left."""
    made = artifact_of(tmp_path, b"id\nb\n,\na\n,\n", ("id",), rows=4)
    reasons = []
    for wish in ({"leave_out": numbers_file(tmp_path, 1)}, {"sort": True, "match_column": "id"}):
        result = reshape(made, work_dir=work_dir, **wish)
        reasons.append(imported(api, emulator, result.artifact)[0].reasons)
    told = "row: expected 1 columns, found 2"
    assert reasons == [{1: told, 3: told}, {3: told, 4: told}]
    numbers = numbers_file(tmp_path, 2, 4)
    assert imported(api, emulator, reshape(made, leave_out=numbers, work_dir=work_dir).artifact)[0].reasons == {}
