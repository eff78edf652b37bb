"""Encodings: a CSV file is read as its spec says it is written, strictly, and leaves as UTF-8."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncer.errors import PrepareError
from syncer.prepare.prepare import prepare
from syncer.prepare.rows import count_rows
from tests.prepare.files import MakeFile, contents, source_file, spec_of

TEXT = "name,note\nMüller,größer\r\nÉmile,ça\n"
EXPECTED = "name\nMüller\nÉmile\n".encode()


def encoded_spec(encoding: str, **csv: str) -> dict[str, dict[str, str]]:
    return {"csv": {"encoding": encoding, **csv}}


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        pytest.param("windows-1252", TEXT.encode("cp1252"), id="windows-1252"),
        pytest.param("ISO-8859-1", TEXT.encode("latin-1"), id="iso-8859-1"),
        pytest.param("cp437", TEXT.encode("cp437"), id="cp437"),
        pytest.param("utf-16", TEXT.encode("utf-16"), id="utf-16 with its mark"),
        pytest.param("utf-16", b"\xfe\xff" + TEXT.encode("utf-16-be"), id="utf-16, big end first"),
        pytest.param("utf-16-le", TEXT.encode("utf-16-le"), id="utf-16-le"),
        pytest.param("utf-16-be", b"\xfe\xff" + TEXT.encode("utf-16-be"), id="utf-16-be with a mark"),
        pytest.param("utf-32", TEXT.encode("utf-32"), id="utf-32"),
        pytest.param("UTF8", TEXT.encode("utf-8-sig"), id="UTF-8 by another name, with a mark"),
        pytest.param("utf-8-sig", TEXT.encode(), id="utf-8-sig without a mark"),
    ],
)
def test_a_file_leaves_as_utf8(encoding: str, content: bytes, make_file: MakeFile, work_dir: Path) -> None:
    """Whatever the encoding, its text comes out as UTF-8, without a byte order mark, with every row."""
    file, spec = make_file(content), spec_of({"name": "f"}, source=encoded_spec(encoding))
    artifact = prepare(file, spec, batch_value=None, work_dir=work_dir)
    assert contents(artifact) == EXPECTED
    assert artifact.rows == 2 == count_rows(file, spec)


def test_all_columns_mapped_are_rewritten_too(make_file: MakeFile, work_dir: Path) -> None:
    """A file that is not UTF-8 never passes as it is, although nothing else about it has to change."""
    spec = spec_of({"a": "f"}, source=encoded_spec("windows-1252"))
    artifact = prepare(make_file("a\nä\n".encode("cp1252")), spec, batch_value=None, work_dir=work_dir)
    assert (artifact.owned, contents(artifact)) == (True, "a\nä\n".encode())


def test_a_gzipped_file_is_decoded_too(make_file: MakeFile, work_dir: Path) -> None:
    """Compression and encoding are two layers."""
    file = make_file(gzip.compress(TEXT.encode("utf-16")), "p.csv.gz", "csv", "gzip")
    artifact = prepare(file, spec_of({"name": "f"}, source=encoded_spec("utf-16")), batch_value=None, work_dir=work_dir)
    assert gzip.decompress(contents(artifact)) == EXPECTED


LONG = "a,b\n" + "1,2\r\n" * 400_000


@pytest.mark.parametrize(
    ("encoding", "content", "message"),
    [
        pytest.param(
            "windows-1252", b"a,b\n1,2\r3,\x81secret\n", ":3: this line is not windows-1252", id="no such byte"
        ),
        pytest.param("ascii", "a,b\r\n1,2\r\n\r\nsecret,ü\n".encode(), ":4: this line is not ascii", id="not ASCII"),
        pytest.param("utf-16-le", "a,b\n1,2\n".encode("utf-16-le") + b"\x00", ":3: this line is not", id="half a unit"),
        pytest.param(
            "utf-16", "a,b\n1,2\n".encode("utf-16") + b"\x00\xd8a\x00", ":3: this line is not", id="half a pair"
        ),
        pytest.param("utf-8", LONG.encode() + b"\xffsecret\n", ":400002: this line is not UTF-8", id="far into a file"),
        pytest.param("shift_jis", LONG.encode() + b"\x81", ":400002: this line is not", id="cut off at the end"),
        pytest.param("utf-16", "a,b\n1,2\n".encode("utf-16-le"), "without a byte order mark", id="no order"),
        pytest.param("utf-8", "a,b\n1,2\n".encode("utf-16"), "the byte order mark of utf-16", id="UTF-16 undeclared"),
        pytest.param("utf-8", "a,b\n1,2\n".encode("utf-32"), "the byte order mark of utf-32", id="UTF-32 undeclared"),
        pytest.param("cp1252", "a,b\n1,2\n".encode("utf-8-sig"), "the byte order mark of utf-8", id="UTF-8 after all"),
        pytest.param("utf-16-le", b"\xfe\xff\x00a", "the byte order mark of utf-16", id="the other order"),
    ],
)
def test_nothing_is_replaced(encoding: str, content: bytes, message: str, make_file: MakeFile, work_dir: Path) -> None:
    """Bytes that are not of the encoding are refused with their line and without their contents, and leave no file."""
    spec = spec_of({"a": "f"}, source=encoded_spec(encoding, delimiter=","))
    with pytest.raises(PrepareError) as caught:
        prepare(make_file(content), spec, batch_value=None, work_dir=work_dir)
    said = f"{caught.value.what} {caught.value.why} {caught.value.next_step}"
    assert message in said
    assert "secret" not in said
    assert not list(work_dir.iterdir())


CELLS = st.text(st.characters(codec="utf-16", exclude_characters='\r\n",\ufeff'), min_size=1, max_size=5)


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(st.tuples(CELLS, CELLS), max_size=5),
    encoding=st.sampled_from(["utf-16", "utf-16-le", "utf-32-be", "utf-8"]),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_any_text_survives(rows: list[tuple[str, str]], encoding: str, line_end: str) -> None:
    """Any cells come out of any encoding of Unicode as they went in."""
    content = line_end.join(",".join(row) for row in [("a", "b"), *rows]).encode(encoding)
    with tempfile.TemporaryDirectory() as folder:
        file = source_file(Path(folder, "t.csv"), content)
        spec = spec_of({"b": "f"}, source=encoded_spec(encoding))
        artifact = prepare(file, spec, batch_value=None, work_dir=Path(folder, "work"))
        assert contents(artifact).decode() == "b\n" + "".join(f"{row[1]}\n" for row in rows)
