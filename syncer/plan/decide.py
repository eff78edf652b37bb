"""What to do with one source file, from its spec and its history alone.

The questions are asked in a fixed order: is something of it running, was this version imported, is it allowed now.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from syncer.model.events import Submitted
from syncer.model.files import FORMAT_BY_EXTENSION, SourceFile, size_advice, size_refusal
from syncer.model.identity import import_id
from syncer.model.log import Generation, Standing, WriteMode
from syncer.model.spec import Suspend
from syncer.plan.inputs import Inputs, SpecInput
from syncer.plan.types import Action, PlannedImport


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The decision about one file before its neighbours are looked at.

    `life` is set where the decision is about what the log holds rather than about the file as it is now.
    """

    action: Action
    reason: str
    generation: int
    attempt: int = 1
    import_id: str = ""
    attention: bool = False
    needs_write_mode: bool = False
    job: str | None = None
    life: Generation | None = None


def decide(inputs: Inputs, own: SpecInput, file: SourceFile) -> Verdict:
    """Return what is to be done with this file by itself."""
    generations = inputs.log.generations(inputs.lineage(own.spec), file.path)
    verdict = _from_history(inputs, own, file, generations)
    if verdict.action in (Action.SKIP, Action.RESUME, Action.WAIT, Action.BLOCKED):
        return verdict
    return _allowed_now(inputs, own, file, verdict)


def _from_history(inputs: Inputs, own: SpecInput, file: SourceFile, generations: list[Generation]) -> Verdict:
    if not generations:
        return Verdict(action=Action.IMPORT, reason="new file", generation=1)
    newest = max(life.number for life in generations)
    latest = [life for life in generations if life.number == newest]
    unsettled = next((life for life in generations if life.standing in (Standing.PERMITTED, Standing.CONFLICT)), None)
    if unsettled is not None:
        return _unsettled(inputs, unsettled)
    if any(life.standing is Standing.FORGOTTEN for life in latest):
        return Verdict(
            action=Action.IMPORT, reason=f"forgotten by an operator: {_forgotten(latest)}", generation=newest + 1
        )
    same = next((life for life in latest if _same_version(own, life, file)), None)
    if same is not None:
        return _same(inputs, own, same)
    return _changed(inputs, own, file, generations)


def _same_version(own: SpecInput, life: Generation, file: SourceFile) -> bool:
    return own.spec.source.identity == "path" or life.fingerprint == file.fingerprint


def _forgotten(lives: list[Generation]) -> str:
    return "; ".join(sorted(life.forgotten.reason for life in lives if life.forgotten is not None))


def _unsettled(inputs: Inputs, life: Generation) -> Verdict:
    """A job was permitted and its end is not recorded: only that job may be asked, started or polled."""
    permits = life.open_permits
    first = permits[0]
    action, attention = Action.RESUME, False
    reason = f"job {first.job} was permitted by run {first.run} and its end is not recorded"
    if life.standing is Standing.CONFLICT:
        action, attention = Action.BLOCKED, True
        jobs = ", ".join(permit.job for permit in permits)
        reason = f"two jobs are permitted for one part ({jobs}); find out which one ran"
    elif (holder := _held(inputs, life, first)) is not None:
        action, reason = Action.WAIT, holder
    return Verdict(
        action=action,
        reason=reason,
        generation=life.number,
        attempt=first.attempt,
        import_id=life.import_id,
        attention=attention,
        job=first.job,
        life=life,
    )


def _held(inputs: Inputs, life: Generation, permit: Submitted | None = None) -> str | None:
    """Say which other run works on this now, or None. Leases only say when to try; the log decides."""
    claim = life.last_claim
    if inputs.exclusive or claim is None or claim.lease <= inputs.now:
        return None
    job = f", job {permit.job}" if permit else ""
    return f"run {claim.run} holds it until {claim.lease:%Y-%m-%d %H:%M} UTC{job}"


def _same(inputs: Inputs, own: SpecInput, life: Generation) -> Verdict:
    """This very version has a history: done, failed, or claimed by a run that did not get to its permit."""
    if life.standing is Standing.DONE:
        return Verdict(action=Action.SKIP, reason=_done(life), generation=life.number, import_id=life.import_id)
    if life.standing is Standing.FAILED:
        return _failed(own, life)
    if (holder := _held(inputs, life)) is not None:
        return Verdict(action=Action.WAIT, reason=holder, generation=life.number)
    claim = life.last_claim
    run = claim.run if claim else "unknown"
    return Verdict(
        action=Action.IMPORT,
        reason=f"run {run} began it and never submitted a job",
        generation=life.number,
        attempt=life.last_attempt + 1,
    )


def _done(life: Generation) -> str:
    if life.baseline is not None:
        return f"recorded as already imported on {life.baseline.time:%Y-%m-%d}: {life.baseline.reason}"
    completion = life.completion
    if completion is None:
        return "declared completed by an operator"
    return f"imported on {completion.time:%Y-%m-%d} by job {completion.job}"


def _failed(own: SpecInput, life: Generation) -> Verdict:
    failure = life.last_failure
    last = failure.failure if failure else None
    what = f"{last.code}: {last.message}" if last else "no reason recorded"
    attempt = life.last_attempt + 1
    final = life.final_failure(own.preparation)
    if final is not None:
        reason = f"failed for good ({final.code}: {final.message}); correct the spec or the file and it is tried again"
        return Verdict(action=Action.BLOCKED, reason=reason, generation=life.number, attempt=attempt, attention=True)
    used, allowed = life.counted_failures(own.preparation), own.spec.retry.attempts
    if used >= allowed:
        reason = f"all {allowed} attempts failed, the last with {what}; raise retry.attempts to try again"
        return Verdict(action=Action.BLOCKED, reason=reason, generation=life.number, attempt=attempt, attention=True)
    if failure is not None and failure.preparation != own.preparation:
        reason = f"the spec changed since it failed with {what}"
    elif last is not None and last.kind == "transient":
        reason = f"the last attempt did not get through ({what})"
    else:
        reason = f"attempt {used} of {allowed} failed with {what}"
    return Verdict(action=Action.RETRY, reason=reason, generation=life.number, attempt=attempt)


