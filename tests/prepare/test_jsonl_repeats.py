"""Rows in which a mapped key stands twice are found, however they are written, and no others."""

from __future__ import annotations

import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from syncer.prepare.jsonl_repeats import Repeats

MAPPED = ("a", "b")
BLANKS = st.sampled_from(["", "", " ", "\t", "\r", "  "])
KEYS = st.sampled_from(['"a"', '"\\u0061"', '"b"', '"x"', '"a:"', '"\\"a\\":"'])
VALUES = st.sampled_from(
    ["1", "null", '"x"', '"\\":"', '":"', '{"a":1,"a":2}', '[{"a" : 1}]', '"2026-01-01T00:00:00Z"', "{}"]
)


@st.composite
def _lines(draw: st.DrawFn) -> bytes:
    pairs = []
    for _ in range(draw(st.integers(0, 4))):
        before, behind = draw(BLANKS), draw(BLANKS)
        pairs.append(f"{draw(KEYS)}{before}:{behind}{draw(VALUES)}")
    return ("{" + ",".join(pairs) + "}\n").encode()


def _expected(line: bytes) -> bool:
    pairs = json.loads(line, object_pairs_hook=list)
    own = [key for key, _ in pairs if key in MAPPED]
    return len(own) > len(set(own))


@given(st.lists(_lines(), max_size=6))
def test_exactly_the_rows_with_a_mapped_key_twice_are_found(lines: list[bytes]) -> None:
    """Blanks before colons, escapes in keys, nested objects and strings that look like pairs change nothing."""
    decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
    repeats = Repeats(MAPPED)
    for line in lines:
        repeats.add(line, len(decode(line)))
    assert repeats.take() == [place for place, line in enumerate(lines) if _expected(line)]
    assert repeats.take() == []


def test_a_row_that_is_no_object_is_not_looked_at() -> None:
    """It is a broken one already, and need not even be JSON."""
    repeats = Repeats(MAPPED)
    repeats.add(b'{"a":1,"a":\n', 0)
    repeats.add(b'{"a":1,"b":2}\n', 2)
    assert repeats.take() == []
