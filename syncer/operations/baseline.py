"""Record files as already imported without importing them: how a spec takes over what was loaded by other means."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from syncer.errors import SourceError
from syncer.model.events import AnyEvent, Baselined
from syncer.model.generation import Standing
from syncer.model.log import Lineage, Log
from syncer.operations.change import Change, LeftAlone
from syncer.operations.ledger import Ledger
from syncer.operations.state_write import touched
from syncer.plan import Action, PlannedImport

_LEFT = {
    Action.WAIT: "another run has it in hand",
    Action.RESUME: "a job of it is permitted and has no recorded end",
}


def baseline(ledger: Ledger, name: str, *, patterns: Sequence[str] = (), reason: str, dry_run: bool = False) -> Change:
    """Record the spec's pending files, or those whose path matches a pattern, as imported.

    Files that have a permitted job without an end, or that a living run has claimed, are left alone. It needs no quiet
    folder: a run that claims one of them meanwhile is refused its permit. Raises SourceError when the source cannot be
    listed, and UsageError for a spec that the project does not have.
    """
    pending = _pending(ledger, name, patterns)
    left = [LeftAlone(spec=name, path=item.file.path, reason=_LEFT[item.action]) for item in pending if not _may(item)]
    chosen = [item for item in pending if _may(item)]
    late: list[LeftAlone] = []

    def decide(log: Log) -> Sequence[AnyEvent]:
        late.clear()
        events: list[AnyEvent] = []
        for item in chosen:
            number = _generation(ledger, log, item)
            if number is None:
                why = "another run took it in hand meanwhile"
                late.append(LeftAlone(spec=name, path=item.file.path, reason=why))
            else:
                events.append(_event(ledger, item, number, reason))
        return events

    written = tuple(decide(ledger.store.read())) if dry_run or not chosen else ledger.store.transact(decide)
    done = Change(verb="baseline", reason=reason, touched=touched(written), left=(*left, *late), dry_run=dry_run)
    return ledger.changed(done) if written else done


def _pending(ledger: Ledger, name: str, patterns: Sequence[str]) -> list[PlannedImport]:
    made = ledger.plan((name,))
    for problem in made.problems:
        raise SourceError(f"the files cannot be listed: {problem}", next_step=f"see: syncer plan --spec {name}")
    return [
        item
        for item in made.imports
        if item.spec == name
        and item.action is not Action.SKIP
        and not item.repairs
        and (not patterns or any(fnmatchcase(item.file.path, pattern) for pattern in patterns))
    ]


def _may(item: PlannedImport) -> bool:
    return item.action not in _LEFT


def _generation(ledger: Ledger, log: Log, item: PlannedImport) -> int | None:
    """Return the generation that the file's version has in the log, or gets; None when it is not free any more.

    The plan's own number does not do for files that are held back: theirs is that of the version before.
    """
    generations = log.generations(_lineage(ledger, item), item.file.path)
    if not generations:
        return 1
    newest = generations[-1].number
    same = [life for life in generations if life.number == newest and life.fingerprint == item.file.fingerprint]
    if any(life.open_permits for life in generations) or any(life.standing is Standing.DONE for life in same):
        return None
    held = any(life.last_claim and life.last_claim.lease > ledger.clock() for life in same)
    if held and not ledger.is_exclusive:
        return None
    return newest if same and same[0].standing is not Standing.FORGOTTEN else newest + 1


def _lineage(ledger: Ledger, item: PlannedImport) -> Lineage:
    spec = next(loaded.spec for loaded in ledger.project.specs if loaded.spec.name == item.spec)
    return Lineage(spec.lineage, ledger.workspace, item.object)


def _event(ledger: Ledger, item: PlannedImport, number: int, reason: str) -> Baselined:
    facts = ledger.facts(
        spec=item.spec,
        target=item.object,
        path=item.file.path,
        fingerprint=item.file.fingerprint,
        import_id=item.import_id,
        generation=number,
    )
    return Baselined(**facts, reason=reason)
