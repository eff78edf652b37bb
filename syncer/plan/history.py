"""What the log says about one source file: whether it was imported, failed, is at work, or changed since.

The questions are asked in a fixed order: is a job of it permitted, was this version imported, is somebody at it, what
became of the attempts before.
"""

from __future__ import annotations

from datetime import UTC, datetime

from syncer.model.events import Claimed, Submitted
from syncer.model.files import FORMAT_BY_EXTENSION, SourceFile
from syncer.model.log import Generation, Standing
from syncer.plan.changed import after_import, changed, imported_version
from syncer.plan.inputs import Inputs, SpecInput
from syncer.plan.types import Action
from syncer.plan.verdict import Verdict, again, done_words, imported_already


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
        return imported_already(same, done_words(same), newest)
    holder = next((holder for life in latest if (holder := at_work(inputs, life)) is not None), None)
    if holder is not None:
        return Verdict(action=Action.WAIT, reason=holder, generation=newest)
    standing = same.standing if same else _common(latest)
    never_imported = same is None and not any(life.done for life in latest)
    if standing is Standing.FORGOTTEN and not never_imported:
        return again(latest, newest)
    if same is not None:
        return _unfinished(inputs, own, file, same, generations)
    return changed(inputs, own, file, generations)


def _same_version(own: SpecInput, latest: list[Generation], file: SourceFile) -> Generation | None:
    """Return the life of this very version; where only the path counts, also a finished one of any other.

    An attempt under another tag is another import even when the bytes are the same: only a finished one speaks for all.
    """
    by_path = own.spec.source.identity == "path"
    lives = [life for life in latest if life.fingerprint == file.fingerprint or (by_path and life.done)]
    if len(lives) == 1:
        return lives[0]
    return min(
        lives,
        key=lambda life: (life.standing is not Standing.DONE, life.fingerprint != file.fingerprint),
        default=None,
    )


def _common(lives: list[Generation]) -> Standing | None:
    standings = {life.standing for life in lives}
    return standings.pop() if len(standings) == 1 else None


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


def at_work(inputs: Inputs, life: Generation) -> str | None:
    """Say which run has begun an attempt that has not come to a permit, or None."""
    claim = life.last_claim
    if claim is None or not (claim.attempt > life.last_attempt or _next_part_begun(life, claim)):
        return None
    return _held(inputs, life)


def _next_part_begun(life: Generation, claim: Claimed) -> bool:
    """Whether the claim is for a part after those that were imported, and neither a permit nor a failure followed."""
    attempts = max((permit.attempt for permit in life.permits), default=0)
    permitted = any(permit.epoch >= claim.epoch for permit in life.permits)
    return life.is_partial and not permitted and attempts == life.last_attempt


def _held(inputs: Inputs, life: Generation, permit: Submitted | None = None) -> str | None:
    """Say which other run works on this now, or None. Leases only say when to try; the log decides."""
    claim = life.last_claim
    if claim is None or not inputs.may_be_alive(claim):
        return None
    job = f", job {permit.job}" if permit else ""
    return f"run {claim.run} holds it until {claim.lease:%Y-%m-%d %H:%M} UTC{job}"


def _unfinished(
    inputs: Inputs, own: SpecInput, file: SourceFile, life: Generation, generations: list[Generation]
) -> Verdict:
    """This very version was begun and is not imported: it failed, or its run did not get to a permit."""
    imported = imported_version(own, file, generations)
    if imported is not None and imported.life.standing is Standing.DONE:
        allowed = after_import(inputs, own, file, imported, life.number - 1)
        if allowed.action is not Action.REIMPORT:
            return allowed
    if life.standing is Standing.FAILED:
        return failed(own, life)
    claim = life.last_claim
    run = claim.run if claim else "unknown"
    return Verdict(
        action=Action.REIMPORT if imported is not None else Action.IMPORT,
        reason=f"run {run} began it and left {life.parts_left}"
        if life.is_partial
        else f"run {run} began it and never submitted a job",
        generation=life.number,
        attempt=life.last_attempt + 1,
    )


def failed(own: SpecInput, life: Generation) -> Verdict:
    """Decide about an import whose attempts so far failed or were given up."""
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


def file_of(life: Generation) -> SourceFile:
    """Return the source file as the log knows it, without a location: it may not exist any more."""
    claim = life.last_claim
    name = life.path.lower().removesuffix(".gz")
    ending = next((ending for ending in FORMAT_BY_EXTENSION if name.endswith(ending)), ".csv")
    return SourceFile(
        path=life.path,
        location="",
        size=claim.size if claim else 0,
        modified=claim.modified if claim else datetime.fromtimestamp(0, UTC),
        fingerprint=life.fingerprint,
        format=FORMAT_BY_EXTENSION[ending],
    )
