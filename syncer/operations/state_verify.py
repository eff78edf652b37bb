"""Check the whole log: every line's shape, the fold in another order, and every rule of exactly-once."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from syncer.errors import Conflict
from syncer.model.audit import Anomaly, audit
from syncer.model.events import AnyEvent, Notified
from syncer.model.generation import Generation
from syncer.operations.ledger import Ledger
from syncer.state.lines import UnreadableLine, decode
from syncer.state.segments import Segment, in_sequence, named
from syncer.state.store import LocalStore

_MARKERS = (b"<<<<<<< ", b"=======", b">>>>>>> ", b"||||||| ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was checked and what is wrong. `notes` are harmless: a torn last line counts for nothing."""

    lines: int
    events: int
    imports: int
    completed: int
    rows: int
    problems: tuple[str, ...]
    anomalies: tuple[Anomaly, ...]
    notes: tuple[str, ...]

    @property
    def clean(self) -> bool:
        return not self.problems and not self.anomalies


@dataclass(frozen=True, slots=True)
class Lines:
    """What the lines of a file hold: events, problems with their place, and notes. `count` counts all lines."""

    count: int
    events: list[AnyEvent]
    problems: list[str]
    notes: list[str]


def state_verify(ledger: Ledger) -> Verification:
    """Check every line of every file of the log, in all workspaces. Problems are returned, all of them."""
    with _without_collecting():
        contents = _contents(ledger)
        found, problems = _in_sequence(ledger.directory, contents)
        read = [read_lines(named(segment.path), contents[segment.path.name], segment.spec) for segment in found]
        events = [event for lines in read for event in lines.events]
        told = audit(events, ledger.lineages())
        problems += [problem for lines in read for problem in lines.problems]
        problems += _order_free(events)
    return Verification(
        lines=sum(lines.count for lines in read),
        events=told.events,
        imports=told.imports,
        completed=told.completed,
        rows=told.rows,
        problems=tuple(problems),
        anomalies=told.anomalies,
        notes=tuple(note for lines in read for note in lines.notes),
    )


def read_lines(name: str, data: bytes, spec: str | None = None) -> Lines:
    """Read one file of a log, as far as it can be read. With `spec`, lines of another spec are problems."""
    texts = data.removesuffix(b"\n").split(b"\n") if data else []
    lines = Lines(len(texts), [], [], [])
    for number, text in enumerate(texts, start=1):
        if not text.strip():
            continue
        place = f"{name}:{number}"
        try:
            event = decode(text)
        except Conflict as newer:
            lines.problems.append(f"{place}: {newer.what}")
        except UnreadableLine as error:
            if number == len(texts):
                lines.notes.append(f"{place}: the last line is torn and counts for nothing")
            else:
                told = "git's conflict markers stand in the log" if text.startswith(_MARKERS) else f"no event: {error}"
                lines.problems.append(f"{place}: {told}")
        else:
            lines.events.append(event)
            if spec is not None and event.spec != spec:
                lines.problems.append(f"{place}: a line of spec {event.spec!r} stands in the log of {spec!r}")
    return lines


def _contents(ledger: Ledger) -> dict[str, bytes]:
    """Return the log's files by name: those of the state folder, or of the commit that every run shares."""
    store, directory = ledger.store, ledger.directory
    if isinstance(store, LocalStore):
        found = sorted(directory.glob("*.jsonl")) if directory.is_dir() else []
        return {path.name: path.read_bytes() for path in found}
    from syncer.state.git import Repository
    from syncer.state.git_store import GitStore

    with suppress(Conflict):  # what is wrong with the lines is told by whoever asked
        store.read()
    tip = store.tip if isinstance(store, GitStore) else None
    if tip is None:
        return {}
    repository = Repository(ledger.project.root)
    folder = directory.resolve().relative_to(repository.top().resolve()).as_posix()
    blobs = repository.files(tip, folder)
    return {PurePosixPath(path).name: repository.blob(blob) for path, blob in blobs.items() if path.endswith(".jsonl")}


def _in_sequence(directory: Path, names: Iterable[str]) -> tuple[list[Segment], list[str]]:
    """Sort the files as they were begun; where one between them is missing, say so and take what is there."""
    try:
        return in_sequence(directory, names), []
    except Conflict as error:
        there = [Segment(directory / name, name.split(".")[0], 1) for name in sorted(names)]
        return there, [f"{error.what} ({error.why})"]


def _order_free(events: Iterable[AnyEvent]) -> list[str]:
    """Fold every generation twice, the second time in the order of its events' ids, which is none at all."""
    lives: dict[tuple[str, str, str, str, int, str], dict[str, AnyEvent]] = {}
    for event in events:
        key = (event.spec, event.workspace, event.object, event.path, event.generation, event.import_id)
        if not isinstance(event, Notified):
            lives.setdefault(key, {})[event.id] = event
    return [
        f"the log reads differently in another order of its lines: generation {key[4]} of import {key[5]}"
        for key, own in lives.items()
        if _picture(own.values()) != _picture(own[event_id] for event_id in sorted(own))
    ]


def _picture(events: Iterable[AnyEvent]) -> tuple[object, ...]:
    """Fold one generation and return all that decisions rest on."""
    life: Generation | None = None
    for event in events:
        life = life or Generation(event.generation, event.import_id, event.path, event.fingerprint)
        life.add(event)
    if life is None:
        return ()
    open_jobs = [permit.job for permit in life.open_permits] if life.permits else []
    return (life.standing, open_jobs, life.last_claim, life.last_attempt, life.forgotten, life.baseline)


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Hold the garbage collector back: nothing here is garbage until the end, and looking doubles the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
