"""A sample of a file: exact rows where it holds the whole file, an estimate else, and how the header is written."""

from __future__ import annotations

import gzip
import io
import random
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from syncer.errors import PrepareError
from syncer.model.samples import RowEstimate, Sample
from syncer.prepare.rows import count_rows
from syncer.prepare.sample import SAMPLE_BYTES, sample_of
from tests.prepare.files import MakeFile, spec_of

SPEC = spec_of({"email": "email"})
HEADER = b"email,note\n"


def people(count: int) -> list[bytes]:
    """Return rows of many lengths, some with line breaks, quotes and commas in a cell."""
    chance = random.Random(7)
    notes = ("", "plain", '"a, b"', '"two\nlines"', '"said ""no"""', "x" * 40)
    return [b"u%d@example.com,%s\n" % (n, chance.choice(notes).encode()) for n in range(count)]


def objects(count: int) -> list[bytes]:
    chance = random.Random(7)
    return [b'{"email": "u%d@example.com", "note": "%s"}\n' % (n, b"x" * chance.randrange(60)) for n in range(count)]


CSV = HEADER + b"".join(people(60_000))
JSONL = b"".join(objects(60_000))
MEMBERS = b"".join(gzip.compress(CSV[at : at + 65_280]) for at in range(0, len(CSV), 65_280))


@pytest.mark.parametrize(
    ("content", "name", "compression"),
    [
        pytest.param(CSV, "a.csv", None, id="csv"),
        pytest.param(gzip.compress(CSV), "a.csv.gz", "gzip", id="csv.gz"),
        pytest.param(MEMBERS, "a.csv.gz", "gzip", id="csv.gz of many members"),
        pytest.param(JSONL, "a.jsonl", None, id="jsonl"),
        pytest.param(gzip.compress(JSONL), "a.jsonl.gz", "gzip", id="jsonl.gz"),
        pytest.param(CSV.decode().encode("utf-16"), "a.csv", None, id="csv in UTF-16"),
    ],
)
def test_the_rows_of_a_larger_file_are_estimated(
    make_file: MakeFile, content: bytes, name: str, compression: str | None
) -> None:
    """Bytes a row, and for gzip the sample's own ratio, come close to the truth, and are called an estimate."""
    file = make_file(content, name, "jsonl" if "jsonl" in name else "csv", compression)
    spec = spec_of(
        {"email": "email"}, source={"csv": {"encoding": "utf-16" if content[:2] == b"\xff\xfe" else "utf-8"}}
    )

    rows = sample_of(file, spec).rows

    assert rows is not None
    assert not rows.exact
    assert rows.rows == pytest.approx(60_000, rel=0.05)


@pytest.mark.parametrize("compression", [None, "gzip"])
@pytest.mark.parametrize(
    ("content", "file_format"),
    [
        pytest.param(HEADER + b'a@x.org,"two\nlines"\n\nb@x.org,\n', "csv", id="csv"),
        pytest.param(HEADER, "csv", id="a header alone"),
        pytest.param(b'{"email": "a"}\n\n{broken\n', "jsonl", id="jsonl"),
    ],
)
def test_a_file_that_is_in_the_sample_is_counted(
    make_file: MakeFile, content: bytes, file_format: str, compression: str | None
) -> None:
    """The rows are those that the API counts: no blank lines, no header, invalid ones too."""
    stored = gzip.compress(content) if compression else content
    file = make_file(stored, f"a.{file_format}", file_format, compression)

    assert sample_of(file, SPEC).rows == RowEstimate(count_rows(file, SPEC), exact=True)


