"""Delimiters: a declared one holds; else the header alone may show another, and only where nothing else fits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.errors import PrepareError
from syncer.prepare.delimiters import OTHERS, seen_in
from syncer.prepare.prepare import prepare
from syncer.prepare.rows import count_rows
from syncer.prepare.sample import sample_of
from syncer.prepare.shape import shape_of
from tests.prepare.files import MakeFile, contents, spec_of


@pytest.mark.parametrize(
    ("header", "mapped", "expected"),
    [
        pytest.param("a,b\n", ["a"], ",", id="comma"),
        pytest.param("a;b\n", ["a"], ";", id="semicolon"),
        pytest.param("a\tb\n", ["b", "a"], "\t", id="tab"),
        pytest.param("a|b\n", ["b"], "|", id="vertical bar"),
        pytest.param('"a";"b,c"\n', ["a", "b,c"], ";", id="quoted names"),
        pytest.param('\n\n"a\nx";b\n', ["a\nx"], ";", id="a line break in a name, after blank lines"),
        pytest.param("a;b,c\n", ["c"], ",", id="comma finds what is mapped"),
        pytest.param("a;b,c\n", ["a", "b,c"], ";", id="only semicolons find all"),
        pytest.param("a;b\n", ["a;b"], ",", id="a name with a semicolon in it"),
        pytest.param("a;b\n", ["a", "c"], ",", id="no delimiter finds all"),
        pytest.param("x;a|b\n", ["a|b"], ";", id="the names tell which"),
        pytest.param("a b\n", ["a"], ",", id="a space is no delimiter"),
        pytest.param('"a;b\n', ["a"], ",", id="an open quote"),
        pytest.param("", ["a"], ",", id="nothing"),
    ],
)
def test_the_header_and_the_mapping_decide(header: str, mapped: list[str], expected: str) -> None:
    """Another delimiter is taken only if commas leave a mapped column out, and it alone finds all of them."""
    assert seen_in(header.splitlines(keepends=True), mapped) == expected


NAMES = st.lists(st.text('ab;|\t" ', min_size=1, max_size=4), min_size=1, max_size=4, unique=True)


@given(names=NAMES, delimiter=st.sampled_from([",", *OTHERS]), data=st.data())
def test_what_is_chosen_finds_every_mapped_column(names: list[str], delimiter: str, data: st.DataObject) -> None:
    """Whatever the header, one other than a comma is chosen only if it finds what a comma does not."""
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    mapped = data.draw(st.sets(st.sampled_from(names), min_size=1))
    chosen = seen_in([delimiter.join(quoted) + "\n"], mapped)
    assert chosen in (delimiter, ",")
    if len(mapped) == len(names) > 1 and delimiter != ",":
        assert chosen == delimiter


@pytest.mark.parametrize("tail", [b"", b"3;4;5\n"], ids=["engine", "exact reader"])
def test_a_file_with_semicolons_is_read_as_its_header_shows(tail: bytes, make_file: MakeFile, work_dir: Path) -> None:
    """Every reader of the file takes the same delimiter, the artifact has commas, and the plan can say so."""
    file, spec = make_file(b'"name";"note"\n"a,b";"x"\nc;y\n' + tail), spec_of({"name": "f"})
    assert shape_of(file, spec).delimiter == ";"
    assert sample_of(file, spec).separated_by == "semicolons"
    artifact = prepare(file, spec, batch_value=None, work_dir=work_dir)
    assert contents(artifact) == b'name\n"a,b"\nc\n' + (b",\n" if tail else b"")
    assert artifact.rows == count_rows(file, spec)


@pytest.mark.parametrize("csv", [{"delimiter": ","}, {"delimiter": "|"}])
def test_a_written_delimiter_is_not_second_guessed(csv: dict[str, Any], make_file: MakeFile, work_dir: Path) -> None:
    """A spec that says what separates columns is believed, and the missing column is named."""
    file, spec = make_file(b"a;b\n1;2\n"), spec_of({"a": "f"}, source={"csv": csv})
    with pytest.raises(PrepareError, match="no column 'a'"):
        prepare(file, spec, batch_value=None, work_dir=work_dir)


def test_data_is_never_looked_at(make_file: MakeFile, work_dir: Path) -> None:
    """Semicolons in the rows of a file whose header has none change nothing."""
    file, spec = make_file(b"a,b\n1;2,3;4\n5;6,7;8\n"), spec_of({"a": "f"})
    assert contents(prepare(file, spec, batch_value=None, work_dir=work_dir)) == b"a\n1;2\n5;6\n"
    assert sample_of(file, spec).separated_by == ""


def test_other_formats_have_no_delimiter(make_file: MakeFile) -> None:
    """Nothing is said of a file that is not CSV."""
    assert sample_of(make_file(b'{"a":1}\n', "o.jsonl", "jsonl"), spec_of({"a": "f"})).separated_by == ""
