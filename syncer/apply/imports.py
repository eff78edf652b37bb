"""Imports of one object, from their plan lines to their recorded ends.

New imports go through the queue together: all are claimed, each is prepared, uploaded and mapped, all are permitted,
and then they are started one by one, each followed to its end. Where a permit is cheap the queue holds one import.
What goes wrong before the permit is an attempt without effect; after it, only the job's own state counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from typing import TypeVar

from syncer.apply import record, records
from syncer.apply.context import Tools
from syncer.apply.ends import ended, may_upload_again
from syncer.apply.failures import settle
from syncer.apply.follow import start_and_follow, taken_up
from syncer.apply.outcome import ImportOutcome, Result
from syncer.apply.outgoing import Outgoing, check_allowed, outgoing, ready
from syncer.apply.parts import cut_short, import_parts, left_behind, left_of, of_part, permitted
from syncer.apply.prepared import Prepared, prepared
from syncer.apply.progress import Step
from syncer.apply.record import ClaimRequest, MappedJob
from syncer.apply.repairs import frozen_names
from syncer.apply.resources import Creators, creates_something, resolve_audience, resolve_list, resolve_names
from syncer.apply.rules import life_of
from syncer.apply.submit import submit
from syncer.errors import PermitRefused, SyncerError, Waiting
from syncer.model.events import Claimed, Submitted
from syncer.model.log import Log
from syncer.model.spec import Spec
from syncer.model.templates import Values
from syncer.plan import Action, PlannedImport
from syncer.plan.types import Key

T = TypeVar("T")
Tell = Callable[[PlannedImport, ImportOutcome], None]


def execute(
    tools: Tools,
    items: Sequence[PlannedImport],
    creators: Creators,
    *,
    keeps_order: Callable[[str], bool],
    tell: Tell,
) -> None:
    """Carry out imports of one object in order, and tell each one's outcome. A job to resume comes alone.

    What an import leaves in the log is enough for the next run to go on with it, however this one ends.
    """
    queue = _Queue(tools, creators, keeps_order, tell)
    if items[0].action is Action.RESUME:
        queue.resume(items[0])
    else:
        queue.run(items)


class _Queue:
    """A few imports of one object on their way from claim to end."""

    def __init__(self, tools: Tools, creators: Creators, keeps_order: Callable[[str], bool], tell: Tell) -> None:
        self._tools = tools
        self._creators = creators
        self._keeps_order = keeps_order
        self._tell = tell
        self._failed_ahead: dict[str, str] = {}
        self._has_jobs = False
        self._in_parts = ""
        self._parts: list[ImportOutcome] = []  # of the import at work; one that may be split is alone in its queue
        self._going: dict[Key, Outgoing] = {}
        self._may_run = ""
        self._left: Result = "unfinished"

    def resume(self, item: PlannedImport) -> None:
        """Take up a permitted job where it stands."""
        outcome = self._guarded(item, lambda: _resumed(self._tools, item))
        if outcome is None:
            return
        left = left_of(self._tools, item) if outcome.result == "completed" else ""
        if not left:
            self._end(item, outcome)
        elif item.file.location:
            self._parts.append(outcome)
            self.run([_going_on(self._tools, item)])
        else:
            self._end(item, left_behind(outcome, left))

    def run(self, items: Sequence[PlannedImport]) -> None:
        with ExitStack() as names, ExitStack() as made:
            claims = self._claimed(items, names)
            if not any(creates_something(claimed) for claimed in claims.values()):
                names.close()  # what creates nothing need not keep others waiting
            jobs = [job for item in items if item.key in claims and (job := self._mapped(item, claims[item.key], made))]
            permits = self._answered([job.item for job in jobs], lambda: record.permit(self._tools, jobs))
            self._start([(job, permits[job.item.key]) for job in jobs if job.item.key in permits])

    def _claimed(self, items: Sequence[PlannedImport], names: ExitStack) -> dict[Key, Claimed]:
        requests = [request for item in items if (request := self._guarded(item, lambda: self._request(item, names)))]  # noqa: B023 - called at once
        claims = self._answered([r.item for r in requests], lambda: record.claim(self._tools, requests))
        for item in items:
            if item.key in claims:
                self._tools.reporter.step(item, Step.CLAIMED)
        return claims

    def _request(self, item: PlannedImport, names: ExitStack) -> ClaimRequest:
        tools = self._tools
        spec = tools.specs[item.spec]
        resolved = resolve_names(spec, _values(tools, item, spec), _earlier_claim(tools, item))
        names.enter_context(self._creators.hold(resolved))
        return ClaimRequest(
            item=item,
            batch=resolved.batch,
            list_use=resolve_list(tools, spec, resolved.list_name),
            audience=resolve_audience(tools, spec, resolved.audience),
        )

    def _mapped(self, item: PlannedImport, claimed: Claimed, kept: ExitStack) -> MappedJob | None:
        """Bring one import to where only its permit is missing; what is made to go as records stays in `kept`."""
        if self._is_held(item):
            return None
        tools, spec = self._tools, self._tools.specs[item.spec]

        def step() -> MappedJob | None:
            if tools.store.is_shared and tools.clock() >= claimed.lease:
                record.check_claim(tools, item, claimed)
            check_allowed(tools, item, spec)
            with ExitStack() as own:
                made = own.enter_context(prepared(tools, item, spec, claimed))
                going = outgoing(tools, made)
                if going is not None or len(made.parts) == 1:
                    self._has_jobs = True
                if going is not None:
                    self._going[item.key] = going
                    kept.push(own.pop_all())
                    return ready(going, claimed, item.attempt)
                if len(made.parts) == 1:
                    return submit(tools, made, claimed, item.attempt)
                if self._has_jobs:
                    raise Waiting(f"{item.file.path} comes in parts, which wait for the files before it")
                self._in_parts = item.file.path
                self._end(item, import_parts(tools, made, claimed, self._parts, carry=self._carried))
                return None

        return self._guarded(item, step)

    def _start(self, permitted: Sequence[tuple[MappedJob, Submitted]]) -> None:
        """Start the permitted jobs one by one. Behind one that failed, those of its spec are given back unstarted."""
        given_back = []
        for number, (job, given) in enumerate(permitted):
            if job.item.spec in self._failed_ahead and not self._may_run:
                given_back.append((job, given))
            elif self._may_run:
                self._tell(job.item, _left_permitted(job.item, given, self._may_run, self._left))
            else:
                if number and self._guarded(job.item, lambda: self._still_mine(job, given)) is None:  # noqa: B023 - called at once
                    self._may_run, self._left = given.job, "detached"  # whoever has it now may be running it
                    continue
                outcome = self._guarded(job.item, lambda: self._carried(job, given))  # noqa: B023 - called at once
                if outcome is not None:
                    self._end(job.item, outcome)
        if given_back:
            self._give_back(given_back)

    def _still_mine(self, job: MappedJob, given: Submitted) -> bool:
        record.check_mine(self._tools, job.item, given, job.held.epoch)
        return True

    def _carried(self, job: MappedJob, given: Submitted, made: Prepared | None = None) -> ImportOutcome:
        """Start one job and follow it to its end; a file that the API could not read is uploaded again.

        It is prepared again for that, where it is not there any more.
        """
        tools, item = self._tools, job.item
        if given.via == "records":
            return self._sent(job, given)
        while True:
            tools.stop.check()
            tools.reporter.step(item, Step.SUBMITTED, given.job)
            status = start_and_follow(tools, item, given, job.seconds)
            outcome = ended(tools, item, given, status, job.seconds)
            if outcome.result == "completed" or not may_upload_again(tools, item, status):
                return replace(outcome, warnings=(*job.warnings, *outcome.warnings))
            tools.reporter.step(item, Step.RETRYING, "the API could not read the file; it is uploaded again")
            with nullcontext(made) if made else prepared(tools, item, tools.specs[item.spec], job.held) as again:
                job = submit(tools, again, job.held, given.attempt + 1, part=given.part)
            given = permitted(tools, job)

    def _sent(self, job: MappedJob, given: Submitted) -> ImportOutcome:
        """Send what goes as records, for the first time under its permit."""
        tools, item = self._tools, job.item
        tools.stop.check()
        tools.reporter.step(item, Step.SUBMITTED, given.job)
        going, epoch = self._going.pop(item.key), job.held.epoch
        outcome = records.carry(tools, item, given, going, epoch=epoch, seconds=job.seconds, is_first=True)
        return replace(outcome, warnings=(*job.warnings, *outcome.warnings))

    def _give_back(self, permitted: Sequence[tuple[MappedJob, Submitted]]) -> None:
        items = [job.item for job, _ in permitted]
        reason = "held behind a file of its spec that did not finish; never started"
        try:
            mine = record.abandon(self._tools, permitted, reason)
        except SyncerError as error:
            for item in items:
                self._end(item, settle(self._tools, item, error))
            return
        for (job, given), was_mine in zip(permitted, mine, strict=True):
            held = _held(job.item, self._failed_ahead[job.item.spec])
            self._tell(job.item, held if was_mine else _taken_over(job.item, given))

    def _answered(self, items: Sequence[PlannedImport], ask: Callable[[], Sequence[T | PermitRefused]]) -> dict[Key, T]:
        """Make one transaction for all items. Those that are refused end; what stops the transaction ends them all."""
        if not items:
            return {}
        try:
            answers = ask()
        except SyncerError as error:
            for item in items:
                self._end(item, settle(self._tools, item, error))
            return {}
        granted: dict[Key, T] = {}
        for item, answer in zip(items, answers, strict=True):
            if isinstance(answer, PermitRefused):
                self._end(item, cut_short(self._tools, settle(self._tools, item, answer), self._parts))
            else:
                granted[item.key] = answer
        return granted

    def _guarded(self, item: PlannedImport, step: Callable[[], T]) -> T | None:
        """Take one step of one import; what goes wrong is its end."""
        try:
            return step()
        except SyncerError as error:
            self._end(item, cut_short(self._tools, settle(self._tools, item, error), self._parts))
            return None

    def _end(self, item: PlannedImport, outcome: ImportOutcome) -> None:
        if outcome.result != "completed" and self._keeps_order(item.spec):
            self._failed_ahead.setdefault(item.spec, item.file.path)
        if outcome.job and outcome.result not in ("completed", "failed"):
            self._may_run = outcome.job
            self._left = "detached" if outcome.result == "detached" else "unfinished"
        self._tell(item, outcome)

    def _is_held(self, item: PlannedImport) -> bool:
        """End an import that must not overtake one of its spec which did not finish."""
        ahead = self._failed_ahead.get(item.spec)
        if ahead is not None:
            self._tell(item, _held(item, ahead))
        elif self._in_parts:
            self._tell(
                item, ImportOutcome(item=item, result="held", message=f"held behind the parts of {self._in_parts}")
            )
        return ahead is not None or bool(self._in_parts)


def _held(item: PlannedImport, ahead: str) -> ImportOutcome:
    return ImportOutcome(
        item=item, result="held", message=f"held behind {ahead}, which did not finish (on_failure: block)"
    )


def _left_permitted(item: PlannedImport, given: Submitted, busy_with: str, result: Result) -> ImportOutcome:
    return ImportOutcome(
        item=item,
        result=result,
        job=given.job,
        message=f"job {given.job} is permitted and waits for job {busy_with}",
        next_step="continue with: syncer apply",
    )


def _taken_over(item: PlannedImport, given: Submitted) -> ImportOutcome:
    return ImportOutcome(
        item=item, result="held", elsewhere=True, message=f"another run has taken job {given.job} over"
    )


def _resumed(tools: Tools, item: PlannedImport) -> ImportOutcome:
    given = record.open_permit(tools, item)
    if given is None:
        return ImportOutcome(item=item, result="held", elsewhere=True, message="another run recorded its end meanwhile")
    if given.via == "records":
        return records.resumed(tools, item, given)
    seconds: dict[str, float] = {}
    status = taken_up(tools, item, given, seconds)
    return of_part(given, ended(tools, item, given, status, seconds))


def _going_on(tools: Tools, item: PlannedImport) -> PlannedImport:
    """Return the import whose resumed job has ended, as what is to be done about its parts that are missing."""
    life = life_of(tools, tools.store.read(), item)
    return replace(item, action=Action.RETRY, job=None, attempt=(life.last_attempt if life else item.attempt) + 1)


def _earlier_claim(tools: Tools, item: PlannedImport) -> Claimed | None:
    """Return the claim of a run that died before its permit, when it was for the same preparation.

    For a repair it is that of the import which it repairs.
    """
    log: Log = tools.store.read()
    if item.repairs:
        return frozen_names(tools, log, item)
    life = life_of(tools, log, item)
    claim = life.last_claim if life else None
    return claim if claim is not None and claim.preparation == item.preparation else None


def _values(tools: Tools, item: PlannedImport, spec: Spec) -> Values:
    from zoneinfo import ZoneInfo

    today = tools.clock().astimezone(ZoneInfo(spec.timezone)).date()
    return Values(
        spec=spec.name, date=item.file.date or today, file=item.file, import_id=item.import_id, run=tools.run.id
    )
