"""Nasty files: artifacts that a preparer would never write, and that a passthrough may well send."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final, get_args

from hypothesis import strategies as st

from syncer.emulator.catalogue import FieldDefinition, FieldType
from tests.prepare.judge.pools import CASES, ENUM, EVERY

KINDS: Final[tuple[FieldType, ...]] = get_args(FieldType)
COLUMNS: Final = ("a", "b", "c", "d")
EXTRA: Final = "x"
_ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=4)


@dataclass(frozen=True, slots=True)
class Case:
    """One artifact, and the fields that its columns `a`, `b`, … go to under their own names."""

    content: bytes
    fields: dict[str, FieldDefinition]

    @property
    def field_map(self) -> dict[str, str]:
        return {name: name for name in self.fields}


def definition(kind: FieldType, *, required: bool = False) -> FieldDefinition:
    return FieldDefinition(type=kind, required=required, values=ENUM if kind == "enum" else ())


@st.composite
def field_sets(draw: st.DrawFn) -> dict[str, FieldDefinition]:
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=len(COLUMNS)))
    return {name: definition(kind, required=draw(st.booleans())) for name, kind in zip(COLUMNS, kinds, strict=False)}


def _layout(draw: st.DrawFn, fields: dict[str, FieldDefinition]) -> list[str]:
    return draw(st.permutations([*fields, EXTRA])) if draw(st.booleans()) else list(fields)


def _cell(kind: str) -> st.SearchStrategy[str]:
    own = st.sampled_from(sorted(CASES[kind]))
    return own | own | own | st.just("") | st.sampled_from(EVERY) | _ANY_TEXT


def _kind(fields: dict[str, FieldDefinition], column: str) -> str:
    return fields[column].type if column in fields else "string"


@st.composite
def csv_files(draw: st.DrawFn) -> Case:
    """Any quoting, line ends, raggedness, blank lines, byte order mark or damage."""
    fields = draw(field_sets())
    columns = _layout(draw, fields)
    nasty = draw(st.booleans())
    ends = draw(st.sampled_from([["\n"], ["\r\n"], ["\n", "\r\n", "\r"]]))
    rows = draw(st.lists(st.tuples(*(_cell(_kind(fields, column)) for column in columns)), max_size=5))
    text = ",".join(columns) + ends[0]
    for row in rows:
        cells = list(row)
        if nasty:
            cells = draw(st.sampled_from([cells, cells, cells[:-1], [*cells, ""], [*cells, "y"]]))
            text += draw(st.sampled_from(["", "", "", *ends]))
        text += ",".join(_csv_cell(draw, cell, nasty=nasty) for cell in cells) + draw(st.sampled_from(ends))
    if draw(st.booleans()):
        text = text.removesuffix("\n")
    if nasty:
        text = draw(st.sampled_from(["", "", "", "\ufeff", "\n"])) + text + draw(st.sampled_from(["", "", '"']))
    content = text.encode()
    return Case(content + b"\xff" if nasty and draw(st.integers(0, 9)) == 9 else content, fields)


def _csv_cell(draw: st.DrawFn, cell: str, *, nasty: bool) -> str:
    quoted = '"' + cell.replace('"', '""') + '"'
    if nasty:
        return draw(st.sampled_from([quoted, quoted, cell, cell, " " + quoted]))
    return quoted if draw(st.booleans()) or any(each in cell for each in ',"\r\n') else cell


_NUMBERS = (
    *("0", "-0", "-0.0", "1", "1.0", "1e2", "0.1e1", "1e999", "-1e999", "9223372036854775807", "9223372036854775808"),
    *("-9223372036854775808", "-9223372036854775809", "123456789012345678901234567890", "1" * 400, "1" * 5000),
)
_BROKEN = ("01", "1.", ".5", "tru", "NaN", "-Infinity", '"\\x"', '"a\x01"', "[1,]", "'a'", "")
_TEXTS = (
    '"\\ud800"',
    '"x\\udc00y"',
    '"\\ud83d\\ude00"',
    '"\\u0000"',
    '"\\/"',
    '"{"',
    '" : "',
    '":"',
    '"\\":"',
    '"\\\\"',
)
_OTHERS = ("null", "true", "false", "[]", "{}", '{"a":1}', '{"a":1,"a":2}', '[{"b":1,"b":1}]', '{"z":{"a":1}}')
_LINES = (
    "",
    "  ",
    "\r",
    "[]",
    "1",
    "null",
    '"x"',
    "{",
    "}",
    "{}",
    "{} {}",
    "{}x",
    "\ufeff{}",
    "\x00",
    "nul",
    "{'a':1}",
)


def _json_value(kind: str) -> st.SearchStrategy[str]:
    pool = sorted(CASES[kind])
    taken = [value for value in pool if CASES[kind][value] is None]
    bare = st.sampled_from(taken) if kind in {"integer", "number", "boolean"} else st.nothing()
    texts = (st.sampled_from(pool) | st.sampled_from(EVERY) | _ANY_TEXT).map(json.dumps)
    raw = st.sampled_from(pool).map(lambda value: json.dumps(value, ensure_ascii=False))
    return bare | bare | texts | raw | raw | st.sampled_from((*_NUMBERS, *_BROKEN, *_TEXTS, *_OTHERS))


@st.composite
def jsonl_files(draw: st.DrawFn) -> Case:
    """Lines that are objects with absent, repeated, reordered, escaped and foreign keys, and lines that are not."""
    fields = draw(field_sets())
    lines = draw(st.lists(st.integers(0, 9), max_size=6))
    text = "\n".join(draw(st.sampled_from(_LINES)) if each == 0 else _json_line(draw, fields) for each in lines)
    return Case((text + draw(st.sampled_from(["", "\n", "\n"]))).encode(), fields)


def _json_line(draw: st.DrawFn, fields: dict[str, FieldDefinition]) -> str:
    keys = list(fields) if draw(st.booleans()) else draw(st.lists(st.sampled_from([*fields, EXTRA]), max_size=6))
    colon = draw(st.sampled_from([":", ":", ": ", " :", "\t:", "\r:"]))
    pairs = [f"{_json_key(draw, key)}{colon}{draw(_json_value(_kind(fields, key)))}" for key in keys]
    return draw(st.sampled_from(["{", "{", " {"])) + ",".join(pairs) + draw(st.sampled_from(["}", "}", "}\r", "}\x0c"]))


def _json_key(draw: st.DrawFn, key: str) -> str:
    return f'"{key}"' if draw(st.integers(0, 9)) else f'"\\u{ord(key):04x}"'


_SQL_VALUES: Final[dict[str, tuple[str, ...]]] = {
    "JSON": ("'1'", "'{}'", "'\"a@b.co\"'"),
    "ENUM('a','B')": ("'a'", "'B'"),
    "TINYINT": ("1", "-128"),
    "UINTEGER": ("0", "4294967295"),
    "BIGINT": ("-9223372036854775808", "9223372036854775807"),
    "UBIGINT": ("0", "9223372036854775807", "9223372036854775808", "18446744073709551615"),
    "FLOAT": ("0.1", "'nan'", "'inf'", "'-inf'", "-0.0"),
    "DOUBLE": ("0.1", "'nan'", "'inf'", "'-inf'", "1e300", "5.0", "1e-7"),
    "DECIMAL(38,10)": ("1234567890123456789.5", "0"),
    "DECIMAL(18,18)": ("0.25", "-0.000000000000000001", "0"),
    "DECIMAL(20,20)[]": ("[0.25]", "[]"),
    "BOOLEAN": ("true", "false"),
    "DATE": ("'2024-02-29'", "'0001-01-01'", "'9999-12-31'", "'10000-01-01'", "'0044-01-01 (BC)'", "'infinity'"),
    "TIMESTAMP": ("'2024-02-29 10:00:00'",),
    "TIMESTAMP_NS": ("'2024-02-29 10:00:00.123456789'",),
    "TIMESTAMPTZ": (
        *("'2024-02-29 10:00:00+02'", "'0001-01-01 00:00:00+00'", "'0044-03-15 (BC) 12:00:00+00'"),
        *("'9999-12-31 23:59:59.999999+00'", "'10000-01-01 00:00:00+00'"),
    ),
    "TIME": ("'10:00:00'",),
    "BLOB": ("'x'", "'\\x00\\xff'"),
    "UUID": ("'d809597a-eea8-41d8-83ec-65c7a9e1151b'",),
    "DOUBLE[]": ("[1.5]", "[]"),
    "STRUCT(a INTEGER, b VARCHAR)": ("{'a': 1, 'b': 'x'}",),
    "MAP(VARCHAR, INTEGER)": ("MAP {'a': 1}",),
}
_FITTING: Final[dict[str, tuple[str, ...]]] = {
    "string": ("VARCHAR", "JSON"),
    "email": ("VARCHAR",),
    "enum": ("VARCHAR", "ENUM('a','B')"),
    "integer": ("TINYINT", "UINTEGER", "BIGINT", "UBIGINT"),
    "number": ("FLOAT", "DOUBLE", "DECIMAL(38,10)", "DECIMAL(18,18)", "BIGINT"),
    "boolean": ("BOOLEAN",),
    "date": ("DATE",),
    "datetime": ("TIMESTAMPTZ", "TIMESTAMP"),
}


@st.composite
def parquet_files(draw: st.DrawFn) -> tuple[str, dict[str, FieldDefinition]]:
    """A query whose rows make a Parquet file of columns of fitting and other types, and the fields."""
    fields = draw(field_sets())
    columns = _layout(draw, fields)
    types = {column: draw(_sql_type(_kind(fields, column))) for column in columns}
    rows = [
        ", ".join(
            f'CAST({draw(_sql_value(_kind(fields, column), types[column]))} AS {types[column]}) AS "{column}"'
            for column in columns
        )
        for _ in range(draw(st.integers(1, 5)))
    ]
    return " UNION ALL ".join(f"SELECT {row}" for row in rows), fields


def _sql_type(kind: str) -> st.SearchStrategy[str]:
    own = st.sampled_from(_FITTING[kind])
    return own | own | own | st.sampled_from(("VARCHAR", *_SQL_VALUES))


def _sql_value(kind: str, sql_type: str) -> st.SearchStrategy[str]:
    if sql_type != "VARCHAR":
        return st.sampled_from(("NULL", *_SQL_VALUES[sql_type]))
    cells = _cell(kind).filter(lambda cell: "\x00" not in cell)
    return st.just("NULL") | cells.map(lambda cell: "'" + cell.replace("'", "''") + "'")
