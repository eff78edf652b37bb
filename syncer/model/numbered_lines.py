"""The lines of a log, each once and by its number, without the events that they hold."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator

from syncer.errors import Conflict
from syncer.model.events import AnyEvent
from syncer.model.line_index import LineIndex

Recall = Callable[[int], AnyEvent]
"""Reads the event at a place (0 or more) again. Raises Conflict when it is not there any more. Safe between threads."""


class NumberedLines:
    """What was added, in that order. An event that was added before is none the second time."""

    def __init__(self, recall: Recall | None) -> None:
        self._recall = recall
        self._places = array("q")
        self._kept: list[AnyEvent] = []
        self._ids = LineIndex()

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[AnyEvent]:
        return map(self.event, range(len(self._places)))

    def add(self, event: AnyEvent, place: int | None) -> int | None:
        """Take in an event, which is kept in memory unless it can be recalled from a place; return its number.

        None stands for an event that is there already. Raises Conflict when another event has its id.
        """
        number = len(self._places)
        if not self._ids.add_first(event.id, number):
            if self.holds(event):
                return None
            self._ids.add(event.id, number)
        if place is None:
            place = -1 - len(self._kept)
            self._kept.append(event)
        self._places.append(place)
        return number

    def event(self, number: int) -> AnyEvent:
        """Return an event again. Raises Conflict when another one stands in its place by now."""
        place = self._places[number]
        if self._recall is None or place < 0:
            return self._kept[-1 - place]
        event = self._recall(place)
        if number not in self._ids.lines(event.id):
            raise Conflict(
                f"a line of the log became event {event.id} while it was in use",
                where=f"spec {event.spec}, import {event.import_id}",
                why="the log is append-only; an editor, a checkout or a merge must not change it under a run",
                next_step=f"see where it comes from: git log -p -S {event.id}",
            )
        return event

    def of_id(self, event_id: str) -> AnyEvent | None:
        found = map(self.event, self._ids.lines(event_id))
        return next((event for event in found if event.id == event_id), None)

    def holds(self, event: AnyEvent) -> bool:
        """Whether this very event was added. Raises Conflict when another one has its id: a line was altered."""
        known = self.of_id(event.id)
        if known is not None and known != event:
            raise Conflict(
                f"two different lines of the log have the id {event.id}",
                where=f"spec {event.spec}, import {event.import_id}",
                why="lines are never changed once they are written; somebody altered one",
                next_step=f"find the line as it was written: git log -p -S {event.id}",
            )
        return known is not None
