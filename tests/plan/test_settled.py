"""What the log calls settled needs no decision: it may be counted and left out, whatever else is planned."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from syncer.model.log import Lineage, Log
from syncer.plan import Action, Inputs, make_plan
from tests.model.making import NOW, WORKSPACE, Making, file, spec
from tests.model.test_recall import lives
from tests.plan.world import inputs, spec_input

CRM = Lineage(("crm",), WORKSPACE, "profiles")


@given(st.randoms(use_true_random=False), st.integers(0, len(lives())), st.sampled_from(["A", "B"]))
def test_a_settled_version_is_up_to_date_and_nothing_else_is(chance: random.Random, count: int, version: str) -> None:
    """Any part of a history in any order: what is left out of the listing is what the plan would call imported."""
    events = lives()
    chance.shuffle(events)
    given_inputs = inputs(spec_input(spec(), file(version=version)), events[:count])
    (item,) = make_plan(given_inputs).imports
    if given_inputs.log.is_settled(CRM, "data/a.csv", f"sha256:{version}"):
        assert (item.action, item.imported) == (Action.SKIP, True)


def test_what_is_left_out_changes_no_other_decision() -> None:
    """A spec whose imported files are only counted has the same plan for the rest, and is not told to match nothing."""
    done, pending = Making(source=file("data/a.csv")), file("data/b.csv", "B")
    log = Log(done.whole())

    def planned(*files: object, settled: int = 0) -> Inputs:
        own = spec_input(spec(), *files, settled=settled)  # type: ignore[arg-type]  # files, as the tests make them
        return Inputs(specs=(own,), log=log, now=NOW, workspace=WORKSPACE, write_modes={"profiles": "upsert"})

    listed, counted = make_plan(planned(done.file, pending)), make_plan(planned(pending, settled=1))
    assert counted.imports == listed.runnable
    assert counted.digest == listed.digest
    assert (listed.settled, counted.settled, counted.specs[0].settled) == (0, 1, 1)
    assert make_plan(planned(settled=1)).specs[0].warnings == ()
    assert make_plan(planned()).specs[0].warnings
