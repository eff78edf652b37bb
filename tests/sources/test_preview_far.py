"""A preview of a large object in a store: its head is read, and no more of it."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from syncer.operations import preview as operation
from syncer.source.window import BLOCK_BYTES, BLOCKS
from tests.sources.looking import Look

SPEC = """\
version: 1
source: {{uri: "{uri}"}}
target: {{object: profiles}}
mapping: {{mail: email, n: {{to: points, type: integer}}}}
"""


def csv_of() -> bytes:
    return b"mail,n,note\n" + b"".join(b"%d@example.com,%d,%s\n" % (n, n, b"x" * 400) for n in range(150_000))


def parquet_of(folder: Path) -> bytes:
    path = folder / "made.parquet"
    rows = "SELECT i || '@example.com' AS mail, i AS n, repeat(md5(i::VARCHAR), 20) AS note FROM range(150_000) AS t(i)"
    duckdb.execute(f"COPY ({rows}) TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE 4096, COMPRESSION 'uncompressed')")
    return path.read_bytes()


@pytest.mark.parametrize("store", ["s3-moto"], indirect=True)
@pytest.mark.parametrize(("name", "most"), [("a.csv", 1), ("a.parquet", BLOCKS + 3)])
def test_only_the_head_is_fetched(
    name: str, most: int, own: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One small range of CSV; of Parquet the footer, and no more than a reader has in flight."""
    content = csv_of() if name == "a.csv" else parquet_of(tmp_path)
    assert len(content) > (most + 5) * BLOCK_BYTES
    own.bucket.put(f"in/{name}", content)
    root = tmp_path / "project"
    (root / "specs").mkdir(parents=True)
    (root / "specs" / "crm.yaml").write_text(SPEC.format(uri=own.bucket.uri(f"in/{name}")), "utf-8")
    monkeypatch.setattr(operation, "open_sources", lambda *_: own.sources)

    shown = operation.preview(root, "crm", environ={}, rows=2, masked=False)

    assert [(row.fate, row.cells[0].after) for row in shown.rows] == [
        ("sent", json.dumps(f"{n}@example.com") if name == "a.parquet" else f"{n}@example.com") for n in range(2)
    ]
    assert (shown.more, shown.problem) == (True, "")
    starts = [start for _, start in own.asked.ranges]
    assert 1 <= len(starts) <= most
