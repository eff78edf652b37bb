"""Turn a verdict on every row, given by the engine, into counts, row numbers and the file of refused rows.

The engine reads the artifact once and writes, in the artifact's order, a small file with a line for every row: the
number of its reason and the row itself, both null where the row is valid. That keeps all cores busy, which numbering
rows while they are read would not; a row's number is then its place in the small file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from syncer.prepare.engine import run
from syncer.prepare.judge.judgement import Tally, json_text, private_path
from syncer.prepare.judge.sql import Bindings
from syncer.prepare.judge.work import Work

if TYPE_CHECKING:
    import duckdb

_WRITER: Final = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20480, USE_TMP_FILE false"
"""Small groups: the refused rows of a group are in memory together."""
_FOUND: Final = (
    "(SELECT file_row_number + 1 AS number, reason, source FROM read_parquet({0}, file_row_number=true) "
    "WHERE reason IS NOT NULL)"
)
_LINES: Final = (
    "FORMAT csv, HEADER false, DELIMITER E'\\x01', QUOTE E'\\x02', ESCAPE E'\\x02', COMPRESSION 'none', "
    "USE_TMP_FILE false"
)
"""Text as it is: JSON has no control characters, so nothing is ever quoted."""


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


def collect(connection: duckdb.DuckDBPyConnection, judged: Judged, work: Work) -> Tally:
    """Run the statement, write the outputs of `work` and return the counts.

    Raises duckdb.Error for what the engine refuses; the outputs may hold anything then.
    """
    with private_path(work.work_dir, "verdicts-") as found:
        tally = Tally(rows=_write_verdicts(connection, judged, found, work))
        for reason, count, first_row in _grouped(connection, found, work):
            tally.add(judged.bindings.reasons[reason - 1], first_row, count)
        if tally.invalid:
            _write_rows(connection, judged.bindings.reasons, found, work)
    return tally


def _write_verdicts(connection: duckdb.DuckDBPyConnection, judged: Judged, found: Path, work: Work) -> int:
    statement = (
        f"COPY (SELECT reason, CASE WHEN reason IS NOT NULL THEN {judged.source} END AS source "  # noqa: S608 - our own text; values are bound
        f"FROM (SELECT {judged.verdict} AS reason, * FROM {judged.relation})) "
        f"TO {judged.bindings.bind(str(found))} ({_WRITER})"
    )
    return int(run(connection, statement, judged.bindings.values, stop=work.stop)[0][0])


def _grouped(connection: duckdb.DuckDBPyConnection, found: Path, work: Work) -> list[tuple[int, int, int]]:
    statement = f"SELECT reason, count(*), min(number) FROM {_FOUND.format('?')} GROUP BY reason ORDER BY 3"  # noqa: S608 - our own text; values are bound
    return [(row[0], row[1], row[2]) for row in run(connection, statement, [str(found)], stop=work.stop)]


def _write_rows(connection: duckdb.DuckDBPyConnection, reasons: list[str], found: Path, work: Work) -> None:
    found_rows = _FOUND.format("?")
    statement = f"COPY (SELECT number FROM {found_rows}) TO ? ({_LINES})"  # noqa: S608 - our own text; values are bound
    run(connection, statement, [str(found), str(work.numbers)], stop=work.stop)
    if work.rejects is None:
        return
    statement = (
        "COPY (SELECT concat('{\"rowNumber\": ', number, ', \"sourceRow\": ', source, ', \"error\": ', "  # noqa: S608 - our own text; values are bound
        f"list_extract(?::VARCHAR[], reason), '}}') FROM {found_rows}) TO ? ({_LINES})"
    )
    texts = [json_text(reason).decode() for reason in reasons]
    run(connection, statement, [texts, str(found), str(work.rejects)], stop=work.stop)
