"""Judge a plain CSV file with the engine; what it cannot promise, it leaves to `csv_exact`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from syncer.prepare.csv_engine import BUFFER_BYTES
from syncer.prepare.csv_guard import Plain
from syncer.prepare.engine import connected, literal_path
from syncer.prepare.judge.checks import ragged
from syncer.prepare.judge.csv_exact import EXTRA_CELLS
from syncer.prepare.judge.csv_plain import look_through
from syncer.prepare.judge.findings import Found, Judged, collect
from syncer.prepare.judge.judgement import Tally, json_text
from syncer.prepare.judge.sql import Bindings, text_verdict
from syncer.prepare.judge.work import Work
from syncer.prepare.reading import open_bytes

SPARE_CELLS: Final = 8
_NO_TEXT: Final = "\x01\x02"
"""What would be read as NULL, if it were in a file; the count of cells would tell."""


def judge(work: Work, header: Sequence[str]) -> Tally | None:
    """Judge every row, or return None if the exact reader has to do it. The outputs may hold anything after None.

    Raises Interrupted if `stop` says so, PrepareError for damaged gzip.
    """
    with open_bytes(work.file, stop=work.stop) as stream:
        plain = look_through(stream, columns=len(header))
    if plain is None:
        return None
    tally = None
    if plain.may_be_even(columns=len(header)):
        tally = _judged_by(_Even(work, header), work, plain)
    return _judged_by(_Ragged(work, header), work, plain) if tally is None else tally


def _judged_by(reader: _Even | _Ragged, work: Work, plain: Plain) -> Tally | None:
    import duckdb

    try:
        with connected(work.work_dir, memory_limit=work.memory_limit) as connection:
            found = collect(connection, reader.judged(), work, about=plain.lines)
    except duckdb.Error:
        return None
    return found.tally() if reader.agrees(found, plain) else None


class _Even:
    """Reads a file in which every row has as many cells as the header. An empty cell is NULL."""

    def __init__(self, work: Work, header: Sequence[str]) -> None:
        self._work = work
        self._header = header

    def judged(self) -> Judged:
        bindings, header = Bindings(), self._header
        verdict = text_verdict(((check, f"c{header.index(check.column)}") for check in self._work.checks), bindings)
        relation = _read_csv(self._work, len(header), bindings, "nullstr='', null_padding=false")
        source = self._source(bindings) if self._work.rejects is not None else "NULL"
        return Judged(relation=relation, verdict=verdict, source=source, bindings=bindings)

    def agrees(self, found: Found, plain: Plain) -> bool:
        return plain.is_even(columns=len(self._header), rows=found.rows)

    def _source(self, bindings: Bindings) -> str:
        # By name: of columns that are called alike, a JSON object can show one, and that is the last.
        shown = {name: f"{bindings.bind(name)}, coalesce(c{place}, '')" for place, name in enumerate(self._header)}
        return f"json_object({', '.join(shown.values())})"


class _Ragged:
    """Reads a file in which rows may have other numbers of cells. An empty cell is '', one that is not there NULL.

    A row with more cells than there are to spare is an error of the engine's.
    """

    def __init__(self, work: Work, header: Sequence[str]) -> None:
        self._work = work
        self._header = header
        self._cells = len(header) + SPARE_CELLS

    def judged(self) -> Judged:
        bindings, header, width = Bindings(), self._header, len(self._header)
        for count in range(1, self._cells + 1):
            bindings.reason(ragged(width, count))  # the first reasons, so that each one's number is its count
        found = " + ".join(f"(c{place} IS NOT NULL)::USMALLINT" for place in range(self._cells))
        verdict = text_verdict(
            ((check, f"nullif(c{header.index(check.column)}, '')") for check in self._work.checks), bindings
        )
        # Reading in parallel, the engine cannot tell a row that lacks cells from a line within quotes.
        options = f"nullstr={bindings.bind(_NO_TEXT)}, null_padding=true, parallel=false"
        return Judged(
            relation=_read_csv(self._work, self._cells, bindings, options),
            verdict=f"CASE WHEN c{width - 1} IS NULL OR c{width} IS NOT NULL THEN {found} ELSE {verdict} END",
            source=self._source(bindings) if self._work.rejects is not None else "NULL",
            bindings=bindings,
        )

    def agrees(self, found: Found, plain: Plain) -> bool:
        """Whether every line is a row and every delimiter is in one."""
        width = len(self._header)
        cells = {ragged(width, count): count for count in range(1, self._cells + 1)}
        missing_or_extra = sum((cells.get(reason, width) - width) * count for reason, count, _ in found.reasons)
        return found.rows == plain.lines - 1 and plain.delimiters == (width - 1) * (found.rows + 1) + missing_or_extra

    def _source(self, bindings: Bindings) -> str:
        places: dict[str, list[str]] = {}
        for place, name in enumerate(self._header):
            places.setdefault(name, []).insert(0, f"c{place}")
        shown = [
            f"{bindings.bind(json_text(name).decode() + ':')} || to_json(coalesce({', '.join(cells)}, NULL))::VARCHAR"
            for name, cells in places.items()
        ]
        extra = ", ".join(f"to_json(c{place})::VARCHAR" for place in range(len(self._header), self._cells))
        shown.append(f"'\"{EXTRA_CELLS}\":[' || nullif(concat_ws(',', {extra}), '') || ']'")
        return f"concat('{{', concat_ws(',', {', '.join(shown)}), '}}')"  # a NULL, which is no cell, is left out


def _read_csv(work: Work, cells: int, bindings: Bindings, options: str) -> str:
    columns = ", ".join(f"c{place}: 'VARCHAR'" for place in range(cells))
    compression = work.file.compression or "none"
    return (
        f"read_csv({bindings.bind(literal_path(work.file.location))}, delim=',', columns={{{columns}}}, "
        "auto_detect=false, header=true, quote='\"', escape='\"', comment='', allow_quoted_nulls=true, "
        f"strict_mode=true, ignore_errors=false, compression='{compression}', hive_partitioning=false, "
        f"buffer_size={BUFFER_BYTES}, {options})"
    )
