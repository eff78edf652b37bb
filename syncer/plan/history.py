"""What the log says about one source file: whether it was imported, failed, is at work, or changed since.

The questions are asked in a fixed order: is a job of it permitted, was this version imported, is somebody at it, what
became of the attempts before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from syncer.model.events import Submitted
from syncer.model.files import FORMAT_BY_EXTENSION, SourceFile
from syncer.model.log import Generation, Standing, WriteMode
from syncer.plan.inputs import Inputs, SpecInput
from syncer.plan.types import Action

WRITE_MODE_CURE = (
    "write source.on_change: import (or ignore, or fail) in the spec, or let syncer ask the API: "
    "it needs credentials with the scope cdp:metadata:read"
)
"""What helps in every case: without credentials, without the scope, and where the API does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The decision about one file before its neighbours are looked at.

    `imported`: this very version is in the platform. `life` is set where the decision is about what the log holds
    rather than about the file as it is now.
    """

    action: Action
    reason: str
    generation: int
    attempt: int = 1
    import_id: str = ""
    attention: bool = False
    needs_write_mode: bool = False
    imported: bool = False
    job: str | None = None
    life: Generation | None = None


def from_history(inputs: Inputs, own: SpecInput, file: SourceFile, generations: list[Generation]) -> Verdict:
    if not generations:
        return Verdict(action=Action.IMPORT, reason="new file", generation=1)
    permitted = next((life for life in generations if life.open_permits), None)
    if permitted is not None:
        return unsettled(inputs, permitted)
    return _settled(inputs, own, file, generations)


def _settled(inputs: Inputs, own: SpecInput, file: SourceFile, generations: list[Generation]) -> Verdict:
    """Decide about a path of which no job is permitted, by its newest generation."""
    newest = generations[-1].number
    latest = [life for life in generations if life.number == newest]
    same = _same_version(own, latest, file)
    if same is not None and same.standing is Standing.DONE:
        return Verdict(
            action=Action.SKIP, reason=_done(same), generation=newest, import_id=same.import_id, imported=True
        )
    holder = next((holder for life in latest if (holder := _at_work(inputs, life)) is not None), None)
    if holder is not None:
        return Verdict(action=Action.WAIT, reason=holder, generation=newest)
    standing = same.standing if same else _common(latest)
    never_imported = same is None and not any(life.done for life in latest)
    if standing is Standing.FORGOTTEN and not never_imported:
        return _again(latest, newest)
    if same is not None:
        return _unfinished(inputs, own, same, _imported(generations))
    return _changed(inputs, own, file, generations)


def _same_version(own: SpecInput, latest: list[Generation], file: SourceFile) -> Generation | None:
    """Return the life of this very version. Where only the path counts there may be several: a finished one decides."""
    by_path = own.spec.source.identity == "path"
    lives = [life for life in latest if by_path or life.fingerprint == file.fingerprint]
    return min(
        lives,
        key=lambda life: (life.standing is not Standing.DONE, life.fingerprint != file.fingerprint),
        default=None,
    )


def _common(lives: list[Generation]) -> Standing | None:
    standings = {life.standing for life in lives}
    return standings.pop() if len(standings) == 1 else None


def _imported(generations: list[Generation]) -> Generation | None:
    """Return the version that the platform holds as far as the log knows, also when it was forgotten since."""
    return next((life for life in reversed(generations) if life.done), None)


def _again(lives: list[Generation], newest: int) -> Verdict:
    reason = f"forgotten by an operator: {_forgotten(lives)}"
    return Verdict(action=Action.IMPORT, reason=reason, generation=newest + 1)


def _forgotten(lives: list[Generation]) -> str:
    return "; ".join(sorted(life.forgotten.reason for life in lives if life.forgotten is not None))


def unsettled(inputs: Inputs, life: Generation) -> Verdict:
    """Decide about a permitted job whose end is not recorded: only that job may be asked, started or polled."""
    first = life.open_permits[0]
    action, attention = Action.RESUME, False
    reason = f"job {first.job} was permitted by run {first.run} and its end is not recorded"
    if life.standing is Standing.CONFLICT:
        action, attention, reason = Action.BLOCKED, True, _contradiction(life)
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


def _contradiction(life: Generation) -> str:
    jobs = ", ".join(permit.job for permit in life.open_permits)
    if life.forgotten is not None:
        beside = "but an operator has forgotten this generation"
    elif life.baseline is not None:
        beside = "but the file is recorded as already imported"
    elif life.completion is not None:
        beside = f"but job {life.completion.job} has imported it"
    else:
        return f"two jobs are permitted for one part ({jobs}); find out which one ran"
    return f"job {jobs} is permitted and its end is not recorded, {beside}; find out whether it ran"


def _at_work(inputs: Inputs, life: Generation) -> str | None:
    """Say which run has begun an attempt that has not come to a permit, or None."""
    claim = life.last_claim
    return _held(inputs, life) if claim is not None and claim.attempt > life.last_attempt else None


def _held(inputs: Inputs, life: Generation, permit: Submitted | None = None) -> str | None:
    """Say which other run works on this now, or None. Leases only say when to try; the log decides."""
    claim = life.last_claim
    if claim is None or not inputs.may_be_alive(claim):
        return None
    job = f", job {permit.job}" if permit else ""
    return f"run {claim.run} holds it until {claim.lease:%Y-%m-%d %H:%M} UTC{job}"


def _unfinished(inputs: Inputs, own: SpecInput, life: Generation, imported: Generation | None) -> Verdict:
    """This very version was begun and is not imported: it failed, or its run did not get to a permit."""
    if imported is not None and imported.standing is Standing.DONE:
        mode = inputs.write_modes.get(own.spec.target.object)
        allowed = _on_change(own, _changed_since(imported), life.number - 1, mode)
        if allowed.action is not Action.REIMPORT:
            return allowed
    if life.standing is Standing.FAILED:
        return _failed(own, life)
    claim = life.last_claim
    return Verdict(
        action=Action.REIMPORT if imported is not None else Action.IMPORT,
        reason=f"run {claim.run if claim else 'unknown'} began it and never submitted a job",
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
    if failure is None and life.given_up is not None:
        reason = f"an operator gave job {life.given_up.job} up: {life.given_up.reason}"
    elif failure is not None and failure.preparation != own.preparation:
        reason = f"the spec changed since it failed with {what}"
    elif last is not None and last.kind == "transient":
        reason = f"the last attempt did not get through ({what})"
    else:
        reason = f"attempt {used} of {allowed} failed with {what}"
    return Verdict(action=Action.RETRY, reason=reason, generation=life.number, attempt=attempt)


def _changed(inputs: Inputs, own: SpecInput, file: SourceFile, generations: list[Generation]) -> Verdict:
    """The path is known and its bytes are not those of its newest generation."""
    newest = generations[-1].number
    imported = _imported(generations)
    if imported is not None and imported.standing is Standing.FORGOTTEN:
        return _again([imported], newest)
    if imported is None:
        reason = "the file changed since the attempt that failed or was cut off"
        return Verdict(action=Action.IMPORT, reason=reason, generation=newest + 1)
    if imported.fingerprint == file.fingerprint:
        return Verdict(
            action=Action.SKIP,
            reason=_done(imported),
            generation=newest,
            import_id=imported.import_id,
            imported=True,
        )
    before, now = (text.partition(":")[0] for text in (imported.fingerprint, file.fingerprint))
    if before != now:
        reason = f"its fingerprint was {before} and is now {now}: whether the file changed cannot be told"
        return Verdict(action=Action.BLOCKED, reason=reason, generation=newest, attention=True)
    return _on_change(own, _changed_since(imported), newest, inputs.write_modes.get(own.spec.target.object))


def _changed_since(imported: Generation) -> str:
    when = imported.completion.time if imported.completion else None
    return f"changed since it was imported{f' on {when:%Y-%m-%d}' if when else ''}"


def _on_change(own: SpecInput, since: str, newest: int, write_mode: WriteMode | None) -> Verdict:
    choice = own.spec.source.on_change
    if choice is None and write_mode is None:
        reason = f"{since}, and whether object {own.spec.target.object} appends is not known: {WRITE_MODE_CURE}"
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
