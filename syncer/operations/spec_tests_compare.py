"""Hold what became of a made-up source file against what its test expects. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Final

from syncer.model.spec import Spec
from syncer.model.spec_tests import Expectation, RejectedRow

if TYPE_CHECKING:
    from syncer.prepare.tracing import Traced

NOTHING: Final = "nothing"
_MOST_REASONS: Final = 5

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it should be: where, what the test expects, and what came out, as texts for people."""

    where: str
    expected: str
    actual: str


def refusal_differences(expect: Expectation, refusal: str) -> Iterator[Difference]:
    """Yield what is wrong with a file that was refused, with these words."""
    if expect.refused is None:
        yield Difference("the file", "to be prepared", f"refused: {refusal}")
    elif expect.refused not in refusal:
        yield Difference("the refusal", json.dumps(expect.refused, ensure_ascii=False), refusal)


def differences(expect: Expectation, spec: Spec, traced: Traced) -> Iterator[Difference]:
    """Yield what did not come out as expected of a file that was prepared."""
    if expect.refused is not None:
        yield Difference("the file", f"to be refused: {expect.refused}", "prepared")
        return
    if expect.rows is not None:
        nulls_count = traced.format == "jsonl"
        expected = [_normal(row, nulls_count=nulls_count) for row in expect.rows]
        unasked = _added_alike(spec) - {field for row in expected for field in row}
        sent = [_normal(row, nulls_count=nulls_count) for row in traced.sent]
        yield from _of_rows(expected, [{f: row[f] for f in row if f not in unasked} for row in sent])
    if isinstance(expect.rejected, int):
        if expect.rejected != len(traced.rejected):
            yield Difference("rejected", str(expect.rejected), _told(traced.rejected))
    elif expect.rejected is not None:
        yield from _of_rejected(expect.rejected, spec, traced.rejected)
    counts = (
        ("suppressed", expect.suppressed, traced.suppressed),
        ("quarantined", expect.quarantined, traced.quarantined),
    )
    for where, wanted, numbers in counts:
        if wanted is not None and wanted != len(numbers):
            rows = f": row {', '.join(map(str, sorted(numbers)))}" if numbers else ""
            yield Difference(where, str(wanted), f"{len(numbers)}{rows}")


def _added_alike(spec: Spec) -> set[str]:
    """Return the fields that every row gets alike: a test that is about something else need not repeat them."""
    return {*spec.constants, *([spec.batch.field] if spec.batch is not None else [])}


def _normal(row: Row, *, nulls_count: bool) -> dict[str, Any]:
    """Leave out what says nothing: a null is a missing key only in JSON something else."""
    return {field: value for field, value in row.items() if nulls_count or value not in (None, "")}


def _of_rows(expected: Sequence[Row], sent: Sequence[Row]) -> Iterator[Difference]:
    if len(expected) == len(sent):
        for number, (wanted, found) in enumerate(zip(expected, sent, strict=True), 1):
            yield from _of_cells(number, wanted, found)
        return
    for begin, end, sent_begin, sent_end in _unlike([_key(row) for row in expected], [_key(row) for row in sent]):
        paired = min(end - begin, sent_end - sent_begin)
        for step in range(paired):
            yield from _of_cells(sent_begin + step + 1, expected[begin + step], sent[sent_begin + step])
        for missing in range(begin + paired, end):
            yield Difference(f"row {missing + 1} of those expected", _text(expected[missing]), NOTHING)
        for extra in range(sent_begin + paired, sent_end):
            yield Difference(f"row {extra + 1} of those sent", NOTHING, _text(sent[extra]))


def _unlike(expected: Sequence[object], sent: Sequence[object]) -> Iterator[tuple[int, int, int, int]]:
    """Yield where two sequences differ: begin and end in the one and in the other."""
    most = min(len(expected), len(sent))
    # Where rows are alike, the matcher may pair others than those that stand at the same place.
    head = next((place for place in range(most) if expected[place] != sent[place]), most)
    tail = next((n for n in range(most - head) if expected[-1 - n] != sent[-1 - n]), most - head)
    matcher = SequenceMatcher(
        None, expected[head : len(expected) - tail], sent[head : len(sent) - tail], autojunk=False
    )
    for kind, *places in matcher.get_opcodes():
        if kind != "equal":
            begin, end, sent_begin, sent_end = (head + place for place in places)
            yield begin, end, sent_begin, sent_end


def _of_cells(number: int, expected: Row, sent: Row) -> Iterator[Difference]:
    for field in dict.fromkeys((*expected, *sent)):
        wanted, found = (_text(row[field]) if field in row else NOTHING for row in (expected, sent))
        if field not in expected or field not in sent or _key(expected[field]) != _key(sent[field]):
            yield Difference(f"row {number}, {field}", wanted, found)


def _of_rejected(expected: Sequence[RejectedRow], spec: Spec, rejected: Mapping[int, str]) -> Iterator[Difference]:
    for wanted in expected:
        reason = rejected.get(wanted.row)
        words = f"rejected: {wanted.error}" if wanted.error else "rejected"
        where = f"row {wanted.row} of the source"
        if reason is None:
            yield Difference(where, words, "accepted")
        elif wanted.error is not None and wanted.error not in reason:
            yield Difference(where, words, f"rejected: {reason}")
        elif wanted.field is not None and not reason.startswith(tuple(_names(wanted.field, spec))):
            yield Difference(where, f"rejected for {wanted.field}", f"rejected: {reason}")
    for number in sorted(rejected.keys() - {wanted.row for wanted in expected}):
        yield Difference(f"row {number} of the source", "accepted", f"rejected: {rejected[number]}")


def _names(field: str, spec: Spec) -> Iterator[str]:
    """Yield how a reason may begin that is about this field: the API names the field or its source column."""
    yield f"{field}: "
    yield from (f"{column}: " for column, one in spec.mapping.items() if one.to == field)


def _told(rejected: Mapping[int, str]) -> str:
    numbers = sorted(rejected)
    shown = [f"row {number}: {rejected[number]}" for number in numbers[:_MOST_REASONS]]
    more = [f"{len(numbers) - _MOST_REASONS} more"] if len(numbers) > _MOST_REASONS else []
    return f"{len(numbers)}" + (f" ({'; '.join([*shown, *more])})" if shown else "")


def _key(value: object) -> object:
    """Return what equal values share. `true` is not 1 here, but 1.0 is: JSON knows one kind of numbers."""
    if isinstance(value, Mapping):
        return ("mapping", frozenset((name, _key(below)) for name, below in value.items()))
    if isinstance(value, list | tuple):
        return ("list", tuple(map(_key, value)))
    if isinstance(value, bool):
        return ("boolean", value)
    return ("number", value) if isinstance(value, int | float) else value


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
