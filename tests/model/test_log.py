"""The fold of the log: what is true of each import, whatever order the lines stand in."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.errors import Conflict
from syncer.model.events import AnyEvent, AudienceUse, ListUse
from syncer.model.log import Generation, Lineage, Log, Standing
from tests.model.making import NOW, WORKSPACE, Making, file, spec

CRM = Lineage(("crm",), WORKSPACE, "profiles")


def life_of(making: Making, *events: AnyEvent) -> Generation:
    lineage = Lineage((making.spec.name,), WORKSPACE, making.spec.target.object)
    found = Log(events).find(lineage, making.file.path, making.generation, making.import_id)
    assert found is not None
    return found


def test_each_step_of_an_import_is_a_standing_of_its_own() -> None:
    """Claimed, permitted and done follow each other as the lines do."""
    m = Making()
    claimed, submitted, completed = m.whole()
    assert life_of(m, claimed).standing is Standing.CLAIMED
    assert life_of(m, claimed, submitted).standing is Standing.PERMITTED
    assert life_of(m, claimed, submitted, completed).standing is Standing.DONE


def test_a_failed_job_makes_room_for_the_next() -> None:
    """A failure ends its permit, and a later completion counts whatever failed before."""
    m = Making()
    first: list[AnyEvent] = [m.claimed(), m.submitted("imp_1"), m.failed(job="imp_1")]
    assert life_of(m, *first).standing is Standing.FAILED
    assert life_of(m, *first).open_permits == []
    again: list[AnyEvent] = [m.claimed(epoch=2, attempt=2), m.submitted("imp_2", attempt=2)]
    assert life_of(m, *first, *again).standing is Standing.PERMITTED
    assert life_of(m, *first, *again, m.completed("imp_2", attempt=2)).standing is Standing.DONE


def test_completed_is_absorbing() -> None:
    """Nothing that is recorded later makes a completed generation pending again."""
    m = Making()
    late: list[AnyEvent] = [m.failed(job="imp_1"), m.claimed(epoch=9), m.waived(), m.resolved("abandon")]
    assert life_of(m, *m.whole(), *late).standing is Standing.DONE
    assert life_of(m, *late, *m.whole()).standing is Standing.DONE


def test_every_part_has_to_be_completed() -> None:
    """An import of three parts is done when each part has completed, not when three jobs have."""
    m = Making()
    permits = [m.submitted(f"imp_{part}", part=part, parts=3) for part in (1, 2, 3)]
    ends = [m.completed(f"imp_{part}", part=part) for part in (1, 2, 3)]
    begun: list[AnyEvent] = [m.claimed(parts=3), *permits[:2], *ends[:2]]
    again: list[AnyEvent] = [m.submitted("imp_4", part=2, parts=3), m.completed("imp_4", part=2)]
    assert life_of(m, *begun, *again).standing is not Standing.DONE
    assert life_of(m, *begun).parts_left == "part 3 of 3"
    assert life_of(m, *begun, permits[2], ends[2]).standing is Standing.DONE


def test_parts_that_only_a_failed_attempt_had_are_not_waited_for() -> None:
    """A file that was to be split in three and failed, and is sent whole then, is imported with its one job."""
    m = Making()
    split: list[AnyEvent] = [m.claimed(parts=3), m.submitted("imp_1", parts=3), m.failed(job="imp_1")]
    assert life_of(m, *split).standing is Standing.FAILED
    assert life_of(m, *split, m.claimed(epoch=2), m.submitted("imp_2"), m.completed("imp_2")).done


def test_a_baseline_counts_as_done_and_forgotten_closes_it() -> None:
    """An operator's word is as good as a job's, and can be taken back."""
    m = Making()
    baselined, forgotten = m.baselined(), m.forgotten()
    assert life_of(m, baselined).standing is Standing.DONE
    assert life_of(m, baselined, forgotten).standing is Standing.FORGOTTEN
    assert life_of(m, *m.whole(), forgotten).standing is Standing.FORGOTTEN


def test_forgotten_closes_only_its_generation() -> None:
    """The next generation of the same version is judged by its own lines."""
    first, second = Making(), Making(generation=2)
    log = Log([*first.whole(), first.forgotten(), *second.whole("imp_2")])
    assert [life.standing for life in log.generations(CRM, "data/a.csv")] == [Standing.FORGOTTEN, Standing.DONE]


def conflicts() -> list[Any]:
    m = Making()
    permits = [m.submitted("imp_1"), m.submitted("imp_2", attempt=2)]
    return [
        pytest.param(m, permits, id="two open permits"),
        pytest.param(m, [*permits, m.completed("imp_1")], id="the other one completed"),
        pytest.param(m, [permits[0], m.baselined()], id="baselined meanwhile"),
        pytest.param(m, [permits[0], m.forgotten()], id="forgotten meanwhile"),
        pytest.param(
            m,
            [m.claimed(parts=2), permits[0], m.completed("imp_9", part=1)],
            id="the part completed by another job, another part is left",
        ),
    ]


@pytest.mark.parametrize(("making", "events"), conflicts())
def test_a_job_that_may_run_beside_what_is_settled_is_a_conflict(making: Making, events: list[AnyEvent]) -> None:
    """A permit that still stands for a part which something else has settled is never started by itself."""
    life = life_of(making, *events)
    assert life.standing is Standing.CONFLICT
    assert life.open_permits


def test_permits_of_two_parts_are_no_conflict() -> None:
    """Parts of one import may be permitted side by side."""
    m = Making()
    life = life_of(m, m.claimed(parts=2), m.submitted("imp_1", part=1), m.submitted("imp_2", part=2))
    assert life.standing is Standing.PERMITTED
    assert [permit.job for permit in life.open_permits] == ["imp_1", "imp_2"]


def test_one_job_permitted_twice_is_one_permit() -> None:
    """Two runs that were given the same job by its idempotency key do not contradict each other."""
    m = Making()
    life = life_of(m, m.submitted("imp_1", epoch=2), m.submitted("imp_1", epoch=1))
    assert life.standing is Standing.PERMITTED
    assert [permit.epoch for permit in life.open_permits] == [2]


@pytest.mark.parametrize(
    ("decision", "standing"),
    [
        ("start", Standing.PERMITTED),
        ("abandon", Standing.FAILED),
        ("failed", Standing.FAILED),
        ("completed", Standing.DONE),
    ],
)
def test_an_operator_resolves_a_permit(decision: str, standing: Standing) -> None:
    """What an operator decided of a job counts as if the API had said it; `start` leaves it to be started."""
    m = Making()
    assert life_of(m, m.claimed(), m.submitted(), m.resolved(decision)).standing is standing
    assert bool(Log([m.submitted(), m.resolved(decision)]).open_permits(WORKSPACE)) == (decision == "start")


def test_resolving_one_of_two_permits_leaves_the_other() -> None:
    """A conflict ends when an operator gives one of its jobs up."""
    m = Making()
    life = life_of(m, m.submitted("imp_1"), m.submitted("imp_2"), m.resolved("abandon", "imp_2"))
    assert life.standing is Standing.PERMITTED
    assert [permit.job for permit in life.open_permits] == ["imp_1"]


def test_failures_count_for_one_preparation() -> None:
    """Only failures that were the request's own fault are counted, and each preparation has its own count."""
    m = Making()
    life = life_of(
        m,
        m.failed("counted", attempt=1),
        m.failed("transient", attempt=2),
        m.failed("counted", attempt=3, preparation="other"),
        m.failed("final", attempt=4, preparation="other"),
    )
    assert life.counted_failures("prep") == 1
    assert life.counted_failures("other") == 1
    assert life.final_failure("prep") is None
    assert life.final_failure("other") is not None
    assert life.last_attempt == 4
    assert life.last_failure is not None
    assert life.last_failure.attempt == 4


