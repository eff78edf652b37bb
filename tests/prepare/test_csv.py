"""CSV: text stays text, only mapped columns leave, and rows keep their number."""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncer.errors import PrepareError
from syncer.model.files import SourceFile
from syncer.model.spec import Spec
from syncer.prepare import csv_engine, csv_exact
from syncer.prepare.artifact import Artifact, Output
from syncer.prepare.layout import layout_of
from syncer.prepare.prepare import prepare
from syncer.prepare.rows import count_rows
from syncer.prepare.shape import Shape
from tests.prepare.files import MakeFile, contents, source_file, spec_of


def made(file: SourceFile, spec: Spec, work_dir: Path, batch_value: str | None = None) -> tuple[Artifact, bytes]:
    artifact = prepare(file, spec, batch_value=batch_value, work_dir=work_dir)
    return artifact, contents(artifact)


def exact(file: SourceFile, spec: Spec, header: tuple[str, ...], batch: str | None) -> tuple[int, bytes]:
    raw = io.BytesIO()
    output = Output(raw, None)
    rows = csv_exact.project(file, spec, layout_of(spec, header, batch), output)
    output.finish()
    return rows, raw.getvalue()


def rows_of(data: bytes) -> list[list[str]]:
    return [row for row in csv.reader(io.StringIO(data.decode(), newline=""), strict=True) if row]


def test_only_mapped_columns_and_the_tag_leave(make_file: MakeFile, work_dir: Path) -> None:
    """The artifact holds the tag, then the mapped columns in the order of the mapping, and nothing of the others."""
    file = make_file(b"id,ssn,email\n007,123-45,a@x.io\n008,678-90,b@x.io\n")
    spec = spec_of({"email": "email", "id": "external_id"}, batch={"field": "import_batch"}, constants={"tier": 3})
    artifact, data = made(file, spec, work_dir, "crm-1")
    assert data == b"import_batch,tier,email,id\ncrm-1,3,a@x.io,007\ncrm-1,3,b@x.io,008\n"
    assert artifact.columns == ("import_batch", "tier", "email", "id")
    assert artifact.source_fields == {"import_batch": "string", "tier": "integer", "email": "string", "id": "string"}
    assert artifact.field_map == {
        "import_batch": "import_batch",
        "tier": "tier",
        "email": "email",
        "id": "external_id",
    }
    assert (artifact.rows, artifact.size, artifact.file_name) == (2, len(data), "people.csv")


