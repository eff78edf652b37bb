"""The fold of the log: what the events together say, whatever order they stand in.

Completed is absorbing within a generation; `forgotten` closes one; a line that stands twice counts once. Nothing here
depends on the order of lines or on anybody's clock.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from syncer.model.events import (
    AnyEvent,
    Baselined,
    Claimed,
    Failure,
    Finished,
    Forgotten,
    Resolved,
    Submitted,
    Waived,
)


class Standing(StrEnum):
    """Where one generation of an import stands."""

    CLAIMED = "claimed"
    PERMITTED = "permitted"
    FAILED = "failed"
    DONE = "done"
    FORGOTTEN = "forgotten"
    CONFLICT = "conflict"


@dataclass(slots=True)
class Generation:
    """One life of an import: everything the log says about one version of one path."""

    number: int
    import_id: str
    path: str
    fingerprint: str
    claims: list[Claimed] = field(default_factory=list)
    permits: list[Submitted] = field(default_factory=list)
    finishes: list[Finished] = field(default_factory=list)
    resolutions: list[Resolved] = field(default_factory=list)
    waivers: list[Waived] = field(default_factory=list)
    baseline: Baselined | None = None
    forgotten: Forgotten | None = None

    def add(self, event: AnyEvent) -> None:
        match event:
            case Claimed():
                self.claims.append(event)
            case Submitted():
                self.permits.append(event)
            case Finished():
                self.finishes.append(event)
            case Resolved():
                self.resolutions.append(event)
            case Waived():
                self.waivers.append(event)
            case Baselined():
                self.baseline = event
            case Forgotten():
                self.forgotten = event

    def events(self) -> Iterator[AnyEvent]:
        yield from self.claims
        yield from self.permits
        yield from self.finishes
        yield from self.resolutions
        yield from self.waivers
        if self.baseline is not None:
            yield self.baseline
        if self.forgotten is not None:
            yield self.forgotten

    @property
    def standing(self) -> Standing:
        if self.forgotten:
            return Standing.FORGOTTEN
        if self.done:
            return Standing.DONE
        open_permits = self.open_permits
        if len(open_permits) > len({permit.part for permit in open_permits}):
            return Standing.CONFLICT
        if open_permits:
            return Standing.PERMITTED
        return Standing.FAILED if self.last_failure else Standing.CLAIMED

    @property
    def done(self) -> bool:
        parts = max((claim.parts for claim in self.claims), default=1)
        return self.baseline is not None or self.completed_parts >= set(range(1, parts + 1))

    @property
    def completed_parts(self) -> set[int]:
        part_of = {permit.job: permit.part for permit in self.permits}
        completed = {finish.part for finish in self.finishes if finish.outcome == "completed"}
        return completed | {part_of.get(r.job, r.part) for r in self.resolutions if r.decision == "completed"}

    @property
    def open_permits(self) -> list[Submitted]:
        """Permits whose job has no recorded end, by part and attempt."""
        ended = {finish.job for finish in self.finishes}
        ended |= {r.job for r in self.resolutions if r.decision != "start"}
        unique = {permit.job: permit for permit in self.permits if permit.job not in ended}
        return sorted(unique.values(), key=lambda permit: (permit.part, permit.attempt, permit.job))

    @property
    def epoch(self) -> int:
        """The epoch of the claim that holds now; 0 when nobody ever claimed it."""
        return max((claim.epoch for claim in self.claims), default=0)

    @property
    def last_claim(self) -> Claimed | None:
        return max(self.claims, key=lambda claim: (claim.epoch, claim.id), default=None)

    @property
    def last_attempt(self) -> int:
        return max((event.attempt for event in (*self.permits, *self.finishes)), default=0)

    @property
    def failures(self) -> list[Finished]:
        """Failed attempts in the order of their attempts."""
        failed = [finish for finish in self.finishes if finish.outcome == "failed"]
        return sorted(failed, key=lambda finish: (finish.attempt, finish.id))

    @property
    def last_failure(self) -> Finished | None:
        failures = self.failures
        return failures[-1] if failures else None

    def counted_failures(self, preparation: str) -> int:
        """How many attempts of this preparation used up one of `retry.attempts`."""
        return sum(
            1
            for finish in self.failures
            if finish.preparation == preparation and finish.failure is not None and finish.failure.kind == "counted"
        )

    def final_failure(self, preparation: str) -> Failure | None:
        """Return the failure that makes another attempt with the same preparation pointless."""
        for finish in self.failures:
            if finish.preparation == preparation and finish.failure is not None and finish.failure.kind == "final":
                return finish.failure
        return None

    @property
    def completion(self) -> Finished | None:
        return next((finish for finish in self.finishes if finish.outcome == "completed"), None)


@dataclass(frozen=True, slots=True)
class Lineage:
    """Whose history is asked for: a spec by all its names, in one workspace, for one object."""

    names: tuple[str, ...]
    workspace: str
    object: str


class Log:
    """All events of all specs, kept folded. Adding an event is cheap and adding it twice changes nothing."""

    def __init__(self, events: Iterable[AnyEvent] = ()) -> None:
        self._ids: set[str] = set()
        self._tails: dict[str, str] = {}
        self._seen: dict[str, str] = {}
        self._generations: dict[tuple[str, str, str], dict[str, dict[tuple[int, str], Generation]]] = defaultdict(dict)
        self._permits: dict[tuple[str, str], dict[str, Submitted]] = defaultdict(dict)
        self._ended: set[tuple[str, str]] = set()
        self._completed: set[tuple[str, str]] = set()
        self._list_ids: dict[tuple[str, str], str] = {}
        self._list_makers: dict[tuple[str, str], list[Submitted]] = defaultdict(list)
        self._audience_makers: dict[tuple[str, str], list[Submitted]] = defaultdict(list)
        for event in events:
            self.add(event)

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, event: AnyEvent) -> None:
        if event.id in self._ids:
            return
        self._ids.add(event.id)
        self._tails[event.spec] = event.id
        if event.seen:
            self._seen[event.seen] = event.spec
        by_path = self._generations[event.spec, event.workspace, event.object]
        lives = by_path.setdefault(event.path, {})
        key = (event.generation, event.import_id)
        if key not in lives:
            lives[key] = Generation(event.generation, event.import_id, event.path, event.fingerprint)
        lives[key].add(event)
        match event:
            case Submitted():
                self._permits[event.workspace, event.object][event.job] = event
                self._note_makers(event)
            case Finished(job=str(job)):
                self._note_end(event.workspace, job, completed=event.outcome == "completed")
                if event.list_use is not None and event.list_use.name and event.list_use.id:
                    self._list_ids[event.workspace, event.list_use.name] = event.list_use.id
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

    def list_id(self, workspace: str, name: str) -> str | None:
        """Return the id of the list that an earlier import made under this name, where it was recorded."""
        return self._list_ids.get((workspace, name))

    def list_makers(self, workspace: str, name: str) -> list[Submitted]:
        """Return the permits of every job that was to create this list."""
        return list(self._list_makers.get((workspace, name), ()))

    def audience_makers(self, workspace: str, name: str) -> list[Submitted]:
        """Return the permits of every job that was to create this audience; the API cannot find one by name."""
        return list(self._audience_makers.get((workspace, name), ()))

    def is_open(self, permit: Submitted) -> bool:
        return (permit.workspace, permit.job) not in self._ended

    def is_completed(self, permit: Submitted) -> bool:
        return (permit.workspace, permit.job) in self._completed

    def tail(self, spec: str) -> str:
        """Return the id of the newest event of this spec's log, or "" when it has none."""
        return self._tails.get(spec, "")

    def holes(self) -> dict[str, str]:
        """Return event ids that some event saw and the log no longer holds, with the spec whose log misses them."""
        return {seen: spec for seen, spec in self._seen.items() if seen not in self._ids}

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
        """Return permits without a recorded end, of one object or of all: the jobs that may be running."""
        return [
            permit
            for (where, name), permits in self._permits.items()
            if where == workspace and object_name in (None, name)
            for permit in permits.values()
            if self.is_open(permit)
        ]

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
