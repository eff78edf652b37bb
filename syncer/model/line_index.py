"""Find the lines of a long log by what they are about, for a few bytes a line."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Sequence

_SMALLEST = 64
_GROWTH = 2


class LineIndex:
    """The numbers of lines by key; one key may have many. A line costs 18 to 36 bytes, where a dict takes 150.

    Keys are not kept, only their hashes. So a number that is found tells where to look, and whoever looks there checks
    the key; a key that is known is always found. Reading is safe beside one thread that adds.
    """

    def __init__(self) -> None:
        self._table = _empty(_SMALLEST)
        self._room = _room(_SMALLEST)

    def lines(self, key: Hashable) -> Sequence[int]:
        """Return the lines that may be about the key, in no order."""
        hashes, lines = self._table
        wanted, last = hash(key) or 1, len(hashes) - 1
        slot, found = wanted & last, []
        while here := hashes[slot]:
            if here == wanted:
                found.append(lines[slot])
            slot = (slot + 1) & last
        return found

    def add(self, key: Hashable, line: int) -> None:
        """Note that the line (from 0) is about the key."""
        hashes, lines = self._table
        _put(hashes, lines, hash(key) or 1, line)
        self._take_room()

    def add_first(self, key: Hashable, line: int) -> bool:
        """Note that the line is about the key, unless one is known that may be; return whether it was noted."""
        hashes, lines = self._table
        wanted, last = hash(key) or 1, len(hashes) - 1
        slot = wanted & last
        while here := hashes[slot]:
            if here == wanted:
                return False
            slot = (slot + 1) & last
        lines[slot] = line
        hashes[slot] = wanted
        self._take_room()
        return True

    def _take_room(self) -> None:
        self._room -= 1
        if not self._room:
            hashes, lines = self._table
            self._table = _grown(hashes, lines)
            self._room = _room(_GROWTH * len(hashes)) - _room(len(hashes))


def _room(size: int) -> int:
    """Return how many lines a table of this size takes: so many that a search soon comes to an empty slot."""
    return size * 2 // 3


def _empty(size: int) -> tuple[array[int], array[int]]:
    """Return an open-addressing table: hashes, of which 0 is none, and beside them the lines."""
    return array("q", bytes(8 * size)), array("I", bytes(4 * size))


def _grown(hashes: array[int], lines: array[int]) -> tuple[array[int], array[int]]:
    larger = _empty(_GROWTH * len(hashes))
    for slot, here in enumerate(hashes):
        if here:
            _put(*larger, here, lines[slot])
    return larger


def _put(hashes: array[int], lines: array[int], wanted: int, line: int) -> None:
    last = len(hashes) - 1
    slot = wanted & last
    while hashes[slot]:
        slot = (slot + 1) & last
    lines[slot] = line
    hashes[slot] = wanted
