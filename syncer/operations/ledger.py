"""The log of one project as an operator works with it: imports found by id, and changes by appending alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from syncer.apply.context import RunIdentity
from syncer.errors import UsageError, Waiting
from syncer.model.events import AnyEvent
from syncer.model.log import Generation, Lineage, Log, Standing
from syncer.model.spec import Spec
from syncer.operations import folders
from syncer.operations.change import Change, Expected, Touched
from syncer.operations.connect import open_sources, utc_now
from syncer.operations.identity import identity
from syncer.operations.plan import reconcile
from syncer.operations.stores import open_store
from syncer.plan import Filters, Plan
from syncer.spec.load import LoadedSpec, Project, load_project
from syncer.state.store import Decision, Store

_SHOWN_CANDIDATES = 10
_AT_WORK = (Standing.CLAIMED, Standing.PERMITTED, Standing.FAILED)


@dataclass(frozen=True, slots=True)
class Track:
    """The history of one source file under one spec: its generations, oldest first.

    `declared` is None for a spec that the project no longer has.
    """

    spec: str
    lineage: Lineage
    path: str
    generations: tuple[Generation, ...]
    declared: LoadedSpec | None

    @property
    def newest(self) -> Generation:
        return self.generations[-1]

    @property
    def unsettled(self) -> Generation | None:
        """The generation that has a permitted job without an end: nothing else may happen to the file until then."""
        return next((life for life in self.generations if life.open_permits), None)


@dataclass(frozen=True, slots=True)
class Ledger:
    """One project's log, its specs, and who asks."""

    project: Project
    store: Store
    who: RunIdentity
    clock: Callable[[], datetime]
    environ: Mapping[str, str]

    @property
    def workspace(self) -> str:
        return self.project.settings.api.workspace

    @property
    def directory(self) -> Path:
        return folders.state(self.project.root, self.project.settings)

    def lineages(self) -> list[tuple[str, ...]]:
        """Return the names of every declared spec, oldest first."""
        return [loaded.spec.lineage for loaded in self.project.specs]

    def tracks(self, log: Log, names: Sequence[str] = ()) -> Iterator[Track]:
        """Yield every source file's history in this workspace, or only under the named specs (by any name they had).

        Raises UsageError for a name that neither the project nor the log knows.
        """
        declared = {name: loaded for loaded in self.project.specs for name in loaded.spec.lineage}
        for name in names:
            if name not in declared and name not in log.specs():
                raise UsageError(
                    f"no spec and no history is named {name!r}", next_step="see all of them: syncer status"
                )
        wanted = {_family(declared, name) for name in names}
        targets = {
            (_family(declared, spec), target)
            for spec, target, _ in log.all_generations(self.workspace)
            if not wanted or _family(declared, spec) in wanted
        }
        for family, target in sorted(targets):
            loaded = declared.get(family)
            own = loaded.spec if loaded else None
            lineage = Lineage(own.lineage if own else (family,), self.workspace, target)
            for path in sorted(log.paths(lineage)):
                yield Track(family, lineage, path, tuple(log.generations(lineage, path)), loaded)

    def find(self, log: Log, given: str) -> Track:
        """Return the history that holds the import of this id, of its beginning, or with a job of this id.

        Raises UsageError, with the candidates, when that is none or more than one.
        """
        found: dict[str, Track] = {}
        for track in self.tracks(log):
            for life in track.generations:
                if life.import_id.startswith(given) or any(permit.job == given for permit in life.permits):
                    found[life.import_id] = track
        if given and len(found) == 1:
            return next(iter(found.values()))
        if not found or not given:
            raise UsageError(
                f"no import and no job is known as {given!r}", next_step="see all of them: syncer state list"
            )
        ids = sorted(found)
        more = f" and {len(ids) - _SHOWN_CANDIDATES} more" if len(ids) > _SHOWN_CANDIDATES else ""
        raise UsageError(
            f"{len(ids)} imports begin with {given!r}",
            why=", ".join(f"{each} ({found[each].path})" for each in ids[:_SHOWN_CANDIDATES]) + more,
            next_step="give more of the id",
        )

    def import_id(self, track: Track, given: str) -> str:
        """Return the whole id of the import that `find` was asked for."""
        for life in track.generations:
            if life.import_id.startswith(given) or any(permit.job == given for permit in life.permits):
                return life.import_id
        raise UsageError(f"no import and no job is known as {given!r}")

    def about(self, track: Track, life: Generation) -> dict[str, Any]:
        """Return what every event of this generation says."""
        return self.facts(
            spec=track.spec,
            target=track.lineage.object,
            path=track.path,
            fingerprint=life.fingerprint,
            import_id=life.import_id,
            generation=life.number,
        )

    def facts(
        self, *, spec: str, target: str, path: str, fingerprint: str, import_id: str, generation: int
    ) -> dict[str, Any]:
        return {
            "time": self.clock(),
            "run": self.who.id,
            "actor": self.who.actor,
            "spec": spec,
            "workspace": self.workspace,
            "object": target,
            "path": path,
            "fingerprint": fingerprint,
            "import_id": import_id,
            "generation": generation,
        }

    @property
    def is_shared(self) -> bool:
        """Whether runs of other machines work on this log, of which this one knows only what their leases say."""
        return self.project.settings.state.git == "push"

    @property
    def is_exclusive(self) -> bool:
        """Whether no run can be alive on this log now."""
        return not self.is_shared and not self.store.is_held()

    def check_idle(self, track: Track) -> None:
        """Raise Waiting where a run of another machine may have the file in hand: `alone` keeps out those of this one.

        A run that died looks the same until its lease is over.
        """
        if not self.is_shared:
            return
        for life in track.generations:
            claim = life.last_claim
            if claim is not None and claim.lease > self.clock() and life.standing in _AT_WORK:
                raise Waiting(
                    f"run {claim.run} may be at work on {track.path}",
                    where=f"spec {track.spec}, import {life.import_id}, claimed by {claim.actor}",
                    why=f"its lease ends at {claim.lease:%Y-%m-%d %H:%M} UTC, and until then it may start or end a job",
                    next_step="wait until then, or until that run has ended, then run the same command again",
                )

    @contextmanager
    def alone(self, verb: str) -> Iterator[None]:
        """Keep runs of this machine out while an operator decides about work that one of them may have in hand.

        The append itself is checked against the exact log. But a run that is between two of its steps, say between
        claim and permit, decided to go on before the operator's word came. Raises Waiting when there is such a run.
        """
        try:
            with self.store.run_lock(f"syncer {verb} by {self.who.actor}"):
                yield
        except Waiting as busy:
            raise Waiting(
                f"a run is at work on this state folder, so nothing is decided about its work now ({verb})",
                where=busy.where,
                why="what it has in hand may change at any moment",
                next_step="wait until it has ended or stop it, then run the same command again",
            ) from None

    def written(self, verb: str, decide: Decision) -> tuple[AnyEvent, ...]:
        """Append what an operator decides, with no run of this machine at work; see `alone`.

        It is decided once before, on the log as it stands, so that a mistake is told at once and leaves no trace.
        """
        if not decide(self.store.read()):
            return ()
        with self.alone(verb):
            return self.store.transact(decide)

    def plan(self, names: tuple[str, ...], *, in_full: bool = False) -> Plan:
        """Plan for these specs as things stand. The API is not asked."""
        with open_sources(self.project.root, self.project.settings, self.environ) as sources:
            return reconcile(
                self.project,
                self.store,
                sources,
                filters=Filters(specs=names),
                now=self.clock(),
                ask=lambda: None,
                in_full=in_full,
            )

    def expect(self, touched: Sequence[Touched]) -> tuple[Expected, ...]:
        """Plan anew and return what that says about the touched files. The API is not asked."""
        names = tuple(sorted({each.spec for each in touched}))
        known = {loaded.spec.name for loaded in self.project.specs}
        declared = tuple(name for name in names if name in known)
        actions: dict[tuple[str, str], tuple[str, str]] = {}
        if declared:
            made = self.plan(declared, in_full=True)
            actions = {(item.spec, item.file.path): (item.action.value, item.reason) for item in made.imports}
        return tuple(self._expected(each, actions, known) for each in _once_a_file(touched))

    @staticmethod
    def _expected(each: Touched, actions: Mapping[tuple[str, str], tuple[str, str]], known: set[str]) -> Expected:
        none = "no such file is there now" if each.spec in known else "the spec is no longer declared"
        action, reason = actions.get((each.spec, each.path), ("", none))
        return Expected(spec=each.spec, path=each.path, action=action, reason=reason)

    def changed(self, change: Change) -> Change:
        """Return the change with what the next plan makes of it."""
        return replace(change, expected=self.expect(change.touched)) if not change.dry_run else change


def _family(declared: Mapping[str, LoadedSpec], name: str) -> str:
    return declared[name].spec.name if name in declared else name


def _once_a_file(touched: Sequence[Touched]) -> list[Touched]:
    return list({(each.spec, each.path): each for each in touched}.values())


def spec_of(track: Track) -> Spec | None:
    return track.declared.spec if track.declared else None


def open_ledger(
    root: Path,
    *,
    environ: Mapping[str, str],
    overrides: Mapping[str, Any] | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Ledger:
    """Load the project and open its log. Nothing is written yet."""
    project = load_project(root, environ=environ, overrides=overrides)
    who = identity(root, environ, clock())
    return Ledger(project, open_store(root, project.settings, run=who.id), who, clock, environ)
