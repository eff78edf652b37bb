"""The order of imports is total and natural."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from syncer.model.order import natural_key


def test_numbers_count_and_folders_come_first() -> None:
    """People's order: 2 before 10, and a folder's files before those of a folder with a longer name."""
    ordered = ["a/2", "a/10", "a-b/1", "part-2.csv", "part-010.csv", "part-11.csv", "x1y2", "x1y10"]
    shuffled = [*ordered[4:], *ordered[:4]]
    assert sorted(shuffled, key=natural_key) == ordered


@given(st.lists(st.text(st.sampled_from("a0129-/.é²"), max_size=8)))
def test_any_paths_compare(paths: list[str]) -> None:
    """No two paths are incomparable, whatever digits they hold."""
    once = sorted(paths, key=lambda path: (natural_key(path), path))
    rotated = [*once[1:], *once[:1]]
    assert sorted(rotated, key=lambda path: (natural_key(path), path)) == once
