"""Find the rows in which a mapped key stands twice: nothing tells which of its values is meant.

The decoder that projects rows keeps the last value and says nothing. Looking for it anew in every row would cost more
than decoding, so a whole block is held against a sum: outside of strings a pair of an object has one colon, right
behind a quote where no blank stands before it. As many of those as the rows have keys, and no key stands twice.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any, Final

_COLON: Final = b'":'
_BLANK_COLONS: Final = ((b" ", b" :"), (b"\t", b"\t:"), (b"\r", b"\r:"))
"""Each blank alone, which is looked for much faster, and before a colon."""


class Repeats:
    """Looks at the rows of one block after the other. `mapped` are the keys that matter."""

    def __init__(self, mapped: Collection[str]) -> None:
        self._mapped = mapped
        self._lines: list[bytes] = []
        self._keys: list[int] = []

    def add(self, line: bytes, keys: int) -> None:
        """Take the next row; `keys` is how many different keys its object has, 0 where it is none."""
        self._lines.append(line if keys else b"")
        self._keys.append(keys)

    def take(self) -> list[int]:
        """Return the places, from 0, of the rows since the last time in which a mapped key stands twice."""
        lines, keys, self._lines, self._keys = self._lines, self._keys, [], []
        if _is_plain(b"".join(lines), sum(keys)):
            return []
        return [
            place
            for place, (line, count) in enumerate(zip(lines, keys, strict=True))
            if not _is_plain(line, count) and self._repeats(line)
        ]

    def _repeats(self, line: bytes) -> bool:
        try:
            pairs = _decode(line.decode())
        except RecursionError:  # whoever reads this row finds it too deep, too
            return False
        own = [key for key, _ in pairs if key in self._mapped]
        return len(own) != len(set(own))


def _is_plain(text: bytes, keys: int) -> bool:
    """Whether the colons of one or more rows prove that they have no pair beyond these keys."""
    return text.count(_COLON) == keys and not any(blank in text and colon in text for blank, colon in _BLANK_COLONS)


def _pairs(pairs: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return list(pairs)


# Only the keys are looked at, so numbers may stay what they are: text.
_decode = json.JSONDecoder(object_pairs_hook=_pairs, parse_int=str, parse_float=str).decode
