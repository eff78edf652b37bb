"""Tell of a block of JSON lines, much faster than by looking at each value, that every row in it is valid.

msgspec decodes each line into the types that the mapping asks for; whatever it does not take is left to the exact
way. It does not notice a repeated key, so keys are counted: every key in the block ends with `":` (a space between
the two is looked for, and makes the block not plain), so there are at most as many as there are `":`. Where that is
the number of different keys found in the rows, no key stands twice, at any depth.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from operator import length_hint
from typing import Annotated, Any, Final, Literal

import msgspec

from syncer.prepare.judge import patterns
from syncer.prepare.judge.checks import INTEGERS, Check, Kind

_HINT_NAMES: Final = 1000
_KEY_END: Final = b'":'
_PLAIN_LINE_BYTES: Final = 4000
"""A shorter line has no integer of so many digits (4300) that Python's own reader refuses it."""
_TYPES: Final[Mapping[Kind, Any]] = {
    "anything": bool | int | float | str | list[Any] | dict[str, Any],
    "string": str,
    "email": Annotated[str, msgspec.Meta(pattern=rf"\A{patterns.EMAIL}\Z", max_length=patterns.SHORT_EMAIL)],
    "date": date,
    "datetime": Annotated[str, msgspec.Meta(pattern=rf"\A{patterns.DATETIME}\Z")],
    "integer": Annotated[int, msgspec.Meta(ge=INTEGERS[0], le=INTEGERS[-1])],
    "number": float,
    "boolean": bool,
}

_FAILURES: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class KeysMet:
    """The keys that rows were seen to have: every mapped one, and of the others as many as a hint needs."""

    def __init__(self, columns: Iterable[str]) -> None:
        self.names: set[str] = set()
        self.any_row = False
        self._unseen = set(columns)

    def add(self, names: Iterable[str]) -> None:
        """Note the keys of one row or several."""
        self.any_row = True
        if self._unseen:
            self.names.update(names if len(self.names) < _HINT_NAMES else self._unseen.intersection(names))
            self._unseen -= self.names


class FastPath:
    """Decoders for one mapping. The keys of valid rows are noted in `met`, as far as it needs them."""

    def __init__(self, checks: Sequence[Check], met: KeysMet) -> None:
        self._met = met
        self._columns = {check.column for check in checks}
        # msgspec cannot look for a key that JSON has to escape.
        self._usable = all(name.isprintable() and not {'"', "\\"} & set(name) for name in self._columns)
        self._full = self._usable
        if self._usable:
            self._decode_full = msgspec.json.Decoder(_row_type(checks, full=True)).decode
            self._decode = msgspec.json.Decoder(_row_type(checks, full=False)).decode
        self._decode_keys = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode

    def doubtful(self, block: bytes, lines: Sequence[bytes]) -> Sequence[int]:
        """Return the places of those lines of a block that the exact way has to judge; all others are valid rows."""
        if not self._usable:
            return range(len(lines))
        if self._full and max(map(len, lines)) <= _PLAIN_LINE_BYTES and not _has_spaced_colon(block):
            places = _undecodable(self._decode_full, lines)
            keys = block.count(_KEY_END) - sum(lines[place].count(_KEY_END) for place in places)
            if keys == (len(lines) - len(places)) * len(self._columns):
                # Where most rows lack a column, trying for all of them is a detour.
                self._full = len(places) * 2 <= len(lines)
                if len(places) < len(lines):
                    self._met.add(self._columns)
                return [place for place in places if not self._is_valid(lines[place])]
        return [place for place, line in enumerate(lines) if not self._is_valid(line)]

    def _is_valid(self, line: bytes) -> bool:
        if len(line) > _PLAIN_LINE_BYTES or _has_spaced_colon(line):
            return False
        try:
            self._decode(line)
            keys = self._decode_keys(line)
        except _FAILURES:
            return False
        if len(keys) != line.count(_KEY_END):
            return False
        self._met.add(keys)
        return True


def _undecodable(decode: Callable[[bytes], object], lines: Sequence[bytes]) -> list[int]:
    """Return the places of the lines that cannot be decoded; the loop over the others is the interpreter's own."""
    places = []
    left = iter(lines)
    decoded = map(decode, left)
    while True:
        try:
            deque(decoded, maxlen=0)
        except _FAILURES:
            places.append(len(lines) - length_hint(left) - 1)
        else:
            return places


def _has_spaced_colon(block: bytes) -> bool:
    if b" :" in block:
        return True
    return (b"\t" in block and b"\t:" in block) or (b"\r" in block and b"\r:" in block)


def _row_type(checks: Sequence[Check], *, full: bool) -> type[msgspec.Struct]:
    names = {f"f{number}": check.column for number, check in enumerate(checks)}
    fields: list[Any] = []
    for name, check in zip(names, checks, strict=True):
        value_type = _value_type(check) if check.required else _value_type(check) | None
        fields.append((name, value_type) if full or check.required else (name, value_type, None))
    return msgspec.defstruct("Row", fields, rename=names, kw_only=True, gc=False)


def _value_type(check: Check) -> Any:  # noqa: ANN401 - a type, made at run time
    return Literal[check.values] if check.kind == "enum" else _TYPES[check.kind]
