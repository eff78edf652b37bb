"""Runs, operators, clocks and crashes in any order: no rows twice, no two jobs on one object, and an end to it all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from syncer.model.audit import audit
from syncer.model.events import Baselined, Claimed, Forgotten, Resolved
from syncer.model.generation import Generation, Standing
from syncer.model.log import Lineage, Log
from syncer.plan import Action
from tests.model.making import WORKSPACE, Making
from tests.stateful.world import Job, Run, World, stand_in

PATHS = ("crm/a.csv", "shop/a.csv", "shop/b.csv", "till/a.csv")
SLOTS = (0, 1)
slots, paths = st.sampled_from(SLOTS), st.sampled_from(PATHS)


class Exactly(RuleBasedStateMachine):
    """Two clones of one project, their runs, an operator, and a world that changes under them."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(files={(path.partition("/")[0], path): "A" for path in PATHS})
        self.world.api.by_itself = True
        self.world.api.on_start = self._starting
        self.at_work: dict[int, Run] = {}
        self._patches = stand_in(lambda: self.world)

    # --- the world changes -------------------------------------------------------------------------------------------

    @rule(path=paths, version=st.sampled_from("ABC"))
    def put(self, path: str, version: str) -> None:
        self.world.files[path.partition("/")[0], path] = version

    @rule(path=paths)
    def remove(self, path: str) -> None:
        self.world.files.pop((path.partition("/")[0], path), None)

    @rule(name=st.sampled_from(World.SPECS), mapping=st.integers(0, 1))
    def edit_spec(self, name: str, mapping: int) -> None:
        self.world.mappings[name] = mapping

    @rule(hours=st.integers(-8, 8))
    def clock_jumps(self, hours: int) -> None:
        self.world.now += timedelta(hours=hours)

    @rule(lost=st.sampled_from(("before", "after")))
    def lose_the_next_start(self, lost: str) -> None:
        self.world.api.lost = lost

    @rule(code=st.sampled_from(("CDP_ETL.IMPORT.SOURCE_UNREADABLE", "CDP_ETL.VALIDATION.REQUEST_SCHEMA")))
    def fail_the_next_job(self, code: str) -> None:
        self.world.api.fails = code

    @precondition(lambda self: self.world.api.running())
    @rule()
    def a_job_ends(self) -> None:
        self.world.api.finish(self.world.api.running()[0])

    # --- runs --------------------------------------------------------------------------------------------------------

    @rule(slot=slots, queue=st.integers(1, 3))
    def begin(self, slot: int, queue: int) -> None:
        if slot not in self.at_work:
            self.at_work[slot] = Run(self.world, f"clone-{slot}", queue_length=queue)

    @rule(slot=slots, steps=st.integers(1, 30))
    def go_on(self, slot: int, steps: int) -> None:
        for _ in range(steps):
            self._step(slot)

    @rule(turns=st.lists(st.tuples(slots, st.integers(1, 6)), min_size=2, max_size=12))
    def side_by_side(self, turns: list[tuple[int, int]]) -> None:
        for slot in SLOTS:
            self.begin(slot, 3)
        for slot, steps in turns:
            self.go_on(slot, steps)

    def _step(self, slot: int) -> None:
        run = self.at_work.get(slot)
        if run is not None and not run.ended:
            run.step()
        if run is not None and run.ended:
            del self.at_work[slot]

    @rule()
    def jobs_take_their_time_or_not(self) -> None:
        self.world.api.by_itself = not self.world.api.by_itself

    @rule(slot=slots)
    def crash(self, slot: int) -> None:
        run = self.at_work.pop(slot, None)
        if run is not None:
            run.kill()

    @precondition(lambda self: self.world.shared.spools)
    @rule(data=st.data())
    def merge_what_a_machine_kept(self, data: st.DataObject) -> None:
        spools = self.world.shared.spools
        events = spools.pop(data.draw(st.integers(0, len(spools) - 1)))
        self.world.shared.take(data.draw(st.permutations(events)))

    # --- the operator ------------------------------------------------------------------------------------------------

    def _idle(self, life: Generation) -> bool:
        """What `Ledger.check_idle` asks: nobody may have it in hand."""
        working = (Standing.CLAIMED, Standing.PERMITTED, Standing.FAILED)
        claim = life.last_claim
        return claim is None or claim.lease <= self.world.now or life.standing not in working

    def _lives(self, path: str) -> tuple[str, list[Generation]]:
        name = path.partition("/")[0]
        own = next(own.spec for own in self.world.spec_inputs() if own.spec.name == name)
        target = own.target.object
        return target, self.world.shared.log.generations(Lineage((name,), WORKSPACE, target), path)

    @rule(path=paths)
    def forget(self, path: str) -> None:
        target, lives = self._lives(path)
        newest = [life for life in lives if life.number == lives[-1].number]
        if not lives or any(life.open_permits for life in lives) or not all(map(self._idle, lives)):
            return
        if any(life.standing is Standing.FORGOTTEN for life in newest):
            return
        self.world.api.imported.append((target, path, "forgotten"))
        self.world.shared.write(lambda _: [Forgotten(**self._about(target, life), reason="again") for life in newest])

    @rule(path=paths)
    def baseline(self, path: str) -> None:
        name = path.partition("/")[0]
        target, lives = self._lives(path)
        if lives or (name, path) not in self.world.files:
            return
        own = next(own.spec for own in self.world.spec_inputs() if own.spec.name == name)
        m = Making(own, self.world.source(path))
        life = Generation(1, m.import_id, path, m.file.fingerprint)
        self.world.shared.write(lambda _: [Baselined(**self._about(target, life), reason="there already")])
        self.world.api.imported.append((target, path, m.file.fingerprint))

    @rule(data=st.data())
    def resolve(self, data: st.DataObject) -> None:
        """Say the truth of a job that ended, or give up one that has not started and that nobody has in hand."""
        found = [
            (path, target, life, permit)
            for path in PATHS
            for target, lives in [self._lives(path)]
            for life in lives
            for permit in life.open_permits
            if self._idle(life)
        ]
        if not found:
            return
        _, target, life, permit = data.draw(st.sampled_from(found))
        state = self.world.api.jobs[permit.job].state
        if state == "running":
            return
        word: Any = {"completed": "completed", "failed": "failed"}.get(state, "start")
        self._resolve(target, life, permit.job, word)

    def _about(self, target: str, life: Generation) -> dict[str, Any]:
        return {
            "time": self.world.now,
            "run": "operator",
            "actor": "operator",
            "spec": life.path.partition("/")[0],
            "workspace": WORKSPACE,
            "object": target,
            "path": life.path,
            "fingerprint": life.fingerprint,
            "import_id": life.import_id,
            "generation": life.number,
        }

    # --- what must hold ----------------------------------------------------------------------------------------------

    def _starting(self, job: Job) -> None:
        """No job runs beside another one on its object, and none without a permit that everybody can see."""
        assert not self.world.api.running(job.object), "two jobs on one object"
        permits = self.world.shared.log.open_permits(WORKSPACE, job.object)
        assert job.id in {permit.job for permit in permits}, "started without a permit"

    @invariant()
    def no_version_is_imported_twice_in_a_row(self) -> None:
        self._imported()

    def _imported(self) -> dict[tuple[str, str], tuple[str, str, set[str]]]:
        """Return the version that each object has of each file: in how many parts it came, and which of them did."""
        last: dict[tuple[str, str], tuple[str, str, set[str]]] = {}
        for target, path, what in self.world.api.imported:
            version, _, place = what.partition("#")
            part, _, count = place.partition("/")
            before, parts, done = last.get((target, path), ("", "", set()))
            if version == before != "forgotten":
                assert count == parts, f"{path} {version} was imported in {parts} parts and in {count}"
                assert part not in done, f"part {part} of {path} {version} was imported twice"
                done.add(part)
            else:
                last[target, path] = (version, count, {part})
        return last

    @invariant()
    def the_audit_finds_nothing(self) -> None:
        found = audit(self.world.shared.log)
        lost = {event.id for spool in self.world.shared.spools for event in spool}
        claims = (event for event in self.world.shared.log if isinstance(event, Claimed))
        released = {claim.id for claim in claims if claim.lease <= claim.time}
        harmless = [  # a release that came late, with its machine's notes, shares its epoch with who went on without it
            each for each in found.anomalies if each.kind == "epoch-shared" and released & set(each.events)
        ]
        wrong = [each for each in found.anomalies if each not in harmless and (each.kind != "hole" or not lost)]
        assert not wrong, wrong

    def teardown(self) -> None:
        try:
            for run in self.at_work.values():
                run.kill()
            self._comes_to_rest()
        finally:
            self._patches.close()

    def _comes_to_rest(self) -> None:
        world = self.world
        for spool in world.shared.spools:
            world.shared.take(spool)
        world.shared.spools.clear()
        world.api.by_itself, world.api.lost, world.api.fails = True, "", ""
        world.now += timedelta(days=30)
        for _ in range(20):
            plan = world.plan(world.shared.log)
            if not plan.runnable:
                break
            before = len(world.shared.log)
            Run(world, "clone-9").to_end()
            if len(world.shared.log) == before:
                self._decide_about_changed_specs()
        assert not plan.runnable, [(item.action, item.reason) for item in plan.runnable]
        assert not world.api.running()
        imported = self._imported()
        for item in plan.imports:
            if item.action is Action.SKIP and item.imported and "#" not in item.file.path:
                version, count, parts = imported.get((item.object, item.file.path), ("", "", set()))
                if count and version == item.file.fingerprint:
                    assert parts == {str(number + 1) for number in range(int(count))}, f"{item.file.path} lacks a part"
            settled = item.action is Action.SKIP and item.imported
            assert settled or item.attention or item.action is Action.BLOCKED, (item.action, item.reason)
            assert item.reason
        self.no_version_is_imported_twice_in_a_row()
        self.the_audit_finds_nothing()
        self._fold_is_order_free()

    def _decide_about_changed_specs(self) -> None:
        """A permitted job that never started, and whose spec has changed since, waits for a person: give it up."""
        digests = {own.spec.name: own.digest for own in self.world.spec_inputs()}
        found = [
            (target, life, permit)
            for path in PATHS
            for target, lives in [self._lives(path)]
            for life in lives
            for permit in life.open_permits
        ]
        waiting = [each for each in found if self.world.api.jobs[each[2].job].state == "ready"]
        changed = [each for each in waiting if each[2].spec_digest != digests[each[2].spec]]
        held = {target for target, _, _ in changed}  # the others of an object wait behind it
        assert {target for target, _, _ in found} <= held, [permit for _, _, permit in found]
        for target, life, permit in changed:
            self._resolve(target, life, permit.job, "abandon")

    def _resolve(self, target: str, life: Generation, job: str, word: Any) -> None:
        event = Resolved(**self._about(target, life), job=job, decision=word, reason="seen")
        self.world.shared.write(lambda _: [event])

    def _fold_is_order_free(self) -> None:
        events = list(self.world.shared.log)
        assert _folded(events) == _folded(events[::-1]) == _folded(sorted(events, key=lambda event: event.id[::-1]))