@pytest.mark.parametrize(
    "values", [["01", "1e5", "NULL", "NA", " a ", "ünï🙂", "1.10", "\x00", "#c", "'", "\\", "true"]]
)
def test_text_stays_text(values: list[str], make_file: MakeFile, work_dir: Path) -> None:
    """No value that looks like something else is changed."""
    file = make_file(("a,b\n" + "".join(f"{value},x\n" for value in values)).encode())
    _, data = made(file, spec_of({"a": "f"}), work_dir)
    assert [row[0] for row in rows_of(data)[1:]] == values


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"a,b\n1,2\n3\n4,5\n", [["1"], ["", ""], ["4"]], id="too few cells"),
        pytest.param(b"a,b\n1,2\n3,4,secret\n5,6\n", [["1"], ["", ""], ["5"]], id="too many cells"),
        pytest.param(b"a,b\n1,2,\n3,4\n", [["", ""], ["3"]], id="a delimiter at the end of a row"),
        pytest.param(b"a,b\n1,2\n \n3,4\n", [["1"], ["", ""], ["3"]], id="a line of spaces"),
        pytest.param(b'a,b\n "1",2\n', [[' "1"']], id="a space before a quote"),
        pytest.param(b'a,b\nx"y,2\n', [['x"y']], id="a bare quote"),
        pytest.param(b"a,b\n1,2\n\n\n3,4\n", [["1"], ["3"]], id="blank lines"),
        pytest.param(b"\n\na,b\n1,2\n", [["1"]], id="blank lines before the header"),
        pytest.param(b"a,b\n1,2\r\n3,4\r5,6\n", [["1"], ["3"], ["5"]], id="mixed line ends"),
        pytest.param(b"a,b\r\n1,2\r\n", [["1"]], id="CRLF"),
        pytest.param(b"a,b\r1,2\r", [["1"]], id="CR"),
        pytest.param(b"\xef\xbb\xbfa,b\n1,2\n", [["1"]], id="byte order mark"),
        pytest.param(b'\xef\xbb\xbf"a",b\n1,2', [["1"]], id="mark before a quote, no line end"),
        pytest.param(b'a,b\n"1\n\n2",3\n', [["1\n\n2"]], id="quoted newlines"),
        pytest.param(b"a,b\n1,2\n,3\n", [["1"], [""]], id="an empty cell"),
        pytest.param(b"a\n1\n\n2\n", [["1"], ["2"]], id="blank lines of a one-column file"),
        pytest.param(b'a\n1\n""\n2\n', [["1"], [""], ["2"]], id="a quoted empty cell of a one-column file"),
        pytest.param(b"a,b,b\n1,2,3\n", [["1"]], id="unmapped duplicate headers"),
        pytest.param(b"a,b\n", [], id="a header without rows"),
        pytest.param(b'a,"b\nc"\r\n1\r\n2\r\n', [["", ""], ["", ""]], id="a line feed in a header of CRLF, short rows"),
    ],
)
def test_defined_outcomes(content: bytes, expected: list[list[str]], make_file: MakeFile, work_dir: Path) -> None:
    """Each unclean file has one outcome: rows keep their number, invalid ones hold one empty cell too many."""
    file, spec = make_file(content), spec_of({"a": "f"}, prepare={"mode": "rewrite"})
    artifact, data = made(file, spec, work_dir)
    assert rows_of(data) == [["a"], *expected]
    assert artifact.rows == len(expected) == count_rows(file, spec)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "is empty", id="no byte"),
        pytest.param(b"\n\n", "no header row", id="only blank lines"),
        pytest.param(b"a,b\n1,2\n\xff\xfe,secret\n", ":3: this line is not UTF-8", id="invalid UTF-8"),
        pytest.param(b"a,b\n1,2\n1,\xff\n", ":3: this line is not UTF-8", id="invalid UTF-8 in an unmapped column"),
        pytest.param(b'a,b\r\n1,2\r\n3,"secret\r\n5,6\r\n', ":3: a quote opened", id="open quote"),
        pytest.param(b'a,b\n1,2\n3,"4"secret\n', ":3: there is text after a closing quote", id="text after a quote"),
        pytest.param(b'a,b\n1,2\n"3" ,4\n', ":3: there is text after a closing quote", id="space after a quote"),
        pytest.param(b"b,A\n1,2\n", "did you mean 'A'?", id="missing column"),
        pytest.param(b"a,b,a\n1,2,3\n", "'a' 2 times", id="mapped duplicate header"),
    ],
)
def test_nothing_is_guessed(content: bytes, message: str, make_file: MakeFile, work_dir: Path) -> None:
    """A file that is not CSV is refused with its line, without its contents, and leaves no file behind."""
    with pytest.raises(PrepareError) as caught:
        prepare(make_file(content), spec_of({"a": "f"}), batch_value=None, work_dir=work_dir)
    said = f"{caught.value.what} {caught.value.why} {caught.value.where} {caught.value.next_step}"
    assert message in said
    assert "secret" not in said
    assert not list(work_dir.iterdir())


def test_a_declared_delimiter_becomes_a_comma(make_file: MakeFile, work_dir: Path) -> None:
    """Whatever the delimiter, the artifact is comma-separated, and commas in cells are quoted."""
    for delimiter in (";", "\t", "|", "§", "~", " "):
        file = make_file(f"a{delimiter}b\n1,5{delimiter}2\n".encode())
        _, data = made(file, spec_of({"a": "f"}, source={"csv": {"delimiter": delimiter}}), work_dir)
        assert data == b'a\n"1,5"\n'


def test_an_added_column_does_not_hide_one_of_the_source(make_file: MakeFile, work_dir: Path) -> None:
    """A tag whose field is called like a source column gets another column name and the same field."""
    file = make_file(b"a,Batch\n1,2\n")
    spec = spec_of({"a": "f", "Batch": "old_batch"}, batch={"field": "batch"})
    artifact, data = made(file, spec, work_dir, "x")
    assert data == b"batch_2,a,Batch\nx,1,2\n"
    assert artifact.field_map == {"batch_2": "batch", "a": "f", "Batch": "old_batch"}


def test_columns_that_differ_in_case_are_two(make_file: MakeFile, work_dir: Path) -> None:
    """`Email` and `email` are two columns, under exactly those names."""
    file = make_file(b"Email,email,x\n1,2,3\n")
    _, data = made(file, spec_of({"Email": "f", "email": "g"}), work_dir)
    assert data == b"Email,email\n1,2\n"


def test_a_name_with_glob_characters_is_one_file(make_file: MakeFile, work_dir: Path) -> None:
    """The engine reads the file that is named, not those that its name would match as a glob."""
    for name in ("p1.csv", "p2.csv", "px.csv"):
        make_file(b"a,b\nwrong,2\n", name)
    for name in ("p[12].csv", "p?.csv", "p*.csv", "it's #1 %20+ü.csv"):
        _, data = made(make_file(b"a,b\nright,2\n", name), spec_of({"a": "f"}), work_dir)
        assert data == b"a\nright\n", name