def test_the_claim_of_the_highest_epoch_holds() -> None:
    """A takeover holds over what it took over, whichever line stands last."""
    m = Making()
    life = life_of(m, m.claimed(epoch=2, run="second"), m.claimed(epoch=1, run="first"))
    assert life.epoch == 2
    assert life.last_claim is not None
    assert life.last_claim.run == "second"


def test_a_renamed_spec_joins_its_history() -> None:
    """Lines under the old and the new name fold into one generation, for there is one import id."""
    old = Making(spec("crm"))
    new = Making(spec("crm-2", formerly=["crm"]))
    log = Log([old.claimed(), old.submitted(), new.completed()])
    (life,) = log.generations(Lineage(("crm", "crm-2"), WORKSPACE, "profiles"), "data/a.csv")
    assert life.standing is Standing.DONE
    assert log.paths(Lineage(("crm", "crm-2"), WORKSPACE, "profiles")) == {"data/a.csv"}
    assert log.specs() == {"crm", "crm-2"}


def test_open_permits_are_found_across_specs() -> None:
    """Whoever wants an object sees every job that may be running on it, whichever spec permitted it."""
    one, two = Making(spec("one"), file("data/1.csv")), Making(spec("two"), file("data/2.csv"))
    other = Making(spec("three", target={"object": "orders"}), file("data/3.csv"))
    log = Log([one.submitted("imp_1"), two.submitted("imp_2"), two.failed(job="imp_2"), other.submitted("imp_3")])
    assert [permit.job for permit in log.open_permits(WORKSPACE, "profiles")] == ["imp_1"]
    assert {permit.job for permit in log.open_permits(WORKSPACE)} == {"imp_1", "imp_3"}
    assert log.open_permits("staging") == []


