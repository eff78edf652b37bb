"""The first rows of a file: the same rows, a private file, and no more read than they need."""

from __future__ import annotations

import io
import stat
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, cast

import duckdb
import pytest

from syncer.errors import PrepareError
from syncer.model.files import SourceFile
from syncer.prepare.head import Head, head_of
from tests.prepare.files import MakeFile, source_file, spec_of

SPEC = spec_of({"a": "email"})


class Counting(io.BytesIO):
    """Bytes of a store, which count how many of them were read."""

    def __init__(self, content: bytes, tell: Callable[[int], object]) -> None:
        super().__init__(content)
        self._tell = tell

    def read(self, size: int | None = -1) -> bytes:
        block = super().read(size)
        self._tell(len(block))
        return block

    def readinto(self, buffer: Any) -> int:
        count = super().readinto(buffer)
        self._tell(count)
        return count


def remote(file: SourceFile) -> tuple[SourceFile, list[int]]:
    """Move a file to a store; what is read of it there is counted."""
    content, counts = Path(file.location).read_bytes(), list[int]()
    Path(file.location).unlink()
    opener = cast("Callable[[], BinaryIO]", lambda: Counting(content, counts.append))
    return replace(file, location="s3://b/" + file.path, opener=opener), counts


def cut(file: SourceFile, count: int, work_dir: Path, spec: Any = SPEC) -> tuple[Head, bytes]:
    with head_of(file, spec, count, work_dir) as head:
        path = Path(head.file.location)
        content = path.read_bytes()
        assert head.file.size == len(content)
        if sys.platform != "win32":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(work_dir.iterdir()) == []
    return head, content


def test_csv_rows_stay_what_they_are(make_file: MakeFile, work_dir: Path) -> None:
    """Quoted line breaks, quotes, empty cells, blank lines and rows with other cells than columns."""
    file = make_file(b'\xef\xbb\xbfa;b;c\r\n\r\n"1\n2";"x""y";\r\n007\r\n1;2;3;4\r\nlater;;\r\n')
    head, content = cut(file, 3, work_dir)

    assert head.columns == ("a", "b", "c")
    assert head.rows == (
        {"a": "1\n2", "b": 'x"y', "c": None},
        {"a": "007"},
        {"a": "1", "b": "2", "c": "3", "(cell 4)": "4"},
    )
    assert head.more
    assert content == b'a;b;c\r\n"1\n2";"x""y";\r\n007\r\n1;2;3;4\r\n'
    assert not cut(file, 4, work_dir)[0].more


def test_the_encoding_stays(make_file: MakeFile, work_dir: Path) -> None:
    """The small file is read by the same spec, so it is written as the spec says."""
    spec = spec_of({"a": "email"}, source={"csv": {"encoding": "windows-1252"}})
    head, content = cut(make_file("a\nŽofia\n".encode("windows-1252")), 1, work_dir, spec)

    assert head.rows == ({"a": "Žofia"},)
    assert content == "a\r\nŽofia\r\n".encode("windows-1252")


def test_jsonl_lines_are_copied(make_file: MakeFile, work_dir: Path) -> None:
    """Byte by byte, broken ones too; a number is shown as it is written."""
    lines = b'{"a": 1.10, "b":"\\u00e9"}\r\n{"a"\n\n[1]\n{"a":null}\n'
    head, content = cut(make_file(lines, "x.jsonl", "jsonl"), 3, work_dir)

    assert content == lines[: lines.index(b"\n\n") + 1] + b"[1]\n"
    assert head.rows[0]["a"].text == "1.10"
    assert head.rows == ({"a": 1.1, "b": "é"}, {}, {})
    assert (head.columns, head.more) == (("a", "b"), True)


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl"])
def test_of_a_huge_remote_file_only_the_head_is_read(name: str, tmp_path: Path, work_dir: Path) -> None:
    """A few blocks, whatever the size."""
    kind: Any = name.rpartition(".")[2]
    line = b"x" * 99 + b"\n" if kind == "csv" else b'{"a": "' + b"x" * 90 + b'"}\n'
    header = b"a\n" if kind == "csv" else b""
    file, counts = remote(source_file(tmp_path / name, header + line * 200_000, kind))
    head, _ = cut(file, 5, work_dir)

    assert (len(head.rows), head.more) == (5, True)
    assert 0 < sum(counts) < 3 << 20


