"""Prepare a small file for real, and say what became of each of its rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path

from syncer.model.files import SourceFile, SourceFormat
from syncer.model.spec import Spec
from syncer.prepare.artifact import private_file
from syncer.prepare.making import Made, Means, make
from syncer.prepare.prepare import prepare
from syncer.prepare.read_back import Row, rows_of
from syncer.prepare.reshape.reshape import reshape


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """What is sent of a small file, and what became of its rows, by their numbers in the file, from 1.

    `sent` are the rows that leave, in the order in which they do, each destination field with its value; a row of
    which nothing leaves is empty. `rejected` tells why the API would reject a row, whether or not it is sent.
    `passed` says that columns without a field leave too.
    """

    sent: tuple[Row, ...]
    format: SourceFormat
    suppressed: frozenset[int]
    rejected: Mapping[int, str]
    quarantined: frozenset[int]
    passed: bool


def trace(file: SourceFile, spec: Spec, means: Means, *, batch_value: str | None) -> Traced:
    """Prepare the file as an import does, judge every row, and read the result back; nothing is left behind.

    Raises what `make` raises.
    """
    with private_file(means.work_dir, file) as rejects:
        try:
            made = make(file, spec, replace(means, judging="always", rejects=rejects), batch_value=batch_value)
            with _discarding(made):
                rows = rows_of(made.parts, means.work_dir)
            rejected = _rejected(rejects) if made.rejected else {}
        finally:
            rejects.unlink(missing_ok=True)
    suppressed = _suppressed(file, spec, means, batch_value) if made.suppressed else frozenset()
    kept = list(islice((n for n in count(1) if n not in suppressed), max(rejected, default=0)))
    reasons = {kept[number - 1]: reason for number, reason in rejected.items()}
    first = made.parts[0]
    return Traced(
        sent=tuple(_fields(row, first.field_map) for row in rows),
        format=first.format,
        suppressed=suppressed,
        rejected=reasons,
        quarantined=frozenset(reasons) if made.quarantined else frozenset(),
        passed=not set(first.columns) <= set(first.field_map),
    )


@contextmanager
def _discarding(made: Made) -> Iterator[None]:
    try:
        yield
    finally:
        made.discard()


def _rejected(path: Path) -> dict[int, str]:
    with path.open("rb") as lines:
        found = map(json.loads, lines)
        return {row["rowNumber"]: row["error"] for row in found}


def _suppressed(file: SourceFile, spec: Spec, means: Means, batch_value: str | None) -> frozenset[int]:
    """Tell which rows are suppressed: those that are projected and not left.

    The match key alone decides, so of rows that are alike all are suppressed or none.
    """
    projected = prepare(
        file,
        spec,
        batch_value=batch_value,
        work_dir=means.work_dir,
        memory_limit=means.memory_limit,
        mask_key=means.mask_key,
    )
    artifacts = [projected]
    try:
        column = next(one for one, field in projected.field_map.items() if field == spec.target.match_key)
        left = reshape(projected, suppress=means.suppress, match_column=column, work_dir=means.work_dir).artifact
        artifacts.append(left)
        return _missing(rows_of([projected], means.work_dir), rows_of([left], means.work_dir))
    finally:
        for each in artifacts:
            each.discard()


def _missing(before: list[Row], after: list[Row]) -> frozenset[int]:
    gone, staying = set(), iter([*after, None])
    expected = next(staying)
    for number, row in enumerate(before, 1):
        if row == expected:
            expected = next(staying)
        else:
            gone.add(number)
    return frozenset(gone)


def _fields(row: Row, field_map: Mapping[str, str]) -> Row:
    """Name the values of a row by their destination fields; what has none is not read by the API."""
    return {field_map[column]: value for column, value in row.items() if column in field_map}
