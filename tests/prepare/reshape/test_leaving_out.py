"""Rows that leave, and those that stay: cut out by number, nothing else touched, all of them accounted for."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.errors import Interrupted, PrepareError
from syncer.model.files import Compression
from syncer.prepare.artifact import Output
from syncer.prepare.reshape.reshape import reshape
from syncer.prepare.reshape.rows import blocks, copy
from tests.prepare.reshape.artifacts import artifact_of, bytes_of, hashed, numbers_file, parquet_rows, suppress_file

NASTY = b'email,note\na@x.io,"two\nlines, ""quoted"""\n,\n,,\n" b@x.io ","\n"\n"",007\n'
"""Data rows: quoted line feeds, nulls, a ragged row, a cell that is a line feed, quotes that nobody needs."""
NASTY_ROWS = [b'a@x.io,"two\nlines, ""quoted"""\n', b",\n", b",,\n", b'" b@x.io ","\n"\n', b'"",007\n']


class Dribble(io.BytesIO):
    """A stream that gives three bytes at a time, so that every place is once the end of a block."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(3 if size else size)


def copied(content: bytes, numbers: list[int], *, quoted: bool = True) -> tuple[int, bytes]:
    raw = io.BytesIO()
    output = Output(raw, None)
    rows = copy(Dribble(content), iter(numbers), output, quoted=quoted, header=quoted)
    output.finish()
    return rows, raw.getvalue()


@pytest.mark.parametrize("numbers", [[1], [3], [2, 4], [1, 2, 3, 4, 5], [5]])
@pytest.mark.parametrize("compression", [None, "gzip"])
def test_only_the_numbered_csv_rows_leave(
    numbers: list[int], compression: Compression | None, tmp_path: Path, work_dir: Path
) -> None:
    """Every other row stays the bytes that it was, whatever quotes, line feeds or missing cells it has."""
    made = artifact_of(tmp_path, NASTY, ("email", "note"), rows=5, compression=compression)
    result = reshape(made, leave_out=numbers_file(tmp_path, *numbers), work_dir=work_dir)
    staying = [row for number, row in enumerate(NASTY_ROWS, 1) if number not in numbers]
    assert bytes_of(result.artifact) == b"".join([b"email,note\n", *staying])
    assert (result.left_out, result.suppressed, result.artifact.rows) == (len(numbers), 0, len(staying))
    assert (result.artifact.owned, result.artifact.compression) == (True, compression)
    assert [path for path in work_dir.iterdir() if path != result.artifact.path] == []


def test_jsonl_rows_stay_the_bytes_that_they_were(tmp_path: Path, work_dir: Path) -> None:
    """Numbers, escapes, nested objects and a broken row pass unchanged when others leave."""
    staying = [
        b'{"a":1.10,"b":1e5}\n',
        b"{\n",
        b'{"a":123456789012345678901234567890,"b":{"c":[1,\r 2.50],"d":"\\u00e9\\n"}}\n',
    ]
    content = staying[0] + b'{"a":0}\n' + staying[1] + staying[2] + b'{"a":9}\n'
    made = artifact_of(tmp_path, content, ("a", "b"), file_format="jsonl", rows=5)
    result = reshape(made, leave_out=numbers_file(tmp_path, 2, 5), work_dir=work_dir)
    assert bytes_of(result.artifact) == b"".join(staying)
    assert result.artifact.columns == ("a", "b")


def test_parquet_rows_leave_and_types_stay(tmp_path: Path, work_dir: Path) -> None:
    """Parquet keeps its column types, also a column that is called as the engine's own row number is."""
    path = tmp_path / "made.parquet"
    columns = 'range AS number, range::DECIMAL(10, 2) AS file_row_number, [range] AS list, \'x\' AS "Ünï ""q"""'
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT {columns} FROM range(1000)) TO '{path}' (FORMAT parquet)")
    names = ("number", "file_row_number", "list", 'Ünï "q"')
    made = artifact_of(tmp_path, path.read_bytes(), names, file_format="parquet", rows=1000)
    result = reshape(made, leave_out=numbers_file(tmp_path, 1, 500, 1000), work_dir=work_dir)
    types, rows = parquet_rows(result.artifact)
    assert types == dict(zip(names, ["BIGINT", "DECIMAL(10,2)", "BIGINT[]", "VARCHAR"], strict=True))
    assert [row[0] for row in rows] == [number for number in range(1000) if number not in {0, 499, 999}]
    assert bytes_of(result.artifact).startswith(b"PAR1")


