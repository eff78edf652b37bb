"""How a run ended, for other programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from syncer.apply.outcome import ImportOutcome, RunOutcome
from syncer.model.events import Rejection, RowCounts
from syncer.plan import Action, Plan
from syncer.render.json_text import json_text


def outcome_json(plan: Plan, outcome: RunOutcome) -> str:
    """Return every import of the run, and how many of the plan it left alone by the plan's action."""
    told = {each.item.key for each in outcome.imports}
    left = Counter(item.action for item in plan.imports if item.key not in told)
    left[Action.SKIP] += plan.settled
    return json_text(
        {
            "run": outcome.run,
            "workspace": plan.workspace,
            "plan": plan.digest,
            "imports": [_import(each) for each in outcome.imports],
            "not_run": {action.value: left[action] for action in Action if left[action]},
            "problems": list(outcome.problems),
        }
    )


def _import(outcome: ImportOutcome) -> dict[str, Any]:
    item = outcome.item
    return {
        "result": outcome.result,
        "action": item.action.value,
        "spec": item.spec,
        "object": item.object,
        "path": item.file.path,
        "import": item.import_id,
        "generation": item.generation,
        "attempt": item.attempt,
        "job": outcome.job,
        "correlation_id": outcome.correlation_id,
        "message": outcome.message,
        "next_step": outcome.next_step,
        "rows": rows_document(outcome.rows),
        "rejections": rejections_document(outcome.rejections),
        "suppressed": outcome.suppressed,
        "quarantined": outcome.quarantined,
        "held_back": rejections_document(outcome.held_back),
        "every_row_rejected": outcome.systematic,
        "rejects_file": outcome.rejects_file,
        "warnings": list(outcome.warnings),
    }


def rows_document(rows: RowCounts | None) -> dict[str, int] | None:
    if rows is None:
        return None
    return {
        "read": rows.read,
        "valid": rows.valid,
        "invalid": rows.invalid,
        "inserts": rows.inserts,
        "updates": rows.updates,
    }


def rejections_document(rejections: Sequence[Rejection]) -> list[dict[str, Any]]:
    return [{"reason": each.reason, "count": each.count, "first_row": each.first_row} for each in rejections]
