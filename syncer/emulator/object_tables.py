"""The tables that hold the objects' rows, and how new rows get into them.

A table has its object's fields and two columns of the emulator's own, which prove where a row came from: `_job_id`
(the import job or records batch that wrote it last) and `_row_number` (the row of its file, from 1). Datetimes are
stored in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncer.emulator.store import quoted
from syncer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from syncer.emulator.catalogue import Catalogue, ObjectDefinition
    from syncer.emulator.store import Store

COLUMN_TYPES = {
    "string": "VARCHAR",
    "email": "VARCHAR",
    "enum": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "datetime": "TIMESTAMP",
}
_SYSTEM_COLUMNS = {"_job_id": "VARCHAR", "_row_number": "BIGINT"}


@dataclass(frozen=True, slots=True)
class Merged:
    """How many valid rows were new, and how many changed a row that was there (or came earlier in the same file)."""

    inserts: int
    updates: int


def create_tables(store: Store, catalogue: Catalogue) -> None:
    """Make the objects' tables, or add the fields that are new since the data was written.

    Raises UsageError when a field's type is another one than the data was written with.
    """
    with store.write() as cursor:
        for name, definition in catalogue.items():
            columns = {field: COLUMN_TYPES[each.type] for field, each in definition.fields.items()} | _SYSTEM_COLUMNS
            declared = ", ".join(f"{quoted(column)} {type_}" for column, type_ in columns.items())
            cursor.execute(f"CREATE TABLE IF NOT EXISTS {quoted(name)} ({declared})")
            _add_new_columns(cursor, name, columns)


def _add_new_columns(cursor: duckdb.DuckDBPyConnection, table: str, columns: dict[str, str]) -> None:
    rows = cursor.execute(f"DESCRIBE {quoted(table)}").fetchall()
    present = {row[0]: row[1] for row in rows}
    for column, type_ in columns.items():
        if column not in present:
            cursor.execute(f"ALTER TABLE {quoted(table)} ADD COLUMN {quoted(column)} {type_}")
        elif present[column] != type_:
            raise UsageError(
                f"object {table!r}: field {column!r} is now {type_}, but the data folder has it as {present[column]}",
                next_step="use another data folder, or give the field its earlier type",
            )


class Stage:
    """Valid rows on their way into a table, kept in a temporary table of `session` that can spill to disk."""

    def __init__(self, session: duckdb.DuckDBPyConnection, definition: ObjectDefinition, fields: Sequence[str]) -> None:
        self._session = session
        self._definition = definition
        self._fields = fields
        types = [COLUMN_TYPES[definition.fields[field].type] for field in fields]
        declared = ", ".join(f"{quoted(field)} {type_}" for field, type_ in zip(fields, types, strict=True))
        session.execute(f"CREATE OR REPLACE TEMP TABLE stage (_row_number BIGINT, {declared})")
        cells = ", ".join(_cast(type_) for type_ in types)
        self._load = f"INSERT INTO stage SELECT unnest(?::BIGINT[]), {cells}"

    def load(self, numbers: list[int], rows: list[list[str | None]]) -> None:
        """Add rows whose values the rules have accepted, each with its row number."""
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            self._session.execute(self._load, [numbers, *columns])

    def merge(self, table: str, job_id: str) -> Merged:
        """Write all rows into `table`, inside the caller's transaction. A later row of the file wins."""
        if self._definition.mode == "append":
            return Merged(self._insert(table, job_id, "stage"), 0)
        key = quoted(self._definition.match_key or "")
        self._session.execute(
            f"""CREATE OR REPLACE TEMP TABLE latest AS SELECT stage.* FROM stage
                JOIN (SELECT max(_row_number) AS _last FROM stage GROUP BY {key}) ON _row_number = _last"""  # noqa: S608 - quoted
        )
        self._session.execute(
            f"""CREATE OR REPLACE TEMP TABLE fresh AS
                SELECT * FROM latest WHERE {key} NOT IN (SELECT {key} FROM {quoted(table)})"""  # noqa: S608 - quoted
        )
        changes = ", ".join(f"{quoted(field)} = latest.{quoted(field)}" for field in self._fields)
        self._session.execute(
            f"""UPDATE {quoted(table)} AS kept SET {changes}, _job_id = ?, _row_number = latest._row_number
                FROM latest WHERE kept.{key} = latest.{key}""",  # noqa: S608 - quoted
            [job_id],
        )
        inserts = self._insert(table, job_id, "fresh")
        return Merged(inserts, self._count("stage") - inserts)

    def keys_query(self) -> str:
        """A query for the distinct match keys of all rows, as text in a column `key`, on this stage's session."""
        return f"SELECT DISTINCT {quoted(self._definition.match_key or '')}::VARCHAR AS key FROM stage"  # noqa: S608 - quoted

    def _insert(self, table: str, job_id: str, source: str) -> int:
        names = ", ".join(quoted(field) for field in self._fields)
        self._session.execute(
            f"""INSERT INTO {quoted(table)} ({names}, _job_id, _row_number)
                SELECT {names}, ?, _row_number FROM {source} ORDER BY _row_number""",  # noqa: S608 - quoted
            [job_id],
        )
        return self._count(source)

    def _count(self, table: str) -> int:
        rows = self._session.execute(f"SELECT count(*) FROM {table}").fetchall()  # noqa: S608 - a name of this module
        return int(rows[0][0])


def _cast(column_type: str) -> str:
    if column_type == "TIMESTAMP":  # a plain cast would drop the offset
        return "make_timestamp(epoch_us(unnest(?::VARCHAR[])::TIMESTAMPTZ))"
    return f"unnest(?::VARCHAR[])::{column_type}"
