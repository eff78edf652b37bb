"""What must be true of rejected rows that were sent once more or given up, when every rule was kept.

Each rejected row is sent again at most once: rows sent again + waived rows are never more than were rejected.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from syncer.model.audit_life import Life, Told, verdict
from syncer.model.events import AnyEvent
from syncer.model.repairs import repair_path, repaired

Place = tuple[str, str, str, str]
"""Spec (by its oldest known name), workspace, object and path."""
Lives = Mapping[tuple[int, str], Life]


def findings_of_repairs(everything: Mapping[Place, Lives]) -> Iterator[Told]:
    """Yield what is wrong with the repairs and waivers of the whole log."""
    for (*where, path), lives in everything.items():
        found = repaired(path)
        if found is not None:
            parents = everything.get((*where, found[0]), {})  # type: ignore[arg-type]  # the same four again
            yield from _unfounded(lives, parents, found[1])
            yield from _sent_twice(lives)
        for life in lives.values():
            repair = everything.get((*where, repair_path(path, life.number)), {})  # type: ignore[arg-type]  # likewise
            yield from _sums(life, repair)


def _unfounded(lives: Lives, parents: Lives, number: int) -> Iterator[Told]:
    """A repair is permitted after the import that it repairs, and names it."""
    for life in lives.values():
        for permit in life.permits.values():
            parent = parents.get((number, permit.repairs or ""))
            if parent is None or not parent.imported_at < life.at(permit):
                message = (
                    f"job {permit.job} sends rejected rows of generation {number} of import {permit.repairs} again, "
                    "which was not imported before"
                )
                yield Told("repair-unfounded", message, (permit,))


def _sent_twice(lives: Lives) -> Iterator[Told]:
    holder: Life | None = None
    for key in sorted(lives):
        life = lives[key]
        if not life.imported:
            continue
        if holder is not None and not holder.at(holder.forgotten) < life.opened:
            message = (
                f"rejected rows were sent again in generation {holder.number} of this repair and once more in "
                f"generation {life.number}, and nobody forgot the first"
            )
            yield Told("repaired-twice", message, (_proof(life), _proof(holder)))
        holder = life


def _sums(life: Life, repair: Lives) -> Iterator[Told]:
    """Rejected rows = sent again + waived + open."""
    own = [each for each in repair.values() if any(claim.repairs == life.import_id for claim in each.claims)]
    imported = [each for each in own if each.imported and each.forgotten is None]
    if not imported and not life.waivers:
        return
    sent, waived = sum(_rows_sent(each) for each in imported), sum(word.rows for word in life.waivers)
    if sent + waived > life.rejected:
        message = f"of {life.rejected} rejected rows {sent} were sent again and {waived} waived: more than there were"
        yield Told("rejects", message, (life.first, *map(_proof, imported), *life.waivers))


def _rows_sent(life: Life) -> int:
    done = {job for job, ends in life.ends.items() if any(verdict(end) == "completed" for end in ends)}
    return sum(permit.artifact.rows or 0 for job, permit in life.permits.items() if job in done)


def _proof(life: Life) -> AnyEvent:
    ends = [end for found in life.completions().values() for end in found]
    return ends[0] if ends else life.first