def _folded(events: list[Any]) -> list[tuple[Any, ...]]:
    return sorted(
        (spec, target, life.path, life.number, life.import_id, life.standing, life.epoch, life.last_attempt)
        for spec, target, life in Log(events).all_generations(WORKSPACE)
    )


def test_a_queue_that_was_cut_short_goes_on_one_by_one() -> None:
    """A permitted job whose file is gone comes first in the plan, and waits for the one that runs already."""
    world = World(files={("shop", "shop/a.csv"): "A", ("shop", "shop/b.csv"): "A"})
    beside: list[list[Job]] = []
    world.api.on_start = lambda job: beside.append(world.api.running(job.object))
    with stand_in(lambda: world):
        first = Run(world, "clone-0")
        while not world.api.running():
            first.step()
        first.kill()
        del world.files["shop", "shop/b.csv"]
        world.now += timedelta(days=1)
        world.api.by_itself = True
        Run(world, "clone-1").to_end()
    assert beside == [[], []]
    assert sorted(path for _, path, _ in world.api.imported) == ["shop/a.csv", "shop/b.csv"]


def parts_imported(world: World) -> list[str]:
    return [version.partition("#")[2] for _, _, version in world.api.imported]


def one_large_file() -> World:
    world = World(files={("till", "till/a.csv"): "A"})
    world.api.by_itself = True
    return world


