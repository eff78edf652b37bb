"""The same file by an import job and by record batches, into two objects of the same fields: nothing differs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from syncer.emulator.testing import Emulator, running
from tests.apply.workspace import Workspace
from tests.prepare.judge.pools import CASES, ENUM

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

KINDS = ("string", "integer", "number", "boolean", "date", "datetime", "enum")
FIELDS = {"key": {"type": "string", "required": True}} | {
    kind: {"type": kind, **({"values": list(ENUM)} if kind == "enum" else {})} for kind in KINDS
}
WAYS = {"by_jobs": "import", "by_records": "records"}


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    objects = {name: {"mode": "upsert", "matchKey": "key", "fields": FIELDS} for name in WAYS}
    (tmp_path / "objects.yaml").write_text(json.dumps({"objects": objects}), encoding="utf-8")
    with running(tmp_path / "emulator", objects=tmp_path / "objects.yaml") as emulator:
        yield emulator


@pytest.fixture
def workspace(tmp_path: Path, emulator: Emulator) -> Workspace:
    return Workspace(tmp_path / "project", emulator)


def every_row() -> list[list[str]]:
    """A row for each text that is valid or not for a kind, the other cells empty; keys come more than once."""
    found: list[list[str]] = []
    for place, kind in enumerate(KINDS, 1):
        for text in sorted(CASES[kind]):
            row = [f"k{len(found) % 40}", *[""] * len(KINDS)]
            row[place] = text.replace("\x00", "")
            found.append(row)
    return found


def json_line(row: Sequence[str]) -> str:
    """The row as an object without its empty cells; what is valid for a number or a boolean is none of a text."""
    members = []
    for field, cell in zip(FIELDS, row, strict=True):
        native = field in {"integer", "number", "boolean"} and CASES[field].get(cell, "") is None
        members.append(f"{json.dumps(field)}: {cell if native else json.dumps(cell)}" if cell else "")
    return "{" + ", ".join(filter(None, members)) + "}\n"


def write(workspace: Workspace, kind: str, rows: Sequence[list[str]]) -> None:
    path = workspace.root / "data" / f"a.{kind}"
    if kind == "jsonl":
        path.write_text("".join(map(json_line, rows)), encoding="utf-8")
        return
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in [list(FIELDS), *rows]]
    if kind == "csv":
        path.write_text("".join(f"{row}\n" for row in quoted), encoding="utf-8", newline="")
        return
    columns = ", ".join(
        f"TRY_CAST(nullif(unnest($%d::VARCHAR[]), '') AS {sql}) AS {name}" for name, sql in TYPES.items()
    )
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT {columns % tuple(range(1, len(TYPES) + 1))}) TO '{path}' (FORMAT parquet)",
            [[row[place] for row in rows] for place in range(len(TYPES))],
        )


TYPES = {
    "key": "VARCHAR",
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "datetime": "TIMESTAMPTZ",
    "enum": "VARCHAR",
}


def imported(workspace: Workspace, name: str) -> tuple[list[Any], list[Any], Any]:
    """What an object holds, which rows were rejected, and what was counted."""
    (end,) = [line for line in workspace.log(name) if line["event"] == "finished"][-1:]
    rejected = (
        [] if end.get("rejects_file") is None else (workspace.root / end["rejects_file"]).read_bytes().splitlines()
    )
    held = workspace.emulator.query(f"SELECT {', '.join(FIELDS)} FROM {name} ORDER BY key")
    lines = [json.loads(line) for line in rejected]
    return held, [(line["rowNumber"], line["sourceRow"]) for line in lines], end["rows"]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_rows_values_and_rejections_are_the_same(workspace: Workspace, kind: str) -> None:
    """Values, keys that come twice, rejected rows as they were, and all counts."""
    for name, via in WAYS.items():
        mapping = {field: {"to": field} for field in FIELDS}
        target = {"object": name, "match_key": "key", "via": via}
        spec = {"version": 1, "source": {"uri": f"data/*.{kind}"}, "target": target, "mapping": mapping}
        workspace.spec(name, json.dumps(spec))
    write(workspace, kind, every_row())
    outcome = workspace.run()
    assert {each.result for each in outcome.imports} == {"completed"}
    assert [each.warnings for each in outcome.imports] == [(), ()]
    assert len(workspace.requests("POST /records/by_records/upsert-batch")) == 1
    assert imported(workspace, "by_records") == imported(workspace, "by_jobs")
