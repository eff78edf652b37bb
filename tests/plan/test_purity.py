"""The plan is a function of its inputs, and applying plans comes to rest with every version imported once."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from syncer.model.events import AnyEvent
from syncer.model.log import Log
from syncer.plan import Action, Filters, Plan, PlannedImport, make_plan
from tests.model.making import NOW, WORKSPACE, Making, file, spec
from tests.plan.world import inputs, spec_input

PATHS = ["data/a.csv", "data/b.csv", "data/c.csv"]
SPECS = [spec("base", target={"object": "orders"}), spec("upon", depends_on=["base"], retry={"attempts": 2})]

# What may become of an import, in the words of the step at which it ends.
Fate = str
FATES = ["completed", "cut off before the permit", "cut off after the permit", "counted", "transient"]


@dataclass
class World:
    """A project and a model of apply: each runnable import leaves in the log what the real one would."""

    versions: dict[str, str] = field(default_factory=dict)
    events: list[AnyEvent] = field(default_factory=list)
    imported: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """What the platform was given for each spec and path, in turn."""
    jobs: int = 0

    def plan(self) -> Plan:
        files = [file(path, version) for path, version in sorted(self.versions.items())]
        specs = [spec_input(own, *files) for own in SPECS]
        return make_plan(inputs(specs, self.events, now=NOW, filters=Filters(out_of_order=("base", "upon"))))

    def apply(self, fates: list[Fate]) -> None:
        plan = self.plan()
        assert plan == self.plan()
        keys = Counter(item.key for item in plan.imports)
        assert not keys or max(keys.values()) == 1
        for item, fate in zip(plan.runnable, fates + ["completed"] * len(plan.runnable), strict=False):
            if item.job is None and Log(self.events).open_permits(WORKSPACE, item.object):
                continue  # another run's job may be running on the object: apply would not be given a permit
            self._execute(item, fate)

    def _execute(self, item: PlannedImport, fate: Fate) -> None:
        own = next(each for each in SPECS if each.name == item.spec)
        m = Making(own, item.file, item.generation)
        assert m.import_id == item.import_id
        job = item.job
        if job is None:
            self._write(m.claimed(attempt=item.attempt, write_mode="upsert"))
            if fate == "cut off before the permit":
                return
            if fate == "transient":
                self._write(m.failed("transient", attempt=item.attempt))
                return
            self.jobs += 1
            job = f"imp_{self.jobs}"
            self._write(m.submitted(job, attempt=item.attempt))
        if fate == "cut off after the permit":
            return
        if fate == "counted":
            self._write(m.failed("counted", job=job, attempt=item.attempt))
            return
        self._write(m.completed(job, attempt=item.attempt))
        self.imported.setdefault((item.spec, item.file.path), []).append(item.file.fingerprint)

    def _write(self, event: AnyEvent) -> None:
        self.events.append(msgspec.structs.replace(event, id=f"e{len(self.events)}"))


STEPS = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from(PATHS), st.sampled_from("AB"), max_size=2),
        st.lists(st.sampled_from(FATES), max_size=6),
    ),
    max_size=6,
)


@settings(max_examples=60)
@given(STEPS)
def test_applying_comes_to_rest_with_every_version_imported_once(
    steps: list[tuple[dict[str, str], list[Fate]]],
) -> None:
    """Files change, runs are cut off anywhere: no version is imported twice in a row, and in the end none is left."""
    world = World()
    for changes, fates in steps:
        world.versions.update(changes)
        world.apply(fates)
    for _ in range(8):
        world.apply([])
    plan = world.plan()
    assert plan.runnable == ()
    for versions in world.imported.values():
        assert all(one != other for one, other in pairwise(versions))
    stuck = {(item.spec, item.file.path) for item in plan.imports if item.action is Action.BLOCKED}
    for own in SPECS:
        for path, version in world.versions.items():
            if (own.name, path) not in stuck:
                assert world.imported[own.name, path][-1] == f"sha256:{version}"


@settings(max_examples=40)
@given(STEPS, st.randoms(use_true_random=False))
def test_the_order_of_lines_changes_no_decision(
    steps: list[tuple[dict[str, str], list[Fate]]], chance: random.Random
) -> None:
    """However branches were merged, the same is planned."""
    world = World()
    for changes, fates in steps:
        world.versions.update(changes)
        world.apply(fates)
    before = world.plan()
    chance.shuffle(world.events)
    assert world.plan() == before


@given(st.integers(0, 10**6))
def test_only_leases_and_days_depend_on_the_time(seconds: int) -> None:
    """A plan of files that nobody holds is the same at any second."""
    own = spec_input(None, file("data/a.csv"), file("data/b.csv"))
    m = Making()
    events: list[AnyEvent] = [m.claimed(), m.failed("counted")]
    later = make_plan(inputs(own, events, now=NOW + timedelta(seconds=seconds)))
    assert later.imports == make_plan(inputs(own, events)).imports
