"""JSONL: values stay the bytes that they were, only mapped keys leave, and rows keep their number."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncer.errors import PrepareError
from syncer.prepare.prepare import prepare
from syncer.prepare.rows import count_rows
from tests.prepare.files import MakeFile, contents, source_file, spec_of


def made(make_file: MakeFile, work_dir: Path, content: bytes, **spec: Any) -> bytes:
    file = make_file(content, "o.jsonl", "jsonl")
    artifact = prepare(file, spec_of({"id": "id", "v": "v"}, **spec), batch_value="crm-1", work_dir=work_dir)
    data = contents(artifact)
    assert artifact.rows == data.count(b"\n") == count_rows(file, spec_of({"id": "id"}))
    return data


def test_values_keep_their_bytes(make_file: MakeFile, work_dir: Path) -> None:
    """Numbers, long integers, escapes and nested JSON pass as they were written; other keys do not."""
    values = [
        "1.10",
        "1e5",
        "-0",
        "123456789012345678901234567890",
        '"a\\u00e9\\n"',
        '{"x": [1, 2.50]}',
        "null",
        "true",
    ]
    content = "".join(f'{{"ssn": "1", "v": {value}, "id":1}}\n' for value in values).encode()
    assert made(make_file, work_dir, content) == "".join(f'{{"id":1,"v":{value}}}\n' for value in values).encode()


def test_the_tag_and_constants_are_typed(make_file: MakeFile, work_dir: Path) -> None:
    """Added keys lead each row with values of their own JSON type."""
    spec = {"batch": {"field": "tag"}, "constants": {"n": 3, "f": 0.5, "t": True, "s": "x"}}
    assert made(make_file, work_dir, b'{"id":1,"v":2}\n', **spec) == (
        b'{"tag":"crm-1","n":3,"f":0.5,"t":true,"s":"x","id":1,"v":2}\n'
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b'{"id":1,"v":1}\r\n{"id":2,"v":2}\r\n', b'{"id":1,"v":1}\n{"id":2,"v":2}\n', id="CRLF"),
        pytest.param(b'\xef\xbb\xbf{"id":1,"v":1}', b'{"id":1,"v":1}\n', id="byte order mark, no line feed"),
        pytest.param(b'{"id":1}\n{"v":2}\n', b'{"id":1}\n{"v":2}\n', id="missing keys stay away"),
        pytest.param(b'{"id":1,"v":1,"id":2}\n', b"{\n", id="a mapped key twice"),
        pytest.param(b'{"id":1,"v":1}\n\n  \n{"id":2}\n', b'{"id":1,"v":1}\n{"id":2}\n', id="blank lines"),
        pytest.param(b'{"id":1,"v":1}\n{"id":secret\n{"id":2}\n', b'{"id":1,"v":1}\n{\n{"id":2}\n', id="broken line"),
        pytest.param(b'{"id":1,"v":1}\n["secret"]\n', b'{"id":1,"v":1}\n{\n', id="not an object"),
        pytest.param(b'{"id":1,"v":1}\n{"x":"secret"}\n', b'{"id":1,"v":1}\n{}\n', id="nothing mapped in a row"),
    ],
)
def test_defined_outcomes(content: bytes, expected: bytes, make_file: MakeFile, work_dir: Path) -> None:
    """Each unclean line has one outcome, at its own row number, and broken ones take nothing along."""
    assert made(make_file, work_dir, content) == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "is empty", id="no byte"),
        pytest.param(b"\n\n", "has no rows", id="only blank lines"),
        pytest.param(b'{"id":1,"v":1}\n{"id":2,"v":"secret', ":2: the last line is cut off", id="cut off"),
        pytest.param(b'{"id":1,"v":1}\n{"id":"\xff secret"}\n', ":2: this line is not UTF-8", id="invalid UTF-8"),
        pytest.param(b'{"id":1,"V":1}\n', "did you mean 'V'?", id="a key that no row has"),
    ],
)
def test_nothing_is_guessed(content: bytes, message: str, make_file: MakeFile, work_dir: Path) -> None:
    """A file that is not JSONL is refused with its line, without its contents, and leaves no file behind."""
    file = make_file(content, "o.jsonl", "jsonl")
    with pytest.raises(PrepareError) as caught:
        prepare(file, spec_of({"id": "id", "v": "v"}), batch_value=None, work_dir=work_dir)
    said = f"{caught.value.what} {caught.value.why}"
    assert message in said
    assert "secret" not in said
    assert not list(work_dir.iterdir())


def test_gzipped_ndjson_is_announced_as_the_api_knows_it(make_file: MakeFile, work_dir: Path) -> None:
    """`.ndjson.gz` stays gzip, and is called `.jsonl.gz`, which the API lists."""
    file = make_file(gzip.compress(b'{"id":1,"v":2,"x":3}\n'), "O.NDJSON.GZ", "jsonl", "gzip")
    artifact = prepare(file, spec_of({"id": "id", "v": "v"}), batch_value=None, work_dir=work_dir)
    assert artifact.file_name == "O.jsonl.gz"
    assert gzip.decompress(contents(artifact)) == b'{"id":1,"v":2}\n'


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(st.dictionaries(st.sampled_from(["id", "v", "x", "é"]), JSON), min_size=1, max_size=5))
def test_any_rows_survive(rows: list[dict[str, Any]]) -> None:
    """Projection keeps exactly the mapped keys, each value equal to what it was."""
    rows = [{"id": 0, "v": 0}, *rows]
    content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    with tempfile.TemporaryDirectory() as folder:
        file = source_file(Path(folder, "t.jsonl"), content, "jsonl")
        artifact = prepare(file, spec_of({"id": "id", "v": "v"}), batch_value=None, work_dir=Path(folder, "work"))
        out = [json.loads(line) for line in contents(artifact).split(b"\n")[:-1]]
    assert out == [{key: row[key] for key in ("id", "v") if key in row} for row in rows]
