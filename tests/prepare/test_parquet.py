"""Parquet: types and nesting are kept, only mapped columns leave, and the same file gives the same bytes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncer.errors import PrepareError
from syncer.model.files import SourceFile
from syncer.prepare.prepare import prepare
from syncer.prepare.rows import count_rows
from syncer.prepare.shape import columns_of
from tests.prepare.files import contents, on_disk, source_file, spec_of

RICH = """
    SELECT range AS id, 'secret' AS ssn, (range / 3)::DECIMAL(12, 4) AS amount,
        TIMESTAMP '2026-01-01 00:00:00.123456' AS local, TIMESTAMPTZ '2026-01-01 00:00:00+02' AS moment,
        {'city': 'Köln', 'tags': [1, 2]} AS address, MAP {'k': range} AS attributes,
        DATE '2026-02-28' AS day, NULL::INTEGER AS nothing, range::UTINYINT AS small, '\\x00\\xFF'::BLOB AS raw
    FROM range(200)
"""


def parquet_file(path: Path, query: str) -> SourceFile:
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return source_file(path, path.read_bytes(), "parquet")


def read(path: Path, columns: str = "*") -> tuple[list[tuple[str, str]], list[tuple[str | None, ...]]]:
    """Return names with types, and all rows with their values as DuckDB spells them."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        described = connection.execute(f"DESCRIBE SELECT {columns} FROM read_parquet(?)", [str(path)]).fetchall()
        rows = connection.execute(
            f"SELECT COLUMNS(*)::VARCHAR FROM (SELECT {columns} FROM read_parquet(?))", [str(path)]
        ).fetchall()
        return [(row[0], row[1]) for row in described], rows


def test_types_and_values_are_kept(tmp_path: Path) -> None:
    """Nested, decimal and temporal columns come out with the type and the values that they had, in mapping order."""
    file = parquet_file(tmp_path / "p.parquet", RICH)
    names = ("attributes", "address", "amount", "local", "moment", "day", "nothing", "small", "raw", "id")
    spec = spec_of({name: name for name in names}, batch={"field": "tag"}, constants={"n": 1, "t": True, "f": 0.5})
    artifact = prepare(file, spec, batch_value="x", work_dir=tmp_path / "work")
    types, rows = read(on_disk(artifact))
    source_types, source_rows = read(Path(file.location), ", ".join(names))
    added = [("tag", "VARCHAR"), ("n", "BIGINT"), ("t", "BOOLEAN"), ("f", "DOUBLE")]
    assert types == [*added, *source_types]
    assert rows == [("x", "1", "true", "0.5", *row) for row in source_rows]
    assert artifact.columns == ("tag", "n", "t", "f", *names)
    assert artifact.rows == 200 == count_rows(file, spec)
    assert b"secret" not in contents(artifact)


def test_the_columns_of_a_folder_name_are_not_columns(tmp_path: Path) -> None:
    """A path such as `dt=2026-01-01/` adds nothing to what the file itself holds."""
    (tmp_path / "dt=2026-01-01").mkdir()
    file = parquet_file(tmp_path / "dt=2026-01-01" / "p[1].parquet", "SELECT 1 AS a, {'b': 2, 'c': [3]} AS s, 4 AS d")
    assert columns_of(file, spec_of({"a": "a"})) == ("a", "s", "d")
    artifact = prepare(file, spec_of({"d": "d", "a": "a"}), batch_value=None, work_dir=tmp_path / "work")
    assert read(on_disk(artifact))[1] == [("4", "1")]


def test_columns_that_differ_in_case_are_told_apart(tmp_path: Path) -> None:
    """`aa` and `AA` of one file are two columns; mapping both is refused, because the writer cannot."""
    written = parquet_file(tmp_path / "w.parquet", "SELECT 1 AS aa, 2 AS bb")
    content = Path(written.location).read_bytes().replace(b"bb", b"AA")
    file = source_file(tmp_path / "p.parquet", content, "parquet")
    artifact = prepare(file, spec_of({"AA": "f"}), batch_value=None, work_dir=tmp_path / "work")
    assert read(on_disk(artifact)) == ([("AA", "INTEGER")], [("2",)])
    with pytest.raises(PrepareError, match="letter case"):
        prepare(
            file,
            spec_of({"AA": "f", "aa": "g"}, prepare={"mode": "rewrite"}),
            batch_value=None,
            work_dir=tmp_path / "work",
        )


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    """A mapped column that the file lacks is refused with the name that was meant."""
    file = parquet_file(tmp_path / "p.parquet", "SELECT 1 AS Email")
    with pytest.raises(PrepareError) as caught:
        prepare(file, spec_of({"email": "f"}), batch_value=None, work_dir=tmp_path / "work")
    assert caught.value.why == "did you mean 'Email'?"


@pytest.mark.parametrize("damage", ["empty", "cut", "other", "page"])
def test_damaged_files_are_refused(damage: str, tmp_path: Path) -> None:
    """A file that is empty, cut off, no Parquet at all or damaged inside is refused and leaves nothing behind."""
    whole = Path(
        parquet_file(tmp_path / "p.parquet", "SELECT hash(range)::VARCHAR AS a, 1 AS b FROM range(5000)").location
    )
    content = whole.read_bytes()
    broken = {
        "empty": b"",
        "cut": content[:-20],
        "other": b"a,b\n1,2\n",
        "page": b"PAR1" + b"\xff" * 200 + content[204:],
    }
    file = source_file(tmp_path / "d.parquet", broken[damage], "parquet")
    with pytest.raises(PrepareError):
        prepare(file, spec_of({"a": "a"}), batch_value=None, work_dir=tmp_path / "work")
    assert not (tmp_path / "work").exists() or not list((tmp_path / "work").iterdir())


VALUES = st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=5)


@settings(max_examples=15, deadline=None)
@given(rows=st.lists(st.tuples(VALUES, st.none() | st.integers(-(2**63), 2**63 - 1)), min_size=1, max_size=5))
def test_any_rows_survive(rows: list[tuple[str | None, int | None]]) -> None:
    """Projection and tag keep every value of the mapped columns, in order."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "t.parquet")
        with duckdb.connect() as connection:
            connection.execute("CREATE TABLE t (x INTEGER, s VARCHAR, n BIGINT)")
            connection.executemany("INSERT INTO t VALUES (0, ?, ?)", rows)
            connection.execute(f"COPY t TO '{path}' (FORMAT parquet)")
        file = source_file(path, path.read_bytes(), "parquet")
        spec = spec_of({"n": "n", "s": "s"}, batch={"field": "tag"})
        artifact = prepare(file, spec, batch_value="b", work_dir=Path(folder, "work"))
        assert read(on_disk(artifact))[1] == [
            ("b", None if number is None else str(number), text) for text, number in rows
        ]
