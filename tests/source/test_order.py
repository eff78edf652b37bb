"""The order of imports is total and natural."""

from __future__ import annotations

import re

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


@given(st.lists(st.text(st.sampled_from("a01 29-/.é²"), max_size=8), min_size=2, max_size=2))
def test_the_key_orders_as_text_and_numbers_taken_apart_do(pair: list[str]) -> None:
    """The compact key puts any two paths in the order in which their pieces stand, numbers as numbers."""

    def pieces(path: str) -> list[tuple[int, int, str]]:
        found = re.findall(r"([0-9]+)|([^0-9])", path.replace("/", "\0"))
        return [(0, int(number), "") if number else (1, 0, character) for number, character in found]

    one, other = pair
    assert (natural_key(one) < natural_key(other)) == (pieces(one) < pieces(other))
