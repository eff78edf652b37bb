"""Import a file that is too large for one job: part after part, each its own job, permitted and ended before the next.

Each part is claimed by itself, so that what the first one created is joined through its id, and a run that dies
between two parts leaves a log from which the next one goes on with the first part that is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from syncer.apply import record
from syncer.apply.context import Tools
from syncer.apply.ends import over_limit
from syncer.apply.outcome import ImportOutcome
from syncer.apply.prepared import Prepared
from syncer.apply.progress import Step
from syncer.apply.record import MappedJob
from syncer.apply.resources import resolve_audience, resolve_list
from syncer.apply.rules import life_of
from syncer.apply.submit import submit
from syncer.errors import PermitRefused
from syncer.model.events import Claimed, RowCounts, Submitted
from syncer.model.rejections import joined
from syncer.plan import PlannedImport

Carry = Callable[[MappedJob, Submitted, Prepared], ImportOutcome]


def import_parts(
    tools: Tools, prepared: Prepared, held: Claimed, outcomes: list[ImportOutcome], *, carry: Carry
) -> ImportOutcome:
    """Import every part that was not imported before, in order, and return what became of them together.

    `carry` starts a permitted job and follows it to its end. A part that does not complete ends the import for now.
    `outcomes` are those of parts that this run has taken up and that completed; each further one is added.
    Raises what the steps raise; the log, and `outcomes`, say then how far it came.
    """
    item, count = prepared.item, len(prepared.parts)
    life = life_of(tools, tools.store.read(), item)
    done = life.completed_parts if life is not None else set()
    for number in range(1, count + 1):
        if number in done:
            continue
        tools.stop.check()
        tools.reporter.step(item, Step.PART, f"{number} of {count}")
        held = _claimed(tools, prepared, held, number)
        job = submit(tools, prepared, held, item.attempt, part=number)
        outcomes.append(carry(job, permitted(tools, job), prepared))
        if outcomes[-1].result != "completed":
            break
    return _together(tools, prepared, outcomes)


def permitted(tools: Tools, job: MappedJob) -> Submitted:
    """Return the permit of one job. Raises PermitRefused."""
    (answer,) = record.permit(tools, [job])
    if isinstance(answer, PermitRefused):
        raise answer
    return answer


def left_of(tools: Tools, item: PlannedImport) -> str:
    """Say which parts of the import are missing, now that one of its jobs has ended well; "" when it is done."""
    life = life_of(tools, tools.store.read(), item)
    return life.parts_left if life is not None and life.is_partial and not life.open_permits else ""


def of_part(given: Submitted, outcome: ImportOutcome) -> ImportOutcome:
    """Say of a job that was taken up which part of its file it brought in."""
    parts = given.parts or 1
    if parts == 1 or outcome.result != "completed":
        return outcome
    return replace(outcome, message=f"imported part {given.part} of {parts}; the others were imported before")


def left_behind(outcome: ImportOutcome, left: str) -> ImportOutcome:
    """Say that these parts cannot be made here: their file is gone, or is another version by now."""
    return replace(
        outcome,
        result="attention",
        job=None,
        message=f"job {outcome.job} has ended well, but {left} cannot be made: this version of the file is not there",
        next_step="put it back, or see what can be done: syncer plan",
    )


def _claimed(tools: Tools, prepared: Prepared, held: Claimed, number: int) -> Claimed:
    spec = prepared.spec
    rows = [part.rows for part in prepared.parts]
    return record.claim_part(
        tools,
        prepared.item,
        held,
        part=number,
        parts=len(rows),
        rows=tuple(count for count in rows if count is not None) if None not in rows else None,
        list_use=resolve_list(tools, spec, held.list_use.name) if held.list_use is not None else None,
        audience=resolve_audience(tools, spec, held.audience.name) if held.audience is not None else None,
    )


def _together(tools: Tools, prepared: Prepared, outcomes: Sequence[ImportOutcome]) -> ImportOutcome:
    """Join what became of the parts; where one did not complete, it is the one that is told of."""
    last, count = outcomes[-1], len(prepared.parts)
    if last.result != "completed":
        return cut_short(tools, last, outcomes[:-1])
    told, expected = _joined(tools, outcomes), prepared.made.invalid
    actual, warnings = told.rows.invalid if told.rows is not None else 0, told.warnings
    if expected is not None and len(outcomes) == count and expected != actual:
        warnings = (*warnings, f"{expected} rows were expected to be rejected, and {actual} were")
    if not told.systematic:
        told = replace(told, message=_words(len(outcomes), count), next_step="")
    return replace(told, warnings=warnings)


def cut_short(tools: Tools, outcome: ImportOutcome, before: Sequence[ImportOutcome]) -> ImportOutcome:
    """Return the outcome of an import that did not come to its end, with what its parts `before` brought in."""
    if not before:
        return outcome
    parts = f"{len(before)} part{'s' if len(before) > 1 else ''} imported in this run"
    return replace(
        _joined(tools, [*before, outcome]),
        message=f"{outcome.message} ({parts})",
        over_limit=outcome.over_limit,
    )


def _joined(tools: Tools, outcomes: Sequence[ImportOutcome]) -> ImportOutcome:
    """Return the last outcome with the rows of all, and what is to be told of them."""
    last, counts = outcomes[-1], [each.rows for each in outcomes if each.rows is not None]
    rows = RowCounts(
        read=sum(each.read for each in counts),
        valid=sum(each.valid for each in counts),
        invalid=sum(each.invalid for each in counts),
        inserts=sum(each.inserts for each in counts),
        updates=sum(each.updates for each in counts),
    )
    return replace(
        last,
        rows=rows if counts else None,
        rejections=joined(rejection for each in outcomes for rejection in each.rejections),
        rejects_file=next((each.rejects_file for each in outcomes if each.rejects_file), None),
        suppressed=max(each.suppressed for each in outcomes),
        quarantined=max(each.quarantined for each in outcomes),
        held_back=next((each.held_back for each in outcomes if each.held_back), ()),
        systematic=all(each.systematic for each in outcomes),
        over_limit=over_limit(tools, last.item, rows),
        warnings=tuple(dict.fromkeys(warning for each in outcomes for warning in each.warnings)),
    )


def _words(done: int, count: int) -> str:
    if done == count:
        return f"imported in {count} parts, each by its own job"
    return f"imported the last {done} of {count} parts; the others were imported before"
