"""Walk a plan: one job at a time on an object, objects side by side, each import as soon as nothing holds it back."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime

from syncer.apply import record
from syncer.apply.context import Tools
from syncer.apply.imports import execute
from syncer.apply.outcome import ImportOutcome, Result, RunOutcome
from syncer.apply.resources import Creators
from syncer.errors import SyncerError
from syncer.model.events import Submitted
from syncer.model.log import Lineage, Log
from syncer.plan import Action, Plan, PlannedImport
from syncer.plan.types import Key

MOST_OBJECTS_AT_ONCE = 16
QUEUE_BYTES = 256_000_000

Ends = dict[Key, ImportOutcome]


def run(plan: Plan, tools: Tools) -> RunOutcome:
    """Execute every runnable import of the plan. A failing one stops what depends on it and nothing else.

    Raises the error that would have met every import (a refused token, a log that cannot be written) after the others
    have come to rest.
    """
    schedule = _Schedule(plan, tools)
    with ThreadPoolExecutor(max_workers=MOST_OBJECTS_AT_ONCE, thread_name_prefix="import") as pool:
        running: dict[Future[Ends], list[PlannedImport]] = {}
        while True:
            for items in schedule.take_ready():
                running[pool.submit(schedule.execute, items)] = items
            if not running:
                break
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                schedule.ended(running.pop(future), future.result())
    outcome = schedule.outcome()
    if tools.store.is_shared:
        record.release(tools, [each.item for each in outcome.imports if each.result != "completed"])
    if tools.stop.fatal is not None:
        raise tools.stop.fatal
    return outcome


class _Schedule:
    """What is left of a plan, what is at work, and how the rest ended.

    Jobs that were permitted before come first: until their end is recorded nothing else may start on their object. The
    files of one spec keep their order. Files of different specs on one object may overtake each other when the first
    has to wait for another spec, so that dependencies never lock each other out.
    """

    def __init__(self, plan: Plan, tools: Tools) -> None:
        self._plan = plan
        self._tools = tools
        self._creators = Creators(tools.stop)
        self._pending = _resumed_first(plan, tools)
        self._running: list[PlannedImport] = []
        self._outcomes: dict[Key, ImportOutcome] = {}
        self._unsuccessful: list[ImportOutcome] = []
        self._unfinished = Counter(item.spec for item in plan.runnable)
        self._resumes = sum(1 for item in plan.runnable if item.action is Action.RESUME)
        self._keeps_order = {spec.name: spec.keep_order for spec in plan.specs}

    def execute(self, items: list[PlannedImport]) -> Ends:
        """Carry out imports of one object in a worker thread; whatever goes wrong becomes an outcome."""
        ends: Ends = {}

        def tell(item: PlannedImport, outcome: ImportOutcome) -> None:
            ends[item.key] = outcome
            self._tools.reporter.finished(item, outcome)

        try:
            execute(self._tools, items, self._creators, keeps_order=self._in_order, tell=tell)
        except BaseException as error:
            self._tools.stop.by_error(SyncerError(f"a defect in syncer: {type(error).__name__}"))
            raise
        return ends

    def _in_order(self, spec: str) -> bool:
        return self._keeps_order.get(spec, True)

    def take_ready(self) -> list[list[PlannedImport]]:
        """Return the imports that may begin now, by object, and settle those that never will in this run."""
        if self._tools.stop.is_set() or self._tools.is_out_of_time():
            return []
        while self._settle_held():
            pass
        busy = {item.object for item in self._running}
        waiting: set[str] = set()
        queues: dict[str, list[PlannedImport]] = {}
        for item in self._pending:
            if item.object in busy or item.spec in waiting or self._must_wait(item):
                waiting.add(item.spec)
            elif self._fits(item, queues.setdefault(item.object, [])):
                queues[item.object].append(item)
            else:
                busy.add(item.object)
                waiting.add(item.spec)
        taken = [items for items in queues.values() if items]
        keys = {item.key for items in taken for item in items}
        self._pending = [item for item in self._pending if item.key not in keys]
        self._running += [item for items in taken for item in items]
        return taken

    def _fits(self, item: PlannedImport, queue: list[PlannedImport]) -> bool:
        """Whether the import may be permitted together with those before it on its object.

        A job to resume, a repair, one whose list or audience later ones join, and one that may be split, goes alone;
        and the first job must not wait for many bytes of others to be uploaded.
        """
        if not queue:
            return True
        both = (item, *queue)
        alone = any(
            each.action is Action.RESUME or each.repairs or self._makes_resources(each) or self._may_be_split(each)
            for each in both
        )
        small = sum(other.file.size for other in (item, *queue)) <= QUEUE_BYTES
        return not alone and small and len(queue) < self._tools.queue_length

    def ended(self, items: list[PlannedImport], ends: Ends) -> None:
        for item in items:
            self._running.remove(item)
            self._note(item, ends[item.key])

    def outcome(self) -> RunOutcome:
        """Return every import's end in the plan's order; what never began was interrupted."""
        late = self._tools.is_out_of_time()
        for item in self._pending:
            self._note(
                item, ImportOutcome(item=item, result="detached" if late else "interrupted", message="not begun")
            )
        return RunOutcome(self._tools.run.id, tuple(self._outcomes[item.key] for item in self._plan.runnable))

    def _note(self, item: PlannedImport, outcome: ImportOutcome) -> None:
        self._outcomes[item.key] = outcome
        self._unfinished[item.spec] -= 1
        self._resumes -= item.action is Action.RESUME
        if outcome.result != "completed":
            self._unsuccessful.append(outcome)

    def _settle_held(self) -> bool:
        held = [outcome for item in self._pending if (outcome := self._held_for_good(item)) is not None]
        for outcome in held:
            self._pending.remove(outcome.item)
            self._note(outcome.item, outcome)
            self._tools.reporter.finished(outcome.item, outcome)
        return bool(held)

    def _must_wait(self, item: PlannedImport) -> bool:
        if any(self._unfinished[name] for name in item.after):
            return True
        return self._resumes > 0 and self._makes_resources(item)

    def _makes_resources(self, item: PlannedImport) -> bool:
        """Whether the import asks for a list or an audience, which only one of them may create."""
        if item.action is Action.RESUME:
            return False
        spec = self._tools.specs[item.spec]
        return spec.audience is not None or (spec.list_options is not None and spec.list_options.create is not None)

    def _may_be_split(self, item: PlannedImport) -> bool:
        """Whether the import may need more than one job. A file that is large by any measure is alone by its size."""
        spec = self._tools.specs.get(item.spec)
        return spec is not None and spec.prepare.split is not None

    def _held_for_good(self, item: PlannedImport) -> ImportOutcome | None:
        for outcome in self._unsuccessful:
            other = outcome.item
            result: Result = "detached" if outcome.result == "detached" else "held"
            if other.spec in item.after:
                reason = f"depends on {other.spec}, where {other.file.path} did not finish"
            elif other.object == item.object and outcome.job and outcome.result != "failed":
                reason = f"job {outcome.job} on object {item.object} may still be running"
            elif other.spec == item.spec and self._in_order(item.spec) and not (other.repairs or item.repairs):
                reason = f"held behind {other.file.path}, which did not finish (on_failure: block)"
            else:
                continue
            return ImportOutcome(item=item, result=result, message=reason)
        return None


def _resumed_first(plan: Plan, tools: Tools) -> list[PlannedImport]:
    """Return what is to run, jobs that were permitted before first, in the order in which they were.

    Their owner may be alive and go through them, too. In one and the same order neither starts a job while another one
    of the object is running. An import that was uploaded again keeps the place of its first permit.
    """
    log = tools.store.read()
    given = {permit.job: _first_permitted(log, permit) for permit in log.open_permits(tools.workspace)}
    resumed = [item for item in plan.runnable if item.action is Action.RESUME]
    resumed.sort(key=lambda item: given.get(item.job or "", (tools.clock(), 0)))
    return resumed + [item for item in plan.runnable if item.action is not Action.RESUME]


def _first_permitted(log: Log, permit: Submitted) -> tuple[datetime, int]:
    """Say when, and as which of its queue, the first job of the permit's import was permitted."""
    lineage = Lineage((permit.spec,), permit.workspace, permit.object)
    life = log.find(lineage, permit.path, permit.generation, permit.import_id)
    permits = life.permits if life else [permit]
    return min((given.time, given.position) for given in permits)