def test_a_file_that_passed_unchanged_counts_its_rows_as_the_api_does(tmp_path: Path, work_dir: Path) -> None:
    """Blank lines are no rows, lines may end with CRLF, and the last one needs no end."""
    content = b"a,b\r\n\r\n1,x\r\n\r\n\r\n2,y\r\n3,z"
    made = artifact_of(tmp_path, content, ("a", "b"), rows=3, owned=False)
    result = reshape(made, leave_out=numbers_file(tmp_path, 2), work_dir=work_dir)
    assert bytes_of(result.artifact) == b"a,b\r\n1,x\r\n3,z\n"
    assert made.path is not None
    assert made.path.read_bytes() == content


def test_an_artifact_of_a_store_is_read_from_there(tmp_path: Path, work_dir: Path) -> None:
    """A file that passed unchanged from a store is fetched once, and its copy does not stay."""
    made = artifact_of(tmp_path, NASTY, ("email", "note"), rows=5, owned=False)
    remote = replace(made, path=None, opener=lambda: io.BytesIO(NASTY))
    result = reshape(remote, leave_out=numbers_file(tmp_path, 1, 2, 3, 4), work_dir=work_dir)
    assert bytes_of(result.artifact) == b"email,note\n" + NASTY_ROWS[4]
    assert result.artifact.opener is None
    assert list(work_dir.iterdir()) == [result.artifact.path]


def test_where_nothing_has_to_change_the_artifact_is_the_given_one(tmp_path: Path, work_dir: Path) -> None:
    """No file is written for a list without rows, a format that is there already, or no wish at all."""
    made = artifact_of(tmp_path, NASTY, ("email", "note"), rows=5)
    assert reshape(made, work_dir=work_dir).artifact is made
    assert reshape(made, to="csv", work_dir=work_dir).artifact is made
    assert reshape(made, leave_out=numbers_file(tmp_path), work_dir=work_dir).artifact is made
    nobody = suppress_file(tmp_path, hashed("z@x.io"))
    assert reshape(made, suppress=nobody, match_column="email", work_dir=work_dir).artifact is made
    assert list(work_dir.iterdir()) == []


def test_all_rows_may_leave(tmp_path: Path, work_dir: Path) -> None:
    """What is left then is a header, or nothing."""
    made = artifact_of(tmp_path, NASTY, ("email", "note"), rows=5)
    result = reshape(made, leave_out=numbers_file(tmp_path, 1, 2, 3, 4, 5), work_dir=work_dir)
    assert (bytes_of(result.artifact), result.artifact.rows) == (b"email,note\n", 0)
    made = artifact_of(tmp_path, b'{"a":1}\n', ("a",), file_format="jsonl", rows=1)
    result = reshape(made, leave_out=numbers_file(tmp_path, 1), work_dir=work_dir)
    assert (bytes_of(result.artifact), result.artifact.rows, result.artifact.columns) == (b"", 0, ("a",))


def test_a_jsonl_column_that_only_leaving_rows_had_is_mapped_no_more(tmp_path: Path, work_dir: Path) -> None:
    """The API fails a whole job for a mapped key that no row has."""
    content = b'{"a":"x","b":1}\n{"a":"y","c":"\\"b\\":"}\n'
    made = artifact_of(tmp_path, content, ("a", "b", "c"), file_format="jsonl", rows=2)
    result = reshape(made, leave_out=numbers_file(tmp_path, 1), work_dir=work_dir)
    assert result.artifact.columns == ("a", "c")
    assert result.artifact.field_map == {"a": "a", "c": "c"}
    assert set(result.artifact.source_fields) == {"a", "c"}


