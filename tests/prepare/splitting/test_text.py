"""CSV and JSONL are cut between rows, which stay the bytes that they were."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.errors import Interrupted, PrepareError
from syncer.model.files import Compression, SourceFormat
from syncer.prepare.splitting import split, text
from tests.prepare.reshape.artifacts import artifact_of, bytes_of, csv_bytes
from tests.prepare.splitting.parts import check_parts, digests, joined, records, stopping_after

HEADER = b'k,"the ""n"""\n'
CELLS = st.one_of(st.none(), st.text('ab ,"\n\r\xe9', max_size=6))
BOTH = pytest.mark.parametrize("compression", [None, "gzip"])


@contextmanager
def folders() -> Iterator[tuple[Path, Path]]:
    """A folder for what is given, and one for what is made."""
    with tempfile.TemporaryDirectory() as folder:
        work_dir = Path(folder) / "work"
        work_dir.mkdir()
        yield Path(folder), work_dir


def random_rows(number: int, *, seed: int = 1) -> list[bytes]:
    """Rows of two cells that do not compress well, some with line feeds inside quotes."""
    dice = random.Random(seed)
    return [b'%x,"%x\n\n%x"\n' % (place, dice.getrandbits(200), dice.getrandbits(64)) for place in range(number)]


@given(
    rows=st.lists(st.one_of(st.tuples(CELLS, CELLS), st.lists(CELLS, min_size=1, max_size=4)), max_size=40),
    limit=st.integers(60, 400),
    compression=st.sampled_from([None, "gzip"]),
)
def test_parts_of_csv_hold_all_rows(rows: list[list[str | None]], limit: int, compression: Compression | None) -> None:
    """Quoted line ends, carriage returns, nulls and ragged rows come out as they were, in their order."""
    content = HEADER + csv_bytes(*rows)
    with folders() as (folder, work_dir):
        made = artifact_of(folder, content, ("k", 'the "n"'), rows=len(rows), compression=compression)
        limit = max(limit, 200) if compression else limit
        parts = split(made, limit=limit, work_dir=work_dir)
        if parts != (made,):
            check_parts(made, parts, limit, work_dir)
        assert joined(parts, HEADER) == content
        assert [len(records(bytes_of(part))) - 1 for part in parts] == [part.rows for part in parts]
        assert digests(split(made, limit=limit, work_dir=work_dir)) == digests(parts)


@given(
    lines=st.lists(st.binary(max_size=40).map(lambda line: line.hex().encode()), min_size=1, max_size=40),
    ended=st.booleans(),
    limit=st.integers(120, 400),
    compression=st.sampled_from([None, "gzip"]),
)
def test_parts_of_jsonl_hold_all_lines(
    lines: list[bytes], ended: bool, limit: int, compression: Compression | None
) -> None:
    """Broken and blank lines are rows as well, and a last line without line feed gets none."""
    content = b"\n".join(lines) + b"\n" * (ended or not lines[-1])
    with folders() as (folder, work_dir):
        made = artifact_of(folder, content, ("k",), file_format="jsonl", rows=len(lines), compression=compression)
        parts = split(made, limit=limit, work_dir=work_dir)
        if parts != (made,):
            check_parts(made, parts, limit, work_dir)
        assert joined(parts) == content
        assert sum(part.rows or 0 for part in parts) == len(lines)


@given(
    rows=st.lists(st.sampled_from([b"a,b", b'"x\n\ny",', b"", b",,,", b'"""",c']), min_size=1, max_size=30),
    end=st.sampled_from([b"\n", b"\r\n"]),
    ended=st.booleans(),
)
def test_csv_that_passed_unchanged_keeps_its_rows(rows: list[bytes], end: bytes, ended: bool) -> None:
    """Line ends and ragged rows stay, blank lines are no rows, and the last row needs no line end."""
    content = end.join([b"k,n", *rows]) + end * ended
    with folders() as (folder, work_dir):
        made = artifact_of(folder, content, ("k", "n"), owned=False)
        parts = split(made, limit=20, work_dir=work_dir)
        assert [record for part in parts for record in records(bytes_of(part))[1:]] == records(content)[1:]
        if parts != (made,):
            assert sum(part.rows or 0 for part in parts) == len(records(content)) - 1
            check_parts(made, parts, 20, work_dir)
            header = b"k,n" + end
            kept = [row for row in rows if row]
            assert joined(parts, header).removesuffix(end) == end.join([b"k,n", *kept])


@BOTH
def test_parts_are_about_equally_large(compression: Compression | None, tmp_path: Path, work_dir: Path) -> None:
    """No last part of a few rows: it would cost a whole job."""
    content = HEADER + b"".join(random_rows(20_000))
    made = artifact_of(tmp_path, content, ("k", "n"), rows=20_000, compression=compression)
    limit = int(made.size / 3.4)
    parts = split(made, limit=limit, work_dir=work_dir)
    check_parts(made, parts, limit, work_dir)
    assert len(parts) == 4
    assert min(part.size for part in parts) > 0.9 * max(part.size for part in parts)
    assert joined(parts, HEADER) == content


