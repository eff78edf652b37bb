"""What of the specs' standings is news: what nobody was told of yet, as the log has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from syncer.apply.context import RunIdentity
from syncer.model.events import Notified
from syncer.model.log import Log
from syncer.model.spec import Spec
from syncer.operations.notify.standings import Cause, Standing
from syncer.settings import NoticeKind

MOST_CAUSES = 50
"""So many causes of a spec are remembered and told; past them another one is no news."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One spec's change for the worse or the better, with its causes that are new; a recovery has none."""

    spec: Spec
    kind: NoticeKind
    causes: tuple[Cause, ...] = ()
    keys: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def owner(self) -> str | None:
        return self.spec.owner


def news(standings: Iterable[Standing], log: Log, workspace: str) -> Iterator[News]:
    """Yield what is worth a message. The same standing for the same causes is not told twice."""
    for standing in standings:
        spec = standing.spec
        last = log.last_notice(spec.lineage, workspace)
        was_bad = last is not None and last.standing != "recovered"
        if standing.state == "fine" and was_bad:
            yield News(spec=spec, kind="recovered")
        elif standing.state in ("failed", "degraded"):
            causes = standing.causes[:MOST_CAUSES]
            known = frozenset(last.causes) if last is not None and last.standing == standing.state else frozenset()
            new = tuple(cause for cause in causes if cause.key not in known)
            if new:
                keys = tuple(cause.key for cause in causes)
                yield News(spec=spec, kind=standing.state, causes=new, keys=keys)


def noted(told: Iterable[News], log: Log, workspace: str, run: RunIdentity, now: datetime) -> list[Notified]:
    """Return the events that say so; what another run has noted meanwhile is left out."""
    return [
        Notified(
            time=now,
            run=run.id,
            actor=run.actor,
            spec=each.spec.name,
            workspace=workspace,
            object=each.spec.target.object,
            path="",
            fingerprint="",
            import_id="",
            generation=1,
            standing=each.kind,
            causes=each.keys,
        )
        for each in told
        if not _is_noted(each, log, workspace)
    ]


def _is_noted(each: News, log: Log, workspace: str) -> bool:
    last = log.last_notice(each.spec.lineage, workspace)
    return last is not None and (last.standing, last.causes) == (each.kind, each.keys)
