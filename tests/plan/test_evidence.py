"""A store's tag is not the file: what changed is imported again, and what only got another tag never is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncer.model.events import AnyEvent
from syncer.model.files import GB, SourceFile
from syncer.model.log import Log
from syncer.plan import Action, Filters, Plan, PlannedImport, make_plan
from tests.model.making import WORKSPACE, Making, file, spec
from tests.plan.test_history import attempts, done, unique
from tests.plan.world import APPEND, decided, inputs, plan_of, spec_input

PATH = "s3://bucket/a.csv"
X, Y = "sha256:X", "sha256:Y"


def remote(version: str, **more: Any) -> SourceFile:
    return file(PATH, fingerprint=version, **more)


def imported(source: SourceFile, content: str | None = X, generation: int = 1, job: str = "imp_1") -> list[AnyEvent]:
    """Return the events of an import whose job was given these bytes."""
    m = Making(source=source, generation=generation)
    return [m.claimed(tag=source.tag), m.submitted(job, content=content), m.completed(job)]


def baselined(source: SourceFile) -> list[AnyEvent]:
    return [Making(source=source).baselined()]


@dataclass(frozen=True)
class Case:
    """What was imported, what is there now, and what has to come of it."""

    name: str
    events: list[AnyEvent]
    now: SourceFile
    action: Action
    reason: str
    own: dict[str, Any] = field(default_factory=dict)
    unread: bool = False


ONE, OTHER = remote("etag:1:10"), remote("etag:2:10")
CASES = [
    Case("the same tag", imported(ONE), ONE, Action.SKIP, "imported on 2026-11-23 by job imp_1"),
    Case(
        "another tag, unread",
        imported(ONE),
        OTHER,
        Action.BLOCKED,
        "its tag changed since it was imported on 2026-11-23, and its bytes have to be read to tell",
        unread=True,
    ),
    Case(
        "another tag, the same bytes",
        imported(ONE),
        remote("etag:2:10", content=X),
        Action.SKIP,
        "the same bytes as when it was imported on 2026-11-23 by job imp_1; only the store's tag changed",
    ),
    Case("another tag, other bytes", imported(ONE), remote("etag:2:10", content=Y), Action.REIMPORT, "changed since"),
    Case(
        "another size, whatever the rest",
        imported(ONE),
        remote("md5:1", size=11),
        Action.REIMPORT,
        "changed since it was imported",
    ),
    Case("another md5", imported(remote("md5:1")), remote("md5:2"), Action.REIMPORT, "changed since"),
    Case("another sha256", done(), file(version="B"), Action.REIMPORT, "changed since"),
    Case(
        "another scheme, the same bytes",
        imported(remote("md5:1")),
        remote("crc32c:1:10", content=X),
        Action.SKIP,
        "only its fingerprint did, from md5 to crc32c",
    ),
    Case(
        "another scheme, unread", imported(remote("md5:1")), remote("crc32c:1:10"), Action.BLOCKED, "read", unread=True
    ),
    Case("another scheme, other bytes", imported(ONE), remote("md5:1", content=Y), Action.REIMPORT, "changed since"),
    Case(
        "from content to tag, the same bytes under a tag that the log knows",
        imported(remote(X, tag="etag:1:10")),
        ONE,
        Action.SKIP,
        "imported on 2026-11-23 by job imp_1",
    ),
    Case("from content to tag", imported(remote(X, tag="etag:1:10")), OTHER, Action.BLOCKED, "read", unread=True),
    Case("from tag to content", imported(ONE), remote(X, tag="etag:2:10"), Action.SKIP, "from etag to sha256"),
    Case("from tag to content, changed", imported(ONE), remote(Y, tag="etag:2:10"), Action.REIMPORT, "changed since"),
    Case(
        "other bytes under a tag that the log knows",
        imported(remote(X, tag="etag:1:10")),
        remote(Y, tag="etag:1:10"),
        Action.REIMPORT,
        "changed since",
    ),
    Case(
        "from path to tag",
        imported(remote("path:")),
        ONE,
        Action.BLOCKED,
        "its bytes have to be read",
        unread=True,
    ),
    # the log does not know the bytes
    Case("another tag, bytes never recorded", imported(ONE, None), OTHER, Action.REIMPORT, "changed since"),
    Case("another tag of a baseline", baselined(ONE), OTHER, Action.REIMPORT, "changed since"),
    Case("another scheme of a baseline", baselined(ONE), remote("md5:1"), Action.BLOCKED, "cannot be told"),
    Case(
        "another size than a baseline's tag tells", baselined(ONE), remote("md5:1", size=9), Action.REIMPORT, "changed"
    ),
    Case(
        "a baseline of what a job was given",
        [Making(source=ONE).submitted(content=X), Making(source=ONE).resolved("abandon"), *baselined(ONE)],
        OTHER,
        Action.BLOCKED,
        "have to be read",
        unread=True,
    ),
    # what the spec says of changes
    Case(
        "ignored unread",
        imported(ONE),
        OTHER,
        Action.SKIP,
        "its tag changed since it was imported on 2026-11-23; on_change: ignore",
        {"source": {"on_change": "ignore"}},
    ),
    Case("never read by path", imported(ONE), OTHER, Action.SKIP, "imported on", {"source": {"identity": "path"}}),
    # a second generation
    Case(
        "the first tag again after another version",
        [*imported(ONE), *imported(OTHER, Y, 2, "imp_2")],
        ONE,
        Action.REIMPORT,
        "changed since",
    ),
    Case(
        "a new tag after another version failed",
        [*imported(ONE), *attempts("counted", source=OTHER, generation=2)],
        remote("etag:3:10", content=X),
        Action.SKIP,
        "only the store's tag changed",
    ),
    Case(
        "a changed file whose attempt was cut off, unread",
        [*imported(ONE), Making(source=OTHER, generation=2).claimed()],
        OTHER,
        Action.BLOCKED,
        "have to be read",
        unread=True,
    ),
    Case(
        "a changed file whose attempt was cut off",
        [*imported(ONE), Making(source=OTHER, generation=2).claimed()],
        remote("etag:2:10", content=Y),
        Action.REIMPORT,
        "never submitted a job",
    ),
    Case(
        "an attempt at the same bytes",
        [*imported(ONE), *attempts("counted", source=OTHER, generation=2)],
        remote("etag:2:10", content=X),
        Action.SKIP,
        "only the store's tag changed",
    ),
    Case(
        "an attempt whose job was given other bytes is not read again",
        [
            *imported(ONE),
            Making(source=OTHER, generation=2).claimed(),
            Making(source=OTHER, generation=2).submitted("imp_2", content=Y),
            Making(source=OTHER, generation=2).failed(job="imp_2"),
        ],
        OTHER,
        Action.RETRY,
        "attempt 1 of 3 failed",
    ),
    Case(
        "never imported, and another tag of the same bytes",
        [
            Making(source=ONE).claimed(),
            Making(source=ONE).submitted(content=X),
            Making(source=ONE).failed(job="imp_1"),
        ],
        remote("etag:2:10", content=X),
        Action.IMPORT,
        "changed since the attempt that failed",
    ),
    Case(
        "of two that were imported beside each other the closer one counts",
        [*imported(ONE), *imported(remote("etag:9:10"), Y, 1, "imp_2")],
        remote("etag:2:10", content=X),
        Action.SKIP,
        "by job imp_1; only the store's tag changed",
    ),
    Case(
        "forgotten, and known by another tag",
        [*imported(ONE), Making(source=ONE).forgotten("lost")],
        OTHER,
        Action.IMPORT,
        "forgotten by an operator: lost",
    ),
    Case(
        "an attempt under another identity is another import",
        attempts("counted"),
        file(fingerprint="path:"),
        Action.IMPORT,
        "changed since the attempt that failed",
        {"source": {"identity": "path"}},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_evidence_decides(case: Case) -> None:
    """One history and one listing, one action; what has to be read is named to whoever can read it."""
    plan = plan_of(spec(**case.own), case.now, events=unique(case.events))
    (item,) = plan.imports
    assert (item.action, case.reason in item.reason) == (case.action, True), item.reason
    assert plan.unread == (frozenset({("crm", case.now.path)}) if case.unread else frozenset())
    assert item.attention == (case.action is Action.BLOCKED)
    assert item.imported == (case.action is Action.SKIP and "ignore" not in item.reason)


def test_what_is_skipped_for_its_bytes_keeps_the_id_of_its_import() -> None:
    """It leads to the import that put these bytes into the platform."""
    item = decided(source=remote("etag:2:10", content=X), events=imported(ONE))
    assert (item.import_id, item.generation) == (Making(source=ONE).import_id, 1)


def test_what_is_too_large_to_be_imported_is_not_read() -> None:
    """It cannot be what was imported, and is refused for its size."""
    large = remote("etag:2:60", size=60 * GB)
    m = Making(source=remote("path:"))
    plan = plan_of(spec(), large, events=[m.submitted(content=X), m.completed()])
    assert (plan.unread, plan.imports[0].action) == (frozenset(), Action.BLOCKED)
    assert "chunks of 5-8 GB" in plan.imports[0].reason


def test_a_contradiction_about_the_bytes_proves_nothing() -> None:
    """Two parts that were given different contents leave open what was imported."""
    m = Making(source=ONE)
    parts = [m.submitted(f"imp_{n}", part=n, content=content) for n, content in enumerate((X, Y), start=1)]
    events = [m.claimed(parts=2), *parts, *(m.completed(f"imp_{n}", part=n) for n in (1, 2))]
    assert decided(source=remote("etag:2:10", content=X), events=events).action is Action.REIMPORT


@pytest.mark.parametrize(
    ("own", "more"),
    [
        ({"suspend": True}, {}),
        ({"source": {"since": "2026-11-23"}}, {}),
        ({}, {"filters": Filters(since=date(2026, 11, 23))}),
        ({"source": {"ready": {"min_age": "2d"}}}, {}),
    ],
)
def test_what_is_not_wanted_now_is_not_read(own: dict[str, Any], more: dict[str, Any]) -> None:
    """Nobody pays for reading a file that this plan would leave alone anyway."""
    plan = plan_of(spec(**own), OTHER, events=imported(ONE), **more)
    assert (plan.unread, plan.attention) == (frozenset(), ())


def test_reading_comes_before_asking_for_the_write_mode() -> None:
    """Whether the object appends matters only once the file is known to have changed."""
    plan = plan_of(spec(), OTHER, events=imported(ONE), write_modes={})
    assert (plan.undecided, len(plan.unread)) == (frozenset(), 1)
    read = remote("etag:2:10", content=Y)
    plan = plan_of(spec(), read, events=imported(ONE), write_modes={})
    assert (plan.undecided, plan.unread) == (frozenset({"profiles"}), frozenset())
    assert plan_of(spec(), read, events=imported(ONE), write_modes=APPEND).attention


def test_a_dependency_s_files_are_named_too() -> None:
    """What a chosen spec waits for is decided about in the same plan."""
    specs = [spec_input(spec("upon", depends_on=["crm"])), spec_input(spec(), OTHER)]
    plan = make_plan(inputs(specs, imported(ONE), filters=Filters(specs=("upon",))))
    assert plan.unread == {("crm", PATH)}


# --- any history -----------------------------------------------------------------------------------------------------

SCHEMES = ("etag", "md5", "crc32c", "sha256")


@dataclass
class Store:
    """One object of a store, a spec that imports it, and a model of apply that reads where the plan asks it to."""

    data: str = "X"
    tag: int = 0
    scheme: str = "etag"
    events: list[AnyEvent] = field(default_factory=list)
    given: dict[str, str] = field(default_factory=dict)
    imported: list[str] = field(default_factory=list)

    def listed(self) -> SourceFile:
        of_bytes = {"md5": f"md5:{self.data}", "sha256": f"sha256:{self.data}"}
        return remote(of_bytes.get(self.scheme, f"{self.scheme}:{self.data}{self.tag}:10"))

    def plan(self) -> Plan:
        own, found = spec(retry={"attempts": 100}), self.listed()
        plan = make_plan(inputs(spec_input(own, found), self.events))
        if plan.unread:
            read = replace(found, content=f"sha256:{self.data}")
            plan = make_plan(inputs(spec_input(own, read), self.events))
            assert not plan.unread
        return plan

    def run(self, fate: str) -> None:
        for item in self.plan().runnable:
            self._execute(item, fate)

    def _execute(self, item: PlannedImport, fate: str) -> None:
        m, job = Making(spec(retry={"attempts": 100}), item.file, item.generation), item.job
        if job is None:
            assert not Log(self.events).open_permits(WORKSPACE)
            self._write(m.claimed(attempt=item.attempt))
            if fate == "cut off before the permit":
                return
            job = f"imp_{len(self.given)}"
            self.given[job] = self.data
            self._write(m.submitted(job, attempt=item.attempt, content=f"sha256:{self.data}"))
        if fate == "cut off after the permit":
            return
        if fate == "failed":
            self._write(m.failed(job=job, attempt=item.attempt))
            return
        self._write(m.completed(job, attempt=item.attempt))
        self.imported.append(self.given[job])

    def _write(self, event: AnyEvent) -> None:
        self.events.append(msgspec.structs.replace(event, id=f"e{len(self.events)}"))


FATES = ("completed", "cut off before the permit", "cut off after the permit", "failed")
CHANGES = st.lists(
    st.tuples(st.sampled_from("XYZ"), st.integers(0, 3), st.sampled_from(SCHEMES), st.sampled_from(FATES)), max_size=10
)


@settings(max_examples=150)
@given(CHANGES)
def test_whatever_the_store_calls_the_bytes_each_change_is_imported_once(
    steps: list[tuple[str, int, str, str]],
) -> None:
    """Bytes and tags change, runs are cut off anywhere: nothing is imported twice in a row, and no change is missed."""
    store = Store()
    for data, tag, scheme, fate in steps:
        store.data, store.tag, store.scheme = data, tag, scheme
        store.run(fate)
    for _ in range(4):
        store.run("completed")
    assert all(one != other for one, other in pairwise(store.imported))
    assert store.imported[-1] == store.data
    assert store.plan().imports[0].action is Action.SKIP
