"""Rows and cost before the fact, in words: counted numbers in full, estimated ones rounded behind a `~`."""

from __future__ import annotations

from collections.abc import Iterable

from syncer.model.effort import COMPUTE_PER_ROW, typical_range
from syncer.model.samples import RowEstimate
from syncer.plan import Plan, PlannedImport
from syncer.plan.budget import Budget, budget_of
from syncer.plan.types import STARTING
from syncer.render.layout import counted, number

_MILLION = 10**6
_UNITS = ((2 * 86_400, 86_400, "days"), (2 * 3_600, 3_600, "h"), (60, 60, "min"), (0, 1, "s"))
"""From how many seconds on a duration is written in which unit, and how long that is."""
_DIGITS = 3
"""How many digits of an estimate are worth reading."""


def rows_words(rows: RowEstimate) -> str:
    """Write `1,204,331 rows`, or `~1.2 M rows` for an estimate."""
    return f"{amount(rows)} {'row' if rows == RowEstimate(1, exact=True) else 'rows'}"


def amount(rows: RowEstimate) -> str:
    """Write `1,204,331`; estimates as `~1.2 M`, `~204,000`, `~17`."""
    if rows.exact:
        return number(rows.rows)
    if rows.rows >= _MILLION:
        return f"~{rows.rows / _MILLION:,.1f} M"
    return (
        f"~{number(round(rows.rows, _DIGITS - len(str(rows.rows))))}" if rows.rows >= 10**_DIGITS else f"~{rows.rows}"
    )


def compute_of(rows: RowEstimate) -> RowEstimate:
    """Return the merge compute that the guide budgets for so many rows."""
    return RowEstimate(COMPUTE_PER_ROW * rows.rows, rows.exact)


def duration_words(seconds: tuple[int, int]) -> str:
    """Write the least and the most: `30 s to 2 min`, `5 to 40 min`, `30 min to 4 h`."""
    (least, unit), (most, last_unit) = map(_in_unit, seconds)
    return f"{least} to {most} {unit}" if unit == last_unit else f"{least} {unit} to {most} {last_unit}"


def _in_unit(seconds: int) -> tuple[str, str]:
    size, unit = next((size, unit) for least, size, unit in _UNITS if seconds >= least)
    return f"{seconds / size:,.1f}".removesuffix(".0"), unit


def item_words(item: PlannedImport) -> tuple[str, str, str]:
    """Return rows, merge compute and typical duration of an import that begins a job, each "" where nobody looked.

    Of what begins none, there are only its rows, where they are known.
    """
    rows, begins = item.rows, item.action in STARTING
    if rows is None:
        return "unknown" if begins and item.sample is not None else "", "", ""
    if not begins:
        return amount(rows), "", ""
    return amount(rows), amount(compute_of(rows)), duration_words(typical_range(rows.rows))


def total_words(items: Iterable[PlannedImport]) -> str:
    """Return what these imports cost together, "" where nobody looked at them or none of them begins a job.

    Such as: `~1.2 M rows, ~2.4 M rows of merge compute, typically 5 to 40 min`.
    """
    known = [item for item in items if _costs(item)]
    return _budget_words(budget_of(known)) if known else ""


def total_of(plan: Plan) -> str:
    """Return what all specs cost together, "" where that is what one of them costs."""
    specs = {item.spec for item in plan.imports if _costs(item)}
    return f"All specs: {total_words(plan.imports)}" if len(specs) > 1 else ""


def _costs(item: PlannedImport) -> bool:
    """Whether the import begins a job and somebody looked what that costs."""
    return item.action in STARTING and (item.rows is not None or item.sample is not None)


def _budget_words(budget: Budget) -> str:
    unknown = counted(budget.unknown, "file") + " of unknown rows" if budget.unknown else ""
    if not budget.seconds[1]:
        return unknown
    compute = rows_words(compute_of(budget.rows))
    words = f"{rows_words(budget.rows)}, {compute} of merge compute, typically {duration_words(budget.seconds)}"
    return f"{words}; and {unknown}" if unknown else words


def estimates_line(plan: Plan) -> str:
    """Say what `~` means, where a number of the plan has it, or ""."""
    if all(item.rows is None or item.rows.exact for item in plan.imports):
        return ""
    return "~ is an estimate from a sample; other numbers of rows are counted"
