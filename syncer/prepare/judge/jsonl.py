"""Judge JSONL: exactly, line by line, and a block of lines at once where all of them are plainly valid.

A line that is not a JSON object is a rejected row, and a blank line is such a line. A row that repeats a key, at any
depth, is rejected. A broken last line without a line feed is a file that was cut off. A column that some rows lack is
null in them; one that every row lacks fails the job.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import IO, Any, Final

from syncer.prepare.judge.checks import NOT_AN_OBJECT, NOT_JSON, repeated_key
from syncer.prepare.judge.jsonl_fast import FastPath, KeysMet
from syncer.prepare.judge.judgement import HIDDEN, RejectedRows, Tally
from syncer.prepare.judge.values import native_rule
from syncer.prepare.judge.work import Work
from syncer.prepare.layout import missing_column
from syncer.prepare.reading import MAX_RECORD_BYTES, broken, open_bytes

RAW_LINE: Final = "_raw"
"""Where a rejected row shows a line that is no object."""
BLOCK_BYTES: Final = 1 << 16
"""What fits a processor's cache: larger is not faster."""
JSON_SPACES: Final = b" \t\r\n"


def judge(work: Work) -> Tally:
    """Judge every row. Raises PrepareError for a file that the API would fail as a whole."""
    with (
        RejectedRows(work.numbers, work.rejects) as rejected,
        open_bytes(work.file, stop=work.stop) as stream,
    ):
        rows = _Rows(work, rejected)
        for lines in _blocks(work, stream):
            rows.judge(lines)
    rows.check_keys()
    rejected.tally.rows = rows.count
    return rejected.tally


def _blocks(work: Work, stream: IO[bytes]) -> Iterator[bytes]:
    """Iterate over the file in blocks of whole lines; only the last may lack its line feed."""
    parts: list[bytes] = []
    length = number = 0
    while block := stream.read(BLOCK_BYTES):
        head, feed, tail = block.rpartition(b"\n")
        if feed:
            whole = b"".join((*parts, head, feed))
            number += whole.count(b"\n")
            parts, length = [], 0
            yield whole
        parts.append(tail)
        length += len(tail)
        if length >= MAX_RECORD_BYTES:
            raise broken(work.file, number + 1, "this line is longer than 64 MiB")
    if length:
        yield b"".join(parts)


class RepeatedKeyError(ValueError):
    """An object has one key twice. `args[0]` is the key."""


def strict_decoder() -> Callable[[str], Any]:
    """Return what reads one JSON text as the API does.

    It raises RepeatedKeyError for an object with a key twice, another ValueError or a RecursionError for what is no
    JSON.
    """
    return json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant).decode


class _Rows:
    def __init__(self, work: Work, rejected: RejectedRows) -> None:
        self.count = 0
        self._work = work
        self._rejected = rejected
        self._met = KeysMet(work.mapped)
        self._fast = FastPath(work.checks, self._met)
        self._rules = [(check.column, rule) for check in work.checks if (rule := native_rule(check)) is not None]
        self._decode = strict_decoder()

    def judge(self, block: bytes) -> None:
        """Judge a block of whole lines; a last line without its line feed may stand only at the file's end."""
        lines = block.split(b"\n")
        ended = not lines[-1]
        if ended:
            lines.pop()
        if not block.isascii():
            self._check_utf8(block)
        for place in self._fast.doubtful(block, lines):
            self._judge_line(self.count + place + 1, lines[place], ended=ended or place < len(lines) - 1)
        self.count += len(lines)

    def check_keys(self) -> None:
        """Raise PrepareError if there are objects and a mapped key is in none of them."""
        for column in self._work.mapped:
            if self._met.any_row and column not in self._met.names:
                raise missing_column(self._work.file.path, column, sorted(self._met.names))

    def _judge_line(self, number: int, line: bytes, *, ended: bool) -> None:
        text = line.decode()
        raw = {RAW_LINE: text}
        try:
            row = self._decode(text)
        except RepeatedKeyError as error:
            key = error.args[0]
            known = key if key in self._work.names else HIDDEN
            self._rejected.add(number, repeated_key(key), raw, told=repeated_key(known))
            return
        except (ValueError, RecursionError) as error:
            if not ended:
                raise broken(self._work.file, number, "the last line is cut off") from error
            self._rejected.add(number, NOT_JSON, raw)
            return
        if not isinstance(row, dict):
            self._rejected.add(number, NOT_AN_OBJECT, raw)
            return
        self._met.add(row)
        for column, rule in self._rules:
            reason = rule(row.get(column))
            if reason is not None:
                # Outside texts, where it cannot be, a return is a space; readers that split lines there shall not.
                self._rejected.add(number, reason, line.replace(b"\r", b" ").strip(JSON_SPACES))
                return

    def _check_utf8(self, block: bytes) -> None:
        try:
            block.decode()
        except UnicodeDecodeError as error:
            number = self.count + block.count(b"\n", 0, error.start) + 1
            raise broken(self._work.file, number, "this line is not UTF-8", "export the file as UTF-8") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise RepeatedKeyError(key)
        found[key] = value
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
