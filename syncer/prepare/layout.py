"""Which columns an artifact has, where each comes from, and what the mapping request says of it. Pure."""

from __future__ import annotations

import difflib
import json
import math
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from syncer.errors import PrepareError
from syncer.model.spec import FieldType, Spec
from syncer.prepare.transforms.masking import check_key
from syncer.prepare.transforms.steps import NO_STEPS, Steps, steps_of
from syncer.settings import MaskKey

Scalar = str | bool | int | float
INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Added:
    """A column that every row gets: the batch tag or a constant."""

    column: str
    field: str
    value: Scalar

    @property
    def type(self) -> FieldType:
        return _type_of(self.value)

    @property
    def text(self) -> str:
        """The value as a CSV cell."""
        return self.value if isinstance(self.value, str) else json.dumps(self.value)


@dataclass(frozen=True, slots=True)
class Kept:
    """A mapped source column, and what is done to its values on the way."""

    column: str
    field: str
    type: FieldType
    steps: Steps = NO_STEPS


@dataclass(frozen=True, slots=True)
class Layout:
    """The artifact's columns in order: what is added, then the mapped ones in the order of the mapping."""

    added: tuple[Added, ...]
    kept: tuple[Kept, ...]

    @property
    def all(self) -> tuple[Added | Kept, ...]:
        return (*self.added, *self.kept)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(one.column for one in self.all)

    @property
    def source_fields(self) -> dict[str, FieldType]:
        return {one.column: one.type for one in self.all}

    @property
    def field_map(self) -> dict[str, str]:
        return {one.column: one.field for one in self.all}


def layout_of(spec: Spec, columns: Collection[str], batch_value: str | None, mask_key: MaskKey | None = None) -> Layout:
    """Lay out the artifact of a source file that has these columns.

    An added column is called like its field, with `_2`, `_3`, … behind it where the source has a column of that name
    already; letter case does not tell names apart here, because some readers ignore it. Raises PrepareError for a
    constant that no API type holds and for a mask without `mask_key`, ValueError if the spec tags its rows and
    `batch_value` is None.
    """
    check_key(spec, mask_key)
    taken = {name.casefold() for name in (*columns, *spec.mapping)}
    added = []
    for field, value in _additions(spec, batch_value):
        column = next(name for name in _candidates(field) if name.casefold() not in taken)
        taken.add(column.casefold())
        added.append(Added(column, field, value))
    kept = (Kept(name, one.to, one.type, steps_of(one, mask_key)) for name, one in spec.mapping.items())
    return Layout(tuple(added), tuple(kept))


def check_columns(path: str, columns: Sequence[str], mapped: Collection[str]) -> None:
    """Raise PrepareError unless the file has every mapped column, once."""
    counts = Counter(columns)
    for name in mapped:
        if counts[name] > 1:
            raise PrepareError(
                f"{path} has the mapped column {name!r} {counts[name]} times",
                where=path,
                why="nothing tells which one is meant",
                next_step="rename one of them in the export",
            )
        if not counts[name]:
            raise missing_column(path, name, columns)


def missing_column(path: str, name: str, columns: Collection[str]) -> PrepareError:
    """Explain that a mapped column is not in the file, with the column that was probably meant."""
    folded = {known.strip().casefold(): known for known in sorted(columns, reverse=True)}
    close = difflib.get_close_matches(name.strip().casefold(), folded, n=1)
    hint = f"did you mean {folded[close[0]]!r}?" if close else f"its columns: {_listed(columns)}"
    return PrepareError(
        f"{path} has no column {name!r}, which the mapping names",
        where=path,
        why=hint,
        next_step="correct the mapping, or the export",
    )


def _listed(columns: Collection[str], most: int = 20) -> str:
    shown = [repr(name) for name in list(columns)[:most]]
    return ", ".join(shown) + (f" and {len(columns) - most} more" if len(columns) > most else "")


def _additions(spec: Spec, batch_value: str | None) -> Iterator[tuple[str, Scalar]]:
    if spec.batch is not None:
        if batch_value is None:
            raise ValueError("a spec with a batch needs a batch value")
        yield spec.batch.field, batch_value
    for field, value in spec.constants.items():
        if (isinstance(value, int) and value not in INT64) or (isinstance(value, float) and not math.isfinite(value)):
            raise PrepareError(
                f"the constant {field!r} is a number that the API cannot hold",
                where=spec.name,
                why="integers have 64 bits, and numbers are finite",
                next_step="write it as text in quotes, or correct it",
            )
        yield field, value


def _candidates(field: str) -> Iterator[str]:
    yield field
    number = 2
    while True:
        yield f"{field}_{number}"
        number += 1


def _type_of(value: Scalar) -> FieldType:
    if isinstance(value, bool):  # before int, of which it is a kind
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return "number" if isinstance(value, float) else "string"
