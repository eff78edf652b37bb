"""How an object differs from what was known of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from syncer.model.objects import FieldSchema, ObjectSchema

Detail = tuple[str, str, str]
"""An attribute, and in words what it was and what it is."""
NOT_TOLD = "not told"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One field that was added, removed or changed; of the object itself where `field` is "".

    `details` say what changed, and of an added or removed field its type. `specs` are those that fill the field.
    """

    kind: Literal["added", "removed", "changed"]
    field: str
    details: tuple[Detail, ...]
    specs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectDrift:
    """One object against its snapshot, which is at `path` in the project.

    `new` has no snapshot yet, `gone` is an object that the platform does not know, `unused` a snapshot of an object
    that no spec writes into and that was not asked about. `specs` are those that write into the object.
    """

    object: str
    path: str
    status: Literal["same", "changed", "new", "gone", "unused"]
    differences: tuple[Difference, ...] = ()
    specs: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        return self.status in ("changed", "new", "gone")


def differences(
    before: ObjectSchema, after: ObjectSchema, filled_by: Mapping[str, tuple[str, ...]]
) -> tuple[Difference, ...]:
    """Compare two descriptions of one object: itself first, then its fields by name.

    The order of fields, and of an enum's values, is no difference. `filled_by` gives the specs that fill a field.
    """
    return tuple(_of_object(before, after)) + tuple(_of_fields(before, after, filled_by))


def _of_object(before: ObjectSchema, after: ObjectSchema) -> Iterator[Difference]:
    told = (
        ("write mode", before.write_mode or NOT_TOLD, after.write_mode or NOT_TOLD),
        ("file imports", _yes_or_no(before.file_import), _yes_or_no(after.file_import)),
        ("match key", before.match_key or NOT_TOLD, after.match_key or NOT_TOLD),
    )
    details = tuple(detail for detail in told if detail[1] != detail[2])
    if details:
        yield Difference(kind="changed", field="", details=details)


def _of_fields(
    before: ObjectSchema, after: ObjectSchema, filled_by: Mapping[str, tuple[str, ...]]
) -> Iterator[Difference]:
    for name in sorted({*before.fields, *after.fields}):
        old, new, specs = before.fields.get(name), after.fields.get(name), filled_by.get(name, ())
        if old is None and new is not None:
            required = (("required", "", "yes"),) if new.required else ()
            yield Difference(kind="added", field=name, details=(("type", "", new.type), *required), specs=specs)
        elif old is not None and new is None:
            yield Difference(kind="removed", field=name, details=(("type", old.type, ""),), specs=specs)
        elif old is not None and new is not None and (details := _of_field(old, new)):
            yield Difference(kind="changed", field=name, details=details, specs=specs)


def _of_field(before: FieldSchema, after: FieldSchema) -> tuple[Detail, ...]:
    told = (
        ("type", before.type, after.type),
        ("required", _yes_or_no(before.required), _yes_or_no(after.required)),
        ("nullable", _yes_or_no(before.nullable), _yes_or_no(after.nullable)),
        ("values", ", ".join(sorted(before.enum)) or "any", ", ".join(sorted(after.enum)) or "any"),
    )
    return tuple(detail for detail in told if detail[1] != detail[2])


def _yes_or_no(value: bool | None) -> str:
    return NOT_TOLD if value is None else "yes" if value else "no"
