"""Walk a plan: one job at a time on an object, objects side by side, each import as soon as nothing holds it back."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from syncer.apply.context import Tools
from syncer.apply.failures import settle
from syncer.apply.imports import execute
from syncer.apply.outcome import ImportOutcome, RunOutcome
from syncer.apply.resources import Creators
from syncer.errors import SyncerError
from syncer.plan import Action, Plan, PlannedImport
from syncer.plan.types import Key

MOST_OBJECTS_AT_ONCE = 16


def run(plan: Plan, tools: Tools) -> RunOutcome:
    """Execute every runnable import of the plan. A failing one stops what depends on it and nothing else.

    Raises the error that would have met every import (a refused token, a log that cannot be written) after the others
    have come to rest.
    """
    schedule = _Schedule(plan, tools)
    with ThreadPoolExecutor(max_workers=MOST_OBJECTS_AT_ONCE, thread_name_prefix="import") as pool:
        running: dict[Future[ImportOutcome], PlannedImport] = {}
        while True:
            for item in schedule.take_ready():
                running[pool.submit(schedule.execute, item)] = item
            if not running:
                break
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                schedule.ended(running.pop(future), future.result())
    if tools.stop.fatal is not None:
        raise tools.stop.fatal
    return schedule.outcome()


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
        self._pending = sorted(plan.runnable, key=lambda item: item.action is not Action.RESUME)
        self._running: list[PlannedImport] = []
        self._outcomes: dict[Key, ImportOutcome] = {}
        self._unsuccessful: list[ImportOutcome] = []
        self._unfinished = Counter(item.spec for item in plan.runnable)
        self._resumes = sum(1 for item in plan.runnable if item.action is Action.RESUME)
        self._keeps_order = {spec.name: spec.keep_order for spec in plan.specs}

    def execute(self, item: PlannedImport) -> ImportOutcome:
        """Carry out one import in a worker thread; whatever goes wrong becomes its outcome."""
        try:
            outcome = execute(self._tools, item, self._creators)
        except SyncerError as error:
            outcome = self._settled(item, error)
        except BaseException as error:
            self._tools.stop.by_error(SyncerError(f"a defect in syncer: {type(error).__name__}"))
            raise
        self._tools.reporter.finished(item, outcome)
        return outcome

    def _settled(self, item: PlannedImport, error: SyncerError) -> ImportOutcome:
        try:
            return settle(self._tools, item, error)
        except SyncerError as worse:
            self._tools.stop.by_error(worse)
            return ImportOutcome(item=item, result="interrupted", message=worse.what)

    def take_ready(self) -> list[PlannedImport]:
        """Return the imports that may begin now, and settle those that never will in this run."""
        if self._tools.stop.is_set():
            return []
        while self._settle_held():
            pass
        busy = {item.object for item in self._running}
        waiting: set[str] = set()
        taken: list[PlannedImport] = []
        for item in self._pending:
            if item.object in busy or item.spec in waiting or self._must_wait(item):
                waiting.add(item.spec)
            else:
                busy.add(item.object)
                taken.append(item)
        keys = {item.key for item in taken}
        self._pending = [item for item in self._pending if item.key not in keys]
        self._running += taken
        return taken

    def ended(self, item: PlannedImport, outcome: ImportOutcome) -> None:
        self._running.remove(item)
        self._note(item, outcome)

    def outcome(self) -> RunOutcome:
        """Return every import's end in the plan's order; what never began was interrupted."""
        for item in self._pending:
            self._note(item, ImportOutcome(item=item, result="interrupted", message="not begun"))
        return RunOutcome(self._tools.run.id, tuple(self._outcomes[item.key] for item in self._plan.runnable))

    def _note(self, item: PlannedImport, outcome: ImportOutcome) -> None:
        self._outcomes[item.key] = outcome
        self._unfinished[item.spec] -= 1
        self._resumes -= item.action is Action.RESUME
        if outcome.result != "completed":
            self._unsuccessful.append(outcome)

    def _settle_held(self) -> bool:
        reasons = [(item, reason) for item in self._pending if (reason := self._held_for_good(item)) is not None]
        for item, reason in reasons:
            self._pending.remove(item)
            outcome = ImportOutcome(item=item, result="held", message=reason)
            self._note(item, outcome)
            self._tools.reporter.finished(item, outcome)
        return bool(reasons)

    def _must_wait(self, item: PlannedImport) -> bool:
        if any(self._unfinished[name] for name in item.after):
            return True
        return self._resumes > 0 and item.action is not Action.RESUME and self._makes_resources(item)

    def _makes_resources(self, item: PlannedImport) -> bool:
        """A list or audience that an adopted job creates must be known before another import asks for it."""
        spec = self._tools.specs[item.spec]
        return spec.audience is not None or (spec.list_options is not None and spec.list_options.create is not None)

    def _held_for_good(self, item: PlannedImport) -> str | None:
        for outcome in self._unsuccessful:
            other = outcome.item
            if other.spec in item.after:
                return f"depends on {other.spec}, where {other.file.path} did not finish"
            if other.object == item.object and outcome.job and outcome.result != "failed":
                return f"job {outcome.job} on object {item.object} may still be running"
            if other.spec == item.spec and self._keeps_order.get(item.spec, True):
                return f"held behind {other.file.path}, which did not finish (on_failure: block)"
        return None
