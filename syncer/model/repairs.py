"""Rejected rows that are sent once more, and what became of all rejected rows of an import.

A repair is an import of its own, of rows that an earlier import left behind: it has a path of its own in the log, which
names the generation that it repairs, and so at most one repair of a generation is ever imported. Its own rejected rows
may be repaired in their turn. Rejected rows = repaired + waived + replaced + open, at any time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from syncer.model.events import Finished
from syncer.model.generation import Generation
from syncer.model.log import Lineage, Log

_MARK = "#repair-"
_REPAIR = re.compile(rf"(?s)(.+){_MARK}([1-9][0-9]*)")


def repair_path(path: str, generation: int) -> str:
    """Return the path under which the log has the repair of this generation of a file (or of a repair)."""
    return f"{path}{_MARK}{generation}"


def repaired(path: str) -> tuple[str, int] | None:
    """Return the path and generation that a path of `repair_path` repairs, or None for any other path."""
    found = _REPAIR.fullmatch(path) if _MARK in path else None
    return (found[1], int(found[2])) if found is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What became of the rows of one generation that its jobs rejected, or that were held back for it, in rows.

    `repaired` were sent again by a repair that completed, `waived` stay out by an operator's word, and `replaced` are
    those of a version after which a newer one, or the same once more, was imported as a whole.
    """

    rejected: int = 0
    repaired: int = 0
    waived: int = 0
    replaced: int = 0

    @property
    def open(self) -> int:
        return max(0, self.rejected - self.repaired - self.waived - self.replaced)

    @property
    def dealt_with(self) -> str:
        """Say what became of the rows that are not open: "2 repaired, 1 waived"."""
        counts = ((self.repaired, "repaired"), (self.waived, "waived"), (self.replaced, "replaced by a later import"))
        return ", ".join(f"{count:,} {words}" for count, words in counts if count)

    def plus(self, other: Account) -> Account:
        return Account(
            rejected=self.rejected + other.rejected,
            repaired=self.repaired + other.repaired,
            waived=self.waived + other.waived,
            replaced=self.replaced + other.replaced,
        )


def completed_ends(life: Generation) -> list[Finished]:
    """Return one end of each job of this generation that completed, by part; two runs may both have recorded it."""
    ends = {end.job: end for end in life.finishes if end.outcome == "completed"}
    return sorted(ends.values(), key=lambda end: (end.part, end.attempt))


def quarantined(life: Generation) -> int:
    """Return how many rows of the file were not sent because they would have been rejected, once a job completed."""
    done = life.finishes and {end.job for end in completed_ends(life)}
    held = [permit.artifact.quarantined or 0 for permit in life.permits if done and permit.job in done]
    return max(held, default=0)


def account(log: Log, lineage: Lineage, life: Generation) -> Account:
    """Say what became of the rejected rows of this generation, as the log has it."""
    rejected = sum(end.rows.invalid for end in completed_ends(life) if end.rows is not None) + quarantined(life)
    if not rejected:
        return Account()
    sent = sum(_rows_sent(each) for each in repairs_of(log, lineage, life) if each.is_imported)
    told = Account(rejected=rejected, repaired=sent, waived=sum(word.rows for word in life.waivers))
    if not told.open or not _is_replaced(log, lineage, life.path, life.number):
        return told
    return told.plus(Account(replaced=told.open))


def total(accounts: Iterable[Account]) -> Account:
    told = Account()
    for each in accounts:
        told = told.plus(each)
    return told


def repairs_of(log: Log, lineage: Lineage, life: Generation) -> list[Generation]:
    """Return every repair of this generation that was begun, oldest first; at most one of them is imported."""
    lives = log.generations(lineage, repair_path(life.path, life.number))
    return [each for each in lives if any(claim.repairs == life.import_id for claim in each.claims)]


def repaired_life(log: Log, lineage: Lineage, path: str, import_id: str) -> Generation | None:
    """Return the generation whose rejected rows the repair of this path sends; `import_id` is its import's."""
    found = repaired(path)
    return log.find(lineage, *found, import_id) if found is not None else None


def refusal(log: Log, lineage: Lineage, path: str, import_id: str, rows: int | None) -> str | None:
    """Say why so many rows may not be sent as the repair of this path, or None.

    Each rejected row is sent again once: so a repair takes all that are open, and there is one.
    """
    if any(life.is_imported for life in log.generations(lineage, path)):
        return "these rejected rows are repaired already"
    life = repaired_life(log, lineage, path, import_id)
    if life is None or not life.is_imported:
        return "the import whose rows it repairs is not, or no longer, recorded as imported"
    told = account(log, lineage, life)
    if told.open != rows:
        return f"it holds {rows} rows, and {told.open} rejected rows are open now"
    return None


def _rows_sent(life: Generation) -> int:
    """Return how many rows its completed jobs were given."""
    read = {end.job: end.rows.read for end in completed_ends(life) if end.rows is not None}
    done = set(read) | {word.job for word in life.resolutions if word.decision == "completed"}
    sent = {permit.job: permit.artifact.rows for permit in life.permits if permit.job in done}
    return sum(rows if rows is not None else read.get(job, 0) for job, rows in sent.items())


def _is_replaced(log: Log, lineage: Lineage, path: str, generation: int) -> bool:
    """Whether this file was imported once more since, whatever it held then; for a repair also what it repairs."""
    if any(life.number > generation and life.imported for life in log.summaries(lineage, path)):
        return True
    found = repaired(path)
    return found is not None and _is_replaced(log, lineage, *found)
