"""Splitting takes the same memory, however large the file is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak of memory is read from /proc")
@pytest.mark.parametrize(
    ("name", "options", "rows", "megabytes"),
    [
        ("large.csv", "FORMAT csv, HEADER true", 4_000_000, 80),
        ("large.jsonl.gz", "FORMAT json, COMPRESSION gzip", 600_000, 80),
        ("large.parquet", "FORMAT parquet, COMPRESSION zstd", 3_000_000, 400),
    ],
)
def test_a_large_file_is_split_in_little_memory(
    name: str, options: str, rows: int, megabytes: int, tmp_path: Path
) -> None:
    """Text passes through a few buffers, and the engine keeps to its limit."""
    path = tmp_path / name
    with duckdb.connect(config={"memory_limit": "1GB"}) as connection:
        selected = "sha256(range::VARCHAR) AS k, 'x' || chr(10) || repeat(md5(range::VARCHAR), 5) AS n"
        connection.execute(f"COPY (SELECT {selected} FROM range({rows})) TO '{path}' ({options})")
    limit = path.stat().st_size // 3
    child = [
        sys.executable,
        str(Path(__file__).with_name("split_child.py")),
        str(path),
        str(tmp_path),
        str(limit),
        "k,n",
    ]
    taken = int(subprocess.run(child, check=True, capture_output=True, text=True).stdout)
    assert taken <= megabytes
