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


def import_parts(tools: Tools, prepared: Prepared, held: Claimed, *, carry: Carry) -> ImportOutcome:
    """Import every part that was not imported before, in order, and return what became of them together.

    `carry` starts a permitted job and follows it to its end. A part that does not complete ends the import for now.
    Raises what the steps raise; the log says then how far it came.
    """
    item, count = prepared.item, len(prepared.parts)
    life = life_of(tools, tools.store.read(), item)
    done = life.completed_parts if life is not None else set()
    outcomes: list[ImportOutcome] = []
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


def is_left(tools: Tools, item: PlannedImport) -> bool:
    """Whether parts of the import are missing, now that one of its jobs has ended well."""
    life = life_of(tools, tools.store.read(), item)
    return life is not None and life.is_partial and not life.open_permits


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
    counts = [each.rows for each in outcomes if each.rows is not None]
    rows = RowCounts(
        read=sum(each.read for each in counts),
        valid=sum(each.valid for each in counts),
        invalid=sum(each.invalid for each in counts),
        inserts=sum(each.inserts for each in counts),
        updates=sum(each.updates for each in counts),
    )
    done = sum(1 for each in outcomes if each.result == "completed")
    told = f"{done} of {count} parts" if done < count else f"all {count} parts, each by its own job"
    expected = prepared.made.invalid
    warnings = [warning for each in outcomes for warning in each.warnings]
    if expected is not None and done == count and expected != rows.invalid:
        warnings.append(f"{expected} rows were expected to be rejected, and {rows.invalid} were")
    return replace(
        last,
        rows=rows if counts else None,
        message=f"{last.message} ({told} imported in this run)" if last.message else f"imported {told}",
        rejections=joined(rejection for each in outcomes for rejection in each.rejections),
        rejects_file=next((each.rejects_file for each in outcomes if each.rejects_file), None),
        suppressed=max(each.suppressed for each in outcomes),
        quarantined=max(each.quarantined for each in outcomes),
        held_back=next((each.held_back for each in outcomes if each.held_back), ()),
        systematic=all(each.systematic for each in outcomes),
        over_limit=over_limit(tools, prepared.item, rows),
        warnings=tuple(dict.fromkeys(warnings)),
    )
