"""`identity: content`: the same bytes under a new name are not imported a second time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from syncer.model.files import SourceFile
from syncer.plan.evidence import content_of
from syncer.plan.imported import ImportedFiles
from syncer.plan.inputs import Inputs, SpecInput
from syncer.plan.types import Action, PlannedImport
from syncer.plan.verdict import Verdict, imported_already


def recognised(own: SpecInput, file: SourceFile, imported: ImportedFiles) -> Verdict | None:
    """Return the decision about a path without history whose bytes were imported under another one, or None."""
    content = content_of(file) if own.spec.source.identity == "content" else None
    life = imported.with_bytes(content) if content is not None else None
    if life is None:
        return None
    event = life.completion or life.baseline
    when = f" on {event.time:%Y-%m-%d}" if event is not None else ""
    return imported_already(life, f"the same bytes were imported as {life.path}{when}", 1)


def first_of_each(
    inputs: Inputs, own: SpecInput, items: list[PlannedImport]
) -> tuple[list[PlannedImport], Mapping[str, str]]:
    """Leave all but the first of several files with the same bytes out; also return, for these, the path of the first.

    What was begun before comes first, whatever its path; it has a history of its own and goes on.
    """
    if own.spec.source.identity != "content":
        return items, {}
    alike: dict[str, list[PlannedImport]] = defaultdict(list)
    for item in items:
        content = content_of(item.file)
        if item.action is not Action.SKIP and content is not None:
            alike[content].append(item)
    firsts: dict[str, str] = {}
    for group in alike.values():
        if len(group) > 1:
            new = [item for item in group if _is_new(inputs, own, item)]
            begun = {item.file.path for item in group} - {item.file.path for item in new}
            first = next((item for item in group if item.file.path in begun), group[0])
            firsts |= {item.file.path: first.file.path for item in new if item is not first}
    return [_left_out(item, firsts) for item in items], firsts


def _is_new(inputs: Inputs, own: SpecInput, item: PlannedImport) -> bool:
    return item.action is Action.IMPORT and not inputs.log.knows(inputs.lineage(own.spec), item.file.path)


def _left_out(item: PlannedImport, firsts: Mapping[str, str]) -> PlannedImport:
    first = firsts.get(item.file.path)
    if first is None:
        return item
    return replace(item, action=Action.SKIP, reason=f"the same bytes as {first}, which comes first")


def behind_firsts(items: list[PlannedImport], firsts: Mapping[str, str]) -> list[PlannedImport]:
    """Hold those that were left out back with their first, where that is not imported in this run after all."""
    if not firsts:
        return items
    runs = {item.file.path for item in items if item.runnable}
    return [_held(item, firsts, runs) for item in items]


def _held(item: PlannedImport, firsts: Mapping[str, str], runs: set[str]) -> PlannedImport:
    first = firsts.get(item.file.path)
    if first is None or first in runs:
        return item
    reason = f"the same bytes as {first}, which comes first and is held back"
    return replace(item, action=Action.BLOCKED, reason=reason)
