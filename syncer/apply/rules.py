"""When a claim or a permit may be given: the rules, checked on the exact log that the event is appended to.

Each of them raises PermitRefused, and nothing is written then.
"""

from __future__ import annotations

from syncer.apply.context import Tools
from syncer.errors import PermitRefused
from syncer.model.events import Claimed, Submitted
from syncer.model.log import Generation, Lineage, Log
from syncer.model.repairs import refusal
from syncer.plan import PlannedImport


def check_free(tools: Tools, log: Log, item: PlannedImport, life: Generation | None) -> None:
    """Refuse an import that is done, closed, newer elsewhere, or whose file or object another run has in hand.

    The rows of a repair must be open besides, for each is sent again once.
    """
    _check_path(tools, log, item)
    if life is not None and life.done:
        raise refused(item, "this version is recorded as imported")
    if life is not None and life.forgotten is not None:
        raise refused(item, "an operator has closed this generation")
    if item.repairs:
        why = refusal(log, tools.lineage(item), item.file.path, item.repairs, item.file.rows)
        if why is not None:
            raise refused(item, why)
    for given in log.open_permits(tools.workspace, item.object):
        for run in (given.run, _taken_over_by(log, given)):
            if run != tools.run.id:
                raise refused(item, f"run {run} has job {given.job} on object {item.object}")


def _check_path(tools: Tools, log: Log, item: PlannedImport) -> None:
    generations = log.generations(tools.lineage(item), item.file.path)
    if any(other.number > item.generation for other in generations):
        raise refused(item, "a newer version of this file is recorded")
    rivals = [other for other in generations if other.number == item.generation and other.forgotten is None]
    if any(rival.fingerprint != item.file.fingerprint for rival in rivals):
        raise refused(item, "another run has this path in hand with other contents")
    if any(other.open_permits for other in generations):
        raise refused(item, "a job of this file is permitted and has not ended")


def _taken_over_by(log: Log, given: Submitted) -> str:
    """Return the run that may be about to start this job: the last that claimed it since, else its own."""
    lineage = Lineage((given.spec,), given.workspace, given.object)
    life = log.find(lineage, given.path, given.generation, given.import_id)
    claim = life.last_claim if life else None
    return claim.run if claim is not None and claim.epoch > given.epoch else given.run


def check_sole_maker(tools: Tools, log: Log, held: Claimed) -> None:
    """Refuse to create a list or an audience that another job has created or is about to."""
    makers: list[Submitted] = []
    if held.list_use is not None and held.list_use.create and held.list_use.name:
        makers += log.list_makers(tools.workspace, held.list_use.name)
    if held.audience is not None and held.audience.create:
        makers += log.audience_makers(tools.workspace, held.audience.name)
    rival = next((maker for maker in makers if log.is_open(maker) or log.is_completed(maker)), None)
    if rival is not None:
        raise PermitRefused(
            f"{held.path} is not started: job {rival.job} of spec {rival.spec} creates the same list or audience",
            where=f"spec {held.spec}, import {held.import_id}",
            next_step="join it with the next run: syncer apply",
        )


def life_of(tools: Tools, log: Log, item: PlannedImport) -> Generation | None:
    """Return what the log says of this generation of the import, or None when it says nothing."""
    return log.find(tools.lineage(item), item.file.path, item.generation, item.import_id)


def refused(item: PlannedImport, why: str) -> PermitRefused:
    """Say that the import gets no claim or permit, and why."""
    return PermitRefused(
        f"{item.file.path} is not started: {why}",
        where=f"spec {item.spec}, import {item.import_id}",
        next_step="see what is left: syncer plan",
    )
