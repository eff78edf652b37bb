"""Parquet is cut by ranges of rows, and every value keeps its type."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncer.errors import Interrupted, PrepareError
from syncer.prepare.artifact import Artifact
from syncer.prepare.splitting import split
from tests.prepare.reshape.artifacts import artifact_of, parquet_rows
from tests.prepare.splitting.parts import check_parts, digests, stopping_after
from tests.prepare.splitting.test_text import folders

Make = Callable[..., Artifact]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write a Parquet artifact of `SELECT selected FROM range(rows)`."""

    def write(
        selected: str, rows: int, *columns: str, options: str = "COMPRESSION zstd", owned: bool = True
    ) -> Artifact:
        path = tmp_path / "made.parquet"
        with duckdb.connect() as connection:
            statement = f"COPY (SELECT {selected} FROM range({rows}) t(n)) TO '{path}' (FORMAT parquet, {options})"
            connection.execute(statement)
        return artifact_of(tmp_path, path.read_bytes(), columns, file_format="parquet", rows=rows, owned=owned)

    return write


def rows_of(*parts: Artifact) -> list[tuple[Any, ...]]:
    return [row for part in parts for row in parquet_rows(part)[1]]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    lengths=st.lists(st.integers(0, 3000), min_size=1, max_size=60),
    limit=st.integers(8000, 30_000),  # a part has a footer, and its statistics may repeat values
)
def test_parts_hold_all_rows(lengths: list[int], limit: int) -> None:
    """However different rows are in size, parts are within the limit and hold the rows in their order."""
    dice = random.Random(7)
    values = [(number, dice.randbytes(length)) for number, length in enumerate(lengths)]
    with folders() as (folder, work_dir):
        path = folder / "made.parquet"
        with duckdb.connect() as connection:
            connection.execute("CREATE TABLE t (n INTEGER, v BLOB)")
            connection.executemany("INSERT INTO t VALUES (?, ?)", values)
            connection.execute(f"COPY t TO '{path}' (FORMAT parquet)")
        made = artifact_of(folder, path.read_bytes(), ("n", "v"), file_format="parquet", rows=len(values))
        parts = split(made, limit=limit, work_dir=work_dir)
        if parts != (made,):
            check_parts(made, parts, limit, work_dir)
        assert rows_of(*parts) == values
        assert [len(rows_of(part)) for part in parts] == [part.rows for part in parts]
        assert digests(split(made, limit=limit, work_dir=work_dir)) == digests(parts)


