"""Project JSONL: of each object only the mapped keys are left, and their values stay the bytes that they were.

`1.10`, `1e5`, integers of any length and nested JSON pass unchanged; only a string that a step of the mapping changes
is written anew, and a mask takes any value but null by its JSON text. A key that a row lacks stays away, blank lines
are no rows. A line that is not a JSON object, has a mapped key twice, or whose mapped values are no Unicode text, stays
one invalid row at its place, as a lone `{`, which holds no data. Invalid UTF-8 and a broken last line
without line feed (the file was cut off) are errors.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Final

import msgspec

from syncer.errors import PrepareError
from syncer.model.files import SourceFile
from syncer.prepare.artifact import BLOCK_BYTES, Output
from syncer.prepare.jsonl_exact import members
from syncer.prepare.jsonl_repeats import Repeats
from syncer.prepare.layout import Layout
from syncer.prepare.reading import MAX_RECORD_BYTES, broken, open_bytes
from syncer.prepare.stopping import Progress, Stop
from syncer.prepare.transforms.masking import masking
from syncer.prepare.transforms.steps import Steps
from syncer.prepare.transforms.text import transform

BROKEN_ROW = b"{\n"
BOM = b"\xef\xbb\xbf"


def lines(file: SourceFile, stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Iterate over the lines that are not blank, with their number from 1 and their line feed.

    Raises PrepareError for a line that is not UTF-8, or is longer than memory should hold.
    """
    number = 0
    while line := stream.readline(MAX_RECORD_BYTES):
        number += 1
        if len(line) == MAX_RECORD_BYTES:
            raise broken(file, number, "this line is longer than 64 MiB")
        if number == 1:
            line = line.removeprefix(BOM)
        if not line.isascii():
            _check_utf8(file, number, line)
        if not line.isspace() and line:
            yield number, line


@dataclass(frozen=True, slots=True)
class Projected:
    """How many rows were written, and the keys that any object of the file has.

    `keys` are all of them where somebody wants to know, else at least those of the layout that it has.
    """

    rows: int
    keys: frozenset[str]


def project(
    file: SourceFile,
    layout: Layout,
    output: Output,
    *,
    every_key: bool = False,
    stop: Stop | None = None,
    progress: Progress | None = None,
) -> Projected:
    """Write the layout's keys of every row. Raises PrepareError for a file without rows."""
    projection = _Projection(layout, every_key=every_key)
    repeats = Repeats(frozenset(one.column for one in layout.kept))
    rows, pending, length = 0, [], 0
    with open_bytes(file, stop=stop, progress=progress) as stream:
        for number, line in lines(file, stream):
            row = projection.row(line)
            if row is BROKEN_ROW and not line.endswith(b"\n") and members(line) is None:
                raise broken(file, number, "the last line is cut off", "export the file again")
            rows += 1
            pending.append(row)
            repeats.add(line, projection.keys_of_row)
            length += len(row)
            if length >= BLOCK_BYTES:
                output.write(b"".join(_without(repeats.take(), pending)))
                pending, length = [], 0
    output.write(b"".join(_without(repeats.take(), pending)))
    if not rows:
        raise PrepareError(f"{file.path} has no rows", where=file.path, next_step="export the file again, or remove it")
    return Projected(rows, frozenset(projection.met))


def _without(places: Collection[int], rows: list[bytes]) -> list[bytes]:
    for place in places:
        rows[place] = BROKEN_ROW
    return rows


class _Projection:
    """`keys_of_row` counts the keys of the row that was made last, 0 where it is a broken one."""

    def __init__(self, layout: Layout, *, every_key: bool) -> None:
        self._decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
        self._added = b",".join(_key(one.column) + msgspec.json.encode(one.value) for one in layout.added)
        self._kept = [(one.column, _key(one.column), _value_of(one.steps)) for one in layout.kept]
        self._unseen = {one.column for one in layout.kept}
        self._looks_on = every_key
        self.met: set[str] = set()
        self.keys_of_row = 0

    def row(self, line: bytes) -> bytes:
        found: Mapping[str, bytes | msgspec.Raw] | None
        self.keys_of_row = 0
        try:
            found = self._decode(line)
        except _FAILURES:
            found = members(line)
            if found is None or not self._is_text(found):
                return BROKEN_ROW
        self.keys_of_row = len(found)
        if self._unseen or self._looks_on:
            self._unseen.difference_update(found)
            self.met.update(found)
        parts = [key + value(found[column]) for column, key, value in self._kept if column in found]
        if self._added:
            parts.insert(0, self._added)
        return b"{" + b",".join(parts) + b"}\n"

    def _is_text(self, found: Mapping[str, bytes | msgspec.Raw]) -> bool:
        """Whether the values that would leave are."""
        try:
            for column, _, _ in self._kept:
                msgspec.json.decode(found.get(column, b"null"))
        except _FAILURES:
            return False
        return True


_FAILURES: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
Value = Callable[[bytes | msgspec.Raw], bytes]


def _value_of(steps: Steps) -> Value:
    """Return what writes a value after its steps; what they leave as it is stays the bytes that it was."""
    if not steps:
        return bytes
    of_text, mask = transform(steps), masking(steps.key) if steps.key is not None else None

    def value(raw: bytes | msgspec.Raw) -> bytes:
        written = bytes(raw)
        if not written.startswith(b'"'):
            return written if mask is None or written == b"null" else msgspec.json.encode(mask(written.decode()))
        text = msgspec.json.decode(raw, type=str)
        new = of_text(text)
        return written if new == text else msgspec.json.encode(new)

    return value


def _key(name: str) -> bytes:
    return msgspec.json.encode(name) + b":"


def _check_utf8(file: SourceFile, number: int, line: bytes) -> None:
    try:
        line.decode()
    except UnicodeDecodeError as error:
        raise broken(file, number, "this line is not UTF-8", "export the file as UTF-8") from error