def parquet(tmp_path: Path, select: str, group: int = 2048) -> SourceFile:
    path = tmp_path / "x.parquet"
    duckdb.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE {group})")
    return source_file(path, path.read_bytes(), "parquet")


def test_of_a_remote_parquet_file_only_its_row_groups_are_fetched(tmp_path: Path, work_dir: Path) -> None:
    """The footer and the group that the rows are in; the result is that of a local file."""
    file = parquet(tmp_path, "SELECT i AS a, hash(i)::VARCHAR AS b FROM range(200_000) AS t(i)")
    local, _ = cut(file, 3, work_dir)
    far, counts = remote(file)
    head, _ = cut(far, 3, work_dir)

    assert head.rows == local.rows
    assert [row["a"] for row in head.rows] == [0, 1, 2]
    assert (head.columns, head.more) == (("a", "b"), True)
    assert 0 < sum(counts) < file.size / 4


def test_rows_from_several_row_groups(tmp_path: Path, work_dir: Path) -> None:
    """As many groups are fetched as the rows are in."""
    far, _ = remote(parquet(tmp_path, "SELECT i AS a FROM range(10_000) AS t(i)"))
    head, _ = cut(far, 5000, work_dir)
    assert [row["a"] for row in head.rows] == list(range(5000))


def test_parquet_values_of_every_kind(tmp_path: Path, work_dir: Path) -> None:
    """Times are written in RFC 3339, and what JSON has no type for as text."""
    file = parquet(
        tmp_path,
        "SELECT 7::TINYINT AS i, 1.50::DECIMAL(9,2) AS d, true AS b, 'x' AS s, NULL::VARCHAR AS n, 0.1::FLOAT AS f, "
        "DATE '2026-07-01' AS day, TIMESTAMP '2026-07-01 12:00:00' AS naive, "
        "TIMESTAMPTZ '2026-07-01 12:00:00.5+02' AS moment, [1, 2] AS l, {'k': 'v'} AS o",
    )
    (row,) = cut(file, 1, work_dir)[0].rows
    assert row == {
        "i": 7,
        "d": 1.5,
        "b": True,
        "s": "x",
        "n": None,
        "f": row["f"],
        "day": "2026-07-01",
        "naive": "2026-07-01T12:00:00",
        "moment": "2026-07-01T10:00:00.5Z",
        "l": [1, 2],
        "o": {"k": "v"},
    }
    assert (row["d"].text, row["b"]) == ("1.50", True)


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "x.csv", "is empty"),
        (b'a\n"x\n', "x.csv", "is never closed"),
        (b"\n\n", "x.csv", "no header row"),
        (b"PAR1", "x.parquet", "not readable parquet"),
        (b"\xff\n", "x.jsonl", "not UTF-8"),
    ],
)
def test_a_broken_head_is_explained(content: bytes, name: str, said: str, tmp_path: Path, work_dir: Path) -> None:
    """In the words of the preparation, near and far, and nothing is left behind."""
    kind: Any = name.rpartition(".")[2]
    file = source_file(tmp_path / name, content, kind)
    far, _ = remote(source_file(tmp_path / f"far-{name}", content, kind))
    for each in (file, far):
        with pytest.raises(PrepareError, match=said):
            cut(each, 1, work_dir)
        assert list(work_dir.iterdir()) == []


def test_columns_that_the_writer_does_not_tell_apart(tmp_path: Path, work_dir: Path) -> None:
    """Rather than shown under other names, they are refused."""
    path = tmp_path / "twice.parquet"
    other = parquet(tmp_path, "SELECT 1 AS aa, 2 AS bb")
    path.write_bytes(Path(other.location).read_bytes().replace(b"bb", b"AA"))
    with pytest.raises(PrepareError, match="differ only in letter case"):
        cut(source_file(path, path.read_bytes(), "parquet"), 1, work_dir)
