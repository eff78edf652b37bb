"""Sorted artifacts: by the bytes of the match key's text, then by row number, and the same bytes every time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from syncer.model.files import Compression
from syncer.prepare.artifact import Artifact
from syncer.prepare.reshape.reshape import Reshaped, reshape
from tests.prepare.reshape.artifacts import (
    artifact_of,
    bytes_of,
    csv_bytes,
    hashed,
    numbers_file,
    parquet_rows,
    suppress_file,
)


def by_key(artifact: Artifact, work_dir: Path, column: str = "k") -> Reshaped:
    return reshape(artifact, sort=True, match_column=column, work_dir=work_dir)


def test_rows_are_sorted_by_the_bytes_of_their_key(tmp_path: Path, work_dir: Path) -> None:
    """Capital letters come first, digits are text, letters of other scripts follow by their UTF-8, and null is last."""
    keys = ["b", "a", None, "Ä", "10", "9", "B", "🙂", "﹅", " a", "a b", "a\0", "a\nb", 'a"', "a,b"]
    records = [[key, str(number)] for number, key in enumerate(keys)]
    made = artifact_of(tmp_path, csv_bytes(["k", "n"], *records), ("k", "n"), rows=len(records))
    result = by_key(made, work_dir)
    records.sort(key=lambda record: (record[0] is None, (record[0] or "").encode()))
    assert bytes_of(result.artifact) == csv_bytes(["k", "n"], *records)


def test_rows_of_one_key_stay_in_their_order(tmp_path: Path, work_dir: Path) -> None:
    """A later row of a key overwrites an earlier one, so sorting must not turn them around."""
    records = [[str(number % 7), str(number)] for number in range(20_000)]
    made = artifact_of(tmp_path, csv_bytes(["k", "n"], *records), ("k", "n"), rows=len(records))
    result = by_key(made, work_dir)
    assert bytes_of(result.artifact) == csv_bytes(["k", "n"], *sorted(records, key=lambda record: record[0]))


def test_ragged_rows_come_last(tmp_path: Path, work_dir: Path) -> None:
    """An invalid row of one cell too many stays one; a row of nulls and a row with quoted commas are none of them."""
    content = b'k,n\n,,\nb,1\n,\n,,\n"\n,,\n",2\na,3\n'
    made = artifact_of(tmp_path, content, ("k", "n"), rows=6)
    result = by_key(made, work_dir)
    assert bytes_of(result.artifact) == b'k,n\n"\n,,\n",2\na,3\nb,1\n,\n,,\n,,\n'
    assert result.artifact.rows == 6
    result = reshape(made, leave_out=numbers_file(tmp_path, 4, 6), sort=True, match_column="k", work_dir=work_dir)
    assert bytes_of(result.artifact) == b'k,n\n"\n,,\n",2\nb,1\n,\n,,\n'
    assert (result.left_out, result.artifact.rows) == (2, 4)


@pytest.mark.parametrize("owned", [True, False])
def test_a_file_of_one_column_keeps_its_nulls(owned: bool, tmp_path: Path, work_dir: Path) -> None:
    """A null alone on a line is a pair of quotes; ragged rows stay, and blank lines of a passed file are no rows."""
    content = b'k\nb\n""\na\n' + (b",\n" if owned else b"\n\n")
    made = artifact_of(tmp_path, content, ("k",), rows=4 if owned else 3, owned=owned)
    assert bytes_of(by_key(made, work_dir).artifact) == b'k\na\nb\n""\n' + (b",\n" if owned else b"")


def test_a_file_of_one_column_may_end_without_the_line_end_of_its_rows(tmp_path: Path, work_dir: Path) -> None:
    """The last row of a file that passed with CRLF is a row like the others, and the one in quotes is its cell's."""
    made = artifact_of(tmp_path, b'k\r\nb\r\n"x\r\ny"\r\n\r\na', ("k",), rows=3, owned=False)
    assert bytes_of(by_key(made, work_dir).artifact) == b'k\na\nb\n"x\r\ny"\n'


def test_columns_that_differ_only_in_letter_case_keep_their_names(tmp_path: Path, work_dir: Path) -> None:
    """The engine does not tell them apart, so the header is the file's own."""
    content = b'k,K,"a ""b"""\nb,1,2\na,3,4\n'
    made = artifact_of(tmp_path, content, ("k", "K", 'a "b"'), rows=2)
    assert bytes_of(by_key(made, work_dir).artifact) == b'k,K,"a ""b"""\na,3,4\nb,1,2\n'


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_jsonl_lines_are_sorted_as_they_stand(compression: Compression | None, tmp_path: Path, work_dir: Path) -> None:
    """No byte of a line changes; rows without a key and broken ones come last, in their order."""
    lines = [
        b'{"k":"b","n":1.10}\n',
        b"{\n",
        b'{"n":123456789012345678901234567890,"o":{"k":"a","x":[1,\r2, "\\u0041"]}}\n',
        b'{"k":"a\\u0000","n":1e5}\n',
        b'{"k":null}\n',
        '{"k":"a","n":"é☃\x7f\u2028"}\n'.encode(),
        b'{"k":10}\n',
    ]
    made = artifact_of(tmp_path, b"".join(lines), ("k", "n", "o"), file_format="jsonl", rows=7, compression=compression)
    result = by_key(made, work_dir)
    assert bytes_of(result.artifact) == b"".join(lines[number] for number in (6, 5, 3, 0, 1, 2, 4))
    assert list(work_dir.iterdir()) == [result.artifact.path]


