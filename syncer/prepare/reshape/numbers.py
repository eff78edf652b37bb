"""Row numbers in a text file, one a line, ascending: read as a stream, never held all at once but as bits."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


def numbers_in(path: Path | None) -> Iterator[int]:
    """Iterate over the numbers of a file. Raises ValueError unless they ascend from 1."""
    last = 0
    if path is not None:
        with path.open("rb") as lines:
            for number in map(int, lines):
                if number <= last:
                    raise ValueError(f"row numbers ascend from 1, and {number} follows {last}")
                yield number
                last = number


@dataclass(frozen=True, slots=True)
class Leaving:
    """The rows that leave an artifact: `suppressed` of them by their match key, `left_out` the others."""

    suppressed: int
    left_out: int
    paths: tuple[Path, ...]

    @property
    def count(self) -> int:
        return self.suppressed + self.left_out

    def numbers(self) -> Iterator[int]:
        """Iterate over the rows' numbers, ascending, each once."""
        return _merged(self.paths)

    def bits(self, rows: int, more: Path | None = None) -> bytes:
        """Return one bit for each of so many rows, and a first one for no row: 1 for those that leave.

        `more` is a file of further rows. Raises ValueError for a number that the artifact does not have.
        """
        bits = bytearray(rows // 8 + 1)
        for number in _merged(self.paths if more is None else (*self.paths, more)):
            if number > rows:
                raise ValueError(f"row {number} of {rows} rows is to leave")
            bits[number >> 3] |= 128 >> (number & 7)
        return bytes(bits)


def leaving(left_out: Path | None, suppressed: Path | None) -> Leaving:
    """Count what two files of row numbers hold together; a number that is in both counts as suppressed."""
    paths = tuple(path for path in (left_out, suppressed) if path is not None)
    together = sum(1 for _ in _merged(paths))
    hidden = sum(1 for _ in numbers_in(suppressed))
    return Leaving(suppressed=hidden, left_out=together - hidden, paths=paths)


def numbers_without(path: Path | None, leaving: Leaving) -> Iterator[int]:
    """Iterate over the numbers of a file that are not among those that leave."""
    others = leaving.numbers()
    other = next(others, None)
    for number in numbers_in(path):
        while other is not None and other < number:
            other = next(others, None)
        if number != other:
            yield number


def _merged(paths: tuple[Path, ...]) -> Iterator[int]:
    last = 0
    for number in heapq.merge(*map(numbers_in, paths)):
        if number != last:
            yield number
            last = number
