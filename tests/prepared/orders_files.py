"""Files of orders in every format, with rows that the platform takes and rows that it rejects."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.apply.workspace import Workspace

Format = Literal["csv", "jsonl", "parquet", "csv.gz"]
Row = tuple[str, str | None, float | None]
"""An order's id, time and amount; `SICK` is a row without a time, which every order needs."""

TIME = "2026-04-21T16:30:00Z"

SHOP = """
version: 1
source: {{uri: "orders/*.{0}"}}
target: {{object: orders}}
mapping: {{id: order_id, at: {{to: ordered_at, type: datetime}}, amount: {{to: amount, type: number}}}}
"""


def shop(file_format: str, *more: str) -> str:
    """Return a spec that imports `orders/*.<file_format>` into an object that appends."""
    return "\n".join([SHOP.format(file_format), *more, ""])


def well(*ids: str) -> list[Row]:
    return [(each, TIME, 9.5) for each in ids]


def sick(*ids: str) -> list[Row]:
    return [(each, None, 9.5) for each in ids]


def numbered(count: int, prefix: str = "o") -> list[str]:
    return [f"{prefix}{number:05}" for number in range(count)]


def write(workspace: Workspace, name: str, rows: Sequence[Row]) -> Path:
    """Write `orders/<name>` in the format of its extension."""
    path = workspace.root / "orders" / name
    if name.endswith(".parquet"):
        _write_parquet(path, rows)
    elif name.endswith(".jsonl"):
        lines = [json.dumps({"id": i, "at": at, "amount": amount, "note": "unmapped"}) for i, at, amount in rows]
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    else:
        lines = [f"{i},{at or ''},{amount},unmapped" for i, at, amount in rows]
        data = "".join(f"{line}\n" for line in ["id,at,amount,note", *lines]).encode()
        path.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
    return path


def _write_parquet(path: Path, rows: Sequence[Row]) -> None:
    import duckdb

    path.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        connection.execute('CREATE TABLE t (id VARCHAR, "at" TIMESTAMPTZ, amount DOUBLE, note VARCHAR)')
        connection.executemany("INSERT INTO t VALUES (?, ?, ?, 'unmapped')", [list(row) for row in rows])
        connection.execute(f"COPY t TO '{path}' (FORMAT parquet)")
