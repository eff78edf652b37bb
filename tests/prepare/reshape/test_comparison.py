"""Any artifact, any wish: the result is what a few lines of plain Python make of it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from syncer.prepare.artifact import Artifact
from syncer.prepare.reshape.reshape import reshape
from syncer.prepare.transforms.steps import Steps
from syncer.prepare.transforms.text import transform
from tests.prepare.reshape.artifacts import artifact_of, bytes_of, csv_bytes, hashed, numbers_file, suppress_file

HEADER = ["k", "n", 'x "y"']
TEXT = st.text(
    st.one_of(st.sampled_from('aB", \n\r\t;#\\\0ÄßİΣ🙂\u00a0\ufeff'), st.characters(exclude_categories=["Cs"])),
    max_size=4,
)
KEY = st.one_of(st.sampled_from(["a", "B", " a", "A "]), TEXT)
JSON_VALUE = st.one_of(
    TEXT.map(json.dumps),
    TEXT.map(lambda text: json.dumps(text, ensure_ascii=False)),
    st.sampled_from(["1.10", "1e5", "-0", "true", "null", "9" * 30, '{"k":1.50}', "[1,\r2 ]", '{"a":"\\u0000"}']),
)
_steps = transform(Steps(clean=("trim", "lower")))


@dataclass(frozen=True)
class Row:
    """A row as it stands in the file. A ragged one has no key either, and sorts behind those that have none."""

    text: bytes
    key: str | None
    ragged: bool = False

    @property
    def order(self) -> tuple[bool, bool, bytes]:
        return self.ragged, self.key is None, (self.key or "").encode()


def normalised(key: str) -> str:
    return _steps(key) or ""


def expect(artifact: Artifact, rows: Sequence[Row], data: st.DataObject, folder: Path) -> bytes:
    """Draw a wish, hold the counts of the result against plain Python, and the rows, and return what is before them."""
    numbers = st.sampled_from(range(1, len(rows) + 1)) if rows else st.nothing()
    left_out = data.draw(st.sets(numbers), label="left out")
    keys = [row.key for row in rows if row.key is not None]
    listed = data.draw(st.sets(st.sampled_from([*keys, *map(normalised, keys), "a", ""])), label="listed")
    is_sorted = data.draw(st.booleans(), label="sorted")

    hidden = {
        number for number, row in enumerate(rows, 1) if row.key is not None and {row.key, normalised(row.key)} & listed
    }
    staying = [row for number, row in enumerate(rows, 1) if number not in hidden | left_out]
    if is_sorted:
        staying.sort(key=lambda row: row.order)
    result = reshape(
        artifact,
        leave_out=numbers_file(folder, *sorted(left_out)),
        suppress=suppress_file(folder, hashed(*sorted(listed))),
        match_column="k",
        sort=is_sorted,
        work_dir=folder / "work",
    )
    assert (result.suppressed, result.left_out) == (len(hidden), len(left_out - hidden))
    assert result.artifact.rows == len(staying)
    found, expected = bytes_of(result.artifact), b"".join(row.text for row in staying)
    assert found.endswith(expected)
    return found.removesuffix(expected)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_csv_comes_out_as_plain_python_makes_it(data: st.DataObject) -> None:
    """Rows that stay are in the file's order or by key, in the bytes of this project's CSV writer."""
    width = data.draw(st.integers(1, 3), label="width")
    cells = st.tuples(KEY, *[TEXT] * (width - 1))
    good = cells.map(lambda one: Row(csv_bytes([cell or None for cell in one]), one[0] or None))
    ragged = st.just(Row(csv_bytes([""] * (width + 1)), None, ragged=True))
    rows = data.draw(st.lists(st.one_of(good, good, good, ragged), max_size=8), label="rows")
    header = csv_bytes(HEADER[:width])
    with tempfile.TemporaryDirectory() as name:
        content = b"".join([header, *(row.text for row in rows)])
        artifact = artifact_of(Path(name), content, HEADER[:width], rows=len(rows))
        assert expect(artifact, rows, data, Path(name)) == header


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_jsonl_comes_out_as_plain_python_makes_it(data: st.DataObject) -> None:
    """Lines that stay are the very bytes that they were, in the file's order or by key."""
    key = st.one_of(KEY.map(json.dumps), st.sampled_from(["null", "10", "9", ""]))
    good = st.tuples(key, JSON_VALUE).map(lambda one: _line(*one))
    rows = data.draw(
        st.lists(st.one_of(good, good, good, st.just(Row(b"{\n", None))), min_size=1, max_size=8), label="rows"
    )
    with tempfile.TemporaryDirectory() as name:
        content = b"".join(row.text for row in rows)
        artifact = artifact_of(Path(name), content, ("k", "n"), file_format="jsonl", rows=len(rows))
        assert expect(artifact, rows, data, Path(name)) == b""


def _line(key: str, value: str) -> Row:
    members = ([f'"k":{key}'] if key else []) + [f'"n":{value}']
    text = None if key in {"", "null"} else json.loads(key)
    return Row(("{" + ",".join(members) + "}\n").encode(), None if text is None else str(text))
