"""What a run has noted and not pushed yet: in memory for the next push, and on this disk should there be none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from syncer.model.events import AnyEvent, Claimed, Finished, Submitted
from syncer.model.log import Lineage, Log
from syncer.state.spool import Spool, left_behind


class Unpushed:
    """The events of one run that are to go with its next push, and those that dead runs of this clone have left.

    `folder` holds one spool a run. Not thread-safe: the store's own lock guards it.
    """

    def __init__(self, folder: Path, run: str, new_id: Callable[[], str]) -> None:
        self.events: list[AnyEvent] = []
        self.spool = Spool(folder / f"{run or 'operator'}.jsonl")
        self.unreadable: list[Path] = []
        self._folder = folder
        self._new_id = new_id
        self._inherited: list[Path] = []

    def add(self, events: Sequence[AnyEvent]) -> None:
        """Keep the events durably. Raises SyncerError when the disk refuses; the next push takes them all the same."""
        self.events += events
        self.spool.append(events)

    def inherit(self, log: Log) -> None:
        """Take over the facts that dead runs could not push and that the shared log lacks. No run may be alive here.

        Their claims and permits are left out: a claim of the dead says nothing, and what has no shared permit never
        started. Their files go once the facts are pushed.
        """
        found, self.unreadable = left_behind(self._folder)
        found.pop(self.spool.path, None)
        self._inherited += found
        facts = [event for events in found.values() for event in events]
        self.add(still_to_tell(facts, log, self._new_id, facts_only=True))
        if not self.events:
            self.clear()

    def rebase(self, log: Log) -> None:
        """Leave out what the log, taken anew, tells by itself."""
        kept = still_to_tell(self.events, log, self._new_id)
        if kept != self.events:
            self.events = kept
            self.spool.replace(kept)

    def clear(self) -> None:
        """Forget what was kept: it has reached the shared log."""
        self.events.clear()
        self.spool.clear()
        for path in self._inherited:
            path.unlink(missing_ok=True)
        self._inherited.clear()


def still_to_tell(
    noted: Iterable[AnyEvent], log: Log, new_id: Callable[[], str], *, facts_only: bool = False
) -> list[AnyEvent]:
    """Return the noted events that the log lacks, without those that it tells in other words.

    An event that was written behind one that is left out gets a new id along with its new place, so that no id ever
    stands for two lines.
    """
    instead: dict[str, str] = {}
    kept: dict[str, AnyEvent] = {}
    for event in noted:
        if log.holds(event) or event.id in kept:
            continue
        seen = instead.get(event.seen, event.seen)
        if _is_told(event, log) or (facts_only and isinstance(event, (Claimed, Submitted))):
            instead[event.id] = seen
            continue
        fresh = event if seen == event.seen else msgspec.structs.replace(event, id=new_id(), seen=seen)
        instead[event.id] = fresh.id
        kept[event.id] = fresh
    return list(kept.values())


def _is_told(event: AnyEvent, log: Log) -> bool:
    """Whether another run recorded the same end of the same job, or claimed what this event lets go of."""
    if isinstance(event, Finished):
        return log.tells_end(event)
    if isinstance(event, Claimed):
        lineage = Lineage((event.spec,), event.workspace, event.object)
        life = log.find(lineage, event.path, event.generation, event.import_id)
        return life is not None and life.epoch >= event.epoch
    return False