@BOTH
def test_a_tight_limit_is_kept(compression: Compression | None, tmp_path: Path, work_dir: Path) -> None:
    """Where rows and headers leave no slack there is a part more, and the rest is shared evenly."""
    content = HEADER + b"".join(random_rows(20_000))
    made = artifact_of(tmp_path, content, ("k", "n"), rows=20_000, compression=compression)
    parts = split(made, limit=-(-made.size // 3), work_dir=work_dir)
    check_parts(made, parts, -(-made.size // 3), work_dir)
    assert len(parts) == 4


def test_an_artifact_that_fits_is_returned_alone(tmp_path: Path, work_dir: Path) -> None:
    """It is the given one itself, and nothing is written."""
    made = artifact_of(tmp_path, b"k\na\n", ("k",), rows=1, owned=False)
    assert split(made, limit=made.size, work_dir=work_dir) == (made,)
    assert list(work_dir.iterdir()) == []


@pytest.mark.parametrize(
    ("file_name", "names"),
    [
        ("orders.csv.gz", ["orders.part-0001.csv.gz", "orders.part-0002.csv.gz"]),
        ("a.b.csv.gz", ["a.b.part-0001.csv.gz", "a.b.part-0002.csv.gz"]),
    ],
)
def test_a_part_is_named_and_described_after_its_whole(
    file_name: str, names: list[str], tmp_path: Path, work_dir: Path
) -> None:
    """Its number stands before the extensions; the mapping and the source's digest are the whole's."""
    content = HEADER + b"".join(random_rows(2_000))
    made = artifact_of(tmp_path, content, ("k", 'the "n"'), rows=2_000, compression="gzip", types={"k": "integer"})
    made = replace(made, file_name=file_name, content="sha256:c")
    parts = split(made, limit=int(made.size * 0.6), work_dir=work_dir)
    check_parts(made, parts, int(made.size * 0.6), work_dir)
    assert [part.file_name for part in parts] == names
    for part in parts:
        assert (part.columns, part.source_fields, part.field_map) == (made.columns, made.source_fields, made.field_map)


def test_a_remote_file_gives_the_parts_of_a_local_one(tmp_path: Path, work_dir: Path) -> None:
    """A stream that gives few bytes at a time makes no difference, not even in compressed bytes."""

    class Trickle(BytesIO):
        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            return super().readinto(buffer[: max(1, len(buffer) // 7)])

    content = HEADER + b"".join(random_rows(30_000))
    made = artifact_of(tmp_path, content, ("k", "n"), rows=30_000, compression="gzip", owned=False)
    assert made.path is not None
    data, limit = made.path.read_bytes(), made.size // 2
    remote = replace(made, path=None, opener=lambda: Trickle(data))
    assert digests(split(remote, limit=limit, work_dir=work_dir)) == digests(
        split(made, limit=limit, work_dir=work_dir)
    )


def test_each_jsonl_part_lists_the_columns_that_it_has(tmp_path: Path, work_dir: Path) -> None:
    """A mapped column that no row of a part has would fail its job; the match key and a part without keys keep all."""
    lines = [b'{"k":"%d"}\n' % number for number in range(1000, 1010)]
    lines += [b'{"k":"%d","n":1,"\xc3\xa9":2}\n' % number for number in range(1010, 1020)] + [b"{\n" for _ in range(99)]
    made = artifact_of(
        tmp_path, b"".join(lines), ("k", "n", "é"), file_format="jsonl", rows=119, types={"n": "integer"}
    )
    parts = split(made, limit=150, work_dir=work_dir)
    assert {part.columns for part in parts} == {("k",), ("k", "n", "é")}
    assert [list(part.field_map) for part in parts] == [list(part.columns) for part in parts]
    assert [list(part.source_fields) for part in parts] == [list(part.columns) for part in parts]
    for part in parts:
        held = tuple(column for column in made.columns if f'"{column}":'.encode() in bytes_of(part))
        assert part.columns == (held or made.columns)
    unread = replace(made, owned=False, columns=())
    assert all(part.field_map == made.field_map for part in split(unread, limit=150, work_dir=work_dir))
    lines = [b'{"key":"%d"}\n' % number for number in range(20)]
    made = artifact_of(tmp_path, b"".join(lines), ("k", "key", "n"), file_format="jsonl", rows=20)
    assert {part.columns for part in split(made, limit=150, match_column="k", work_dir=work_dir)} == {("k", "key")}


@BOTH
@pytest.mark.parametrize(("file_format", "number"), [("csv", 4), ("jsonl", 5)])
def test_a_row_larger_than_a_part_is_refused_by_its_number(
    file_format: SourceFormat, number: int, compression: Compression | None, tmp_path: Path, work_dir: Path
) -> None:
    """The error tells the row and the limit, and nothing of what is in it."""
    rows = random_rows(8)
    rows = [row.replace(b"\n\n", b"--") for row in rows]
    rows[4] = b'a,"%b"\n' % random.Random(2).randbytes(600).hex().encode()
    made = artifact_of(tmp_path, b"".join(rows), ("k", "n"), file_format=file_format, compression=compression)
    with pytest.raises(PrepareError, match=rf"row {number} of data/a is larger than a part may be") as caught:
        split(made, limit=300, name="data/a", work_dir=work_dir)
    assert caught.value.where == f"data/a, row {number}"
    assert "300 B" in caught.value.why
    assert rows[4].decode()[4:40] not in str(caught.value)
    assert list(work_dir.iterdir()) == []


@BOTH
def test_a_row_that_does_not_end_is_refused_before_memory_is_full(
    compression: Compression | None, tmp_path: Path, work_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An open quote takes the rest of a file for one row; looking for its end stops before the file does."""
    monkeypatch.setattr(text, "MAX_RECORD_BYTES", 3_000_000)
    content = b'k\nb\n"' + b"a\n" * 3_000_000 + b'"'
    made = artifact_of(tmp_path, content, ("k",), rows=2, compression=compression)
    with pytest.raises(PrepareError, match="row 2 of people") as caught:
        split(replace(made, size=8_000_000), limit=7_000_000, work_dir=work_dir)
    assert "3.0 MB" in caught.value.why
    assert list(work_dir.iterdir()) == []


@BOTH
def test_a_header_that_leaves_no_room_is_refused(
    compression: Compression | None, tmp_path: Path, work_dir: Path
) -> None:
    """Each part would hold nothing but the header."""
    header = random.Random(3).randbytes(200).hex().encode()
    made = artifact_of(tmp_path, header + b"\n" + b"1\n" * 400, (header.decode(),), compression=compression)
    with pytest.raises(PrepareError, match=r"the header of people\.csv\S* leaves no room") as caught:
        split(made, limit=200, work_dir=work_dir)
    assert header.decode()[:20] not in str(caught.value)
    assert list(work_dir.iterdir()) == []


def test_rows_that_do_not_add_up_are_refused(tmp_path: Path, work_dir: Path) -> None:
    """An artifact that says another number of rows has been read in another way than it was made."""
    made = artifact_of(tmp_path, HEADER + b"".join(random_rows(50)), ("k", "n"), rows=49)
    with pytest.raises(PrepareError, match="parts of 50 rows in all, and has 49"):
        split(made, limit=1000, work_dir=work_dir)
    assert list(work_dir.iterdir()) == []


def test_a_file_that_is_not_as_large_as_it_was_is_refused(tmp_path: Path, work_dir: Path) -> None:
    """It changed since it was looked at, or the store gave a part of it only."""
    made = artifact_of(tmp_path, HEADER + b"".join(random_rows(50)), ("k", "n"))
    with pytest.raises(PrepareError, match=f"has {made.size} bytes, and {made.size + 1} were announced"):
        split(replace(made, size=made.size + 1), limit=1000, work_dir=work_dir)
    assert list(work_dir.iterdir()) == []


@pytest.mark.parametrize(
    "content", [b'k\na"b\nc"d\n', b"k\ra\rb\r", b"k\na\r\nb\n", b"\nk\na\nb\n", b"k\n\xff\n\xfe\n", b'k\na\n"b\n']
)
def test_passed_csv_whose_rows_cannot_be_told_apart_is_refused(content: bytes, tmp_path: Path, work_dir: Path) -> None:
    """What passed unchanged may be anything; only writing it anew makes it plain."""
    made = artifact_of(tmp_path, content, ("k",), owned=False)
    with pytest.raises(PrepareError, match="cannot be cut into parts as it is") as caught:
        split(made, limit=made.size - 1, work_dir=work_dir)
    assert "prepare.mode: auto" in caught.value.next_step
    assert list(work_dir.iterdir()) == []


def test_damaged_gzip_is_refused(tmp_path: Path, work_dir: Path) -> None:
    """The error is that of every other reader."""
    made = artifact_of(tmp_path, HEADER + b"".join(random_rows(5000)), ("k", "n"), compression="gzip")
    assert made.path is not None
    made.path.write_bytes(made.path.read_bytes()[:-5])
    with pytest.raises(PrepareError, match="damaged gzip"):
        split(made, limit=made.size // 2, work_dir=work_dir)
    assert list(work_dir.iterdir()) == []


def test_a_stopped_split_leaves_nothing_and_can_be_done_again(tmp_path: Path, work_dir: Path) -> None:
    """Whenever it is stopped, the parts come out alike the next time."""
    content = HEADER + b"".join(random_rows(60_000))
    made = artifact_of(tmp_path, content, ("k", "n"), rows=60_000)
    whole = digests(split(made, limit=2_000_000, work_dir=tmp_path / "other"))
    for asked in range(1, 4):
        with pytest.raises(Interrupted):
            split(made, limit=2_000_000, work_dir=work_dir, stop=stopping_after(asked))
        assert list(work_dir.iterdir()) == []
    assert digests(split(made, limit=2_000_000, work_dir=work_dir)) == whole


def test_disk_space_is_asked_for_first(tmp_path: Path, work_dir: Path) -> None:
    """A disk that cannot hold the parts is not filled."""
    made = replace(artifact_of(tmp_path, HEADER, ("k", "n")), size=1 << 60)
    with pytest.raises(PrepareError, match="not enough disk space to prepare data/a"):
        split(made, name="data/a", work_dir=work_dir)
