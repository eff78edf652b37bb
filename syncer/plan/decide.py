"""What to do with one source file, from its spec and its history alone."""

from __future__ import annotations

from datetime import UTC, date, datetime

from syncer.model.files import SourceFile, size_advice, size_refusal
from syncer.model.identity import import_id
from syncer.model.repairs import repaired
from syncer.model.spec import Suspend
from syncer.plan.history import file_of, from_history
from syncer.plan.imported import ImportedFiles
from syncer.plan.inputs import Inputs, SpecInput
from syncer.plan.readiness import not_ready
from syncer.plan.same_bytes import recognised
from syncer.plan.types import Action, PlannedImport
from syncer.plan.verdict import Verdict


def decide(inputs: Inputs, own: SpecInput, file: SourceFile, imported: ImportedFiles) -> Verdict:
    """Return what is to be done with this file by itself; `imported` is what its spec has imported so far."""
    if repaired(file.path) is not None:
        reason = "its name is one that a repair of rejected rows gets in the log; rename the file"
        return Verdict(action=Action.BLOCKED, reason=reason, generation=1, attention=True)
    generations = inputs.log.generations(inputs.lineage(own.spec), file.path)
    known = recognised(own, file, imported) if not generations else None
    verdict = known or from_history(inputs, own, file, generations)
    if verdict.life is not None or verdict.action in (Action.SKIP, Action.WAIT):
        return verdict
    return _allowed_now(inputs, own, file, verdict)


def _allowed_now(inputs: Inputs, own: SpecInput, file: SourceFile, verdict: Verdict) -> Verdict:
    """Hold back what may not run now although it is pending, and leave out what is not wanted at all.

    What needs attention stays visible whatever days are asked for, and goes on to hold back what comes after it.
    """
    window = _before_since(inputs, own, file)
    is_open = verdict.needs_write_mode or verdict.needs_content
    if window is None and (is_open or not verdict.attention):
        window = _outside_filters(inputs, file)
    if window is not None:
        return _instead(verdict, Action.SKIP, window)
    suspension = suspended(own.spec.suspend, inputs.now)
    if suspension is not None:
        return _instead(verdict, Action.BLOCKED, suspension)
    if verdict.action is Action.BLOCKED and not is_open:
        return verdict
    waited_for = not_ready(own.spec.source, file, inputs.now)
    if waited_for is not None:
        return _instead(verdict, Action.BLOCKED, waited_for, not_ready=True)
    if is_open:
        return verdict
    unfit = _unfit(inputs, own, file)
    return _instead(verdict, Action.BLOCKED, unfit, attention=True) if unfit is not None else verdict


def _unfit(inputs: Inputs, own: SpecInput, file: SourceFile) -> str | None:
    """Say why the API would not take this file, or must not be given it that way, or None."""
    if own.spec.target.via == "records" and inputs.write_modes.get(own.spec.target.object) == "append":
        return f"object {own.spec.target.object} appends, which target.via: records is not for; use target.via: import"
    if own.spec.target.object in inputs.closed and own.spec.target.via != "records":
        return f"object {own.spec.target.object} takes no import jobs (ingestion.fileImport is false)"
    if file.size == 0:
        return "the file is empty, and the API refuses empty files"
    return size_refusal(file.size)


def _instead(
    verdict: Verdict, action: Action, reason: str, *, attention: bool = False, not_ready: bool = False
) -> Verdict:
    return Verdict(
        action=action,
        reason=reason,
        generation=verdict.generation,
        attempt=verdict.attempt,
        import_id=verdict.import_id,
        attention=attention,
        not_ready=not_ready,
    )


def day_of(file: SourceFile) -> date:
    """Return the day a file belongs to: its path's date where it has one, else the day it was modified (UTC)."""
    return file.date or file.modified.astimezone(UTC).date()


def _before_since(inputs: Inputs, own: SpecInput, file: SourceFile) -> str | None:
    """Hold the file against `source.since`, which a backfill's own --since replaces."""
    since = own.spec.source.since
    if inputs.filters.since is None and since is not None and day_of(file) < since:
        return f"before source.since {since}"
    return None


def _outside_filters(inputs: Inputs, file: SourceFile) -> str | None:
    day, filters = day_of(file), inputs.filters
    if filters.since is not None and day < filters.since:
        return f"before --since {filters.since}"
    if filters.until is not None and day > filters.until:
        return f"after --until {filters.until}"
    return None


def suspended(suspend: Suspend | bool, now: datetime) -> str | None:
    """Say why the spec does nothing now, or None. `until` ends at 00:00 UTC of its day."""
    if isinstance(suspend, bool):
        return "suspended" if suspend else None
    if suspend.until is not None and now.astimezone(UTC).date() >= suspend.until:
        return None
    until = f" until {suspend.until}" if suspend.until else ""
    return f"suspended{until}" + (f": {suspend.reason}" if suspend.reason else "")


def planned(own: SpecInput, inputs: Inputs, file: SourceFile, verdict: Verdict) -> PlannedImport:
    """Make the verdict a line of the plan."""
    life = verdict.life
    about = file if life is None or life.fingerprint == file.fingerprint else file_of(life)
    claim = verdict.life.last_claim if verdict.life else None
    return PlannedImport(
        action=verdict.action,
        reason=verdict.reason,
        spec=own.spec.name,
        spec_digest=own.digest,
        preparation=own.preparation,
        object=own.spec.target.object,
        file=about,
        import_id=verdict.import_id or import_id(own.spec, inputs.workspace, file.path, file.fingerprint),
        generation=verdict.generation,
        attempt=verdict.attempt,
        job=verdict.job,
        attention=verdict.attention,
        not_ready=verdict.not_ready,
        imported=verdict.imported,
        repairs=(claim.repairs or "") if claim else "",
        advice=size_advice(file.size, file.format) or "",
        sample=own.samples.get(file.path),
    )
