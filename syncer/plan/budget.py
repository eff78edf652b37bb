"""What imports will cost, before the fact: rows, merge compute and time, as the vendor guide budgets them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from syncer.model.effort import COMPUTE_PER_ROW, typical_range
from syncer.model.samples import RowEstimate
from syncer.plan.types import STARTING, PlannedImport


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The cost of some imports. `rows` are those that are known; of `unknown` more files they are not.

    `seconds` is the least and the most that their jobs typically take: one after the other on an object, objects side
    by side. What waits for another spec may take longer.
    """

    rows: RowEstimate
    unknown: int
    seconds: tuple[int, int]

    @property
    def compute_rows(self) -> int:
        """Merge compute, in rows."""
        return COMPUTE_PER_ROW * self.rows.rows


def budget_of(items: Iterable[PlannedImport]) -> Budget:
    """Add up the imports that begin a job. A job that is resumed was budgeted by the run that began it."""
    rows, unknown = RowEstimate(0, exact=True), 0
    least: Counter[str] = Counter()
    most: Counter[str] = Counter()
    for item in items:
        if item.action not in STARTING:
            continue
        if item.rows is None:
            unknown += 1
            continue
        rows += item.rows
        shortest, longest = typical_range(item.rows.rows)
        least[item.object] += shortest
        most[item.object] += longest
    return Budget(rows=rows, unknown=unknown, seconds=(max(least.values(), default=0), max(most.values(), default=0)))