@pytest.mark.parametrize("numbers", [(2, 2), (3, 1), (0,)])
def test_row_numbers_ascend_from_one(numbers: tuple[int, ...], tmp_path: Path, work_dir: Path) -> None:
    """A file of numbers in another order would leave rows in that belong out."""
    made = artifact_of(tmp_path, NASTY, ("email", "note"), rows=5)
    with pytest.raises(ValueError, match="ascend"):
        reshape(made, leave_out=numbers_file(tmp_path, *numbers), work_dir=work_dir)
    assert list(work_dir.iterdir()) == []


def test_a_row_that_is_not_there_cannot_leave(tmp_path: Path, work_dir: Path) -> None:
    """Rows that do not add up are an error, and no artifact is left behind."""
    made = artifact_of(tmp_path, NASTY, ("email", "note"), rows=5)
    with pytest.raises(PrepareError, match="5 rows were written where 4 belong"):
        reshape(made, leave_out=numbers_file(tmp_path, 6), work_dir=work_dir)
    with pytest.raises(ValueError, match="row 6 of 5"):
        reshape(made, leave_out=numbers_file(tmp_path, 6), sort=True, match_column="email", work_dir=work_dir)
    assert list(work_dir.iterdir()) == []


def test_a_count_that_is_wrong_is_noticed(tmp_path: Path, work_dir: Path) -> None:
    """An artifact that says another number of rows than it has is not reshaped."""
    made = artifact_of(tmp_path, NASTY, ("email", "note"), rows=4)
    with pytest.raises(PrepareError, match="5 rows were written where 4 belong"):
        reshape(made, sort=True, match_column="email", work_dir=work_dir)


def test_reshaping_can_be_stopped(tmp_path: Path, work_dir: Path) -> None:
    """Whoever asks to stop is heard, and nothing is left behind."""
    made = artifact_of(tmp_path, NASTY, ("email", "note"), rows=5)
    for wish in ({"sort": True, "match_column": "email"}, {"leave_out": numbers_file(tmp_path, 1)}):
        with pytest.raises(Interrupted):
            reshape(made, **wish, work_dir=work_dir, stop=lambda: True)
    assert list(work_dir.iterdir()) == []


@given(st.data())
def test_rows_are_cut_where_they_end(data: st.DataObject) -> None:
    """Wherever a block ends, a row of CSV ends at a line feed outside quotes and nowhere else."""
    cell = st.sampled_from([b"x", b"", b'""', b'"\n"', b'"a""\n\n""b"', b'"\r\n,"', b'""""', "é☃".encode()])
    records = data.draw(st.lists(st.tuples(cell, cell), min_size=1, max_size=8))
    rows = [b",".join(record) + b"\n" for record in records]
    leaving = sorted(data.draw(st.sets(st.integers(1, len(rows)))))
    staying = [row for number, row in enumerate(rows, 1) if number not in leaving]
    assert copied(b"h,i\n" + b"".join(rows), leaving) == (len(staying), b"".join([b"h,i\n", *staying]))


def test_lines_of_jsonl_end_at_every_line_feed() -> None:
    """A quote hides no line feed there, so a broken row keeps to itself."""
    assert copied(b'{"a":"\n{"b":1}\n{"c":"\n', [2], quoted=False) == (2, b'{"a":"\n{"c":"\n')


def test_a_row_longer_than_a_block_is_one_row() -> None:
    """A cell of several megabytes with line feeds in it is given as a whole."""
    row = b'1,"' + b"x\n" * 2_000_000 + b'"\n'
    texts = list(blocks(io.BytesIO(b"a,b\n" + row + b"2,y\n"), quoted=True))
    assert sum(text.count(b"\n") for text in texts) == 3
    assert sum(map(len, texts)) == 4 + len(row) + 4
