"""What is to be done about repairs: the one that is asked for, and those that a run began and did not submit.

The rows of a repair that was begun are kept on one machine, and only there it can go on. Without a claim in the log
nothing is done with them: a repair is an operator's decision. What was permitted is resumed like any other job.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from syncer.model.files import SourceFile
from syncer.model.generation import Generation, Standing
from syncer.model.repairs import refusal, repaired
from syncer.plan.decide import planned, suspended
from syncer.plan.history import at_work, failed, file_of, unsettled
from syncer.plan.inputs import Inputs, KeptRepair, SpecInput
from syncer.plan.types import STARTING, Action, PlannedImport
from syncer.plan.verdict import Verdict


def asked_for(inputs: Inputs, own: SpecInput) -> Iterator[PlannedImport]:
    """Yield what to do about the repair that the filters name, if it is this spec's and can be told."""
    path, rows, lineage = inputs.filters.repair, inputs.filters.repair_rows, inputs.lineage(own.spec)
    lives = inputs.log.generations(lineage, path)
    permitted = next((life for life in lives if life.open_permits), None)
    kept = next((each for each in own.repairs if (each.file.path, each.file.fingerprint) == (path, rows)), None)
    if permitted is not None:
        yield planned(own, inputs, file_of(permitted), unsettled(inputs, permitted))
    elif kept is not None:
        yield _planned(inputs, own, kept, _verdict(inputs, own, kept, lives))


def begun(inputs: Inputs, own: SpecInput) -> Iterator[PlannedImport]:
    """Yield the repairs that go on by themselves: claimed before, not permitted, and free to be tried now."""
    for kept in own.repairs:
        lives = inputs.log.generations(inputs.lineage(own.spec), kept.file.path)
        if _is_left(lives, kept.file):
            verdict = _verdict(inputs, own, kept, lives)
            if verdict.action in STARTING:
                yield _planned(inputs, own, kept, verdict)


def stuck(inputs: Inputs, own: SpecInput) -> Iterator[str]:
    """Say which repairs were begun here and need somebody to begin them anew."""
    for kept in own.repairs:
        lives = inputs.log.generations(inputs.lineage(own.spec), kept.file.path)
        if _is_left(lives, kept.file):
            verdict = _verdict(inputs, own, kept, lives)
            if verdict.action is Action.BLOCKED:
                yield f"{kept.file.path}: {verdict.reason}; begin it anew: syncer rejects repair {kept.repairs}"


def _is_left(lives: list[Generation], file: SourceFile) -> bool:
    """Whether these very rows are what the log saw last of this repair, and their import did not come to its end."""
    same = [life for life in lives if life.number == lives[-1].number and life.fingerprint == file.fingerprint]
    return any(life.standing in (Standing.CLAIMED, Standing.FAILED) for life in same)


def _verdict(inputs: Inputs, own: SpecInput, kept: KeptRepair, lives: list[Generation]) -> Verdict:
    newest = lives[-1].number if lives else 0
    latest = [life for life in lives if life.number == newest]
    same = next((life for life in latest if life.fingerprint == kept.file.fingerprint), None)
    begins_anew = same is None or same.standing is Standing.FORGOTTEN
    number = newest + 1 if begins_anew else newest
    reason = _hindrance(inputs, own, kept)
    if reason is not None:
        return Verdict(action=Action.BLOCKED, reason=reason, generation=number)
    holder = next((words for life in latest if (words := at_work(inputs, life)) is not None), None)
    if holder is not None:
        return Verdict(action=Action.WAIT, reason=holder, generation=number)
    if same is not None and same.standing is Standing.FAILED:
        return failed(own, same)
    attempt = 1 if same is None or begins_anew else same.last_attempt + 1
    reason = f"the rejected rows of {_source(kept)} once more"
    return Verdict(action=Action.IMPORT, reason=reason, generation=number, attempt=attempt)


def _hindrance(inputs: Inputs, own: SpecInput, kept: KeptRepair) -> str | None:
    """Say why these rows may not be sent now, or None."""
    lineage = inputs.lineage(own.spec)
    reason = refusal(inputs.log, lineage, kept.file.path, kept.repairs, kept.file.rows)
    if reason is not None:
        return reason
    if kept.preparation != own.preparation:
        return "the spec changed since its rows were prepared"
    if own.spec.target.object in inputs.closed and own.spec.target.via != "records":
        return f"object {own.spec.target.object} takes no import jobs (ingestion.fileImport is false)"
    return suspended(own.spec.suspend, inputs.now)


def _planned(inputs: Inputs, own: SpecInput, kept: KeptRepair, verdict: Verdict) -> PlannedImport:
    return replace(planned(own, inputs, kept.file, verdict), repairs=kept.repairs)


def _source(kept: KeptRepair) -> str:
    found = repaired(kept.file.path)
    return found[0] if found is not None else kept.repairs
