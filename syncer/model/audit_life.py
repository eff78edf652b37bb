"""What one generation of an import must look like when every rule was kept.

This reads the events by itself and shares nothing with the fold that runs act on, so that a defect there is found here.
Positions are those of the lines: what stands later was written with knowledge of what stands earlier.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from syncer.model.events import (
    AnyEvent,
    Baselined,
    Claimed,
    Event,
    Finished,
    Forgotten,
    Resolved,
    RowCounts,
    Submitted,
    Waived,
)

NEVER = 1 << 62
End = Literal["completed", "failed"]


@dataclass(frozen=True, slots=True)
class Told:
    """One finding: a sentence, the events that show it (the first says of which import), and the next command."""

    kind: str
    message: str
    events: tuple[AnyEvent, ...]
    next_step: str = ""


@dataclass(slots=True)
class Life:
    """The events of one generation of one import, and where the telling ones stand in the log."""

    number: int
    import_id: str
    path: str
    fingerprint: str
    first: AnyEvent
    opened: int = NEVER
    claims: list[Claimed] = field(default_factory=list)
    permits: dict[str, Submitted] = field(default_factory=dict)
    ends: dict[str, list[Finished | Resolved]] = field(default_factory=lambda: defaultdict(list))
    jobless: list[Finished] = field(default_factory=list)
    waivers: list[Waived] = field(default_factory=list)
    baseline: Baselined | None = None
    forgotten: Forgotten | None = None
    strange: list[Event] = field(default_factory=list)
    _at: dict[str, int] = field(default_factory=dict)

    def add(self, position: int, event: AnyEvent) -> None:
        self._at[event.id] = position
        if position < self.opened:
            self.opened, self.first = position, event
        if event.fingerprint != self.fingerprint:
            self.strange.append(event)
        match event:
            case Claimed():
                self.claims.append(event)
            case Submitted():
                self.permits.setdefault(event.job, event)
            case Finished() | Resolved():
                self._add_end(event)
            case Waived():
                self.waivers.append(event)
            case Baselined():
                self.baseline = self.baseline or event
            case Forgotten():
                self.forgotten = self.forgotten or event

    def _add_end(self, event: Finished | Resolved) -> None:
        if isinstance(event, Resolved) and event.decision == "start":
            return
        if event.job is None:
            self.jobless.append(event)
        else:
            self.ends[event.job].append(event)

    def at(self, event: Event | None) -> int:
        return NEVER if event is None else self._at[event.id]

    def ended_at(self, job: str) -> int:
        return min((self.at(end) for end in self.ends.get(job, ())), default=NEVER)

    def completions(self) -> dict[int, list[Finished | Resolved]]:
        """Return, for each part, the first event by which each job completed it."""
        found: dict[int, list[Finished | Resolved]] = {}
        for job, ends in self.ends.items():
            first = next((end for end in ends if verdict(end) == "completed"), None)
            if first is not None:
                part = self.permits[job].part if job in self.permits else first.part
                found.setdefault(part, []).append(first)
        return found

    @property
    def open_permits(self) -> list[Submitted]:
        return [permit for job, permit in self.permits.items() if job not in self.ends]

    @property
    def parts(self) -> int:
        """Into how many parts the file was split, as the permits say whose jobs did not fail."""
        failed = {job for job, ends in self.ends.items() if all(verdict(end) == "failed" for end in ends)}
        said = [permit.parts or 1 for job, permit in self.permits.items() if job not in failed]
        return max(said or [claim.parts for claim in self.claims], default=1)

    @property
    def imported(self) -> bool:
        """Whether jobs completed every part, or an operator said so of them."""
        return set(self.completions()) >= set(range(1, self.parts + 1))

    @property
    def imported_at(self) -> int:
        """The position of the line with which the last part was completed."""
        first = [min(map(self.at, ends)) for ends in self.completions().values()]
        return max(first) if self.imported else NEVER

    @property
    def rows(self) -> int:
        """Rows that the API read for the jobs which completed."""
        return sum(counts.read for counts in self._counts())

    @property
    def rejected(self) -> int:
        """Rows that the API rejected of those, and rows of the file that were held back for it."""
        done = {end.job for ends in self.completions().values() for end in ends}
        held = [permit.artifact.quarantined or 0 for job, permit in self.permits.items() if job in done]
        return sum(counts.invalid for counts in self._counts()) + max(held, default=0)

    def _counts(self) -> Iterator[RowCounts]:
        for ends in self.ends.values():
            end = next((end for end in ends if isinstance(end, Finished) and end.rows), None)
            if end is not None and end.rows is not None and end.outcome == "completed":
                yield end.rows


def verdict(end: Finished | Resolved) -> End:
    if isinstance(end, Finished):
        return end.outcome
    return "completed" if end.decision == "completed" else "failed"


def findings_in(life: Life) -> Iterator[Told]:
    """Yield what is wrong within one generation."""
    yield from _identity(life)
    yield from _claims(life)
    yield from _permits(life)
    yield from _endings(life)
    yield from _attempts(life)
    yield from _parts(life)
    if life.baseline is not None or life.forgotten is not None:
        yield from _closed(life)
    yield from _rows(life)


def _identity(life: Life) -> Iterator[Told]:
    if life.strange:
        message = f"import {life.import_id} stands for two versions of {life.path}"
        yield Told("identity", message, tuple(life.strange))  # type: ignore[arg-type]  # they came in as AnyEvent


def _claims(life: Life) -> Iterator[Told]:
    if len(life.claims) < 2:  # noqa: PLR2004 - one cannot clash
        return
    by_epoch: dict[int, list[Claimed]] = defaultdict(list)
    for claim in life.claims:
        by_epoch[claim.epoch].append(claim)
    for epoch, claims in by_epoch.items():
        if len(claims) > 1:
            runs = " and ".join(claim.run for claim in claims)
            yield Told("epoch-shared", f"{len(claims)} claims have epoch {epoch}: {runs}", tuple(claims))


def _permits(life: Life) -> Iterator[Told]:
    held = {(claim.epoch, claim.run) for claim in life.claims}
    for job, permit in life.permits.items():
        if (permit.epoch, permit.run) not in held:
            message = f"job {job} was permitted in epoch {permit.epoch}, which run {permit.run} never claimed"
            yield Told("permit-unclaimed", message, (permit,))
    for job, ends in life.ends.items():
        if job not in life.permits:
            yield Told("never-permitted", f"job {job} ended here and was never permitted", tuple(ends))
    for end in life.jobless:
        if end.outcome == "completed":
            yield Told("never-permitted", "an import is recorded as completed without a job", (end,))


def _endings(life: Life) -> Iterator[Told]:
    for job, ends in life.ends.items():
        if len(ends) > 1 and len({verdict(end) for end in ends}) > 1:
            step = f"ask the vendor's support what became of job {job}"
            yield Told("two-endings", f"job {job} is recorded both as completed and as failed", tuple(ends), step)


def _attempts(life: Life) -> Iterator[Told]:
    """A run records the end of an attempt once. Two runs may both have, when their logs were merged."""
    ended = [end for ends in life.ends.values() for end in ends if isinstance(end, Finished)] + life.jobless
    if len(ended) < 2:  # noqa: PLR2004 - one is as it should be
        return
    by_attempt: dict[tuple[int, int, str], list[Finished]] = defaultdict(list)
    for end in ended:
        by_attempt[end.part, end.attempt, end.run].append(end)
    for (part, attempt, run), ends in by_attempt.items():
        if len(ends) > 1:
            message = f"attempt {attempt} of part {part} has {len(ends)} ends in run {run}"
            yield Told("ended-twice", message, tuple(ends))


def _parts(life: Life) -> Iterator[Told]:
    completions = life.completions()
    for part, ends in completions.items():
        if len(ends) > 1:
            jobs = " and ".join(str(end.job) for end in ends)
            message = f"part {part} was completed by {len(ends)} jobs, {jobs}: its rows were imported more than once"
            yield Told("completed-twice", message, tuple(ends))
    waiting: dict[int, list[Submitted]] = defaultdict(list)
    for permit in life.open_permits:
        waiting[permit.part].append(permit)
    for part, permits in waiting.items():
        step = f"find out what became of job {permits[0].job}, then: {resolve_command(permits[0])}"
        if len(permits) > 1:
            jobs = " and ".join(permit.job for permit in permits)
            yield Told("two-permits", f"two jobs may be started for part {part}: {jobs}", tuple(permits), step)
        if part in completions:
            message = f"job {permits[0].job} may still be started for part {part}, which is completed"
            yield Told("permit-contested", message, (permits[0], *completions[part]), step)


def resolve_command(permit: Submitted) -> str:
    return f"syncer state resolve {permit.import_id} --job {permit.job} --abandon --reason TEXT"


def _closed(life: Life) -> Iterator[Told]:
    """After an operator's word nothing of the generation may run, and the word comes only when nothing is under way."""
    for word, how in ((life.forgotten, "forgotten"), (life.baseline, "recorded as imported")):
        if word is None:
            continue
        for job, permit in life.permits.items():
            ends = life.ends.get(job, [])
            harmless = ends and all(verdict(end) == "failed" for end in ends)
            if harmless or life.ended_at(job) < life.at(word):
                continue
            when = "after" if life.at(permit) > life.at(word) else "and had no recorded end before"
            message = f"job {job} was permitted {when} this generation was {how}"
            step = "" if ends else f"find out what became of it, then: {resolve_command(permit)}"
            yield Told("closed-too-early", message, (permit, word, *ends), step)


def _rows(life: Life) -> Iterator[Told]:
    """Rows sent = rows read = valid + invalid, for what completed."""
    for job, ends in life.ends.items():
        for end in ends:
            if not isinstance(end, Finished) or end.rows is None or end.outcome != "completed":
                continue
            rows, permit = end.rows, life.permits.get(job)
            sent = permit.artifact.rows if permit is not None else None
            if rows.read != rows.valid + rows.invalid:
                message = f"of {rows.read} rows that job {job} read, {rows.valid} are valid and {rows.invalid} invalid"
            elif sent is not None and sent != rows.read:
                message = f"{sent} rows were sent to job {job}, and it read {rows.read}"
            else:
                continue
            yield Told("rows", message, (end,), f"ask the vendor's support about job {job} ({end.correlation_id})")