def test_a_parquet_file_is_sorted_by_its_key_as_text(tmp_path: Path, work_dir: Path) -> None:
    """Its types stay as they are."""
    path = tmp_path / "made.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT (range * 7) % 12 AS k, range AS n FROM range(12)) TO '{path}' (FORMAT parquet)"
        )
    made = artifact_of(tmp_path, path.read_bytes(), ("k", "n"), file_format="parquet", rows=12)
    types, rows = parquet_rows(by_key(made, work_dir).artifact)
    assert types == {"k": "BIGINT", "n": "BIGINT"}
    assert [row[0] for row in rows] == sorted(range(12), key=str)


def test_very_long_rows_are_sorted_too(tmp_path: Path, work_dir: Path) -> None:
    """A row may be longer than the engine expects of one."""
    long = "x\n" * 2_000_000
    made = artifact_of(tmp_path, csv_bytes(["k", "n"], ["b", long], ["a", "1"]), ("k", "n"), rows=2)
    assert bytes_of(by_key(made, work_dir).artifact) == csv_bytes(["k", "n"], ["a", "1"], ["b", long])
    line = b'{"k":"b","n":"%b"}\n' % (b"y" * 4_000_000)
    made = artifact_of(tmp_path, line + b'{"k":"a"}\n', ("k", "n"), file_format="jsonl", rows=2)
    assert bytes_of(by_key(made, work_dir).artifact) == b'{"k":"a"}\n' + line


def test_sorting_leaves_rows_out_on_its_way(tmp_path: Path, work_dir: Path) -> None:
    """Suppressed and numbered rows leave, and all rows are accounted for."""
    content = b"k,n\nd,1\nc,2\nb,3\na,4\n"
    made = artifact_of(tmp_path, content, ("k", "n"), rows=4, compression="gzip")
    result = reshape(
        made,
        leave_out=numbers_file(tmp_path, 2),
        suppress=suppress_file(tmp_path, hashed("a")),
        match_column="k",
        sort=True,
        work_dir=work_dir,
    )
    assert bytes_of(result.artifact) == b"k,n\nb,3\nd,1\n"
    assert (result.suppressed, result.left_out, result.artifact.rows) == (1, 1, 2)
    assert (result.artifact.file_name, result.artifact.format) == ("people.csv.gz", "csv")


def test_a_sort_that_spills_gives_the_same_bytes(tmp_path: Path, work_dir: Path) -> None:
    """With little memory the rows go through the disk, and come out alike."""
    path = tmp_path / "wide.csv"
    with duckdb.connect() as connection:
        rows = "sha256(range::VARCHAR) AS k, repeat(md5(range::VARCHAR), 12) AS n"
        connection.execute(f"COPY (SELECT {rows} FROM range(150000)) TO '{path}' (FORMAT csv, HEADER true)")
    made = artifact_of(tmp_path, path.read_bytes(), ("k", "n"), rows=150_000)
    results = [
        reshape(made, sort=True, match_column="k", work_dir=work_dir, memory_limit=memory)
        for memory in (200 << 20, 4 << 30)
    ]
    assert results[0].artifact.digest == results[1].artifact.digest
    keys = [line[:64] for line in bytes_of(results[0].artifact).splitlines()[1:]]
    assert keys == sorted(keys)
    assert len(keys) == 150_000


def test_sorting_needs_the_match_key(tmp_path: Path, work_dir: Path) -> None:
    """Without its column there is no order."""
    made = artifact_of(tmp_path, b"k\nb\n", ("k",), rows=1)
    with pytest.raises(ValueError, match="match key"):
        reshape(made, sort=True, work_dir=work_dir)


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak of memory is read from /proc")
def test_a_sort_takes_no_more_memory_than_it_may(tmp_path: Path, work_dir: Path) -> None:
    """A file larger than the default limit is sorted within 600 MB."""
    path = tmp_path / "large.csv"
    with duckdb.connect(config={"memory_limit": "1GB"}) as connection:
        rows = "sha256(range::VARCHAR) AS k, repeat(md5(range::VARCHAR), 8) AS n"
        connection.execute(f"COPY (SELECT {rows} FROM range(4000000)) TO '{path}' (FORMAT csv, HEADER true)")
    assert path.stat().st_size > 1_200_000_000
    child = [sys.executable, str(Path(__file__).with_name("sort_child.py")), str(path), str(work_dir), "k,n"]
    megabytes = int(subprocess.run(child, check=True, capture_output=True, text=True).stdout)
    assert megabytes <= 600
