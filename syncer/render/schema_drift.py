"""Objects against their snapshots, in every format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from syncer.model.drift import Detail, Difference, ObjectDrift
from syncer.render.json_text import json_text
from syncer.render.layout import counted, shown
from syncer.render.markdown import code, escaped, table
from syncer.render.style import PLAIN, Style

_SIGNS: Final = {"added": "+", "removed": "-", "changed": "~"}
_WORDS: Final = {
    "same": "as in the snapshot",
    "changed": "differs from the snapshot",
    "new": "has no snapshot yet",
    "gone": "is not known to the platform",
    "unused": "is written by no spec; its snapshot may go",
}
_PULLED: Final = {**_WORDS, "changed": "snapshot renewed", "new": "snapshot written"}
_COPIES: Final = "specs/.schema.json and specs/.tests.schema.json, which editors read,"


def drift_text(objects: Sequence[ObjectDrift], editors: str, *, pulled: bool, style: Style = PLAIN) -> str:
    """Return a paragraph an object: what was added, removed or changed, and which specs fill it."""
    lines: list[str] = []
    for each in objects:
        colour = style.yellow if each.differs else style.green
        lines.append(f"{style.bold(shown(each.object))}  {colour(_status(each, pulled=pulled))}  {shown(each.path)}")
        lines += [f"  {_SIGNS[one.kind]} {shown(_told(one))}" for one in each.differences]
    lines += [shown(note) for note in _notes(editors)]
    return "\n".join([*lines, "", style.bold(drift_summary(objects, pulled=pulled))])


def _status(drift: ObjectDrift, *, pulled: bool) -> str:
    return (_PULLED if pulled else _WORDS)[drift.status]


def _told(difference: Difference) -> str:
    """Say one difference in one line: "loyalty_tier: values a, b → a, b, c (filled by crm)"."""
    subject = f"{difference.field}: " if difference.field else ""
    filled = f" (filled by {', '.join(difference.specs)})" if difference.specs else ""
    return f"{subject}{', '.join(map(_detail, difference.details))}{filled}"


def _detail(detail: Detail) -> str:
    what, before, after = detail
    if not before or not after:
        return after or before if what == "type" else what
    return f"{what} {before} → {after}"


def _notes(editors: str) -> Iterator[str]:
    if editors == "stale":
        yield f"{_COPIES} are another version's: syncer schema --write"
    if editors == "written":
        yield f"{_COPIES} were renewed."


def drift_summary(objects: Sequence[ObjectDrift], *, pulled: bool) -> str:
    """Return the last line: "3 objects: 1 differs from its snapshot."."""
    looked = [each for each in objects if each.status != "unused"]
    gone = sum(1 for each in looked if each.status == "gone")
    moved = sum(1 for each in looked if each.status in ("changed", "new"))
    lost = f", {gone} not known to the platform" if gone else ""
    if pulled:
        return f"{counted(len(looked), 'object')}: {counted(moved, 'snapshot')} written{lost}."
    return f"{counted(len(looked), 'object')}: {moved or 'none'} {_differ(moved)}{lost}."


def _differ(count: int) -> str:
    return "differs from its snapshot" if count in (0, 1) else "differ from their snapshots"


def drift_json(objects: Sequence[ObjectDrift], editors: str, *, pulled: bool) -> str:
    return json_text(
        {
            "pulled": pulled,
            "differs": any(each.differs for each in objects),
            "editor_schema": editors,
            "objects": [
                {
                    "object": each.object,
                    "path": each.path,
                    "status": each.status,
                    "specs": list(each.specs),
                    "differences": [
                        {
                            "kind": one.kind,
                            "field": one.field,
                            "specs": list(one.specs),
                            "details": [
                                {"what": what, "before": before, "after": after} for what, before, after in one.details
                            ],
                        }
                        for one in each.differences
                    ],
                }
                for each in objects
            ],
        }
    )


def drift_markdown(objects: Sequence[ObjectDrift], editors: str, *, pulled: bool) -> str:
    rows = []
    for each in objects:
        found = "<br>".join(escaped(f"{_SIGNS[one.kind]} {_told(one)}") for one in each.differences)
        rows.append((code(each.object), _status(each, pulled=pulled), found, escaped(", ".join(each.specs))))
    notes = [f"- {escaped(note)}" for note in _notes(editors)]
    head = ("object", "", "differences", "specs")
    return "\n".join([f"**{drift_summary(objects, pulled=pulled)}**", "", *table(head, rows), *notes])
