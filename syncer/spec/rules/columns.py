"""Rules of `mapping`, `constants` and `batch`: one origin for each field, and nothing forbidden leaves."""

from __future__ import annotations

from collections.abc import Iterator

from syncer.model.spec import Column, Spec
from syncer.spec.fault import Fault, did_you_mean
from syncer.spec.rules.zones import zone_fault
from syncer.spec.yaml_values import Keys


def column_faults(spec: Spec) -> Iterator[Fault]:
    for name, column in spec.mapping.items():
        yield from _one_column(column, ("mapping", name))
    yield from _collisions(spec)
    yield from _match_key(spec)
    for number, column_name in enumerate(spec.checks.never_send):
        if column_name in spec.mapping:
            message = f"column {column_name!r} is mapped, but checks.never_send forbids it"
            related: tuple[Keys, ...] = (("checks", "never_send", number),)
            yield Fault(("mapping", column_name), message, "remove one of the two", of_key=True, related=related)
    if spec.checks.never_send and spec.prepare.mode == "passthrough":
        message = "checks.never_send cannot hold where every column of the file is sent"
        yield Fault(("checks", "never_send"), message, "remove prepare.mode", related=(("prepare", "mode"),))


def _one_column(column: Column, keys: Keys) -> Iterator[Fault]:
    if column.timezone is not None:
        if column.type != "datetime":
            message = f"timezone is for type datetime, but this column is of type {column.type}"
            yield Fault((*keys, "timezone"), message, "add `type: datetime`", of_key=True, related=((*keys, "type"),))
        elif (fault := zone_fault(column.timezone, (*keys, "timezone"))) is not None:
            yield fault
    if {"lower", "upper"} <= set(column.clean):
        yield Fault((*keys, "clean"), "lower and upper contradict each other", "keep one of the two")
    if column.mask is not None and column.type != "string":
        message = f"a masked value is text, but this column is of type {column.type}"
        yield Fault((*keys, "mask"), message, "remove `type`", of_key=True, related=((*keys, "type"),))


def _collisions(spec: Spec) -> Iterator[Fault]:
    filled: dict[str, str] = {}
    for name, column in spec.mapping.items():
        if column.to in filled:
            yield Fault(("mapping", name), f"field {column.to!r} is already filled by {filled[column.to]}")
        filled.setdefault(column.to, f"column {name!r}")
    for field in spec.constants:
        if field in filled:
            message = f"field {field!r} is already filled by {filled[field]}"
            yield Fault(("constants", field), message, of_key=True, related=(("mapping",),))
        filled.setdefault(field, "a constant")
    if spec.batch is not None and spec.batch.field in filled:
        message = f"field {spec.batch.field!r} is already filled by {filled[spec.batch.field]}"
        yield Fault(("batch", "field"), message, related=(("mapping",), ("constants",)))


def _match_key(spec: Spec) -> Iterator[Fault]:
    key = spec.target.match_key
    fields = {*(column.to for column in spec.mapping.values()), *spec.constants}
    if key is not None and key not in fields:
        column = spec.mapping.get(key)
        hint = did_you_mean(key, fields, otherwise=f"mapped here: {', '.join(sorted(fields))}")
        if column is not None:
            hint = f"match_key is the destination field: did you mean {column.to!r}?"
        yield Fault(
            ("target", "match_key"), f"no column is mapped to the match key {key!r}", hint, related=(("mapping",),)
        )
    if key is None:
        if spec.prepare.sort:
            yield Fault(("prepare", "sort"), "sort needs target.match_key, which it sorts by")
        if spec.suppress is not None:
            message = "suppress needs target.match_key, which its hashes are made of"
            yield Fault(("suppress",), message, of_key=True, related=(("target", "match_key"),))
    elif spec.suppress is not None:
        yield from _hidden_key(spec, key)


def _hidden_key(spec: Spec, key: str) -> Iterator[Fault]:
    """The list holds hashes of what would be sent; of a mask's hash, or of a constant, it says nothing."""
    column = next((name for name, column in spec.mapping.items() if column.to == key), None)
    if column is None:
        message = "suppress needs a match key that comes from a column: here it is a constant"
        yield Fault(("suppress",), message, of_key=True, related=(("target", "match_key"),))
    elif spec.mapping[column].mask is not None:
        message = f"suppress cannot recognise match keys that are masked, as column {column!r} is"
        yield Fault(("suppress",), message, of_key=True, related=(("mapping", column, "mask"),))
