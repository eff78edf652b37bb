"""Close a generation, so that its file is imported again: `forget` whatever became of it, `retry` what failed."""

from __future__ import annotations

from collections.abc import Sequence

from syncer.errors import Refused, UsageError
from syncer.model.events import AnyEvent, Forgotten
from syncer.model.generation import Generation, Standing
from syncer.model.log import Log
from syncer.operations.change import Change, LeftAlone
from syncer.operations.ledger import Ledger, Track, spec_of
from syncer.operations.preparation import preparation_of
from syncer.operations.rejects import repair_tracks
from syncer.operations.state_write import touched
from syncer.spec.load import Project


def forget(ledger: Ledger, track_of: TrackFinder, *, reason: str, append_again: bool = False) -> Change:
    """Close the newest generation of one file.

    Raises Refused while a permitted job of it, or of the repair of its rejected rows, has no recorded end, and, without
    `append_again`, when rows of it are in the platform and its object appends or is not known not to. Raises UsageError
    when the log knows no such file. What is closed already is left alone.
    """
    left: list[LeftAlone] = []

    def decide(log: Log) -> Sequence[AnyEvent]:
        left.clear()
        track = track_of(log)
        ledger.check_idle(track)
        _check_settled(track)
        newest = [life for life in track.generations if life.number == track.newest.number]
        for each in (one for life in newest for one in repair_tracks(log, track, life)):
            ledger.check_idle(each)
            _check_settled(each)
        if any(life.standing is Standing.FORGOTTEN for life in newest):
            left.append(LeftAlone(spec=track.spec, path=track.path, reason="its newest generation is closed already"))
            return []
        _check_appends(ledger, log, track, append_again=append_again)
        return [Forgotten(**ledger.about(track, life), reason=reason) for life in newest]

    written = ledger.written("forget", decide)
    return ledger.changed(Change(verb="forget", reason=reason, touched=touched(written), left=tuple(left)))


class TrackFinder:
    """Finds one file's history in a log: by an import's id, or by spec and path. Raises UsageError."""

    def __init__(self, ledger: Ledger, *, given: str = "", spec: str = "", path: str = "") -> None:
        self._ledger = ledger
        self._given = given
        self._spec = spec
        self._path = path

    def __call__(self, log: Log) -> Track:
        return self._by_id(log) if self._given else self._by_path(log)

    def _by_id(self, log: Log) -> Track:
        track = self._ledger.find(log, self._given)
        import_id = self._ledger.import_id(track, self._given)
        newest = {life.import_id for life in track.generations if life.number == track.newest.number}
        if import_id not in newest:
            raise UsageError(
                f"import {import_id} is not the newest version of {track.path}",
                why=f"the newest is generation {track.newest.number}, import {track.newest.import_id}",
                next_step=f"see it: syncer state show {track.newest.import_id}",
            )
        return track

    def _by_path(self, log: Log) -> Track:
        found = [track for track in self._ledger.tracks(log, (self._spec,)) if track.path == self._path]
        if not found:
            raise UsageError(
                f"the log of {self._spec} knows no file {self._path!r}",
                next_step=f"see its files: syncer state list {self._spec}",
            )
        return _of_declared_object(found)


def _of_declared_object(found: Sequence[Track]) -> Track:
    """Return the history for the object that the spec names now; another object's is history only."""
    current = [t for t in found if t.declared and t.declared.spec.target.object == t.lineage.object]
    return (current or list(found))[0]


def _check_settled(track: Track) -> None:
    life = track.unsettled
    if life is None:
        return
    permit = life.open_permits[0]
    raise Refused(
        f"{track.path} is not closed: job {permit.job} was permitted and its end is not recorded",
        where=f"spec {track.spec}, import {life.import_id}, run {permit.run}",
        why="the job may still import the file, and then its rows would be imported twice",
        next_step=f"let a run ask for it with syncer apply, or say what became of it: "
        f"syncer state resolve {life.import_id} --job {permit.job} --failed --reason TEXT",
    )


def _check_appends(ledger: Ledger, log: Log, track: Track, *, append_again: bool) -> None:
    target = track.lineage.object
    mode = log.write_modes(ledger.workspace).get(target)
    there = [life for life in track.generations if life.done or life.completed_parts]
    if append_again or mode == "upsert" or not there:
        return
    known = f"object {target} appends" if mode == "append" else f"whether object {target} appends is not known"
    raise Refused(
        f"{track.path} is imported already, and {known}: its rows would be inserted a second time",
        where=f"spec {track.spec}, import {there[-1].import_id}",
        why="duplicate rows cannot be taken out of an append object again",
        next_step="if that is what you want, run the same command with --append-again",
    )


def retry(ledger: Ledger, given: str, *, reason: str) -> Change:
    """Close the failed generations, of one import or of a whole spec, that nothing will try again by itself.

    A completed import is never touched. Raises Refused for an import of which a job is open or some parts are
    imported, and UsageError for an id or a spec that is not known.
    """
    left: list[LeftAlone] = []

    def decide(log: Log) -> Sequence[AnyEvent]:
        left.clear()
        events: list[AnyEvent] = []
        for track in _asked_for(ledger, log, given):
            newest = [life for life in track.generations if life.number == track.newest.number]
            ledger.check_idle(track)
            why_not = next((why for life in newest if (why := _not_retried(ledger.project, track, life))), None)
            if why_not is None:
                events += [Forgotten(**ledger.about(track, life), reason=reason) for life in newest]
            elif why_not != _IMPORTED:
                left.append(LeftAlone(spec=track.spec, path=track.path, reason=why_not))
        return events

    written = ledger.written("retry", decide)
    return ledger.changed(Change(verb="retry", reason=reason, touched=touched(written), left=tuple(left)))


_IMPORTED = "imported"


def _asked_for(ledger: Ledger, log: Log, given: str) -> list[Track]:
    declared = {name for names in ledger.lineages() for name in names}
    if given in declared or given in log.specs():
        return [track for track in ledger.tracks(log, (given,)) if track.newest.standing is not Standing.DONE]
    track = TrackFinder(ledger, given=given)(log)
    if track.newest.standing is Standing.DONE:
        raise Refused(
            f"{track.path} is imported: there is nothing to retry",
            where=f"spec {track.spec}, import {track.newest.import_id}",
            next_step=f"to import it once more: syncer forget {track.newest.import_id} --reason TEXT",
        )
    _check_settled(track)
    return [track]


def _not_retried(project: Project, track: Track, life: Generation) -> str | None:
    """Say why this generation is left as it is, or None where closing it is what lets the file be tried again."""
    standing, spec = life.standing, spec_of(track)
    if standing is Standing.DONE:
        return _IMPORTED
    if spec is None:
        return "its spec is no longer declared"
    preparation = preparation_of(project, spec)
    stuck = life.final_failure(preparation) or life.counted_failures(preparation) >= spec.retry.attempts
    reasons = (
        (track.unsettled is not None, "a job of it is permitted and has no recorded end; a run takes it up"),
        (standing is Standing.FORGOTTEN, "it is closed already, and the next run imports it"),
        (standing is not Standing.FAILED, "it did not fail"),
        (
            bool(life.completed_parts),
            "some of its parts are imported, and would be imported again; to do that, forget it",
        ),
        (not stuck, "the next run tries it again by itself"),
    )
    return next((words for applies, words in reasons if applies), None)
