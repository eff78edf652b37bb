"""Turn a verdict on every row, given by the engine, into counts, row numbers and the file of rejected rows.

The engine reads the artifact once and writes, in the artifact's order, a small file with a line for every row: the
number of its reason and the row itself, both null where the row is valid. That keeps all cores busy, which numbering
rows while they are read would not; a row's number is then its place in the small file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from syncer.prepare.engine import literal_path, run
from syncer.prepare.judge.judgement import Tally, json_text, private_path
from syncer.prepare.judge.sql import Bindings
from syncer.prepare.judge.work import Work

if TYPE_CHECKING:
    import duckdb

_WRITER: Final = "FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE {0}, USE_TMP_FILE false"
_VECTOR_ROWS: Final = 2048
"""The engine works in steps of so many rows; a group of rows in a file is a multiple of it."""
_MOST_GROUPS: Final = 10_000
_FOUND: Final = (
    "(SELECT file_row_number + 1 AS number, reason, source FROM read_parquet({0}, file_row_number=true) "
    "WHERE reason IS NOT NULL)"
)
_LINES: Final = (
    "FORMAT csv, HEADER false, DELIMITER E'\\x01', QUOTE E'\\x02', ESCAPE E'\\x02', COMMENT '', COMPRESSION 'none', "
    "USE_TMP_FILE false"
)
"""Text as it is: JSON has no control characters, and no sign begins a comment, so nothing is ever quoted."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One statement's worth of judging, with cells called `c0`, `c1`, ….

    `relation` gives the cells, `verdict` the number of a row's reason, `source` the row as JSON text, or NULL where
    nobody will see it.
    """

    relation: str
    verdict: str
    source: str
    bindings: Bindings


@dataclass(frozen=True, slots=True)
class Found:
    """Rows read, and for each reason how many of them are rejected and the first one's number, in that order."""

    rows: int
    reasons: tuple[tuple[str, int, int], ...]

    def tally(self) -> Tally:
        tally = Tally(rows=self.rows)
        for reason, count, first_row in self.reasons:
            tally.add(reason, first_row, count)
        return tally


def collect(connection: duckdb.DuckDBPyConnection, judged: Judged, work: Work, *, about: int) -> Found:
    """Run the statement and write the outputs of `work`. `about` is how many rows to expect.

    Raises duckdb.Error for what the engine refuses; the outputs may hold anything then.
    """
    with private_path(work.work_dir, "verdicts-") as found:
        rows = _write_verdicts(connection, judged, found, work, about=about)
        reasons = _grouped(connection, judged.bindings.reasons, found, work)
        if reasons:
            _write_rows(connection, judged.bindings.reasons, found, work)
    return Found(rows, reasons)


def _write_verdicts(
    connection: duckdb.DuckDBPyConnection, judged: Judged, found: Path, work: Work, *, about: int
) -> int:
    # The rejected rows of a group are in memory together: groups are small, but not so many that they are a burden.
    group = _VECTOR_ROWS * (about // (_VECTOR_ROWS * _MOST_GROUPS) + 1)
    statement = (
        f"COPY (SELECT reason, CASE WHEN reason IS NOT NULL THEN {judged.source} END AS source "  # noqa: S608 - our own text; values are bound
        f"FROM (SELECT {judged.verdict} AS reason, * FROM {judged.relation})) "
        f"TO {judged.bindings.bind(str(found))} ({_WRITER.format(group)})"
    )
    return int(run(connection, statement, judged.bindings.values, stop=work.stop)[0][0])


def _grouped(
    connection: duckdb.DuckDBPyConnection, reasons: list[str], found: Path, work: Work
) -> tuple[tuple[str, int, int], ...]:
    statement = f"SELECT reason, count(*), min(number) FROM {_FOUND.format('?')} GROUP BY reason ORDER BY 3"  # noqa: S608 - our own text; values are bound
    rows = run(connection, statement, [literal_path(str(found))], stop=work.stop)
    return tuple((reasons[number - 1], count, first_row) for number, count, first_row in rows)


def _write_rows(connection: duckdb.DuckDBPyConnection, reasons: list[str], found: Path, work: Work) -> None:
    found_rows = _FOUND.format("?")
    statement = f"COPY (SELECT number FROM {found_rows}) TO ? ({_LINES})"  # noqa: S608 - our own text; values are bound
    run(connection, statement, [literal_path(str(found)), str(work.numbers)], stop=work.stop)
    if work.rejects is None:
        return
    statement = (
        "COPY (SELECT concat('{\"rowNumber\": ', number, ', \"sourceRow\": ', source, ', \"error\": ', "  # noqa: S608 - our own text; values are bound
        f"list_extract(?::VARCHAR[], reason), '}}') FROM {found_rows}) TO ? ({_LINES})"
    )
    texts = [json_text(reason).decode() for reason in reasons]
    run(connection, statement, [texts, literal_path(str(found)), str(work.rejects)], stop=work.stop)
