"""Propose what becomes of each column: mapped, never sent, or left for a person to decide. Pure but for the judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from syncer.model.objects import FieldSchema
from syncer.model.spec import FieldType
from syncer.operations.init.names import matches, snake, usual, why_sensitive
from syncer.operations.init.values import DECLARED, Column, infer_type, kind_of, refusals

_TYPED = frozenset(DECLARED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What is proposed for one column, and why in a few words.

    `to` is the field, "" where none is known; only what is `active` is mapped, the rest is a comment. `sensitive`
    columns are never sent.
    """

    column: str
    to: str = ""
    type: FieldType = "string"
    active: bool = False
    sensitive: bool = False
    why: str = ""


def propose(columns: Sequence[Column], fields: Mapping[str, FieldSchema]) -> tuple[Proposal, ...]:
    """Return a proposal for each column, in their order. `fields` are the object's; without any, names are guessed."""
    sensitive = {one.name: why for one in columns if (why := why_sensitive(one.name, one.values))}
    free = [one for one in columns if one.name not in sensitive]
    if fields:
        found = matches((one.name for one in free), fields)
        others = {one.name: _with_fields(one, found.get(one.name), fields) for one in free}
    else:
        others = _by_names(free)
    return tuple(
        Proposal(column=one.name, sensitive=True, why=sensitive[one.name])
        if one.name in sensitive
        else others[one.name]
        for one in columns
    )


def _with_fields(column: Column, match: tuple[str, str] | None, fields: Mapping[str, FieldSchema]) -> Proposal:
    if match is None:
        return Proposal(column=column.name, why="no field looks like it")
    name, likeness = match
    field = fields[name]
    kind = kind_of(field)
    declared = DECLARED.get(kind, "string") if kind != "anything" else infer_type(column) or "string"
    found = refusals(column, field)
    count = sum(found.values())
    # A few wrong texts are wrong rows; a number among dates says that the column is something else.
    fits = not count or (kind not in _TYPED and count * 2 < len(column.values))
    why = f"{likeness}; {_about(column, declared, found)}"
    return Proposal(column=column.name, to=name, type=declared, active=fits or field.required, why=why)


def _about(column: Column, declared: FieldType, found: Mapping[str, int]) -> str:
    if found:
        reasons = ", ".join(f"{count} x {reason}" for reason, count in found.items())
        return f"of {len(column.values)} values looked at some would be rejected: {reasons}"
    if not column.filled:
        return "no value to look at"
    return f"all {column.filled} values are {declared}" if declared != "string" else "text"


def _by_names(columns: Sequence[Column]) -> dict[str, Proposal]:
    """Guess fields by the columns' names alone; of two that give one field the first has it."""
    taken: set[str] = set()
    found: dict[str, Proposal] = {}
    for one in columns:
        field, kind = usual(one.name), infer_type(one)
        if not snake(one.name) or field in taken:
            found[one.name] = Proposal(column=one.name, why="its name gives no field of its own")
        elif kind is None:
            found[one.name] = Proposal(
                column=one.name, to=field, why="its values are of no one type that a field takes"
            )
        else:
            why = "a guess by its name"
            why += f"; all {one.filled} values are {kind}" if kind != "string" else ""
            found[one.name] = Proposal(column=one.name, to=field, type=kind, active=True, why=why)
            taken.add(field)
    return found
