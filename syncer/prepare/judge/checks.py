"""What each mapped column is held against, and the words in which the API refuses a value. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from syncer.model.objects import FieldSchema
from syncer.model.spec import FieldType

Kind = Literal["anything", "string", "email", "integer", "number", "boolean", "date", "datetime", "enum"]

REQUIRED: Final = "required value is missing"
NAIVE: Final = "naive datetime — include timezone offset"
OUT_OF_RANGE: Final = "integer out of range"
NO_UNICODE: Final = "not valid Unicode text"
NOT_JSON: Final = "row: not valid JSON"
NOT_AN_OBJECT: Final = "row: not a JSON object"
INTEGERS: Final = range(-(2**63), 2**63)

_KINDS: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(("string", "text", "phone", "url", "uuid", "enum"), "string"),
    "email": "email",
    "integer": "integer",
    **dict.fromkeys(("number", "decimal", "float"), "number"),
    "boolean": "boolean",
    "date": "date",
    **dict.fromkeys(("datetime", "timestamp"), "datetime"),
}
"""The API's words for types. An enum is known by its values; without any it is text."""

_REFUSALS: Final[Mapping[Kind, str]] = {
    "string": "not a string",
    "email": "invalid email format",
    "integer": "not an integer",
    "number": "not a number",
    "boolean": "not a boolean",
    "date": "not a date (YYYY-MM-DD)",
    "datetime": "not an RFC 3339 datetime",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One mapped column: the field it goes to, and what that takes. `values` are an enum's."""

    column: str
    field: str
    kind: Kind
    required: bool = False
    values: tuple[str, ...] = ()

    @property
    def missing(self) -> str:
        """What is said of a null; only a required field refuses it."""
        return self.about(REQUIRED)

    @property
    def refusal(self) -> str:
        """What is said of a value that the field does not take at all."""
        if self.kind == "email":
            return f"{self.column}: {_REFUSALS['email']}"  # the guide shows the column here, and the field elsewhere
        return self.about(f"not one of {', '.join(self.values)}" if self.kind == "enum" else _REFUSALS[self.kind])

    def about(self, problem: str) -> str:
        return f"{self.field}: {problem}"


def checks_of(
    field_map: Mapping[str, str], source_fields: Mapping[str, FieldType], schema: Mapping[str, FieldSchema]
) -> tuple[Check, ...]:
    """Return one check for each mapped column, in the order of `field_map`.

    The object's field decides; a field that `schema` does not have is held against the column's declared type.
    """
    return tuple(
        _check(column, field, schema.get(field) or FieldSchema(type=source_fields.get(column, "string")))
        for column, field in field_map.items()
    )


def _check(column: str, field: str, schema: FieldSchema) -> Check:
    kind: Kind = "enum" if schema.enum else _KINDS.get(schema.type.lower(), "anything")
    required = schema.required or not schema.nullable
    return Check(column=column, field=field, kind=kind, required=required, values=schema.enum)


def ragged(expected: int, found: int) -> str:
    """Say that a CSV row has not as many cells as the header."""
    return f"row: expected {expected} columns, found {found}"


def repeated_key(key: str) -> str:
    """Say that a JSON object has a key twice."""
    return f"row: duplicate key {key}"
