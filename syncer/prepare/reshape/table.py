"""An artifact as a relation: rows with their number, and the SQL of a column's cells.

Cells are named by their place (`c0`, `c1`, …), or stand in a JSON `line`; names of columns never become SQL, but as
quoted identifiers of what is written. Values are bound.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import msgspec

from syncer.model.files import SourceFormat
from syncer.prepare.csv_engine import BUFFER_BYTES
from syncer.prepare.engine import identifier, literal_path
from syncer.prepare.reshape.evening import RETURN_MARK, Readable
from syncer.prepare.reshape.work import Work
from syncer.prepare.transforms import sql
from syncer.prepare.transforms.steps import Steps

LONGEST_ROW = 2 << 20
"""The engine's own limit of a row's bytes, which is raised where a file has longer ones."""
PARQUET = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880, USE_TMP_FILE false"
CSV = (
    "FORMAT csv, HEADER true, DELIMITER ',', QUOTE '\"', ESCAPE '\"', NULLSTR '', COMMENT '', COMPRESSION 'none', "
    "USE_TMP_FILE false"
)
LINES = (
    "FORMAT csv, HEADER false, DELIMITER '', QUOTE '', ESCAPE '', NULLSTR '', COMPRESSION 'none', USE_TMP_FILE false"
)
"""One column of text, as it is: nothing is ever quoted."""


@dataclass(slots=True)
class Bound:
    """The values of one statement."""

    values: list[object] = field(default_factory=list)

    def bind(self, value: object) -> str:
        """Return the placeholder of a value."""
        self.values.append(value)
        return f"${len(self.values)}"


@dataclass(frozen=True, slots=True)
class Table:
    """An artifact in one statement. `rows` is a relation of `number` and the cells of the rows that stay."""

    format: SourceFormat
    columns: tuple[str, ...]
    rows: str
    bound: Bound
    marked: bool = False

    @property
    def line(self) -> str:
        """A JSONL row as text that JSON functions read."""
        return f"replace(line, chr({RETURN_MARK[0]}), ' ')" if self.marked else "line"

    def text(self, column: str) -> str:
        """Return the SQL of a column's values as text, NULL where there is none or the row is broken."""
        if self.format == "jsonl":
            return f"TRY(json_extract_string({self.line}, {self.bound.bind(pointer(column))}))"
        return f"c{self.columns.index(column)}::VARCHAR"

    def named(self, cells: dict[str, str] | None = None) -> str:
        """Return the select list: every column's cell under its name, or what `cells` has instead."""
        own = {column: f"c{position}" for position, column in enumerate(self.columns)}
        return ", ".join(f"{cell} AS {identifier(column)}" for column, cell in (cells or own).items())


def table(work: Work, source: Readable, leaving: bytes | None = None) -> Table:
    """Show the engine the artifact, without the rows whose bit is set in `leaving`."""
    bound, width = Bound(), len(work.columns)
    if work.file.format == "parquet":
        names = ", ".join(f"c{position}" for position in range(width))
        place = bound.bind(literal_path(source.location))
        reader = f"read_parquet({place}, hive_partitioning=false, union_by_name=false) AS t({names})"
    else:
        reader = _text_reader(work.file.format, source, width, bound)
    rows = f"(SELECT row_number() OVER () AS number, * FROM {reader})"  # noqa: S608 - our own text; values are bound
    if leaving is not None:
        rows = f"(SELECT * FROM {rows} WHERE get_bit({bound.bind(leaving)}::BIT, number::INTEGER) = 0)"  # noqa: S608 - the same
    return Table(work.file.format, work.columns, rows, bound, source.marked)


def _text_reader(kind: SourceFormat, source: Readable, width: int, bound: Bound) -> str:
    if kind == "csv":
        columns = ", ".join(f"c{position}: 'VARCHAR'" for position in range(width))
        shape = f"columns={{{columns}}}, header=true, delim=',', quote='\"', escape='\"', nullstr=''"
    else:
        shape = "columns={line: 'VARCHAR'}, header=false, delim=E'\\x01', quote='', escape='', nullstr=E'\\x02'"
    longest = max(source.longest, LONGEST_ROW)
    return (
        f"read_csv({bound.bind(literal_path(source.location))}, {shape}, auto_detect=false, comment='', "
        "allow_quoted_nulls=true, strict_mode=true, null_padding=false, ignore_errors=false, "
        f"compression='{source.compression or 'none'}', hive_partitioning=false, max_line_size={longest}, "
        f"buffer_size={max(BUFFER_BYTES, 2 * longest)})"
    )


def pointer(key: str) -> str:
    """Name a key of a JSON object as RFC 6901 does."""
    return "/" + key.replace("~", "~0").replace("/", "~1")


def normalised(text: str) -> str:
    """Return the SQL of a text trimmed and in lower case, as the mapping's own steps would make it."""
    return sql.text(Steps(clean=("trim", "lower")), text)


def raw_numbers(rows: Table, key: str) -> str:
    """Return the SQL of a list of the numbers that stand in a JSONL row under that key, as they are written there.

    Those of nested objects are among them. An unescaped quote begins or ends a text, so nothing inside of one is taken
    for a key.
    """
    name = re.escape(msgspec.json.encode(key).decode())
    return f"regexp_extract_all(line, {rows.bound.bind(f'[{{,]{name}:(-?[0-9][-+.0-9eE]*)')}, 1)"