def test_gzip_in_gives_gzip_out(make_file: MakeFile, work_dir: Path) -> None:
    """A gzipped file of several members becomes one gzip stream with neither name nor time in it."""
    content = gzip.compress(b"a,b\n1,2\n") + gzip.compress(b"3,4\n")
    spec = spec_of({"a": "f"})
    one, first = made(make_file(content, "p.csv.gz", "csv", "gzip"), spec, work_dir)
    two, second = made(make_file(content, "q.csv.gz", "csv", "gzip"), spec, work_dir)
    assert gzip.decompress(first) == b"a\n1\n3\n"
    assert first == second
    assert one.digest == two.digest
    assert (one.compression, one.file_name, one.rows) == ("gzip", "p.csv.gz", 2)


@pytest.mark.parametrize("damage", ["cut", "checksum", "tail"])
def test_damaged_gzip_is_refused(damage: str, make_file: MakeFile, work_dir: Path) -> None:
    """A gzip stream that is cut off, altered or followed by something else is no source of rows."""
    whole = bytearray(gzip.compress(b"a,b\n" + b"1,2\n" * 1000))
    if damage == "cut":
        del whole[-12:]
    elif damage == "checksum":
        whole[-6] ^= 1
    else:
        whole += b"junk"
    with pytest.raises(PrepareError, match="damaged gzip"):
        prepare(
            make_file(bytes(whole), "p.csv.gz", "csv", "gzip"), spec_of({"a": "f"}), batch_value=None, work_dir=work_dir
        )
    assert not list(work_dir.iterdir())


CELLS = st.text(st.characters(codec="utf-8") | st.sampled_from(list(",;\"'\r\n \t#\\|\x00\ufeff")), max_size=6)
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=0, max_size=6)
)


@settings(max_examples=40, deadline=None)
@given(
    table=TABLES,
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    delimiter=st.sampled_from(",;|\t"),
    mark=st.booleans(),
    tag=CELLS | st.none(),
)
def test_any_table_survives(
    table: list[list[str]], quoting: int, line_end: str, delimiter: str, tag: str | None, *, mark: bool
) -> None:
    """Any table comes out as the csv module reads it; engine and exact reader give equal bytes."""
    width = len(table[0]) if table else 2
    header = tuple(f"c{number}" for number in range(width))
    text = io.StringIO(newline="")
    # The writer leaves a lone \r unquoted; such a table is written with every cell quoted.
    safe = csv.QUOTE_ALL if any("\r" in cell for row in table for cell in row) else quoting
    csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=safe).writerows([header, *table])  # type: ignore[arg-type]
    content = (b"\xef\xbb\xbf" if mark else b"") + text.getvalue().encode()
    picked = header[-1:] + header[:-2]
    more = {"batch": {"field": "tag"}} if tag is not None else {}
    spec = spec_of({name: name for name in picked}, source={"csv": {"delimiter": delimiter}}, **more)
    with tempfile.TemporaryDirectory() as folder:
        file = source_file(Path(folder, "t.csv"), content)
        count, expected = exact(file, spec, header, tag)
        target = Path(folder, "out")
        layout = layout_of(spec, header, tag)
        by_engine = csv_engine.project(file, spec, layout, Shape(header, mark, delimiter), target, memory_limit=1 << 28)
        if by_engine is not None:
            assert (by_engine, target.read_bytes()) == (count, expected)
        elif width > 1:
            assert False, "a table that the csv module wrote is plain"  # noqa: B011, PT015 - a message for hypothesis
    lead = [] if tag is None else [tag]
    wanted = [[*lead, *(row[header.index(name)] for name in picked)] for row in table]
    assert rows_of(expected)[1:] == wanted
    assert count == len(table)


RAW = st.text(st.sampled_from(list('ab,",\n\r ;"')), max_size=30).map(lambda text: ("h,i\n" + text).encode())


@settings(max_examples=100, deadline=None)
@given(content=RAW)
def test_the_engine_never_disagrees_with_the_exact_reader(content: bytes) -> None:
    """Whatever bytes stand in a file, the engine gives the exact reader's answer or leaves the file to it."""
    spec = spec_of({"h": "f", "i": "g"})
    with tempfile.TemporaryDirectory() as folder:
        file = source_file(Path(folder, "t.csv"), content)
        target = Path(folder, "out")
        layout = layout_of(spec, ("h", "i"), None)
        rows = csv_engine.project(file, spec, layout, Shape(("h", "i")), target, memory_limit=1 << 28)
        if rows is not None:
            assert exact(file, spec, ("h", "i"), None) == (rows, target.read_bytes())