def test_the_rows_of_parquet_come_from_its_footer(make_file: MakeFile, tmp_path: Path) -> None:
    """However large the file, only its end is read, and the number is exact."""
    written = tmp_path / "written.parquet"
    with duckdb.connect() as connection:
        query = "SELECT range::VARCHAR AS email, random() AS noise FROM range(200000)"
        connection.execute(f"COPY ({query}) TO '{written}' (FORMAT parquet)")
    content = written.read_bytes()
    file = make_file(content, "a.parquet", "parquet")
    read: list[int] = []

    class Counting(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            block = super().read(size)
            read.append(len(block))
            return block

    sample = sample_of(replace(file, location="", opener=lambda: Counting(content)), SPEC)

    assert sample.rows == RowEstimate(200_000, exact=True)
    assert sum(read) < len(content) / 20


def test_no_more_than_the_head_is_read(make_file: MakeFile) -> None:
    """A plan must not wait for the rest of a file."""
    file = make_file(CSV)
    stream = io.BytesIO(CSV)
    told: list[int] = []
    stream.close = lambda: told.append(stream.tell())  # type: ignore[method-assign]  # to see how far it was read

    sample_of(replace(file, opener=lambda: stream), SPEC)

    assert told == [SAMPLE_BYTES]


@pytest.mark.parametrize(
    ("content", "csv", "expected"),
    [
        pytest.param(b"email,note\na,b\n", {}, "", id="commas, nothing said"),
        pytest.param(b"email;note\na;b\n", {}, "semicolons", id="semicolons, nothing said"),
        pytest.param(b"email;note\na;b\n", {"delimiter": ";"}, "", id="semicolons, as said"),
        pytest.param(b"email\tnote\na\tb\n", {"delimiter": ";"}, "tabs", id="tabs, said otherwise"),
        pytest.param(b"email,note\na,b\n", {"delimiter": ";"}, "commas", id="commas, said otherwise"),
        pytest.param(b"mail;note\na;b\n", {"delimiter": "|"}, "", id="nothing finds the column"),
    ],
)
def test_the_header_tells_another_delimiter_than_the_spec(
    make_file: MakeFile, content: bytes, csv: dict[str, str], expected: str
) -> None:
    """Only what differs from the spec, or from a comma where it says nothing, is worth telling."""
    spec = spec_of({"email": "email"}, source={"csv": csv})
    assert sample_of(make_file(content), spec).separated_by == expected


def test_the_header_of_a_larger_file_tells_its_delimiter_too(make_file: MakeFile) -> None:
    """And its rows are told apart by it: a quoted line break after a semicolon ends no row."""
    rows = b"".join(b'u%d@example.com;"two\nlines"\n' % n for n in range(20_000))
    sample = sample_of(make_file(b"email;note\n" + rows), SPEC)
    assert sample.separated_by == "semicolons"
    assert sample.rows is not None
    assert sample.rows.rows == pytest.approx(20_000, rel=0.05)


@pytest.mark.parametrize(("encoding", "told"), [("windows-1252", "windows-1252"), ("UTF8", "")])
def test_an_encoding_that_is_not_utf_8_is_told(make_file: MakeFile, encoding: str, told: str) -> None:
    """UTF-8 in any spelling is what everybody expects."""
    spec = spec_of({"email": "email"}, source={"csv": {"encoding": encoding}})
    sample = sample_of(make_file("email\nmüller@x.org\n".encode(encoding)), spec)
    assert sample == Sample(rows=RowEstimate(1, exact=True), encoding=told)


@pytest.mark.parametrize(
    ("content", "name", "compression", "reason"),
    [
        pytest.param(b'email\n"a', "a.csv", None, "never closed", id="an open quote"),
        pytest.param(b"email\n" + b"x" * 2 * SAMPLE_BYTES, "a.csv", None, "cannot be sampled", id="a row too long"),
        pytest.param(b"x" * 2 * SAMPLE_BYTES, "a.jsonl", None, "cannot be sampled", id="a line too long"),
        pytest.param(b"no gzip", "a.csv.gz", "gzip", "damaged gzip", id="no gzip"),
        pytest.param(gzip.compress(HEADER)[:-6], "a.csv.gz", "gzip", "damaged gzip", id="gzip that is cut off"),
        pytest.param(b"no parquet", "a.parquet", None, "a.parquet", id="no Parquet"),
    ],
)
def test_what_cannot_be_sampled_says_why(
    make_file: MakeFile, content: bytes, name: str, compression: str | None, reason: str
) -> None:
    """Nothing is guessed: the plan has a reason to show."""
    file_format = name.removesuffix(".gz").rpartition(".")[2]
    with pytest.raises(PrepareError, match=reason):
        sample_of(make_file(content, name, file_format, compression), SPEC)


def test_a_tiny_file_that_unpacks_to_a_huge_one_is_estimated(make_file: MakeFile) -> None:
    """A few kilobytes of gzip may hold millions of rows: no more than a bounded part is unpacked."""
    content = gzip.compress(b"email\n" + b"a@example.com\n" * 2_000_000)
    assert len(content) < SAMPLE_BYTES
    rows = sample_of(make_file(content, "a.csv.gz", "csv", "gzip"), SPEC).rows
    assert rows is not None
    assert not rows.exact
    assert rows.rows == pytest.approx(2_000_000, rel=0.2)
