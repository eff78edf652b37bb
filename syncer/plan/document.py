"""A plan as a JSON document: what `plan -o json` prints, `plan --out` saves and `apply PLAN` takes back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from syncer.errors import Conflict
from syncer.model.effort import COMPUTE_PER_ROW, typical_range
from syncer.model.identity import digest
from syncer.plan.budget import budget_of
from syncer.plan.types import Filters, Plan, PlannedImport, SpecPlan

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """What apply needs of a saved plan: how it was asked for, and the name of every decision that it holds."""

    digest: str
    workspace: str
    filters: Filters
    covers: dict[str, str]
    """Cover of every runnable import, with the words that name it to a person."""


def to_document(plan: Plan) -> dict[str, Any]:
    """Return the plan as JSON-ready data. It holds no row, no secret and no absolute path."""
    by_spec: dict[str, list[PlannedImport]] = {spec.name: [] for spec in plan.specs}
    for item in plan.imports:
        by_spec.setdefault(item.spec, []).append(item)
    document: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "created": plan.created.isoformat(),
        "workspace": plan.workspace,
        "digest": plan.digest,
        "filters": _filters(plan.filters),
        "specs": [_spec(spec, by_spec[spec.name]) for spec in plan.specs],
        "imports": [_planned(item) for item in plan.imports],
        "budget": _budget(plan.imports),
        "refusals": [
            {"spec": r.spec, "setting": r.setting, "reason": r.reason, "override": r.override} for r in plan.refusals
        ],
        "warnings": list(plan.warnings),
    }
    document["checksum"] = _checksum(document)
    return document


def from_document(document: Any, name: str) -> SavedPlan:  # noqa: ANN401 - what a file held, not yet known to be a plan
    """Read a saved plan. Raises Conflict when it is none, is damaged, or was written by a newer syncer."""
    if not isinstance(document, dict) or "format_version" not in document:
        raise Conflict(f"{name} is not a saved plan", next_step=f"make one: syncer plan --out {name}")
    if document["format_version"] != FORMAT_VERSION:
        raise Conflict(
            f"{name} has plan format {document['format_version']}, and this syncer reads format {FORMAT_VERSION}",
            next_step=f"make it again with this version: syncer plan --out {name}",
        )
    if document.get("checksum") != _checksum(document):
        raise Conflict(f"{name} was changed after it was saved", next_step=f"make it again: syncer plan --out {name}")
    filters = document["filters"]
    return SavedPlan(
        digest=document["digest"],
        workspace=document["workspace"],
        filters=Filters(
            specs=tuple(filters["specs"]),
            tags=tuple(filters["tags"]),
            exclude=tuple(filters["exclude"]),
            since=date.fromisoformat(filters["since"]) if filters["since"] else None,
            until=date.fromisoformat(filters["until"]) if filters["until"] else None,
            over_limits=tuple(filters["over_limits"]),
            out_of_order=tuple(filters.get("out_of_order", ())),
            objects=tuple(filters.get("objects", ())),
        ),
        covers={
            item["cover"]: f"{item['action']} {item['spec']}: {item['path']}"
            for item in document["imports"]
            if item["runnable"]
        },
    )


def _checksum(document: dict[str, Any]) -> str:
    return digest({key: value for key, value in document.items() if key != "checksum"})


def _filters(filters: Filters) -> dict[str, Any]:
    return {
        "specs": list(filters.specs),
        "tags": list(filters.tags),
        "exclude": list(filters.exclude),
        "since": filters.since.isoformat() if filters.since else None,
        "until": filters.until.isoformat() if filters.until else None,
        "over_limits": list(filters.over_limits),
        "out_of_order": list(filters.out_of_order),
        "objects": list(filters.objects),
    }


def _spec(spec: SpecPlan, items: list[PlannedImport]) -> dict[str, Any]:
    return {
        "name": spec.name,
        "path": spec.path,
        "digest": spec.digest,
        "object": spec.object,
        "depends_on": list(spec.depends_on),
        "settled": spec.settled,
        "problem": spec.problem,
        "warnings": list(spec.warnings),
        "notes": list(spec.notes),
        "budget": _budget(items),
    }


def _budget(items: Iterable[PlannedImport]) -> dict[str, Any]:
    """Return what those imports cost that begin a job; `files_unknown` of them are not in the sums."""
    budget = budget_of(items)
    return {
        "rows": budget.rows.rows,
        "rows_exact": budget.rows.exact,
        "files_unknown": budget.unknown,
        "compute_rows": budget.compute_rows,
        "typical_seconds": list(budget.seconds),
    }


def _planned(item: PlannedImport) -> dict[str, Any]:
    return {
        "action": item.action.value,
        "reason": item.reason,
        "runnable": item.runnable,
        "attention": item.attention,
        "imported": item.imported,
        "spec": item.spec,
        "object": item.object,
        "path": item.file.path,
        "size": item.file.size,
        "modified": item.file.modified.isoformat(),
        "date": item.file.date.isoformat() if item.file.date else None,
        "rows": item.rows.rows if item.rows is not None else None,
        "rows_exact": item.rows.exact if item.rows is not None else None,
        "compute_rows": COMPUTE_PER_ROW * item.rows.rows if item.rows is not None else None,
        "typical_seconds": list(typical_range(item.rows.rows)) if item.rows is not None else None,
        "separated_by": item.sample.separated_by if item.sample is not None else "",
        "encoding": item.sample.encoding if item.sample is not None else "",
        "fingerprint": item.file.fingerprint,
        "import": item.import_id,
        "generation": item.generation,
        "attempt": item.attempt,
        "job": item.job,
        "after": list(item.after),
        "advice": item.advice,
        "cover": item.cover,
    }
