"""The fold of the log: what the events together say, whatever order they stand in.

A line that stands twice counts once; one that was altered is a conflict. Everything is indexed as it is added, so that
a question costs no more in a log of years than in a new one. What is over takes a few hundred bytes of memory a file:
its events are left where they were written, and are read again when somebody asks for them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from syncer.model.events import AnyEvent, Claimed, Finished, Notified, Submitted
from syncer.model.generation import Generation, Standing
from syncer.model.jobs import Jobs
from syncer.model.numbered_lines import NumberedLines, Recall
from syncer.model.path_history import PathHistory, Summary, is_over, newest_is, summary, unpacked

__all__ = ["Generation", "Lineage", "Log", "Standing", "Summary", "WriteMode"]

WriteMode = Literal["upsert", "append"]
_ByPath = dict[str, PathHistory | bytes]


@dataclass(frozen=True, slots=True)
class Lineage:
    """Whose history is asked for: a spec by all its names, in one workspace, for one object."""

    names: tuple[str, ...]
    workspace: str
    object: str


class Log:
    """All events of all specs, kept folded. Adding an event is cheap and adding it twice changes nothing.

    With `recall`, events that were added along with their place are read again from there and not kept in memory.
    """

    def __init__(self, events: Iterable[AnyEvent] = (), *, recall: Recall | None = None) -> None:
        self._lines = NumberedLines(recall)
        self._jobs = Jobs(self._lines)
        self._tails: dict[str, str] = {}
        self._lost: dict[str, str] = {}
        self._histories: dict[tuple[str, str, str], _ByPath] = defaultdict(dict)
        self._write_modes: dict[tuple[str, str], set[WriteMode]] = defaultdict(set)
        self._notices: dict[tuple[str, str], Notified] = {}
        for event in events:
            self.add(event)

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[AnyEvent]:
        """Yield every event once, in the order in which they were added: that of the lines within each spec's log."""
        return iter(self._lines)

    def holds(self, event: AnyEvent) -> bool:
        """Whether this very event was added. Raises Conflict when another one has its id."""
        return self._lines.holds(event)

    def add(self, event: AnyEvent, place: int | None = None) -> None:
        """Add one event; `place` is where `recall` finds it again.

        Raises Conflict when another event has its id: a line of the log was altered.
        """
        line = self._lines.add(event, place)
        if line is None:
            return
        self._note_place(event)
        if isinstance(event, Notified):
            known = self._notices.setdefault((event.spec, event.workspace), event)
            if event.time > known.time:  # a merge may have left the lines in another order
                self._notices[event.spec, event.workspace] = event
            return
        by_path = self._histories[event.spec, event.workspace, event.object]
        history = self._in_full(by_path.get(event.path))
        history.add(line, event)
        by_path[event.path] = history.packed() or history
        self._jobs.add(line, event)
        if isinstance(event, Claimed) and event.write_mode is not None:
            self._write_modes[event.workspace, event.object].add(event.write_mode)

    def _note_place(self, event: AnyEvent) -> None:
        """Remember the newest event of each spec's log, and what was seen there and is missing."""
        before = self._tails.get(event.spec)
        self._tails[event.spec] = event.id
        self._lost.pop(event.id, None)
        if event.seen and event.seen != before and self._lines.of_id(event.seen) is None:
            self._lost[event.seen] = event.spec

    def _in_full(self, known: PathHistory | bytes | None) -> PathHistory:
        if isinstance(known, PathHistory):
            return known
        history = PathHistory()
        for line in unpacked(known).lines if known is not None else ():
            history.add(line, self._lines.event(line))
        return history

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
        return self._jobs.list_id(workspace, name)

    def list_makers(self, workspace: str, name: str) -> list[Submitted]:
        """Return the permits of every job that was to create this list."""
        return self._jobs.list_makers(workspace, name)

    def audience_makers(self, workspace: str, name: str) -> list[Submitted]:
        """Return the permits of every job that was to create this audience; the API cannot find one by name."""
        return self._jobs.audience_makers(workspace, name)

    def is_open(self, permit: Submitted) -> bool:
        return self._jobs.is_open(permit)

    def is_completed(self, permit: Submitted) -> bool:
        return self._jobs.is_completed(permit)

    def tells_end(self, end: Finished) -> bool:
        """Whether the log says by itself how the job of this event ended, and that it ended so."""
        return self._jobs.tells_end(end)

    def open_permits(self, workspace: str, object_name: str | None = None) -> list[Submitted]:
        """Return permits without a recorded end, of one object or of all, oldest first: jobs that may be running."""
        return self._jobs.open_permits(workspace, object_name)

    def tail(self, spec: str) -> str:
        """Return the id of the newest event of this spec's log, or "" when it has none."""
        return self._tails.get(spec, "")

    def holes(self) -> dict[str, str]:
        """Return event ids that some event saw and the log no longer holds, with the spec whose log misses them."""
        return dict(self._lost)

    def specs(self) -> set[str]:
        """Return the names of all specs that have a history."""
        return set(self._tails)

    def last_notice(self, names: tuple[str, ...], workspace: str) -> Notified | None:
        """Return what people were last told of how a spec stands; `names` are all that it has had, oldest first."""
        found = (self._notices.get((name, workspace)) for name in reversed(names))
        return next((each for each in found if each is not None), None)

    def paths(self, lineage: Lineage) -> set[str]:
        return {path for name in lineage.names for path in self._of(name, lineage)}

    def unfinished(self, lineage: Lineage) -> set[str]:
        """Return the paths of which something may still happen, or that were begun and given up."""
        return {
            path
            for name in lineage.names
            for path, known in self._of(name, lineage).items()
            if isinstance(known, PathHistory)
        }

    def knows(self, lineage: Lineage, path: str) -> bool:
        """Whether anything is recorded of this path."""
        return bool(self._known(lineage, path))

    def is_settled(self, lineage: Lineage, path: str, fingerprint: str) -> bool:
        """Whether the newest generation of this path is this very version, imported, and no job of the path is open.

        No event is read again for it, but for a path that several names of the spec have had: so it can be asked of
        every file there is.
        """
        known = self._known(lineage, path)
        if len(known) == 1:
            return isinstance(known[0], bytes) and newest_is(fingerprint, unpacked(known[0]).summaries)
        lives = self.generations(lineage, path) if known else []
        return bool(lives) and all(map(is_over, lives)) and newest_is(fingerprint, [*map(summary, lives)])

    def _of(self, name: str, lineage: Lineage) -> _ByPath:
        return self._histories.get((name, lineage.workspace, lineage.object), {})

    def _known(self, lineage: Lineage, path: str) -> list[PathHistory | bytes]:
        found = (self._of(name, lineage).get(path) for name in lineage.names)
        return [each for each in found if each is not None]

    def generations(self, lineage: Lineage, path: str) -> list[Generation]:
        """Return every generation of this path, oldest first; a renamed spec's are joined with those it had before."""
        joined: dict[tuple[int, str], Generation] = {}
        for known in self._known(lineage, path):
            for key, life in self._in_full(known).generations.items():
                joined[key] = _joined(joined[key], life) if key in joined else life
        return [joined[key] for key in sorted(joined)]

    def events(self, lineage: Lineage, path: str) -> list[AnyEvent]:
        """Return all that is recorded of this path, under every name of its spec, in the order of the lines."""
        known = self._known(lineage, path)
        lines = [line for each in known for line in (unpacked(each) if isinstance(each, bytes) else each).lines]
        return [self._lines.event(line) for line in sorted(lines)]

    def summaries(self, lineage: Lineage, path: str) -> list[Summary]:
        """Return every generation of this path in short, oldest first, without reading anything again."""
        known = self._known(lineage, path)
        if len(known) == 1 and isinstance(known[0], bytes):
            return sorted(unpacked(known[0]).summaries, key=lambda each: (each.number, each.import_id))
        return [summary(life) for life in self.generations(lineage, path)]

    def find(self, lineage: Lineage, path: str, number: int, import_id: str) -> Generation | None:
        return next(
            (g for g in self.generations(lineage, path) if (g.number, g.import_id) == (number, import_id)), None
        )

    def all_generations(self, workspace: str) -> Iterator[tuple[str, str, Generation]]:
        """Yield (spec name, object, generation) of everything recorded for the workspace."""
        for (spec, where, object_name), by_path in self._histories.items():
            if where == workspace:
                for known in by_path.values():
                    for life in self._in_full(known).generations.values():
                        yield spec, object_name, life


def _joined(one: Generation, other: Generation) -> Generation:
    merged = Generation(one.number, one.import_id, one.path, one.fingerprint)
    for event in (*one.events(), *other.events()):
        merged.add(event)
    return merged
