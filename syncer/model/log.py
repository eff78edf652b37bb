"""The fold of the log: what the events together say, whatever order they stand in.

A line that stands twice counts once; one that was altered is a conflict. Everything is indexed as it is added, so that
a question costs no more in a log of years than in a new one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from syncer.errors import Conflict
from syncer.model.events import AnyEvent, Claimed, Finished, Resolved, Submitted
from syncer.model.generation import Generation, Standing, later, rank, time_and_id

__all__ = ["Generation", "Lineage", "Log", "Standing", "WriteMode"]

WriteMode = Literal["upsert", "append"]


@dataclass(frozen=True, slots=True)
class Lineage:
    """Whose history is asked for: a spec by all its names, in one workspace, for one object."""

    names: tuple[str, ...]
    workspace: str
    object: str


class Log:
    """All events of all specs, kept folded. Adding an event is cheap and adding it twice changes nothing."""

    def __init__(self, events: Iterable[AnyEvent] = ()) -> None:
        self._events: dict[str, AnyEvent] = {}
        self._tails: dict[str, str] = {}
        self._seen: dict[str, str] = {}
        self._generations: dict[tuple[str, str, str], dict[str, dict[tuple[int, str], Generation]]] = defaultdict(dict)
        self._permits: dict[tuple[str, str], dict[str, Submitted]] = defaultdict(dict)
        self._ended: set[tuple[str, str]] = set()
        self._completed: set[tuple[str, str]] = set()
        self._write_modes: dict[tuple[str, str], set[WriteMode]] = defaultdict(set)
        self._lists: dict[tuple[str, str], Finished] = {}
        self._list_makers: dict[tuple[str, str], list[Submitted]] = defaultdict(list)
        self._audience_makers: dict[tuple[str, str], list[Submitted]] = defaultdict(list)
        for event in events:
            self.add(event)

    def __len__(self) -> int:
        return len(self._events)

    def __iter__(self) -> Iterator[AnyEvent]:
        """Yield every event once, in the order in which they were added: that of the lines within each spec's log."""
        return iter(self._events.values())

    def holds(self, event: AnyEvent) -> bool:
        """Whether this very event was added. Raises Conflict when another one has its id."""
        known = self._events.get(event.id)
        if known is not None and known != event:
            raise _altered(event)
        return known is not None

    def add(self, event: AnyEvent) -> None:
        """Add one event. Raises Conflict when another event has its id: a line of the log was altered."""
        if self.holds(event):
            return
        self._events[event.id] = event
        self._tails[event.spec] = event.id
        if event.seen:
            self._seen[event.seen] = event.spec
        by_path = self._generations[event.spec, event.workspace, event.object]
        lives = by_path.setdefault(event.path, {})
        key = (event.generation, event.import_id)
        if key not in lives:
            lives[key] = Generation(event.generation, event.import_id, event.path, event.fingerprint)
        lives[key].add(event)
        self._note(event)

    def _note(self, event: AnyEvent) -> None:
        match event:
            case Claimed(write_mode=mode) if mode is not None:
                self._write_modes[event.workspace, event.object].add(mode)
            case Submitted():
                permits = self._permits[event.workspace, event.object]
                permits[event.job] = max(permits.get(event.job, event), event, key=rank)
                self._note_makers(event)
            case Finished(job=str(job)):
                self._note_end(event.workspace, job, completed=event.outcome == "completed")
                if event.list_use is not None and event.list_use.name and event.list_use.id:
                    key = (event.workspace, event.list_use.name)
                    self._lists[key] = later(self._lists.get(key), event)
            case Resolved(decision=decision) if decision != "start":
                self._note_end(event.workspace, event.job, completed=decision == "completed")

    def _note_makers(self, permit: Submitted) -> None:
        if permit.list_use is not None and permit.list_use.create and permit.list_use.name:
            self._list_makers[permit.workspace, permit.list_use.name].append(permit)
        if permit.audience is not None and permit.audience.create:
            self._audience_makers[permit.workspace, permit.audience.name].append(permit)

    def _note_end(self, workspace: str, job: str, *, completed: bool) -> None:
        self._ended.add((workspace, job))
        if completed:
            self._completed.add((workspace, job))

    def write_modes(self, workspace: str) -> dict[str, WriteMode]:
        """Return what earlier imports learnt of the objects' write modes, by object.

        An object that had both modes is left out: which one it has now has to be asked.
        """
        return {
            name: next(iter(modes))
            for (where, name), modes in self._write_modes.items()
            if where == workspace and len(modes) == 1
        }

    def list_id(self, workspace: str, name: str) -> str | None:
        """Return the id of the list that an earlier import made under this name, where it was recorded."""
        made = self._lists.get((workspace, name))
        return made.list_use.id if made is not None and made.list_use is not None else None

    def list_makers(self, workspace: str, name: str) -> list[Submitted]:
        """Return the permits of every job that was to create this list."""
        return sorted(self._list_makers.get((workspace, name), ()), key=time_and_id)

    def audience_makers(self, workspace: str, name: str) -> list[Submitted]:
        """Return the permits of every job that was to create this audience; the API cannot find one by name."""
        return sorted(self._audience_makers.get((workspace, name), ()), key=time_and_id)

    def is_open(self, permit: Submitted) -> bool:
        return (permit.workspace, permit.job) not in self._ended

    def is_completed(self, permit: Submitted) -> bool:
        return (permit.workspace, permit.job) in self._completed

    def tail(self, spec: str) -> str:
        """Return the id of the newest event of this spec's log, or "" when it has none."""
        return self._tails.get(spec, "")

    def holes(self) -> dict[str, str]:
        """Return event ids that some event saw and the log no longer holds, with the spec whose log misses them."""
        return {seen: spec for seen, spec in self._seen.items() if seen not in self._events}

    def specs(self) -> set[str]:
        """Return the names of all specs that have a history."""
        return set(self._tails)

    def paths(self, lineage: Lineage) -> set[str]:
        return {path for name in lineage.names for path in self._of(name, lineage)}

    def _of(self, name: str, lineage: Lineage) -> dict[str, dict[tuple[int, str], Generation]]:
        return self._generations.get((name, lineage.workspace, lineage.object), {})

    def generations(self, lineage: Lineage, path: str) -> list[Generation]:
        """Return every generation of this path, oldest first; a renamed spec's are joined with those it had before."""
        joined: dict[tuple[int, str], Generation] = {}
        for name in lineage.names:
            for key, life in self._of(name, lineage).get(path, {}).items():
                joined[key] = _joined(joined[key], life) if key in joined else life
        return [joined[key] for key in sorted(joined)]

    def find(self, lineage: Lineage, path: str, number: int, import_id: str) -> Generation | None:
        return next(
            (g for g in self.generations(lineage, path) if (g.number, g.import_id) == (number, import_id)), None
        )

    def open_permits(self, workspace: str, object_name: str | None = None) -> list[Submitted]:
        """Return permits without a recorded end, of one object or of all, oldest first: jobs that may be running."""
        still_open = [
            permit
            for (where, name), permits in self._permits.items()
            if where == workspace and object_name in (None, name)
            for permit in permits.values()
            if self.is_open(permit)
        ]
        return sorted(still_open, key=time_and_id)

    def all_generations(self, workspace: str) -> Iterator[tuple[str, str, Generation]]:
        """Yield (spec name, object, generation) of everything recorded for the workspace."""
        for (spec, where, object_name), by_path in self._generations.items():
            if where == workspace:
                for lives in by_path.values():
                    for life in lives.values():
                        yield spec, object_name, life


def _joined(one: Generation, other: Generation) -> Generation:
    merged = Generation(one.number, one.import_id, one.path, one.fingerprint)
    for event in (*one.events(), *other.events()):
        merged.add(event)
    return merged


def _altered(event: AnyEvent) -> Conflict:
    return Conflict(
        f"two different lines of the log have the id {event.id}",
        where=f"spec {event.spec}, import {event.import_id}",
        why="lines are never changed once they are written; somebody altered one",
        next_step=f"find the line as it was written: git log -p -S {event.id}",
    )