def _changed(inputs: Inputs, own: SpecInput, file: SourceFile, generations: list[Generation]) -> Verdict:
    """The path is known and its bytes are not those of its newest generation."""
    newest = generations[-1].number
    imported = next((life for life in reversed(generations) if life.standing is Standing.DONE), None)
    if imported is None:
        reason = "the file changed since the attempt that failed or was cut off"
        return Verdict(action=Action.IMPORT, reason=reason, generation=newest + 1)
    if imported.fingerprint == file.fingerprint:
        return Verdict(action=Action.SKIP, reason=_done(imported), generation=newest, import_id=imported.import_id)
    before, now = (text.partition(":")[0] for text in (imported.fingerprint, file.fingerprint))
    if before != now:
        reason = f"its fingerprint was {before} and is now {now}: whether the file changed cannot be told"
        return Verdict(action=Action.BLOCKED, reason=reason, generation=newest, attention=True)
    when = imported.completion.time if imported.completion else None
    since = f"changed since it was imported{f' on {when:%Y-%m-%d}' if when else ''}"
    return _on_change(own, since, newest, inputs.write_modes.get(own.spec.target.object))


def _on_change(own: SpecInput, since: str, newest: int, write_mode: WriteMode | None) -> Verdict:
    choice = own.spec.source.on_change
    if choice is None and write_mode is None:
        reason = (
            f"{since}, and whether object {own.spec.target.object} appends is not known: "
            "give the API credentials, or write source.on_change"
        )
        return Verdict(action=Action.BLOCKED, reason=reason, generation=newest, attention=True, needs_write_mode=True)
    if choice == "ignore":
        return Verdict(action=Action.SKIP, reason=f"{since}; on_change: ignore", generation=newest)
    if choice == "fail" or (choice is None and write_mode == "append"):
        why = (
            "on_change: fail"
            if choice
            else "its rows would be appended a second time; write on_change: import to do so"
        )
        return Verdict(action=Action.BLOCKED, reason=f"{since}; {why}", generation=newest, attention=True)
    return Verdict(action=Action.REIMPORT, reason=since, generation=newest + 1)


def _allowed_now(inputs: Inputs, own: SpecInput, file: SourceFile, verdict: Verdict) -> Verdict:
    """Hold back what may not run now although it is pending."""
    window = _outside_window(inputs, own, file)
    if window is not None:
        return _instead(verdict, Action.SKIP, window)
    suspension = suspended(own.spec.suspend, inputs.now)
    if suspension is not None:
        return _instead(verdict, Action.BLOCKED, suspension)
    if own.spec.target.object in inputs.closed:
        reason = f"object {own.spec.target.object} takes no import jobs (ingestion.fileImport is false)"
        return _instead(verdict, Action.BLOCKED, reason, attention=True)
    if file.size == 0:
        return _instead(verdict, Action.BLOCKED, "the file is empty, and the API refuses empty files", attention=True)
    if (refusal := size_refusal(file.size)) is not None:
        return _instead(verdict, Action.BLOCKED, refusal, attention=True)
    return verdict


def _instead(verdict: Verdict, action: Action, reason: str, *, attention: bool = False) -> Verdict:
    return Verdict(
        action=action,
        reason=reason,
        generation=verdict.generation,
        attempt=verdict.attempt,
        import_id=verdict.import_id,
        attention=attention,
    )


def day_of(file: SourceFile) -> date:
    """Return the day a file belongs to: its path's date where it has one, else the day it was modified (UTC)."""
    return file.date or file.modified.date()


def _outside_window(inputs: Inputs, own: SpecInput, file: SourceFile) -> str | None:
    day, filters = day_of(file), inputs.filters
    if filters.since is not None and day < filters.since:
        return f"before --since {filters.since}"
    if filters.until is not None and day > filters.until:
        return f"after --until {filters.until}"
    since = own.spec.source.since
    if filters.since is None and since is not None and day < since:
        return f"before source.since {since}"
    return None


def suspended(suspend: Suspend | bool, now: datetime) -> str | None:
    """Say why the spec does nothing now, or None. `until` ends at 00:00 UTC of its day."""
    if isinstance(suspend, bool):
        return "suspended" if suspend else None
    if suspend.until is not None and now.date() >= suspend.until:
        return None
    until = f" until {suspend.until}" if suspend.until else ""
    return f"suspended{until}" + (f": {suspend.reason}" if suspend.reason else "")


def planned(own: SpecInput, inputs: Inputs, file: SourceFile, verdict: Verdict) -> PlannedImport:
    """Make the verdict a line of the plan."""
    about = file_of(verdict.life) if verdict.life else file
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
        advice=size_advice(file.size, file.format) or "",
    )


def file_of(life: Generation) -> SourceFile:
    """Return the source file as the log knows it; it may not exist any more."""
    claim = life.last_claim
    name = life.path.lower().removesuffix(".gz")
    ending = next((ending for ending in FORMAT_BY_EXTENSION if name.endswith(ending)), ".csv")
    return SourceFile(
        path=life.path,
        location=life.path,
        size=claim.size if claim else 0,
        modified=claim.modified if claim else datetime.fromtimestamp(0, UTC),
        fingerprint=life.fingerprint,
        format=FORMAT_BY_EXTENSION[ending],
    )
