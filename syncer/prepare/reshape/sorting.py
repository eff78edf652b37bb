"""Write a text artifact's rows in the order of their match keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from syncer.prepare.artifact import BLOCK_BYTES, Output, digest_of
from syncer.prepare.reshape.evening import RETURN, RETURN_MARK, Readable
from syncer.prepare.reshape.numbers import Leaving, numbers_without
from syncer.prepare.reshape.table import CSV, LINES, Table, table
from syncer.prepare.reshape.work import Work
from syncer.prepare.stopping import check

MEMORY_SHARE = 0.85
"""Measured: a sort that spills takes more than other statements beyond what it is told."""


def order(rows: Table, key: str | None) -> str:
    """Return the ORDER BY that leaves nothing open: the text's bytes, nulls last, then the row number."""
    if key is None:
        raise ValueError("rows are sorted by the match key's column")
    return f"ORDER BY {rows.text(key)} NULLS LAST, number"


def sort_text(work: Work, source: Readable, leaving: Leaving, target: Path) -> tuple[int, int, str]:
    """Write the rows that stay to `target`, and return how many they are, the file's size and digest.

    A ragged CSV row has no cells to sort by and comes last.
    """
    ragged = sum(1 for _ in numbers_without(source.ragged, leaving))
    tail = (b"," * len(work.columns) + b"\n") * ragged
    is_plain = work.artifact.compression is None and not source.marked and not work.has_namesakes
    if is_plain:
        rows = _sort(work, source, leaving, target)
        if tail:
            with target.open("ab") as file:
                file.write(tail)
        return (rows + ragged, *digest_of(target, stop=work.stop))
    with work.scratch() as body, target.open("wb") as raw:
        rows = _sort(work, source, leaving, body)
        output = Output(raw, work.artifact.compression)
        output.write(source.header if work.has_namesakes else b"")
        _pour(work, body, output, _unmarked if source.marked else bytes)
        output.write(tail)
        output.finish()
    return rows + ragged, output.size, output.digest


def _sort(work: Work, source: Readable, leaving: Leaving, target: Path) -> int:
    bits = leaving.bits(source.rows, source.ragged) if leaving.count or source.ragged else None
    rows = table(work, source, bits)
    if rows.format == "jsonl":
        selected, writer = "line", LINES
    elif work.has_namesakes:
        cells = ", ".join(f"c{position}" for position in range(len(rows.columns)))
        selected, writer = cells, CSV.replace("HEADER true", "HEADER false")
    elif len(rows.columns) == 1:
        # A null alone on a line would be a blank line, which is no row; an empty text is written as a pair of quotes.
        selected, writer = rows.named({rows.columns[0]: "coalesce(c0, '')"}), CSV
    else:
        selected, writer = rows.named(), CSV
    ordered = f"SELECT {selected} FROM {rows.rows} {order(rows, work.key)}"  # noqa: S608 - quoted identifiers and our own text; values are bound
    statement = f"COPY ({ordered}) TO {rows.bound.bind(str(target))} ({writer})"
    with work.explaining():
        return int(work.execute(statement, rows.bound.values, memory_share=MEMORY_SHARE)[0][0])


def _pour(work: Work, body: Path, output: Output, change: Callable[[bytes], bytes]) -> None:
    with body.open("rb", buffering=0) as file:
        while block := file.read(BLOCK_BYTES):
            check(work.stop)
            output.write(change(block))


def _unmarked(block: bytes) -> bytes:
    return block.replace(RETURN_MARK, RETURN)
