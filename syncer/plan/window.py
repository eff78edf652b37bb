"""How far back a source has to be listed: nothing that is older can be wanted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from syncer.model.log import Lineage, Log
from syncer.model.repairs import repaired
from syncer.model.spec import Spec
from syncer.plan.dates import date_reader
from syncer.plan.types import Filters


def earliest_day(log: Log, lineage: Lineage, spec: Spec, filters: Filters) -> date | None:
    """Return the first day whose files can matter, by the dates in their paths; None where nothing bounds them.

    A backfill's --since goes before all else. `source.lookback` counts back from the last day of which a file was
    finished, not from today, so that an outage loses nothing however long it takes; and what was begun, forgotten or
    left failing before that day stays in sight until it is settled.
    """
    if filters.since is not None:
        return filters.since
    bounds = (spec.source.since, _looked_back(log, lineage, spec))
    return max((day for day in bounds if day is not None), default=None)


def _looked_back(log: Log, lineage: Lineage, spec: Spec) -> date | None:
    if spec.source.lookback is None:
        return None
    finished, unsettled = date.min, date.max
    for day, has_finished, is_settled in _days(log, lineage, spec):
        if has_finished and day > finished:
            finished = day
        if not is_settled and day < unsettled:
            unsettled = day
    if finished == date.min:
        return None
    days = -(-spec.source.lookback // timedelta(days=1))
    return min(date.fromordinal(max(1, finished.toordinal() - days)), unsettled)


def _days(log: Log, lineage: Lineage, spec: Spec) -> Iterator[tuple[date, bool, bool]]:
    """Yield the day of each dated path of the log, whether it was ever finished, and whether it is now."""
    day_of = date_reader(spec.source.uris)
    for path in log.paths(lineage):
        day = day_of(path) if repaired(path) is None else None
        if day is not None:
            lives = log.summaries(lineage, path)
            is_settled = any(life.imported for life in lives if life.number == lives[-1].number)
            yield day, any(life.imported for life in lives), is_settled
