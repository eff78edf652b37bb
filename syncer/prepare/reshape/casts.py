"""Which Parquet type a column gets, when a value survives the change, and what it becomes. Pure.

A field takes only a column of its own kind from Parquet, so the kind is that of the destination field, not of what the
values look like. Every value is held against its condition; one that does not meet it stops the whole conversion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from syncer.model.objects import FieldSchema
from syncer.model.spec import FieldType
from syncer.prepare.artifact import Artifact
from syncer.prepare.judge import patterns
from syncer.prepare.judge.checks import Kind, checks_of
from syncer.prepare.reshape.table import Table, raw_numbers

SIGNIFICANT_DIGITS: Final = 15
"""So many decimal digits every double keeps (DBL_DIG of IEEE 754)."""
_SMALLEST: Final = "2.2250738585072014e-308"
"""Below it a double keeps fewer digits."""
_LARGEST: Final = "1.7976931348623157e308"
_FIRST: Final = "TIMESTAMPTZ '0001-01-01 00:00:00+00'"
_LAST: Final = "TIMESTAMPTZ '9999-12-31 23:59:59.999999+00'"
_FINER: Final = r"\.[0-9]{6}0*[1-9]"

_TYPES: Final[Mapping[Kind, tuple[FieldType, str]]] = {
    "integer": ("integer", "BIGINT"),
    "number": ("number", "DOUBLE"),
    "boolean": ("boolean", "BOOLEAN"),
    "date": ("date", "DATE"),
    "datetime": ("datetime", "TIMESTAMPTZ"),
}
"""Any other kind stays text."""

_MEANT: Final[Mapping[Kind, str]] = {
    "integer": "an integer of 64 bits",
    "number": f"a finite number of at most {SIGNIFICANT_DIGITS} significant digits, which is what a double keeps",
    "boolean": "true or false",
    "date": "a date (YYYY-MM-DD)",
    "datetime": "a datetime with an offset, no finer than microseconds, of the years 0001 to 9999",
}
_TEXT_MEANT: Final = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """One column's way into Parquet, in SQL. `absent` says when it is null, `survives` when `value` is the same.

    `meant` says in words what a value that does not survive should have been. `type` is the mapping request's.
    """

    column: str
    type: FieldType
    absent: str
    survives: str
    value: str
    meant: str

    @property
    def checked(self) -> str:
        """The value, or an error of the whole statement."""
        if self.survives == "true":
            return self.value
        return f"CASE WHEN {self.absent} THEN NULL WHEN {self.survives} THEN {self.value} ELSE error('') END"

    @property
    def lost(self) -> str:
        """Whether a row's value does not survive."""
        return f"NOT ({self.absent}) AND NOT coalesce({self.survives}, false)"


def casts_of(artifact: Artifact, schema: Mapping[str, FieldSchema], rows: Table) -> tuple[Cast, ...]:
    """Return the casts of a CSV or JSONL artifact's columns, in its order.

    `rows` gives the cells: `c0`, `c1`, … for CSV, for JSONL a list of JSON values `v`.
    """
    kinds = {one.column: one.kind for one in checks_of(artifact.field_map, artifact.source_fields, schema)}
    cast = _of_text if rows.format == "csv" else _of_json
    return tuple(cast(rows, column, kinds.get(column, "string")) for column in artifact.columns)


def _of_text(rows: Table, column: str, kind: Kind) -> Cast:
    cell = f"c{rows.columns.index(column)}"
    if kind not in _TYPES:
        return _cast(column, kind, f"{cell} IS NULL", "true", cell)
    return _cast(column, kind, f"{cell} IS NULL", _text_survives(kind, cell), _typed(kind, cell))


def _of_json(rows: Table, column: str, kind: Kind) -> Cast:
    value = f"v[{rows.columns.index(column) + 1}]"
    absent = f"{value} IS NULL OR json_type({value}) = 'NULL'"
    text = f"json_extract_string({value}, '$')"
    found = f"json_type({value})"
    match kind:
        case "integer":
            survives = f"{found} IN ('BIGINT', 'UBIGINT') AND TRY_CAST({text} AS BIGINT) IS NOT NULL"
        case "number":
            written = f"list_transform({raw_numbers(rows, column)}, lambda x: {_text_survives(kind, 'x')})"
            survives = f"{found} IN ('BIGINT', 'UBIGINT', 'DOUBLE') AND list_bool_and({written})"
        case "boolean":
            survives = f"{found} = 'BOOLEAN'"
        case "date" | "datetime":
            survives = f"{found} = 'VARCHAR' AND {_text_survives(kind, text)}"
        case "anything":
            return _cast(column, kind, absent, f"({found} = 'VARCHAR' OR {_verbatim(rows, column, value)})", text)
        case _:
            survives = f"{found} = 'VARCHAR'"
    return _cast(column, kind, absent, survives, _typed(kind, text) if kind in _TYPES else text)


def _cast(column: str, kind: Kind, absent: str, survives: str, value: str) -> Cast:
    return Cast(
        column=column,
        type=_TYPES[kind][0] if kind in _TYPES else "string",
        absent=absent,
        survives=survives,
        value=value,
        meant=_MEANT.get(kind, _TEXT_MEANT),
    )


def _verbatim(rows: Table, column: str, value: str) -> str:
    """Whether a JSON value, as the engine would write it, is what stands in the row."""
    member = f"{rows.bound.bind(msgspec.json.encode(column).decode() + ':')} || {value}::VARCHAR"
    return f"(contains(line, {member} || ',') OR contains(line, {member} || '}}'))"


def _typed(kind: Kind, text: str) -> str:
    return f"({text} = 'true')" if kind == "boolean" else f"TRY_CAST({text} AS {_TYPES[kind][1]})"


def _text_survives(kind: Kind, text: str) -> str:
    typed = _typed(kind, text)
    match kind:
        case "integer":
            return f"{_full_match(text, patterns.INTEGER)} AND {typed} IS NOT NULL"
        case "number":
            digits = f"trim(regexp_replace(regexp_replace({text}, '[eE].*$', ''), '[-.]', '', 'g'), '0')"
            kept = f"abs({typed}) BETWEEN {_SMALLEST} AND {_LARGEST} AND strlen({digits}) <= {SIGNIFICANT_DIGITS}"
            return f"{_full_match(text, patterns.NUMBER)} AND ({digits} = '' OR {kept})"
        case "boolean":
            return f"{text} IN ('true', 'false')"
        case "date":
            return _full_match(text, patterns.DATE)
        case "datetime":
            whole = f"{_full_match(text, patterns.DATETIME)} AND NOT regexp_matches({text}, '{_FINER}')"
            return f"{whole} AND {typed} BETWEEN {_FIRST} AND {_LAST}"
    raise AssertionError(f"{kind} is text")


def _full_match(text: str, pattern: str) -> str:
    return f"regexp_full_match({text}, '{pattern}')"
