"""What is said of an artifact, and the private files that hold its rejected rows."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from syncer.model.events import Rejection

MOST_REASONS: Final = 100
OTHER_REASONS: Final = "other reasons"
HIDDEN: Final = "…"
PRIVATE_MODE: Final = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The API's verdict on every row of an artifact, before it has seen one.

    `rows` counts data rows as the API does, `invalid` those it will reject. `reasons` are grouped, the most frequent
    first, and hold nothing of a row. `rejects` is the file of rejected rows in the API's own format, `numbers` a text
    file of their row numbers, one a line, ascending, without a header; both are None where no row is rejected, and
    `rejects` also where nobody asked for it. Both are mode 0600; `discard` removes `numbers`, which is in the work
    folder.
    """

    rows: int
    invalid: int
    reasons: tuple[Rejection, ...]
    rejects: Path | None
    numbers: Path | None

    @property
    def valid(self) -> int:
        return self.rows - self.invalid

    def discard(self) -> None:
        """Remove the file of row numbers. Does nothing a second time."""
        if self.numbers is not None:
            self.numbers.unlink(missing_ok=True)

    def rejected_numbers(self) -> Iterator[int]:
        """Iterate over the rejected rows' numbers, ascending, without holding them all."""
        if self.numbers is not None:
            with self.numbers.open("rb") as lines:
                yield from map(int, lines)


@dataclass(slots=True)
class Tally:
    """Rows counted and their reasons grouped; past a hundred reasons, the rest are counted as one."""

    rows: int = 0
    invalid: int = 0
    _counts: dict[str, int] = field(default_factory=dict)
    _first_rows: dict[str, int] = field(default_factory=dict)

    def add(self, reason: str, first_row: int, count: int = 1) -> None:
        """Count rejected rows. For each reason the first call has the first row."""
        self.invalid += count
        if reason not in self._counts and len(self._counts) >= MOST_REASONS:
            reason = OTHER_REASONS
        self._counts[reason] = self._counts.get(reason, 0) + count
        self._first_rows.setdefault(reason, first_row)

    def reasons(self) -> tuple[Rejection, ...]:
        counts, first_rows = self._counts, self._first_rows
        ordered = sorted(counts, key=lambda reason: (-counts[reason], first_rows[reason], reason))
        return tuple(Rejection(reason=each, count=counts[each], first_row=first_rows[each]) for each in ordered)


class RejectedRows:
    """Writes rejected rows one by one, in row order, and counts them."""

    def __init__(self, numbers: Path, rejects: Path | None) -> None:
        self.tally = Tally()
        self._numbers = numbers
        self._rejects = rejects
        self._files = contextlib.ExitStack()
        self._number_lines: IO[bytes]
        self._row_lines: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self._number_lines = self._files.enter_context(self._numbers.open("wb"))
        self._row_lines = self._files.enter_context(self._rejects.open("wb")) if self._rejects else None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._files.__exit__(kind, error, at)

    def add(self, number: int, reason: str, source: Mapping[str, object] | bytes, *, told: str = "") -> None:
        """Write one row: as a JSON object, or as the text of one. `told` is the reason without the row's own words."""
        self.tally.add(told or reason, number)
        self._number_lines.write(b"%d\n" % number)
        if self._row_lines is not None:
            text = source if isinstance(source, bytes) else json_text(source)
            line = b'{"rowNumber": %d, "sourceRow": %b, "error": %b}\n'
            self._row_lines.write(line % (number, text, json_text(reason)))


def json_text(value: object) -> bytes:
    """Write JSON in UTF-8; half a surrogate pair, which UTF-8 cannot hold, stays the escape that it was."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace")


@contextlib.contextmanager
def private_path(work_dir: Path, prefix: str) -> Iterator[Path]:
    """Create an empty file of mode 0600 in the work folder, for the time of the block."""
    handle, name = tempfile.mkstemp(prefix=prefix, dir=work_dir)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def create_private(path: Path) -> None:
    """Make an empty file of mode 0600, whatever was there before."""
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE))
