"""The index of a log's lines: every line is found, in few bytes."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from syncer.model.line_index import LineIndex


@given(st.lists(st.integers(-5, 300), max_size=400))
def test_every_line_of_a_key_is_found(keys: list[int]) -> None:
    """However often the index grew, a key has all its lines; -1 and -2 share a hash, and 0 has that of nothing."""
    index = LineIndex()
    for line, key in enumerate(keys):
        index.add(key, line)
    for key in {*keys, -1, -2, 0}:
        own = {line for line, each in enumerate(keys) if each == key}
        assert own <= set(index.lines(key))
        assert all(hash(keys[line]) in (hash(key), 1 - hash(key)) for line in index.lines(key))


def test_only_the_first_line_of_a_key_is_noted_when_asked_so() -> None:
    """A key that may be known already is not noted again: somebody has to look first."""
    index = LineIndex()
    assert [index.add_first(key, line) for line, key in enumerate(("a", "b", "a"))] == [True, True, False]
    assert (list(index.lines("a")), list(index.lines("c"))) == ([0], [])


def test_a_line_costs_few_bytes() -> None:
    """The index keeps no key: thirty thousand lines take less than 1 MB."""
    tracemalloc.start()
    try:
        index = LineIndex()
        for line in range(30_000):
            index.add(f"event-{line}", line)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1_000_000
    assert 29_999 in index.lines("event-29999")
