"""Hold a whole log against the rules of exactly-once, after the fact and believing nobody.

Each finding is a sentence that an auditor can check: it names the events that it rests on. What a merge of two honest
logs brings about (two runs that recorded the same end of one job) is none. Linear in the number of events.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from syncer.model.audit_life import Life, Told
from syncer.model.audit_path import findings_of
from syncer.model.audit_repairs import findings_of_repairs
from syncer.model.events import AnyEvent, Notified, Submitted

__all__ = ["Anomaly", "Audit", "audit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """Something that the rules exclude. `events` are the ids of the lines that show it; `next_step` is one command."""

    kind: str
    message: str
    next_step: str
    spec: str = ""
    import_id: str = ""
    generation: int = 0
    path: str = ""
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Audit:
    """What was counted and what is wrong.

    `completed` counts imports as often as they were completed, `rows` what their jobs read.
    """

    events: int
    imports: int
    completed: int
    rows: int
    anomalies: tuple[Anomaly, ...]


@dataclass(slots=True)
class _Books:
    """The events sorted by what they are about. `names` gives each spec name the family whose history it joins."""

    names: Mapping[str, str]
    by_id: dict[str, AnyEvent] = field(default_factory=dict)
    altered: list[tuple[AnyEvent, AnyEvent]] = field(default_factory=list)
    lives: dict[tuple[str, str, str, str], dict[tuple[int, str], Life]] = field(default_factory=dict)
    permits: dict[tuple[str, str], list[Submitted]] = field(default_factory=lambda: defaultdict(list))

    def add(self, position: int, event: AnyEvent) -> None:
        known = self.by_id.get(event.id)
        if known is not None:
            if known != event:
                self.altered.append((known, event))
            return
        self.by_id[event.id] = event
        if isinstance(event, Notified):  # about no import
            return
        family = self.names.get(event.spec, event.spec)
        by_path = self.lives.setdefault((family, event.workspace, event.object, event.path), {})
        key = (event.generation, event.import_id)
        life = by_path.get(key)
        if life is None:
            life = by_path[key] = Life(*key, event.path, event.fingerprint, event)
        life.add(position, event)
        if isinstance(event, Submitted):
            self.permits[event.workspace, event.job].append(event)


def audit(events: Iterable[AnyEvent], lineages: Iterable[Sequence[str]] = ()) -> Audit:
    """Check all events, given in the order of their lines.

    `lineages` are the names of each renamed spec, oldest first: what they logged is one history. A spec that stands in
    none of them is a history by itself.
    """
    names = {name: (lineage[0], place) for lineage in lineages for place, name in enumerate(lineage)}
    books = _Books({name: family for name, (family, _) in names.items()})
    if any(place for _, place in names.values()):  # a stable sort: the lines of one name keep their order
        events = sorted(events, key=lambda event: names.get(event.spec, ("", 0))[1])
    for position, event in enumerate(events):
        books.add(position, event)
    anomalies = [*_altered(books), *_lost(books), *_shared_jobs(books), *_busy_objects(books)]
    completed = rows = 0
    for by_path in books.lives.values():
        lives = [by_path[key] for key in sorted(by_path)]
        anomalies += map(_anomaly, findings_of(lives))
        completed += sum(life.imported for life in lives)
        rows += sum(life.rows for life in lives)
    anomalies += map(_anomaly, findings_of_repairs(books.lives))
    imports = sum(len({import_id for _, import_id in by_path}) for by_path in books.lives.values())
    return Audit(len(books.by_id), imports, completed, rows, tuple(anomalies))


def _anomaly(told: Told) -> Anomaly:
    first = told.events[0]
    return Anomaly(
        kind=told.kind,
        message=told.message,
        next_step=told.next_step or f"see everything about it: syncer state show {first.import_id}",
        spec=first.spec,
        import_id=first.import_id,
        generation=first.generation,
        path=first.path,
        events=tuple(event.id for event in told.events),
    )


def _altered(books: _Books) -> Iterator[Anomaly]:
    for one, other in books.altered:
        message = f"two different lines have the id {one.id}: lines are never changed once they are written"
        step = f"find the line as it was written: git log -p -S {one.id}"
        yield _anomaly(Told("altered", message, (one, other), step))


def _lost(books: _Books) -> Iterator[Anomaly]:
    """Events name the one they saw last, so a line that was cut out of the log leaves a hole."""
    for event in books.by_id.values():
        if event.seen and event.seen not in books.by_id:
            message = f"the log lacks event {event.seen}, which event {event.id} saw: a line was lost"
            yield _anomaly(Told("hole", message, (event,), f"look for the line: git log -p -S {event.seen}"))


def _shared_jobs(books: _Books) -> Iterator[Anomaly]:
    """One job imports one file once; a permit of it for anything else would record rows that never came."""
    for (_, job), permits in books.permits.items():
        if len({_purpose(permit) for permit in permits}) > 1:
            yield _anomaly(
                Told("job-shared", f"job {job} is permitted for more than one import or part", tuple(permits))
            )


def _purpose(permit: Submitted) -> tuple[str, int, int]:
    return (permit.import_id, permit.generation, permit.part)


def _busy_objects(books: _Books) -> Iterator[Anomaly]:
    """The API runs one job an object: open permits of two runs on one object could never both have been given."""
    by_object: dict[tuple[str, str], list[Submitted]] = defaultdict(list)
    for by_path in books.lives.values():
        for life in by_path.values():
            for permit in life.open_permits:
                by_object[permit.workspace, permit.object].append(permit)
    for (_, name), permits in by_object.items():
        runs = Counter(permit.run for permit in permits)
        if len(runs) > 1:
            jobs = ", ".join(f"{permit.job} of run {permit.run}" for permit in permits)
            yield _anomaly(Told("object-shared", f"two runs have open jobs on object {name}: {jobs}", tuple(permits)))
