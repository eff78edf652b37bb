"""What the sampled values of a column are: a type is proposed only when every one of them passes as it is judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from syncer.model.files import SourceFormat
from syncer.model.objects import FieldSchema
from syncer.model.spec import FieldType
from syncer.operations.init.names import is_code

_TYPES: Final[Sequence[FieldType]] = ("boolean", "integer", "number", "date", "datetime", "string")
"""The narrower first."""
_NATIVE: Final = ("integer", "number", "boolean")
"""Kinds whose values Parquet gives as such; the others are judged as they are written, after the column's type."""
_EXACT_DIGITS: Final = 15
"""As many as every program keeps of a number; what is longer is more likely an identifier."""
DECLARED: Final[Mapping[str, FieldType]] = {
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
}
"""What a column is declared as for a field of this kind; everything else is text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the rows that were looked at. `sql_type` is the engine's name for its type in Parquet, else ""."""

    name: str
    values: Sequence[object]
    format: SourceFormat
    sql_type: str = ""

    @property
    def filled(self) -> int:
        return sum(1 for value in self.values if value not in (None, ""))


def infer_type(column: Column) -> FieldType | None:
    """Return the narrowest type that every value passes as; text where there is no value.

    Digits of identifiers stay text in CSV: with leading zeros, of more than 15 digits, with an exponent, or by the
    column's name. None where not even text takes all values, as with nested JSON.
    """
    candidates = _TYPES if column.filled else ("string",)
    return next((each for each in candidates if _is_plausible(column, each) and refused(column, each) is None), None)


def _is_plausible(column: Column, kind: FieldType) -> bool:
    if column.format != "csv" or kind not in ("integer", "number"):
        return True
    texts = [str(value) for value in column.values if value not in (None, "")]
    return not is_code(column.name) and all(len(text) <= _EXACT_DIGITS and "e" not in text.lower() for text in texts)


def kind_of(field: FieldSchema) -> str:
    """Return what the judge holds a field's values against: "anything" where it does not know the type."""
    from syncer.prepare.judge.checks import checks_of

    (check,) = checks_of({"": ""}, {}, {"": field})
    return check.kind


def refused(column: Column, kind: FieldType) -> str | None:
    """Return why a value is refused as this type, None where all pass."""
    return next(iter(refusals(column, FieldSchema(type=kind))), None)


def refusals(column: Column, field: FieldSchema) -> Mapping[str, int]:
    """Return the reasons for which values would be rejected by the field, each with how many would."""
    from syncer.prepare.judge.checks import checks_of
    from syncer.prepare.judge.sql import refusal_of_type
    from syncer.prepare.judge.values import native_rule, text_rule

    (check,) = checks_of({"value": "value"}, {}, {"value": field})
    as_text = column.format == "csv" or (column.format == "parquet" and check.kind not in _NATIVE)
    rule = text_rule(check) if as_text else native_rule(check)
    unfit = refusal_of_type(check, column.sql_type) if column.sql_type else None
    found: dict[str, int] = {}
    for value in column.values:
        is_null = value is None or (column.format == "csv" and value == "")
        given: Any = ("" if is_null else str(value)) if as_text else value
        reason = unfit if unfit is not None and not is_null else rule(given) if rule is not None else None
        if reason is not None:
            words = reason.partition(": ")[2]
            found[words] = found.get(words, 0) + 1
    return found
