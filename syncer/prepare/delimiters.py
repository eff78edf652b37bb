"""What separates the columns of a CSV file whose spec does not say. Pure."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable
from typing import Final

from syncer.model.spec import Spec

COMMA: Final = ","
OTHERS: Final = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
"""What a header may be split by instead of commas, and its name for people."""


def declared(spec: Spec) -> str | None:
    """Return the delimiter that the spec writes out, None where it leaves it open."""
    return spec.source.csv.delimiter if "delimiter" in spec.source.csv.model_fields_set else None


def seen_in(head: Iterable[str], mapped: Collection[str]) -> str:
    r"""Choose by the header alone: comma, unless it leaves a mapped column out and one other delimiter does not.

    `head` gives the file's lines from the first on, as often as it is asked; no more of them are taken than the header
    has. Where several others would do, or none, it is a comma, and whoever needs the columns says what is missing.
    """
    if _has_all(head, COMMA, mapped):
        return COMMA
    fitting = [other for other in OTHERS if _has_all(head, other, mapped)]
    return fitting[0] if len(fitting) == 1 else COMMA


def _has_all(head: Iterable[str], delimiter: str, mapped: Collection[str]) -> bool:
    records = csv.reader(head, delimiter=delimiter, strict=True)
    try:
        return set(mapped) <= set(next((record for record in records if record), ()))
    except csv.Error:
        return False
