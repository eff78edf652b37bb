"""Tell people how a run has left the specs."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from syncer.apply.context import RunIdentity
from syncer.apply.outcome import RunOutcome
from syncer.errors import Interrupted, SyncerError, UsageError, Waiting
from syncer.model.log import Log
from syncer.operations.notify.news import News, news, noted
from syncer.operations.notify.sending import Message, address_of, send
from syncer.operations.notify.standings import Standing, all_failed, standings
from syncer.plan import Filters, Plan
from syncer.render import notification
from syncer.settings import NoticeKind, Notify, environment
from syncer.spec.load import Project
from syncer.state.store import Store

_NO_NEWS = (Interrupted, UsageError, Waiting)
_WORST: tuple[NoticeKind, ...] = ("failed", "degraded", "recovered")


def _unheard(text: str) -> None:
    """Take a warning that nobody waits for."""


@dataclass(frozen=True, kw_only=True)
class Outlet:
    """The way out: `redact` takes secrets out of every message, `warn` hears what could not be sent."""

    redact: Callable[[str], str] = str
    warn: Callable[[str], None] = _unheard


@dataclass(frozen=True, kw_only=True)
class Notifier:
    """Tells whom the project's settings name of one run. Nothing here raises: that nobody hears changes no import."""

    outlet: Outlet
    environ: Mapping[str, str]
    project: Project
    store: Store
    run: RunIdentity
    clock: Callable[[], datetime]

    def ended(self, made: Plan, outcome: RunOutcome) -> None:
        """Tell what is new after a run that came to its end."""
        if self._targets:
            specs = [loaded.spec for loaded in self.project.specs]
            try:
                log = self.store.read()
            except SyncerError as error:
                self.outlet.warn(f"notify: the log cannot be read, so the next run tells how specs stand: {error.what}")
            else:
                self._tell(standings(specs, made, outcome, log, self.clock()), log)

    @contextmanager
    def breaking_off(self, filters: Filters) -> Iterator[None]:
        """Tell of whatever ends the run before it could say of each import what became of it, and let it pass."""
        try:
            yield
        except SyncerError as error:
            if not isinstance(error, _NO_NEWS):
                self._broke_off(filters, error.what, error.next_step)
            raise
        except Exception as error:
            self._broke_off(filters, f"a defect in syncer: {type(error).__name__}", "")
            raise

    @property
    def _targets(self) -> Mapping[str, Notify]:
        return self.project.settings.notify

    @property
    def _workspace(self) -> str:
        return self.project.settings.api.workspace

    def _broke_off(self, filters: Filters, what: str, next_step: str) -> None:
        specs = [loaded.spec for loaded in self.project.specs]
        chosen = [spec for spec in specs if filters.includes(spec.name, spec.tags, spec.target.object)]
        if self._targets:
            self._tell(all_failed(chosen, f"the run failed: {what}", next_step), self._as_far_as_known())

    def _as_far_as_known(self) -> Log:
        """Return the log; an empty one where it cannot be read, which may be the very thing to tell of."""
        try:
            return self.store.read()
        except SyncerError:
            return Log()

    def _tell(self, judged: tuple[Standing, ...], log: Log) -> None:
        told = self._sent(self._addresses(), list(news(judged, log, self._workspace)))
        try:
            if told:
                now = self.clock()
                self.store.transact(lambda log: noted(told, log, self._workspace, self.run, now))
        except SyncerError as error:
            self.outlet.warn(f"notify: what was told cannot be noted, so the next run tells it again: {error.what}")

    def _addresses(self) -> dict[str, str]:
        environ, found = environment(self.project.root, self.environ), {}
        for name, target in self._targets.items():
            url, problem = address_of(name, target, environ)
            if problem:
                self.outlet.warn(f"{problem}, so nobody is told")
            else:
                found[name] = url
        return found

    def _sent(self, addresses: Mapping[str, str], found: Sequence[News]) -> list[News]:
        """Send each target what it asked for; return what somebody was told, and what nobody wants to hear of."""
        heard: set[str] = set()
        wanted: set[str] = set()
        for name, target in self._targets.items():
            own = [each for each in found if _concerns(target, each)]
            wanted |= {each.spec.name for each in own}
            if own and name in addresses:
                if send(addresses[name], self._message(own)):
                    heard |= {each.spec.name for each in own}
                else:
                    self.outlet.warn(f"notify.{name}: the service that {target.url_from} names took no message")
        return [each for each in found if each.spec.name in heard or each.spec.name not in wanted]

    def _message(self, own: Sequence[News]) -> Message:
        worst = min((each.kind for each in own), key=_WORST.index)
        title = notification.title(own, self._workspace)
        body = notification.body(own, run=self.run.id, link=_link(self.environ))
        return Message(worst, self.outlet.redact(title), self.outlet.redact(body))


def _concerns(target: Notify, each: News) -> bool:
    return each.kind in target.on and any(fnmatch.fnmatchcase(each.spec.name, pattern) for pattern in target.specs)


def _link(environ: Mapping[str, str]) -> str:
    """Return the page of the run on GitHub, "" elsewhere."""
    parts = [environ.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")]
    return "{}/{}/actions/runs/{}".format(*parts) if all(parts) else ""
