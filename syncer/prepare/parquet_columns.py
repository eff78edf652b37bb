"""What becomes of a Parquet column's type when its values are transformed, and which types cannot be rewritten.

`clean` is for text, and leaves other types as they are. A timestamp without a zone, or a date, becomes a timestamp with
one, of the same moment. A mask gives text, and takes only types whose values have one spelling.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from syncer.errors import PrepareError
from syncer.model.files import SourceFile
from syncer.prepare.layout import Kept
from syncer.prepare.transforms import sql

TEXT: Final = "VARCHAR"
_LOCAL: Final = ("TIMESTAMP", "TIMESTAMP_NS", "DATE")
_SPELLED_ALIKE: Final = re.compile(r"VARCHAR|JSON|BOOLEAN|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\(.*\)|DATE|UUID")


Element = tuple[str, int | None, int | None]
"""A node of a file's schema: its name, the number of its children, a decimal's number of digits."""
_MOST_DIGITS: Final = 38


def check_decimals(file: SourceFile, kept: Iterable[Kept], columns: Iterable[tuple[str, Sequence[Element]]]) -> None:
    """Raise PrepareError for a kept column with decimals that the engine would round: those of more than 38 digits."""
    wanted = {one.column for one in kept}
    for name, elements in columns:
        digits = max((precision or 0 for _, _, precision in elements), default=0)
        if name in wanted and digits > _MOST_DIGITS:
            raise PrepareError(
                f"the column {name!r} of {file.path} holds decimals of {digits} digits",
                where=file.path,
                why=f"more than {_MOST_DIGITS} would be rounded",
                next_step="export it as text, or with fewer digits",
            )


@dataclass(frozen=True, slots=True)
class EngineColumn:
    """A kept column as the engine knows it: its quoted name there, and its type."""

    kept: Kept
    name: str
    type: str

    @property
    def is_local(self) -> bool:
        """Whether its values are local times that are to become moments."""
        return self.kept.steps.zone is not None and self.type in _LOCAL


def expression(file: SourceFile, column: EngineColumn) -> str:
    """Return the SQL of a column's values after its steps. Raises PrepareError where a mask cannot be applied."""
    steps = column.kept.steps
    if not steps:
        return column.name
    if column.type == TEXT:
        return sql.text(steps, column.name)
    if steps.key is not None:
        if _SPELLED_ALIKE.fullmatch(column.type) is None:
            raise PrepareError(
                f"the column {column.kept.column!r} of {file.path} cannot be masked",
                where=file.path,
                why=f"it is of type {column.type}, whose values can be spelled in several ways",
                next_step="export it as text",
            )
        return sql.masked(f"{column.name}::{TEXT}")
    return _moment(column) if column.is_local else column.name


@dataclass(frozen=True, slots=True)
class Doubt:
    """A question that finds the first row, counted from 1, whose value would not come out as it is meant to."""

    column: str
    sql: str
    why: str

    def raise_if(self, file: SourceFile, answer: Sequence[tuple[Any, ...]]) -> None:
        """Raise PrepareError if there is such a row."""
        row = answer[0][0]
        if row is not None:
            raise PrepareError(
                f"{file.path}: row {row}: the value of {self.column!r} {self.why}",
                where=f"{file.path}, row {row}",
                why="a column of moments has no place for a time without an offset, and null would erase what is known",
                next_step="export the column with its offset, or as text, of which only such rows are refused",
            )


def doubts(column: EngineColumn, source: str) -> Iterator[Doubt]:
    """Yield what has to be asked about a column of `source` before it is written."""
    if not column.is_local:
        return
    zone = column.kept.steps.zone
    lost = f"{_moment(column)} IS NULL"
    yield _doubt(column, source, lost, f"has no single offset in {zone}: the clocks change then")
    if column.type == "TIMESTAMP_NS":
        finer = f"epoch_ns({column.name}) % 1000 <> 0"
        yield _doubt(column, source, finer, "is finer than a microsecond, which is all that a moment holds")


def _doubt(column: EngineColumn, source: str, condition: str, why: str) -> Doubt:
    rows = f"SELECT row_number() OVER () AS number, {condition} AS found, {column.name} AS value FROM {source}"  # noqa: S608 - quoted identifiers and our own text
    return Doubt(
        column.kept.column,
        f"SELECT min(number) FROM ({rows}) WHERE found AND value IS NOT NULL",  # noqa: S608 - the same
        why,
    )


def _moment(column: EngineColumn) -> str:
    zone = column.kept.steps.zone or ""
    return sql.moment(zone, f"try_cast({column.name} AS TIMESTAMP)")