def after_one_part(world: World) -> None:
    """Let a run import the first of three parts and die before the second is permitted."""
    run = Run(world, "clone-0")
    while parts_imported(world) != ["1/3"] or run.at != "upload":
        run.step()
    run.kill()
    world.shared.take(event for spool in world.shared.spools for event in spool)
    world.now += timedelta(days=1)


def test_a_run_that_dies_anywhere_leaves_the_parts_that_are_missing() -> None:
    """At whatever step it is killed, the next run imports the rest, each part once and in order."""
    steps = 0
    world = one_large_file()
    with stand_in(lambda: world):
        while True:
            world = one_large_file()
            run = Run(world, "clone-0")
            for _ in range(steps):
                if not run.ended:
                    run.step()
            if run.ended:
                break
            run.kill()
            world.shared.take(event for spool in world.shared.spools for event in spool)
            world.now += timedelta(days=1)
            Run(world, "clone-1").to_end()
            assert parts_imported(world) == ["1/3", "2/3", "3/3"], f"killed after {steps} steps"
            steps += 1
    assert steps > 20


def test_parts_that_a_changed_spec_makes_anew_are_never_mixed_with_those_before() -> None:
    """Between two parts the spec changed: nothing more is imported until it is as it was, or an operator decides."""
    world = one_large_file()
    with stand_in(lambda: world):
        after_one_part(world)
        world.mappings["till"] = 1
        Run(world, "clone-1").to_end()
        (item,) = world.plan(world.shared.log).imports
        assert parts_imported(world) == ["1/3"]
        assert item.attention
        assert "part 1 of 3 was imported" in item.reason
        world.mappings["till"] = 0
        Run(world, "clone-1").to_end()
    assert parts_imported(world) == ["1/3", "2/3", "3/3"]


def test_a_file_that_changes_between_its_parts_is_not_appended_again_by_itself() -> None:
    """Some rows of the first version are in the platform, and those of the second would come on top of them."""
    world = one_large_file()
    with stand_in(lambda: world):
        after_one_part(world)
        world.files["till", "till/a.csv"] = "B"
        Run(world, "clone-1").to_end()
        (item,) = world.plan(world.shared.log).imports
    assert parts_imported(world) == ["1/3"]
    assert item.attention
    assert "since some of its parts were imported" in item.reason


def test_a_half_imported_file_that_is_gone_stays_visible() -> None:
    """Nobody lists it any more, but rows of it are missing."""
    world = one_large_file()
    with stand_in(lambda: world):
        after_one_part(world)
        del world.files["till", "till/a.csv"]
        (item,) = world.plan(world.shared.log).imports
    assert item.attention
    assert item.reason.startswith("parts 2 and 3 of 3 never came to an import")


def check(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Exactly,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking threads takes longer than reading them
        ),
    )


def test_nothing_is_imported_twice() -> None:
    """Whatever happens in between, and it all comes to an end."""
    check(80, 30)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_nothing_is_imported_twice_for_long() -> None:
    """The same for longer."""
    check(150, 60)