def test_types_and_names_stay(make: Make, work_dir: Path) -> None:
    """Nested values, decimals, moments and quotes in names come out as they were."""
    selected = (
        'n::UINTEGER AS "a ""b""", [n, NULL] AS list, {\'x\': n, \'y\': md5(n::VARCHAR)} AS pair, '
        "(n / 7)::DECIMAL(38, 5) AS amount, TIMESTAMPTZ '2026-11-01 00:00:00+00' + to_seconds(n) AS moment, "
        "md5((n + 1)::VARCHAR)::BLOB AS bytes, NULL::DATE AS day, MAP {'k': md5((n + 2)::VARCHAR)} AS map"
    )
    names = ('a "b"', "list", "pair", "amount", "moment", "bytes", "day", "map")
    made = make(selected, 3000, *names, options="COMPRESSION zstd, ROW_GROUP_SIZE 2048")
    parts = split(made, limit=made.size * 2 // 5, work_dir=work_dir)
    check_parts(made, parts, made.size * 2 // 5, work_dir)
    assert len(parts) == 3
    assert {tuple(parquet_rows(part)[0].items()) for part in parts} == {tuple(parquet_rows(made)[0].items())}
    assert rows_of(*parts) == rows_of(made)
    assert [part.file_name for part in parts] == [f"people.part-000{number}.parquet" for number in (1, 2, 3)]


@pytest.mark.parametrize("options", ["COMPRESSION zstd", "COMPRESSION snappy", "COMPRESSION uncompressed"])
def test_parts_are_about_equally_large(options: str, make: Make, work_dir: Path) -> None:
    """The first part shows how much smaller a file of another compression becomes."""
    made = make("n, md5(n::VARCHAR) AS k", 100_000, "n", "k", options=options, owned=False)
    limit = int(made.size / 3.5)
    parts = split(made, limit=limit, work_dir=work_dir)
    check_parts(made, parts, limit, work_dir)
    assert 2 <= len(parts) <= 4
    assert min(part.size for part in parts) > (0.8 if "zstd" in options else 0.6) * max(part.size for part in parts)


def test_a_column_may_be_called_as_the_engine_calls_its_row_numbers(make: Make, work_dir: Path) -> None:
    """Rows are cut by their place, not by what such a column says."""
    made = make("7 AS FILE_ROW_NUMBER, md5(n::VARCHAR) AS k", 3000, "FILE_ROW_NUMBER", "k")
    parts = split(made, limit=made.size // 2, work_dir=work_dir)
    check_parts(made, parts, made.size // 2, work_dir)
    assert list(parquet_rows(parts[0])[0]) == ["FILE_ROW_NUMBER", "k"]
    assert rows_of(*parts) == rows_of(made)


def test_a_file_of_a_store_is_copied_for_the_engine(make: Make, work_dir: Path) -> None:
    """The copy is gone when the parts are made."""
    made = make("md5(n::VARCHAR) AS k", 3000, "k", owned=False)
    assert made.path is not None
    data = made.path.read_bytes()
    remote = replace(made, path=None, opener=lambda: BytesIO(data))
    parts = split(remote, limit=made.size // 2, work_dir=work_dir)
    check_parts(made, parts, made.size // 2, work_dir)
    assert digests(parts) == digests(split(made, limit=made.size // 2, work_dir=work_dir))


def test_a_row_larger_than_a_part_is_refused_by_its_number(tmp_path: Path, work_dir: Path) -> None:
    """The error tells the row and the limit, and nothing of what is in it."""
    path = tmp_path / "made.parquet"
    long = random.Random(1).randbytes(9000)
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT n, ''::BLOB AS v FROM range(40) t(n)")
        connection.execute("UPDATE t SET v = ? WHERE n = 36", [long])
        connection.execute(f"COPY t TO '{path}' (FORMAT parquet)")
    made = artifact_of(tmp_path, path.read_bytes(), ("n", "v"), file_format="parquet", rows=40)
    with pytest.raises(PrepareError, match="row 37 of data/a is larger than a part may be"):
        split(made, limit=8000, name="data/a", work_dir=work_dir)
    assert list(work_dir.iterdir()) == []


def test_columns_that_the_engine_cannot_keep_are_refused(make: Make, work_dir: Path) -> None:
    """Names that differ only in letter case would be renamed."""
    made = make("md5(n::VARCHAR) AS k", 300, "k", "K")
    with pytest.raises(PrepareError, match="cannot be cut into parts") as caught:
        split(made, limit=made.size // 2, work_dir=work_dir)
    assert "letter case" in caught.value.why


def test_a_damaged_file_is_refused(make: Make, work_dir: Path) -> None:
    """The error is that of every other reader, and parts made before it are gone."""
    made = make("md5(n::VARCHAR) AS k", 300_000, "k", owned=False)
    assert made.path is not None
    data = bytearray(made.path.read_bytes())
    data[made.size // 2 : made.size // 2 + 400_000] = bytes(400_000)
    made.path.write_bytes(data)
    with pytest.raises(PrepareError, match="is not readable parquet"):
        split(made, limit=made.size // 4, work_dir=work_dir)
    assert list(work_dir.iterdir()) == []


def test_a_stopped_split_leaves_nothing_and_can_be_done_again(make: Make, work_dir: Path) -> None:
    """Whenever it is stopped, the parts come out alike the next time."""
    made = make("md5(n::VARCHAR) AS k", 20_000, "k")
    limit = made.size // 3
    whole = split(made, limit=limit, work_dir=work_dir.parent / "other")
    for asked in (0, 1, 3, 5):
        with pytest.raises(Interrupted):
            split(made, limit=limit, work_dir=work_dir, stop=stopping_after(asked))
        assert list(work_dir.iterdir()) == []
    assert digests(split(made, limit=limit, memory_limit=200 << 20, work_dir=work_dir)) == digests(whole)