def test_lists_and_audiences_know_their_makers() -> None:
    """Who was to create a name, whether that job ended, and which id the list got."""
    m, joining = Making(), Making(source=file("data/b.csv"))
    create = ListUse(name="L", create=True)
    audience = AudienceUse(name="A", create=True)
    permit = m.submitted(list_use=create, audience=audience)
    later = joining.submitted(
        "imp_2", list_use=ListUse(name="L", id="lst_1"), audience=AudienceUse(name="A", create=False)
    )
    log = Log([permit, later])
    assert log.list_makers(WORKSPACE, "L") == [permit] == log.audience_makers(WORKSPACE, "A")
    assert log.list_id(WORKSPACE, "L") is None
    assert log.is_open(permit)
    log.add(m.completed(list_use=ListUse(name="L", id="lst_1", create=True)))
    assert log.list_id(WORKSPACE, "L") == "lst_1"
    assert log.is_completed(permit)
    assert not log.is_open(permit)
    assert log.list_id("staging", "L") is None


def test_write_modes_are_believed_only_where_they_agree() -> None:
    """An object that was seen with both modes is asked about again rather than guessed."""
    m = Making()
    log = Log([m.claimed(write_mode="upsert"), m.claimed(epoch=2, write_mode="upsert")])
    assert log.write_modes(WORKSPACE) == {"profiles": "upsert"}
    log.add(m.claimed(epoch=3, write_mode="append"))
    assert log.write_modes(WORKSPACE) == {}


def test_a_line_that_stands_twice_counts_once() -> None:
    """Adding the same event again changes nothing."""
    m = Making()
    failure = m.failed()
    log = Log([failure, failure])
    assert len(log) == 1
    (life,) = log.generations(CRM, "data/a.csv")
    assert life.counted_failures("prep") == 1


def test_an_altered_line_is_a_conflict() -> None:
    """Two lines of one id that say different things cannot both be believed, so neither silently is."""
    m = Making()
    permit = m.submitted("imp_1")
    changed = msgspec.structs.replace(permit, job="imp_2")
    with pytest.raises(Conflict, match=permit.id):
        Log([permit, changed])


