"""A spec held against the object that it writes into, as the Metadata API describes it.

Which column type fits which field type. A type that is not listed here takes anything, since the API may know more
types than this table does:

| field type | column types |
|---|---|
| string, email, enum, text, phone, url, uuid | string (for string and text, every type: it arrives as written) |
| integer | integer |
| number, decimal, float | number, integer |
| boolean | boolean |
| date | date |
| datetime, timestamp | datetime |
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from syncer.errors import Problem
from syncer.model.objects import FieldSchema, ObjectSchema
from syncer.model.spec import FieldType
from syncer.spec.fault import Fault, did_you_mean
from syncer.spec.load import LoadedSpec
from syncer.spec.yaml_values import Keys

_ANY: Final[frozenset[FieldType]] = frozenset(("string", "integer", "number", "boolean", "date", "datetime"))
_TEXT: Final[frozenset[FieldType]] = frozenset(("string",))
_NUMBER: Final[frozenset[FieldType]] = frozenset(("number", "integer"))
_ACCEPTED: Final[Mapping[str, frozenset[FieldType]]] = {
    "string": _ANY,
    "text": _ANY,
    **dict.fromkeys(("email", "enum", "phone", "url", "uuid"), _TEXT),
    "integer": frozenset(("integer",)),
    **dict.fromkeys(("number", "decimal", "float"), _NUMBER),
    "boolean": frozenset(("boolean",)),
    "date": frozenset(("date",)),
    **dict.fromkeys(("datetime", "timestamp"), frozenset(("datetime",))),
}


@dataclass(frozen=True, slots=True)
class Findings:
    """`errors` would fail the import or are refused by the API; `warnings` are what a person should know beforehand."""

    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def check_against(loaded: LoadedSpec, target: ObjectSchema | None, known_objects: Collection[str] = ()) -> Findings:
    """Hold a spec against its object; None means that the API knows no object of that name.

    `known_objects` are the names of all objects, for a suggestion; none where the API does not tell.
    """
    spec = loaded.spec
    if target is None:
        known = ", ".join(sorted(known_objects))
        told = f"objects here: {known}" if known else "the API names no object; check api.base_url and the workspace"
        hint = did_you_mean(spec.target.object, known_objects, otherwise=told)
        fault = Fault(("target", "object"), f"no object is called {spec.target.object!r}", hint)
        return Findings(errors=(loaded.problem(fault),))
    errors = [*_object_faults(loaded, target), *_field_faults(loaded, target), *_required_faults(loaded, target)]
    return Findings(_located(loaded, errors), _located(loaded, list(_warnings(loaded, target))))


def _located(loaded: LoadedSpec, faults: list[Fault]) -> tuple[Problem, ...]:
    return tuple(sorted((loaded.problem(fault) for fault in faults), key=lambda p: (p.path, p.line, p.column)))


def _object_faults(loaded: LoadedSpec, target: ObjectSchema) -> Iterator[Fault]:
    match_key = loaded.spec.target.match_key
    if target.write_mode == "append" and loaded.spec.target.via == "records":
        message = f"object {target.name!r} appends: a record batch that is sent again would be there twice"
        yield Fault(("target", "via"), message, "write `via: import`")
    if target.file_import is False and loaded.spec.target.via != "records":
        yield Fault(("target", "object"), f"object {target.name!r} accepts no file imports", "use another object")
    if match_key is None or target.match_key is None or match_key == target.match_key:
        return
    message = f"object {target.name!r} is matched by {target.match_key!r}, not by {match_key!r}"
    yield Fault(("target", "match_key"), message, f"write `match_key: {target.match_key}`")


def _field_faults(loaded: LoadedSpec, target: ObjectSchema) -> Iterator[Fault]:
    spec = loaded.spec
    written = loaded.effective.value()["mapping"]
    for name, column in spec.mapping.items():
        short = isinstance(written[name], str)
        keys: Keys = ("mapping", name) if short else ("mapping", name, "to")
        field = target.fields.get(column.to)
        if field is None:
            yield _unknown_field(keys, column.to, target)
        elif column.type not in _ACCEPTED.get(field.type, _ANY):
            wanted = " or ".join(sorted(_ACCEPTED[field.type]))
            message = f"field {column.to!r} is of type {field.type}, but column {name!r} is sent as {column.type}"
            yield Fault(("mapping", name, "type"), message, f"write `{{to: {column.to}, type: {wanted}}}`")
    for name, value in spec.constants.items():
        field = target.fields.get(name)
        if field is None:
            yield _unknown_field(("constants", name), name, target, of_key=True)
        elif (wrong := _constant_problem(name, value, field)) is not None:
            yield Fault(("constants", name), wrong)
    if spec.batch is not None:
        field = target.fields.get(spec.batch.field)
        if field is None:
            yield _unknown_field(("batch", "field"), spec.batch.field, target)
        elif "string" not in _ACCEPTED.get(field.type, _ANY):
            yield Fault(("batch", "field"), f"field {spec.batch.field!r} is of type {field.type}, but a batch is text")


def _unknown_field(keys: Keys, name: str, target: ObjectSchema, *, of_key: bool = False) -> Fault:
    hint = did_you_mean(name, target.fields, otherwise=f"fields there: {', '.join(sorted(target.fields))}")
    return Fault(keys, f"object {target.name!r} has no field {name!r}", hint, of_key=of_key)


def _constant_problem(name: str, value: str | float, field: FieldSchema) -> str | None:
    if field.enum and str(value) not in field.enum:
        return f"{value!r} is not one of the values of {name!r}: {', '.join(field.enum)}"
    kind: FieldType = "boolean" if isinstance(value, bool) else "integer" if isinstance(value, int) else "number"
    # text may hold any type: a constant date can only be written as text
    if not isinstance(value, str) and kind not in _ACCEPTED.get(field.type, _ANY):
        return f"field {name!r} is of type {field.type}, but the constant is a {kind}"
    return None


def _required_faults(loaded: LoadedSpec, target: ObjectSchema) -> Iterator[Fault]:
    spec = loaded.spec
    filled = {*(column.to for column in spec.mapping.values()), *spec.constants}
    if spec.batch is not None:
        filled.add(spec.batch.field)
    for name, field in target.fields.items():
        if field.required and name not in filled:
            message = f"field {name!r} of object {target.name!r} is required, but nothing is mapped to it"
            yield Fault(("mapping",), message, "map a column to it, or give it in `constants`", of_key=True)
    if target.match_key is not None and target.match_key not in filled and not _is_required(target, target.match_key):
        message = f"object {target.name!r} is matched by {target.match_key!r}, but nothing is mapped to it"
        yield Fault(("mapping",), message, of_key=True)


def _is_required(target: ObjectSchema, name: str) -> bool:
    field = target.fields.get(name)
    return field is not None and field.required


def _warnings(loaded: LoadedSpec, target: ObjectSchema) -> Iterator[Fault]:
    spec = loaded.spec
    if target.write_mode == "append" and spec.target.via == "auto":
        message = f"object {target.name!r} only appends, so that all of its files go by import jobs"
        yield Fault(("target", "via"), message, "write `via: import`")
    if target.write_mode == "append":
        message = f"object {target.name!r} only appends: rows that are imported twice are there twice"
        yield Fault(("target", "object"), message, "a changed file fails unless source.on_change says otherwise")
        if spec.source.on_change == "import":
            keys = ("source", "on_change")
            yield Fault(keys, "a changed file is imported whole again, and its old rows stay", "use `on_change: fail`")
    if target.write_mode == "upsert" and spec.target.match_key is None:
        message = "no match_key is given" + (
            f"; the object is matched by {target.match_key!r}" if target.match_key else ""
        )
        yield Fault(
            ("target",), message, "give target.match_key, so that it is checked and can be sorted by", of_key=True
        )
