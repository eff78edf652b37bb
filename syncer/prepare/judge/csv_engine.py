"""Judge a plain CSV file with the engine; what it cannot promise, it leaves to `csv_exact`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from syncer.prepare.csv_engine import BUFFER_BYTES
from syncer.prepare.engine import connected, literal_path
from syncer.prepare.judge.csv_plain import Plain, look_through
from syncer.prepare.judge.findings import Judged, collect
from syncer.prepare.judge.judgement import Tally
from syncer.prepare.judge.sql import Bindings, text_verdict
from syncer.prepare.judge.work import Work
from syncer.prepare.reading import open_bytes

if TYPE_CHECKING:
    import duckdb


def judge(work: Work, header: Sequence[str]) -> Tally | None:
    """Judge every row, or return None if the exact reader has to do it. The outputs may hold anything after None.

    Raises Interrupted if `stop` says so, PrepareError for damaged gzip.
    """
    import duckdb

    with open_bytes(work.file, stop=work.stop) as stream:
        plain = look_through(stream, columns=len(header))
    if plain is None or not plain.may_be_even(columns=len(header)):
        return None
    try:
        with connected(work.work_dir, memory_limit=work.memory_limit) as connection:
            return _even(connection, work, header, plain)
    except duckdb.Error:
        return None


def _even(connection: duckdb.DuckDBPyConnection, work: Work, header: Sequence[str], plain: Plain) -> Tally | None:
    tally = collect(connection, _judged(work, header), work)
    return tally if plain.is_even(columns=len(header), rows=tally.rows) else None


def _judged(work: Work, header: Sequence[str]) -> Judged:
    bindings = Bindings()
    verdict = text_verdict(((check, f"c{header.index(check.column)}") for check in work.checks), bindings)
    return Judged(
        relation=_reader(work, len(header), bindings),
        verdict=verdict,
        source=_source(header, bindings) if work.rejects is not None else "NULL",
        bindings=bindings,
    )


def _source(header: Sequence[str], bindings: Bindings) -> str:
    # By name: of columns that are called alike, a JSON object can show one, and that is the last.
    shown = {name: f"{bindings.bind(name)}, coalesce(c{position}, '')" for position, name in enumerate(header)}
    return f"json_object({', '.join(shown.values())})"


def _reader(work: Work, width: int, bindings: Bindings) -> str:
    columns = ", ".join(f"c{position}: 'VARCHAR'" for position in range(width))
    compression = work.file.compression or "none"
    return (
        f"read_csv({bindings.bind(literal_path(work.file.location))}, delim=',', columns={{{columns}}}, "
        "auto_detect=false, header=true, quote='\"', escape='\"', comment='', nullstr='', allow_quoted_nulls=true, "
        f"strict_mode=true, null_padding=false, ignore_errors=false, compression='{compression}', "
        f"hive_partitioning=false, buffer_size={BUFFER_BYTES})"
    )
