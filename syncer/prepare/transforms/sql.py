"""The steps in SQL, for whole columns.

`set_up` teaches a connection what the expressions need: macros, and variables in which the key's blocks and the zones'
tables are bound. No value stands in the text of a statement.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from syncer.prepare.transforms.masking import pads
from syncer.prepare.transforms.steps import WHITE_SPACE, Clean, Steps
from syncer.prepare.transforms.zones import CYCLE, CYCLE_YEAR, FIRST_YEAR, NAIVE, ZoneTable, offset_text, zone_table

if TYPE_CHECKING:
    import duckdb

_MICROSECONDS: Final = 1_000_000
_CYCLE_MICROSECONDS: Final = 146_097 * 86_400 * _MICROSECONDS
_SPACES: Final = "[" + "".join(f"\\x{{{first:x}}}-\\x{{{last:x}}}" for first, last in WHITE_SPACE) + "]"
_CLEANING: Final[dict[Clean, str]] = {
    "trim": "trimmed",
    "lower": "lower",
    "upper": "upper",
    "empty_to_null": "not_empty",
}
_CLEANING_MACROS: Final = (
    rf"trimmed(v) AS regexp_replace(v, '\A{_SPACES}+|{_SPACES}+\z', '', 'g')",
    "not_empty(v) AS nullif(v, '')",
)


def text(steps: Steps, value: str) -> str:
    """Return the expression for all steps of a text column, whose own expression is `value`."""
    for name in steps.clean:
        value = f"{_CLEANING[name]}({value})"
    if steps.zone is not None:
        value = f"{_macro('zoned', steps.zone)}({value})"
    return masked(value) if steps.key is not None else value


def masked(value: str) -> str:
    """Return the expression for the keyed hash of a text."""
    return f"masked({value})"


def moment(zone: str, local: str) -> str:
    """Return the expression that turns a TIMESTAMP of that zone into a TIMESTAMP WITH TIME ZONE.

    It is null also where the local time is skipped or comes twice.
    """
    return f"{_macro('moment', zone)}({local})"


def set_up(connection: duckdb.DuckDBPyConnection, steps: Iterable[Steps]) -> None:
    """Prepare a connection for the expressions of these steps."""
    steps = tuple(steps)
    for macro in _CLEANING_MACROS:
        connection.execute(f"CREATE OR REPLACE TEMP MACRO {macro}")
    key = next((one.key for one in steps if one.key is not None), None)
    if key is not None:
        inner, outer = pads(key)
        connection.execute("SET VARIABLE mask_inner = ?::BLOB", [inner])
        connection.execute("SET VARIABLE mask_outer = ?::BLOB", [outer])
        connection.execute(_MASKED)
    for zone in dict.fromkeys(one.zone for one in steps if one.zone is not None):
        _set_up_zone(connection, zone, zone_table(zone))


_MASKED: Final = """CREATE OR REPLACE TEMP MACRO masked(v) AS CASE WHEN v = '' THEN v ELSE
    sha256(getvariable('mask_outer') || unhex(sha256(getvariable('mask_inner') || encode(v)))) END"""


def _set_up_zone(connection: duckdb.DuckDBPyConnection, zone: str, table: ZoneTable) -> None:
    never = [2**62] * table.most
    bounds = [bound * _MICROSECONDS for bound in table.bounds]
    lists = {
        "first": ("BIGINT[]", table.first),
        "bounds": ("BIGINT[]", bounds + never),
        "offsets": ("BIGINT[]", table.offsets),
        "written": ("VARCHAR[]", [offset_text(offset) for offset in table.offsets]),
    }
    for name, (kind, values) in lists.items():
        connection.execute(f"SET VARIABLE {_macro(name, zone)} = ?::{kind}", [list(values)])
    position = _macro("position", zone)
    # A sum of comparisons: a search in the list would make the engine copy the list for each row.
    later = "".join(f" + (us >= {_list('bounds', zone)}[start + {n}])::BIGINT" for n in range(2, table.most + 2))
    macros = [
        f"{_macro('reached', zone)}(us, start) AS start + 1{later}",
        f"""{position}(local) AS {_macro("reached", zone)}(
            epoch_us(local) - {_CYCLES} * {_CYCLE_MICROSECONDS},
            {_list("first", zone)}[CASE WHEN year(local) < {FIRST_YEAR} THEN 1 ELSE {_YEAR} END]
        )""",
        f"""{_macro("moment", zone)}(local) AS
            make_timestamptz(epoch_us(local) - {_list("offsets", zone)}[{position}(local)] * {_MICROSECONDS})""",
        f"{_macro('offset', zone)}(local) AS {_list('written', zone)}[{position}(local)]",
        f"""{_macro("zoned", zone)}(v) AS
            coalesce(substr(v, 1, 10) || 'T' || {_CLOCK} || {_macro("offset", zone)}({_LOCAL}), v)""",
    ]
    for macro in macros:
        connection.execute(f"CREATE OR REPLACE TEMP MACRO {macro}")


_CYCLES: Final = f"greatest(0, (year(local) - {CYCLE_YEAR}) // {CYCLE})"
"""How many calendar cycles a local time lies behind a zone's table."""
_YEAR: Final = f"year(local) - {_CYCLES} * {CYCLE} - {FIRST_YEAR - 1}"
_CLOCK: Final = "CASE length(v) WHEN 10 THEN '00:00:00' WHEN 16 THEN substr(v, 12) || ':00' ELSE substr(v, 12) END"
_LOCAL: Final = f"""try_cast(CASE WHEN regexp_full_match(v, '{NAIVE}') AND v >= '0001' THEN
    substr(v, 1, 10) || ' ' || CASE length(v) WHEN 10 THEN '00:00' ELSE substr(v, 12, 8) END END AS TIMESTAMP)"""


def _macro(kind: str, zone: str) -> str:
    return f'"{kind} {zone}"'


def _list(kind: str, zone: str) -> str:
    return f"getvariable('{kind} {zone}')"
