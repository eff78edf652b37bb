"""One life of an import: what the log says about one version of one path, whatever order its lines stand in.

Completed is absorbing within a generation, and `forgotten` closes one. What may be done never depends on the order of
lines or on anybody's clock. Where two lines say different things that are both harmless (why a generation was closed),
the later one counts, so that every machine reads the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from syncer.model.events import (
    AnyEvent,
    Baselined,
    Claimed,
    Event,
    Failure,
    Finished,
    Forgotten,
    Resolved,
    Submitted,
    Waived,
)

E = TypeVar("E", bound=Event)
CONTENT = "sha256:"
"""The scheme of a fingerprint that is the digest of the file's own bytes."""


def rank(event: Claimed | Submitted) -> tuple[int, str]:
    """Order what one import was claimed or permitted under: by epoch, never by a clock."""
    return (event.epoch, event.id)


def time_and_id(event: Event) -> tuple[datetime, str]:
    """Order events as they were written, as far as clocks agree; where it decides nothing but words."""
    return (event.time, event.id)


def later(one: E | None, other: E) -> E:
    return other if one is None else max(one, other, key=time_and_id)


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
                self.baseline = later(self.baseline, event)
            case Forgotten():
                self.forgotten = later(self.forgotten, event)

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
        open_permits = self.open_permits
        if open_permits and self._contested(open_permits):
            return Standing.CONFLICT
        if self.forgotten:
            return Standing.FORGOTTEN
        if self.done:
            return Standing.DONE
        if open_permits:
            return Standing.PERMITTED
        return Standing.FAILED if self.last_failure or self.given_up else Standing.CLAIMED

    def _contested(self, open_permits: list[Submitted]) -> bool:
        """Whether a job may still be started for what another job, or an operator, has settled already."""
        parts = {permit.part for permit in open_permits}
        return (
            len(open_permits) > len(parts)
            or bool(parts & self.completed_parts)
            or self.baseline is not None
            or self.forgotten is not None
        )

    @property
    def done(self) -> bool:
        if self.baseline is not None:
            return True
        return self.completed_parts.issuperset(range(1, self.parts + 1))

    @property
    def parts(self) -> int:
        """Into how many parts the file was split, by the permits: an attempt that came to none may have made others."""
        of_job = {permit.job: permit.parts or 1 for permit in self.permits}
        failed = {finish.job for finish in self.finishes if finish.outcome == "failed"}
        failed |= {r.job for r in self.resolutions if r.decision in ("abandon", "failed")}
        said = [parts for job, parts in of_job.items() if job not in failed]
        return max(said or [claim.parts for claim in self.claims], default=1)

    @property
    def is_partial(self) -> bool:
        """Whether some parts of the file were imported, and not all."""
        return bool(self.completed_parts) and not self.done

    @property
    def parts_left(self) -> str:
        """Say which parts are not imported: "part 3 of 3", "parts 2 and 3 of 3"."""
        left = [str(number) for number in range(1, self.parts + 1) if number not in self.completed_parts]
        words = " and ".join([", ".join(left[:-1]), left[-1]] if len(left) > 1 else left)
        return f"part{'s' if len(left) > 1 else ''} {words} of {self.parts}"

    @property
    def is_imported(self) -> bool:
        """Whether the platform has its rows as far as the log knows, and nobody has asked to send them again."""
        return self.done and self.forgotten is None

    @property
    def content(self) -> str | None:
        """The digest of this version's bytes (`sha256:<hex>`), where the fingerprint or a job that got them tells.

        Where only the path counts a version may have had several contents: then that of the completed job.
        """
        if self.fingerprint.startswith(CONTENT):
            return self.fingerprint
        ended = {finish.job for finish in self.finishes if finish.outcome == "completed"}
        ended |= {resolution.job for resolution in self.resolutions if resolution.decision == "completed"}
        read = {permit.job: permit.content for permit in self.permits if permit.content}
        told = {read[job] for job in ended & read.keys() if job is not None} or set(read.values())
        return told.pop() if len(told) == 1 else None

    @property
    def completed_parts(self) -> set[int]:
        completed = {finish.part for finish in self.finishes if finish.outcome == "completed"}
        if not self.resolutions:
            return completed
        part_of = {permit.job: permit.part for permit in self.permits}
        return completed | {part_of.get(r.job, r.part) for r in self.resolutions if r.decision == "completed"}

    @property
    def open_permits(self) -> list[Submitted]:
        """Permits whose job has no recorded end, by part and attempt."""
        ended = {finish.job for finish in self.finishes}
        if self.resolutions:
            ended |= {r.job for r in self.resolutions if r.decision != "start"}
        still_open = [permit for permit in self.permits if permit.job not in ended]
        if not still_open:
            return still_open
        unique = {permit.job: permit for permit in sorted(still_open, key=rank)}
        return sorted(unique.values(), key=lambda permit: (permit.part, permit.attempt, permit.job))

    @property
    def epoch(self) -> int:
        """The epoch of the claim that holds now; 0 when nobody ever claimed it."""
        return max((claim.epoch for claim in self.claims), default=0)

    @property
    def last_claim(self) -> Claimed | None:
        return max(self.claims, key=rank, default=None)

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

    @property
    def given_up(self) -> Resolved | None:
        """The newest decision of an operator that a permitted job did not and will not import anything."""
        ends = [r for r in self.resolutions if r.decision in ("abandon", "failed")]
        return max(ends, key=time_and_id, default=None)

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
        """The end of the last part, by which the import was complete; where runs recorded it twice, the first one."""
        completed = [finish for finish in self.finishes if finish.outcome == "completed"]
        last = max((finish.part for finish in completed), default=1)
        return min((finish for finish in completed if finish.part == last), key=time_and_id, default=None)
