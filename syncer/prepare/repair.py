"""Make the artifact of a repair: the mapped columns of rejected rows, and what every row of the spec gets.

The rows were prepared when they were sent the first time, so their values go as they stand: nothing is trimmed, given
an offset or masked a second time. What a mask hid must be hidden still.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from syncer.errors import PrepareError
from syncer.model.files import SourceFormat
from syncer.model.spec import Column, Spec
from syncer.prepare.artifact import BLOCK_BYTES, Output
from syncer.prepare.layout import Kept, Layout, layout_of, missing_column
from syncer.prepare.repair_rows import Cell, Rows

_NULL = msgspec.Raw(b"null")
_EMPTY = ("", _NULL, msgspec.Raw(b'""'))
_MASKED = re.compile(r"[0-9a-f]{64}")
_TIME_OF_PARQUET = re.compile(r'"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)([+-]\d\d)(:?\d\d)?"')
"""A timestamp with a zone as columnar engines write it in JSON, which is no RFC 3339."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """How the rows were sent before: the format, and the artifact's columns, () where nobody read them."""

    format: SourceFormat
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """What was written: `digest` is `sha256:<hex>` of the bytes."""

    format: SourceFormat
    rows: int
    size: int
    digest: str


def repair_layout(spec: Spec, batch_value: str | None) -> Layout:
    """Lay out the artifact of a repair: the columns of the mapping with no step left to take.

    Raises PrepareError for a spec that tags its rows now and did not when these were sent.
    """
    if spec.batch is not None and batch_value is None:
        raise PrepareError(
            f"spec {spec.name} tags its rows now, and the rejected ones were sent without a tag",
            next_step="have the whole file imported again: syncer forget ID --reason TEXT",
        )
    plain = {name: Column(to=column.to, type=column.type) for name, column in spec.mapping.items()}
    return layout_of(spec.model_copy(update={"mapping": plain}), (), batch_value)


def write_repair(rows: Rows, spec: Spec, batch_value: str | None, sent: Sent, path: Path) -> Repaired:
    """Write the rows' artifact to `path`, which exists and is private. CSV stays CSV, anything else becomes JSONL.

    The same rows, spec and batch value give the same bytes. Raises PrepareError, without showing a row, for one that
    lacks a mapped column, is empty, or has a value in clear where the spec masks.
    """
    layout = repair_layout(spec, batch_value)
    absent = _met_nowhere(rows, layout, sent)
    masked = [name for name, column in spec.mapping.items() if column.mask is not None]
    checked = _checked(rows, layout, masked)
    is_csv = "csv" in (rows.format, sent.format)
    with path.open("wb") as raw:
        output = Output(raw, None)
        lines = _as_csv(checked, layout, rows.place) if is_csv else _as_json(checked, layout, absent, sent)
        count = _written(lines, output) - is_csv
        output.finish()
    return Repaired(format="csv" if is_csv else "jsonl", rows=count, size=output.size, digest=output.digest)


def _met_nowhere(rows: Rows, layout: Layout, sent: Sent) -> frozenset[str]:
    """Return the mapped columns that no row has. Raises PrepareError where the first artifact had them neither."""
    if rows.format == "csv":
        return frozenset()
    unmet, others = {one.column for one in layout.kept}, set[str]()
    for row in rows:
        others.update(row)
        unmet.difference_update(row)
        if not unmet:
            return frozenset()
    unknown = unmet - set(sent.columns)
    if unknown and others:
        raise missing_column(rows.place, min(unknown), sorted(others))
    return frozenset(unmet)


def _checked(rows: Rows, layout: Layout, masked: Sequence[str]) -> Iterator[Mapping[str, Cell]]:
    for number, row in enumerate(rows, start=1):
        if all(row.get(one.column, "") in _EMPTY for one in layout.kept):
            raise _wrong_row(rows.place, number, "holds nothing in any mapped column")
        for name in masked:
            value = row.get(name, "")
            if value not in _EMPTY and _MASKED.fullmatch(_text(value, rows.place, number)) is None:
                raise _wrong_row(
                    rows.place, number, f"has a value in {name!r} that is not masked, and the spec masks it"
                )
        yield row


def _as_csv(rows: Iterable[Mapping[str, Cell]], layout: Layout, place: str) -> Iterator[bytes]:
    added = [one.text for one in layout.added]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")  # cells that hold either character are quoted then

    def line(cells: Sequence[str]) -> bytes:
        writer.writerow(cells)
        written = text.getvalue().removesuffix("\r\n")
        text.seek(0)
        text.truncate()
        return written.encode() + b"\n"

    yield line(layout.columns)
    for number, row in enumerate(rows, start=1):
        absent = next((one.column for one in layout.kept if one.column not in row), None)
        if absent is not None:
            raise _wrong_row(place, number, f"has no column {absent!r}")
        yield line([*added, *(_text(row[one.column], place, number) for one in layout.kept)])


def _as_json(rows: Iterable[Mapping[str, Cell]], layout: Layout, absent: frozenset[str], sent: Sent) -> Iterator[bytes]:
    """Yield a line a row. A key that the row lacks stays away; one that all lack is null, for the file must have it."""
    added = [_key(one.column) + msgspec.json.encode(one.value) for one in layout.added]
    added += [_key(column) + b"null" for column in sorted(absent)]
    for row in rows:
        kept = [_key(one.column) + _json(row[one.column], one, sent) for one in layout.kept if one.column in row]
        yield b"{" + b",".join(added + kept) + b"}\n"


def _key(name: str) -> bytes:
    return msgspec.json.encode(name) + b":"


def _json(value: Cell, kept: Kept, sent: Sent) -> bytes:
    """Return the value as JSON; it is that already, but for times that came out of a columnar file."""
    data = bytes(value) if isinstance(value, msgspec.Raw) else msgspec.json.encode(value)
    if sent.format == "parquet" and kept.type == "datetime":
        found = _TIME_OF_PARQUET.fullmatch(data.decode())
        if found is not None:
            minutes = (found[4] or "00").removeprefix(":")
            return f'"{found[1]}T{found[2]}{found[3]}:{minutes}"'.encode()
    return data


def _text(value: Cell, place: str, number: int) -> str:
    """Return the value as a CSV cell: a text as it is, null as nothing, numbers and booleans as JSON writes them."""
    if isinstance(value, str):
        return value
    data = bytes(value)
    try:
        if data.startswith(b'"'):
            return msgspec.json.decode(data, type=str)
    except msgspec.MsgspecError:
        raise _wrong_row(place, number, "holds text that is not valid Unicode") from None
    if data.startswith((b"{", b"[")):
        raise _wrong_row(place, number, "holds a nested value, which a CSV file has no place for")
    return "" if data == b"null" else data.decode()


def _wrong_row(place: str, number: int, what: str) -> PrepareError:
    return PrepareError(
        f"row {number} of {place} {what}",
        where=place,
        why="nothing is guessed about a row that is sent again",
        next_step="correct or complete that row in a file, and give it: --file FILE",
    )


def _written(lines: Iterable[bytes], output: Output) -> int:
    """Write all lines in large blocks, and return their number."""
    count, pending, length = 0, [], 0
    for line in lines:
        count += 1
        pending.append(line)
        length += len(line)
        if length >= BLOCK_BYTES:
            output.write(b"".join(pending))
            pending, length = [], 0
    output.write(b"".join(pending))
    return count
