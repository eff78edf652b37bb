"""What became of the jobs that were permitted, whichever import they belong to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from syncer.model.events import AnyEvent, Finished, Resolved, Submitted
from syncer.model.generation import later, rank, time_and_id
from syncer.model.line_index import LineIndex
from syncer.model.numbered_lines import NumberedLines


class Jobs:
    """Permits without an end, and the lists and audiences that jobs make. Of an ended job only the line is kept."""

    def __init__(self, lines: NumberedLines) -> None:
        self._lines = lines
        self._ends = LineIndex()
        self._open: dict[tuple[str, str], dict[str, Submitted]] = {}
        self._lists: dict[tuple[str, str], Finished] = {}
        self._list_makers: dict[tuple[str, str], list[Submitted]] = defaultdict(list)
        self._audience_makers: dict[tuple[str, str], list[Submitted]] = defaultdict(list)

    def add(self, line: int, event: AnyEvent) -> None:
        """Take in what the event, which has this number among the lines, says of a job."""
        if isinstance(event, Submitted):
            self._add_permit(event)
        elif isinstance(event, Finished):
            if event.job is not None:
                self._add_end(line, event.workspace, event.job)
                self._add_list(event)
        elif isinstance(event, Resolved) and event.decision != "start":
            self._add_end(line, event.workspace, event.job)

    def _add_permit(self, permit: Submitted) -> None:
        if self.is_open(permit):
            by_object = self._open.setdefault((permit.workspace, permit.job), {})
            known = by_object.get(permit.object)
            by_object[permit.object] = permit if known is None else max(known, permit, key=rank)
        if permit.list_use is not None and permit.list_use.create and permit.list_use.name:
            self._list_makers[permit.workspace, permit.list_use.name].append(permit)
        if permit.audience is not None and permit.audience.create:
            self._audience_makers[permit.workspace, permit.audience.name].append(permit)

    def _add_end(self, line: int, workspace: str, job: str) -> None:
        self._ends.add((workspace, job), line)
        self._open.pop((workspace, job), None)

    def _add_list(self, end: Finished) -> None:
        if end.list_use is not None and end.list_use.name and end.list_use.id:
            key = (end.workspace, end.list_use.name)
            self._lists[key] = later(self._lists.get(key), end)

    def ends(self, workspace: str, job: str) -> Iterator[Finished | Resolved]:
        """Yield every recorded end of the job, read from the log again."""
        for event in map(self._lines.event, self._ends.lines((workspace, job))):
            if isinstance(event, (Finished, Resolved)) and (event.workspace, event.job) == (workspace, job):
                yield event

    def is_open(self, permit: Submitted) -> bool:
        return not any(True for _ in self.ends(permit.workspace, permit.job))

    def is_completed(self, permit: Submitted) -> bool:
        return any(_is_completed(end) for end in self.ends(permit.workspace, permit.job))

    def tells_end(self, end: Finished) -> bool:
        """Whether it is recorded how the job of this event ended, and that it ended so."""
        if end.job is None:
            return False
        ends = self.ends(end.workspace, end.job)
        return any(isinstance(known, Finished) and known.outcome == end.outcome for known in ends)

    def open_permits(self, workspace: str, object_name: str | None = None) -> list[Submitted]:
        """Return permits without a recorded end, of one object or of all, oldest first: jobs that may be running."""
        permits = [permit for by_object in list(self._open.values()) for permit in list(by_object.values())]
        wanted = [
            permit for permit in permits if permit.workspace == workspace and object_name in (None, permit.object)
        ]
        return sorted(wanted, key=time_and_id)

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


def _is_completed(end: Finished | Resolved) -> bool:
    return (end.outcome if isinstance(end, Finished) else end.decision) == "completed"
