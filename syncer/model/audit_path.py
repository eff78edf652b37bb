"""How the generations of one path must follow each other when every rule was kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from syncer.model.audit_life import NEVER, Life, Told, findings_in
from syncer.model.events import AnyEvent


def findings_of(lives: Sequence[Life]) -> Iterator[Told]:
    """Yield what is wrong with one path's generations, given by number."""
    for life in lives:
        yield from findings_in(life)
    if len(lives) > 1 or lives[0].number > 1:
        yield from _succession(lives)
        yield from _imported_twice(lives)


def _succession(lives: Sequence[Life]) -> Iterator[Told]:
    by_number: dict[int, list[Life]] = defaultdict(list)
    for life in lives:
        by_number[life.number].append(life)
    for number, same in by_number.items():
        working = [permit for life in same for permit in list(life.permits.values())[:1]]
        if len(working) > 1:
            yield Told("generation-shared", f"two versions have jobs in generation {number}", tuple(working))
        if number > 1 and number - 1 not in by_number:
            message = f"generation {number} is recorded and generation {number - 1} is not: lines were lost"
            yield Told("generation-missing", message, (same[0].first,))
        for life in same:
            for before in by_number.get(number - 1, ()):
                if before.opened < life.opened and not _settled(before, life):
                    message = (
                        f"generation {number} was begun while generation {number - 1} was neither ended nor closed"
                    )
                    yield Told("begun-too-early", message, (life.first, before.first))


def _settled(before: Life, life: Life) -> bool:
    """Whether the generation before was over when this one was begun: no job open, and an end, a close or a change."""
    if any(before.at(permit) < life.opened < before.ended_at(job) for job, permit in before.permits.items()):
        return False
    over = [before.at(before.forgotten), before.at(before.baseline), *map(before.at, before.jobless)]
    over += [before.at(end) for ends in before.ends.values() for end in ends]
    return min(over) < life.opened if over and min(over) < NEVER else before.fingerprint != life.fingerprint


def _imported_twice(lives: Sequence[Life]) -> Iterator[Told]:
    """The same version again needs an operator's word or another version in between."""
    holder: Life | None = None
    for life in lives:
        if holder is not None and life.imported and holder.fingerprint == life.fingerprint:
            since = [each for each in lives if holder.number <= each.number < life.number]
            if not any(
                each.fingerprint == life.fingerprint and each.at(each.forgotten) < life.opened for each in since
            ):
                message = (
                    f"this version was imported in generation {holder.number} and again in generation {life.number}, "
                    "and nobody forgot it: its rows were imported twice"
                )
                yield Told("imported-twice", message, (_proof(life), _proof(holder)))
        if life.imported or life.baseline is not None:
            holder = life


def _proof(life: Life) -> AnyEvent:
    ends = [end for found in life.completions().values() for end in found]
    return ends[0] if ends else life.first