def test_a_hole_is_noticed() -> None:
    """An event that somebody saw and the log no longer holds is named with its spec."""
    m = Making()
    log = Log([m.claimed(seen="gone"), m.submitted(seen="")])
    assert log.holes() == {"gone": "crm"}


# --- any order and any duplication of lines fold alike ---------------------------------------------------------------


def history() -> list[AnyEvent]:
    """Return a log with something of everything, in which several lines compete for the same answer."""
    a, b = Making(), Making(source=file(version="B"), generation=2)
    renamed = Making(spec("crm-2", formerly=["crm"]), file("data/c.csv"))
    other = Making(spec("orders", target={"object": "orders"}), file("data/o.csv"))
    made = ListUse(name="L", create=True)
    hour = timedelta(hours=1)
    return [
        *a.whole(),
        a.completed("imp_1", time=NOW, rows=None),
        a.claimed(epoch=2, run="x", write_mode="upsert"),
        a.claimed(epoch=2, run="y", write_mode="append"),
        a.baselined("one"),
        a.baselined("two"),
        a.forgotten("one"),
        a.forgotten("two"),
        b.claimed(parts=2),
        b.submitted("imp_2", list_use=made, audience=AudienceUse(name="A", create=True)),
        b.submitted("imp_3", epoch=2, list_use=made),
        b.submitted("imp_3", epoch=3, correlation_id="later"),
        b.resolved("abandon", "imp_2"),
        b.resolved("start", "imp_3"),
        b.failed("final", job="imp_4", attempt=2),
        b.failed("counted", attempt=2),
        renamed.submitted("imp_5", list_use=made),
        renamed.completed("imp_5", list_use=ListUse(name="L", id="lst_1", create=True)),
        renamed.completed("imp_5", time=NOW - hour, list_use=ListUse(name="L", id="lst_2", create=True)),
        other.submitted("imp_6"),
        other.waived(),
    ]


def view(log: Log) -> dict[str, Any]:
    """Return everything that a log answers, without what only says in which order it was read."""
    lineages = [CRM, Lineage(("crm", "crm-2"), WORKSPACE, "profiles"), Lineage(("orders",), WORKSPACE, "orders")]
    lives = [
        (lineage, path, g)
        for lineage in lineages
        for path in log.paths(lineage)
        for g in log.generations(lineage, path)
    ]
    return {
        "lives": sorted((str((lineage.names, path, life.number)), *_facts(life)) for lineage, path, life in lives),
        "open": log.open_permits(WORKSPACE),
        "open on profiles": log.open_permits(WORKSPACE, "profiles"),
        "list": log.list_id(WORKSPACE, "L"),
        "list makers": log.list_makers(WORKSPACE, "L"),
        "audience makers": log.audience_makers(WORKSPACE, "A"),
        "modes": log.write_modes(WORKSPACE),
        "holes": log.holes(),
        "specs": log.specs(),
        "size": len(log),
    }


def _facts(life: Generation) -> tuple[str, ...]:
    facts = (
        life.import_id,
        life.standing,
        life.done,
        life.epoch,
        life.last_attempt,
        life.last_claim,
        life.open_permits,
        sorted(life.completed_parts),
        life.completion,
        life.last_failure,
        life.final_failure("prep"),
        life.counted_failures("prep"),
        life.baseline,
        life.forgotten,
        life.given_up,
    )
    return tuple(map(repr, facts))


@given(st.randoms(use_true_random=False), st.lists(st.integers(0, 20), max_size=8))
def test_any_order_and_duplication_of_lines_folds_alike(chance: random.Random, twice: list[int]) -> None:
    """However branches were merged, every question gets the same answer."""
    events = history()
    shuffled = [*events, *(events[index % len(events)] for index in twice)]
    chance.shuffle(shuffled)
    assert view(Log(shuffled)) == view(Log(history()))
