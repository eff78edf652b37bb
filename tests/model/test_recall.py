"""A log that is over stays small: its events are read again where they stand, and say what they said before."""

from __future__ import annotations

import random
import sys
import tracemalloc
from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.errors import Conflict
from syncer.model.events import AnyEvent
from syncer.model.log import Lineage, Log, Standing
from tests.model.making import WORKSPACE, Making, file, spec

CRM = Lineage(("crm",), WORKSPACE, "profiles")


class Written:
    """Events as they stand in a file, each at the place of its line; counts how often one was read again."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.recalled = 0
        self._decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)

    def log(self, events: Iterable[AnyEvent]) -> Log:
        log = Log(recall=self.event)
        for event in events:
            self.lines.append(bytes(bytearray(msgspec.json.encode(event))))  # no larger than it looks
            log.add(self._decoder.decode(self.lines[-1]), len(self.lines) - 1)
        return log

    def event(self, place: int) -> AnyEvent:
        self.recalled += 1
        return self._decoder.decode(self.lines[place])


def imports(count: int) -> Iterable[AnyEvent]:
    """Yield the events of imports that went well, each of a file of its own."""
    for number in range(count):
        m = Making(source=file(f"data/dt=2026-11-23/part-{number:05}.csv", f"{number:064x}"))
        yield from m.whole(f"imp_{number:022}")


def kept_for(count: int) -> int:
    """Return the bytes that a log holds on to after so many imports."""
    written = Written()
    tracemalloc.start()
    try:
        log = written.log(imports(count))
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(log) == 3 * count
    return kept - sum(map(sys.getsizeof, (written.lines, *written.lines)))


def test_an_import_that_is_over_takes_a_few_hundred_bytes() -> None:
    """Memory grows by what tells a file's versions apart, not by the events that were written about it."""
    assert (kept_for(1_500) - kept_for(500)) / 1_000 < 700


def test_whether_a_version_is_settled_is_told_without_reading_again() -> None:
    """Every listed file is held against the log, so that must cost neither time nor memory."""
    written = Written()
    log = written.log(imports(20))
    paths = sorted(log.paths(CRM))
    assert [log.is_settled(CRM, path, f"sha256:{number:064x}") for number, path in enumerate(paths)] == [True] * 20
    assert not log.is_settled(CRM, paths[0], "sha256:other")
    assert not log.is_settled(CRM, "data/new.csv", "sha256:other")
    assert [each.imported for path in paths for each in log.summaries(CRM, path)] == [True] * 20
    assert log.open_permits(WORKSPACE) == []
    assert written.recalled == 0


def test_what_is_over_is_told_in_full_when_asked() -> None:
    """The events of an import that is over come back as they were, in their order."""
    events = list(imports(3))
    log = Written().log(events)
    assert list(log) == events
    (life,) = log.generations(CRM, events[0].path)
    assert (life.standing, list(life.events())) == (Standing.DONE, events[:3])
    assert log.events(CRM, events[0].path) == events[:3]
    assert [found.number for _, _, found in log.all_generations(WORKSPACE)] == [1, 1, 1]


def test_a_job_that_was_ended_stays_ended() -> None:
    """A permit that turns up after the end of its job, under another import, is no open job."""
    one, other = Making(), Making(spec("other"))
    log = Written().log([*one.whole("imp_1"), other.submitted("imp_1")])
    assert log.open_permits(WORKSPACE) == []
    assert log.is_completed(other.submitted("imp_1"))
    assert log.is_open(other.submitted("imp_2"))


def test_a_line_that_became_another_under_the_log_is_a_conflict() -> None:
    """What is read again must be what was read before."""
    written = Written()
    log = written.log(imports(2))
    written.lines[:3], written.lines[3:] = written.lines[3:], written.lines[:3]
    with pytest.raises(Conflict, match="became event"):
        log.generations(CRM, "data/dt=2026-11-23/part-00000.csv")


def test_an_altered_line_is_found_among_what_is_over() -> None:
    """An event that is not in memory any more still is the only one of its id."""
    events = list(imports(2))
    log = Written().log(events)
    log.add(events[1])
    assert len(log) == len(events)
    with pytest.raises(Conflict, match="two different lines"):
        log.add(msgspec.structs.replace(events[1], actor="somebody else"))


def lives() -> list[AnyEvent]:
    """Return the events of a path that was imported, changed, forgotten, imported again and left open in the end."""
    first, second = Making(), Making(source=file(version="B"), generation=2)
    again = Making(generation=3)
    return [
        *first.whole("imp_1"),
        first.waived(),
        *second.whole("imp_2"),
        second.forgotten(),
        again.claimed(),
        again.failed(),
        again.submitted("imp_3", attempt=2),
        again.completed("imp_3", attempt=2),
        again.submitted("imp_4", attempt=3),
    ]


@given(st.randoms(use_true_random=False), st.integers(0, len(lives())), st.booleans())
def test_what_was_packed_is_no_different(chance: random.Random, count: int, renamed: bool) -> None:
    """Any part of a history in any order reads alike, with its events kept or recalled, under one name or two."""
    events = lives()
    chance.shuffle(events)
    events = events[:count]
    if renamed:
        events[::2] = [msgspec.structs.replace(event, spec="old") for event in events[::2]]
    lineage = Lineage(("old", "crm"), WORKSPACE, "profiles") if renamed else CRM
    kept, recalled = Log(events), Written().log(events)
    path = "data/a.csv"
    assert picture(kept, lineage, path) == picture(recalled, lineage, path)
    newest = max((event.generation for event in events), default=0)
    for version in ("sha256:A", "sha256:B"):
        expected = not kept.open_permits(WORKSPACE) and any(
            life.number == newest and life.fingerprint == version and life.standing is Standing.DONE
            for life in kept.generations(lineage, path)
        )
        is_over = all(life.standing in (Standing.DONE, Standing.FORGOTTEN) for life in kept.generations(lineage, path))
        assert recalled.is_settled(lineage, path, version) == (expected and is_over)


def picture(log: Log, lineage: Lineage, path: str) -> list[object]:
    told: list[object] = [
        (life.number, life.import_id, life.standing, sorted(event.id for event in life.events()))
        for life in log.generations(lineage, path)
    ]
    by_id = [event.id for event in log]
    permits = [permit.job for permit in log.open_permits(WORKSPACE)]
    told += [event.id for event in log.events(lineage, path)]
    return [told, log.summaries(lineage, path), by_id, permits, log.tail("crm"), log.holes(), len(log)]
