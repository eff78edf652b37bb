"""CSV: what the engine may judge, what it may not, and which files the API would fail as a whole."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.errors import PrepareError
from syncer.model.objects import FieldSchema
from syncer.prepare.judge import csv_engine, csv_exact, csv_plain
from syncer.prepare.judge.csv_plain import look_through
from tests.prepare.judge.oracle import FAILED, actual, run
from tests.prepare.judge.strategies import Case, csv_files, definition

SCHEMA = {"n": FieldSchema(type="integer")}


def judged(tmp_path: Path, content: bytes, field_map: dict[str, str] | None = None) -> list[dict[str, object]]:
    path = tmp_path / "artifact.csv"
    path.write_bytes(content)
    judgement, lines = run(path, "csv", SCHEMA, field_map or {"n": "n"}, work_dir=tmp_path)
    judgement.discard()
    return lines


PLAIN = [
    pytest.param(b"n,t\n1,x\nx,y\n", id="simple"),
    pytest.param(b'n,t\n1,"a\nb,c"\n"x","q""q"\n', id="quoted"),
    pytest.param(b"n,t\r\n1,x\r\nx,y", id="CRLF, no end"),
    pytest.param(b"n,t\n1,x\n\n\nx,y\n", id="blank lines"),
    pytest.param(b'n\n""\n1\nx\n', id="one column"),
    pytest.param(b"n,t\n1,a\x00b\nx,\xf0\x9f\x98\x80\n", id="null character, emoji"),
    pytest.param(b'n,"a\nb"\n1,x\nx,y\n', id="a header of two lines"),
    pytest.param(b"n,T,t\n1,x,x\nx,y,y\n", id="columns that differ in case"),
    pytest.param(b"n,t\n1,x,\n,\nx,y\n", id="a delimiter too many"),
    pytest.param(b"n,t\n1,x\n#,a#b\n", id="number signs"),
    pytest.param(b"n\n1,\n2\n", id="a delimiter in one column"),
    pytest.param(b"n,t\n1\n2,x,y\n", id="cells that only add up"),
    pytest.param(b'n,t,t\n""\n,\n"2","3","4","x\ny","\xc3\xa9","\x01"\n5,6,7\n', id="cells and columns of all kinds"),
]


@pytest.mark.parametrize("content", PLAIN)
def test_plain_files_are_judged_by_the_engine(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that every reader reads alike never takes the slow way, and both ways say the same."""
    with monkeypatch.context() as only_exact:
        only_exact.setattr(csv_engine, "judge", lambda *_: None)
        told = judged(tmp_path, content)
    assert told
    monkeypatch.delattr(csv_exact, "judge")
    assert judged(tmp_path, content) == told


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b'n,t\n1, "x"\n', id="a space before a quote"),
        pytest.param(b'n,t\n1,x"y\n', id="a quote inside a cell"),
        pytest.param(b"n,t\n1,x\r\n", id="mixed line ends"),
        pytest.param(b"n,t\r1,x\r", id="returns only"),
        pytest.param(b"n\n\n1\n", id="a blank line in one column"),
        pytest.param(b"\nn,t\n1,x\n", id="a blank line first"),
        pytest.param(b"n,t\n1,x\n\n2\n", id="a blank line among rows that lack cells"),
        pytest.param(b"n,t\n1,x" + b"," * 9 + b"\n", id="far too many cells"),
        pytest.param(b"n,t\n1,\x01\x02\n2\n", id="what stands for no cell"),
        pytest.param(b"\xef\xbb\xbfx,n\n1,1\n", id="a byte order mark"),
        pytest.param(b'n,"t\nu"\r\n1\r\nx\r\n', id="a line feed in a header of CRLF, short rows"),
    ],
)
def test_others_are_read_record_by_record(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the engine would see something else than the API, its judgement is not asked for or not believed."""
    monkeypatch.delattr(csv_exact, "judge")
    with pytest.raises(AttributeError):
        judged(tmp_path, content)


def test_a_ragged_row_is_shown_as_far_as_it_goes(tmp_path: Path) -> None:
    """A row with too few or too many cells is one rejected row, and cells without a column stand apart."""
    told = judged(tmp_path, b"n,t\n1\n\n2,x,y,\n3,x\n,,\n")
    assert told == [
        {"rowNumber": 1, "sourceRow": {"n": "1"}, "error": "row: expected 2 columns, found 1"},
        {
            "rowNumber": 2,
            "sourceRow": {"n": "2", "t": "x", "_extra": ["y", ""]},
            "error": "row: expected 2 columns, found 4",
        },
        {"rowNumber": 4, "sourceRow": {"n": "", "t": "", "_extra": [""]}, "error": "row: expected 2 columns, found 3"},
    ]


def test_the_source_row_has_every_column(tmp_path: Path) -> None:
    """Cells that are not mapped are shown too, empty ones as empty texts, and a mark stays in the column's name."""
    told = judged(tmp_path, b'\xef\xbb\xbft,n,"q"",\n"\n,x,"a\nb"\n')
    assert told == [
        {"rowNumber": 1, "sourceRow": {"\ufefft": "", "n": "x", 'q",\n': "a\nb"}, "error": "n: not an integer"}
    ]


FAILING = {
    "not UTF-8": (b"n,t\n1,\xff\n", ":2: this line is not UTF-8"),
    "an open quote": (b'n,t\n1,"x\n2,y\n', ":2: a quote opened in this record is never closed"),
    "text after a quote": (b'n,t\n1,"x"y\n', ":2: there is text after a closing quote"),
    "no header": (b"\n\r\n", "would fail its import"),
    "no byte": (b"", "is empty"),
    "no such column": (b"m,t\n1,x\n", "no column 'n'"),
    "the column twice": (b"n,n\n1,2\n", "'n' 2 times"),
    "a mark before the column": (b"\xef\xbb\xbfn,t\n1,x\n", "no column 'n'"),
}


@pytest.mark.parametrize("name", FAILING)
def test_a_file_that_would_fail_its_job(name: str, tmp_path: Path) -> None:
    """The API would fail these whole jobs; the prediction says so, and why, instead of judging rows."""
    content, told = FAILING[name]
    with pytest.raises(PrepareError, match=told):
        judged(tmp_path, content)
    if content:
        assert actual(tmp_path / "artifact.csv", "csv", {"n": definition("integer")}, {"n": "n"}) == FAILED


@pytest.mark.parametrize("damage", ["cut", "checksum", "plain"])
def test_damaged_gzip_would_fail_too(damage: str, tmp_path: Path) -> None:
    """A compressed file that ends early, lies about its contents or is none at all is no file to judge."""
    packed = gzip.compress(b"n,t\n" + b"1,x\n" * 1000)
    path = tmp_path / "artifact.csv.gz"
    path.write_bytes({"cut": packed[:-9], "checksum": packed[:-8] + bytes(8), "plain": b"n,t\n1,x\n"}[damage])
    with pytest.raises(PrepareError, match="gzip"):
        run(path, "csv", SCHEMA, {"n": "n"}, work_dir=tmp_path, compression="gzip")


class Drip(io.BytesIO):
    """A stream that gives a few bytes at a time, as many as its look's first block needs at first."""

    def __init__(self, content: bytes, size: int) -> None:
        super().__init__(content)
        self.size = size

    def read(self, size: int | None = -1, /) -> bytes:
        del size
        return super().read(self.size if self.tell() else max(self.size, 3))


@given(csv_files(), st.integers(1, 5))
def test_what_is_plain_is_read_alike_by_everybody(case: Case, size: int) -> None:
    """A look never depends on how the file comes in, and what it calls plain has the delimiters and lines it says."""
    text = case.content
    for columns in (1, 2):
        plain = look_through(io.BytesIO(text), columns=columns)
        assert look_through(Drip(text, size), columns=columns) == plain
        if plain is not None:
            lines = list(csv.reader(io.StringIO(text.decode(), newline=""), strict=True))
            assert plain.lines == len(lines)
            assert plain.delimiters == sum(len(line) - 1 for line in lines if line)


def test_a_large_file_is_looked_at_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Quotes, line ends and letters that a block's end divides are seen whole."""
    monkeypatch.setattr(csv_plain, "BLOCK_BYTES", 3)
    monkeypatch.delattr(csv_exact, "judge")
    content = 'n,t\r\n1,"é""é\r\n,"\r\n"x","ü"\r\n'.encode()
    assert [line["rowNumber"] for line in judged(tmp_path, content)] == [2]


def test_rows_of_a_large_file_keep_their_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine reads with all cores, across many groups of rows, and still numbers each as it stands in the file."""
    monkeypatch.delattr(csv_exact, "judge")
    rows = (
        b'%s,"text\n%d"\n' % (b"x" if number % 1000 == 7 else b"%d" % number, number) for number in range(1, 300_001)
    )
    told = judged(tmp_path, b"n,t\n" + b"".join(rows))
    assert [(line["rowNumber"], line["sourceRow"]) for line in told] == [
        (number, {"n": "x", "t": f"text\n{number}"}) for number in range(7, 300_001, 1000)
    ]
