"""Whether the names of a file's columns are names: a first row of values is personal data that no draft may show."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from syncer.errors import PrepareError

_VALUES: Final[Sequence[re.Pattern[str]]] = (
    re.compile(r".*[^@\s]@[^@\s]+\.\w+.*", re.DOTALL),  # an e-mail address
    re.compile(r"[^\W\d_]*://.*|www\..*", re.DOTALL | re.IGNORECASE),
    re.compile(r"[\W\d]*\d[\W\d]*"),  # numbers, dates, times, phones, coordinates: digits and no letter
    re.compile(r"\d{4}-\d\d-\d\d[T ].*|\d{1,2}[ ./-][^\W\d_]{3,9}\.?[ ./-]\d{2,4}"),  # a time with a zone, 3 Mar 1990
    re.compile(r"(?![A-Za-z_]+_\d+$)(?:.*\d){6}.*", re.DOTALL),  # identifiers and accounts, but not custom_field_123456
    re.compile(r"true|false|null|none|nan|n/a", re.IGNORECASE),
    re.compile(r".{101,}", re.DOTALL),  # free text
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1f]")


def check_names(path: str, names: Sequence[str], rows: Sequence[Mapping[str, object]], *, is_csv: bool) -> None:
    """Raise PrepareError where a name looks like a value: by itself, or, in CSV, as a row has it in the same column.

    The error tells the column's number and never the name. Names that only a person can tell from values, as `Ada` over
    other first names, pass.
    """
    if is_csv and any(_CONTROL.search(name) for name in names):
        raise PrepareError(
            f"{path} is no text of rows and columns",
            where=f"{path}:1",
            why="its first line holds bytes that no text has, as in an archive or a workbook",
            next_step="name a gzipped file .gz; save a workbook as CSV",
        )
    data = [row for row in rows if any(row.get(name) != name for name in names)]  # not the header once more
    for place, name in enumerate(names, 1):
        if _is_value(name) or (is_csv and any(row.get(name) == name for row in data)):
            raise _no_name(path, place, is_csv=is_csv)


def _no_name(path: str, place: int, *, is_csv: bool) -> PrepareError:
    by_hand = "or write the spec by hand from specs/example.yaml"
    if is_csv:
        return PrepareError(
            f"{path} seems to have no header: the name of column {place} looks like a value",
            where=f"{path}:1",
            why="the first line has to name the columns; it is not shown, as it may be about a person",
            next_step=f"put a line with the columns' names before it, {by_hand}",
        )
    return PrepareError(
        f"the name of column {place} of {path} looks like a value",
        where=path,
        why="names are the same in every row; this one is not shown, as it may be about a person",
        next_step=f"export values under names of their own, {by_hand}",
    )


def _is_value(name: str) -> bool:
    return any(pattern.fullmatch(name.strip()) for pattern in _VALUES)
