"""Rejected = repaired + waived + replaced + open, whatever the log holds; and what the rules exclude is found."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.model.audit import audit
from syncer.model.events import AnyEvent, ArtifactFacts, RowCounts
from syncer.model.log import Generation, Lineage, Log
from syncer.model.repairs import Account, account, refusal, repair_path, repaired, total
from syncer.plan import Action, Filters, PlannedImport, SpecInput, make_plan
from syncer.plan.inputs import KeptRepair
from tests.model.making import NOW, WORKSPACE, E, Making, file, spec
from tests.plan.world import inputs, plan_of, spec_input

LINEAGE = Lineage(("crm",), WORKSPACE, "profiles")
PATH = "data/a.csv"


class Telling(Making):
    """Makes events whose ids say of what kind they are, so that two makers of one import never clash."""

    def _event(self, kind: type[E], facts: dict[str, Any]) -> E:
        made = super()._event(kind, facts)
        return msgspec.structs.replace(made, id=f"{self.import_id}-{self.generation}-{kind.__name__}")


def rows(read: int, invalid: int) -> RowCounts:
    return RowCounts(read=read, valid=read - invalid, invalid=invalid, inserts=read - invalid)


def first(*, invalid: int = 3, generation: int = 1, version: str = "A") -> list[AnyEvent]:
    """An import of five rows of which some were rejected."""
    one = Telling(source=file(version=version), generation=generation)
    five = ArtifactFacts(digest="sha256:aa", size=10, columns=("email",), file_name="a.csv", rows=5)
    job = f"imp_{generation}{version}"
    return [one.claimed(), one.submitted(job, artifact=five), one.completed(job, rows=rows(5, invalid))]


class Repairing(Telling):
    """Makes the events of a repair of the first import."""

    def __init__(self, version: str = "R", generation: int = 1) -> None:
        source = file(repair_path(PATH, 1), version, rows=3)
        super().__init__(source=source, generation=generation)
        self.job = f"imp_repair_{version}{generation}"

    def begun(self, **more: Any) -> list[AnyEvent]:
        return [self.claimed(repairs=Making().import_id, **more)]

    def permitted(self, sent: int = 3) -> list[AnyEvent]:
        artifact = ArtifactFacts(digest="sha256:bb", size=10, columns=("email",), file_name="r.csv", rows=sent)
        return [*self.begun(), self.submitted(self.job, artifact=artifact, repairs=Making().import_id)]

    def done(self, sent: int = 3, invalid: int = 0) -> list[AnyEvent]:
        return [*self.permitted(sent), self.completed(self.job, rows=rows(sent, invalid))]


def life(log: Log) -> Generation:
    found = log.find(LINEAGE, PATH, 1, Making().import_id)
    assert found is not None
    return found


def told(*events: AnyEvent) -> Account:
    log = Log(events)
    return account(log, LINEAGE, life(log))


def test_a_repairs_path_names_what_it_repairs() -> None:
    """Also that of a repair's repair; no other path does."""
    path = repair_path(repair_path(PATH, 2), 1)
    assert repaired(path) == (repair_path(PATH, 2), 1)
    assert repaired(repair_path(PATH, 2)) == (PATH, 2)
    assert [repaired(each) for each in (PATH, "a#repair-0", "#repair-1", "a#repair-1.csv", "a#repair-x")] == [None] * 5


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], Account(rejected=3)),
        ([Telling().waived(1)], Account(rejected=3, waived=1)),
        (Repairing().begun(), Account(rejected=3)),
        (Repairing().permitted(), Account(rejected=3)),
        (Repairing().done(), Account(rejected=3, repaired=3)),
        (Repairing().done(invalid=2), Account(rejected=3, repaired=3)),
        (
            [*Repairing().permitted(), Repairing().resolved("completed", "imp_repair_R1")],
            Account(rejected=3, repaired=3),
        ),
        ([*Repairing().permitted(), Repairing().failed(job="imp_repair_R1")], Account(rejected=3)),
        ([*Repairing().done(), Repairing().forgotten()], Account(rejected=3)),
        ([Telling().waived(1), *Repairing().done(2)], Account(rejected=3, waived=1, repaired=2)),
        ([Telling().forgotten()], Account(rejected=3)),
        (first(generation=2, version="B"), Account(rejected=3, replaced=3)),
        ([Telling().waived(1), *first(generation=2, version="B")], Account(rejected=3, waived=1, replaced=2)),
        (first(generation=2, version="B")[:2], Account(rejected=3)),
    ],
)
def test_what_became_of_rejected_rows(events: list[AnyEvent], expected: Account) -> None:
    """Only what is imported, waived or imported again as a whole counts."""
    found = told(*first(), *events)
    assert found == expected
    assert found.rejected == found.repaired + found.waived + found.replaced + found.open
    assert audit([*first(), *events]).anomalies == ()


def test_an_end_that_two_runs_recorded_counts_once() -> None:
    """A merge of two logs doubles no row."""
    events = first()
    again = msgspec.structs.replace(events[-1], id="again", run="run-2")
    assert told(*events, again).rejected == 3


@given(st.permutations([*first(), Telling().waived(1), *Repairing().done(2)]))
def test_the_account_is_the_same_in_any_order_of_lines(events: list[AnyEvent]) -> None:
    """Merges may leave the lines in any order."""
    assert told(*events) == Account(rejected=3, waived=1, repaired=2)


def test_accounts_are_added_up() -> None:
    """For the sums that status and list show."""
    both = total([Account(rejected=3, repaired=1), Account(rejected=2, waived=2)])
    assert (both, both.open, both.dealt_with) == (Account(rejected=5, repaired=1, waived=2), 2, "1 repaired, 2 waived")


@pytest.mark.parametrize(
    ("events", "sent", "why"),
    [
        ([], 3, None),
        ([], 2, "it holds 2 rows, and 3 rejected rows are open now"),
        ([Telling().waived(1)], 3, "it holds 3 rows, and 2 rejected rows are open now"),
        (Repairing().done(), 3, "repaired already"),
        ([*Repairing().done(), Repairing().forgotten()], 3, None),
        ([Telling().forgotten()], 3, "not, or no longer, recorded as imported"),
        (first(generation=2, version="B"), 3, "0 rejected rows are open now"),
    ],
)
def test_rows_are_sent_again_only_while_they_are_open(events: list[AnyEvent], sent: int, why: str | None) -> None:
    """The rule that claims and permits are checked against."""
    found = refusal(Log([*first(), *events]), LINEAGE, repair_path(PATH, 1), Making().import_id, sent)
    assert found == why if why is None else why in str(found)


def more_waived_than_rejected() -> Iterator[AnyEvent]:
    yield from (*first(), Telling().waived(4))


def waived_and_repaired() -> Iterator[AnyEvent]:
    yield from (*first(), Telling().waived(1), *Repairing().done(3))


def two_repairs_of_one_import() -> Iterator[AnyEvent]:
    yield from (*first(), *Repairing().done(), *Repairing("S", 2).done())


def a_repair_before_its_import() -> Iterator[AnyEvent]:
    yield from (
        *first()[:2],
        *Repairing().permitted(),
        first()[2],
        Repairing().completed("imp_repair_R1", rows=rows(3, 0)),
    )


def a_repair_of_nothing() -> Iterator[AnyEvent]:
    yield from (*first(), *Repairing().begun(), Repairing().submitted(Repairing().job))


@pytest.mark.parametrize(
    ("story", "kinds"),
    [
        (more_waived_than_rejected, ["rejects"]),
        (waived_and_repaired, ["rejects"]),
        (two_repairs_of_one_import, ["rejects", "repaired-twice"]),
        (a_repair_before_its_import, ["repair-unfounded"]),
        (a_repair_of_nothing, ["repair-unfounded"]),
    ],
)
def test_what_the_rules_exclude_is_found(story: Any, kinds: list[str]) -> None:
    """`state verify` checks the sums and the succession of repairs with code of its own."""
    events = {event.id: event for event in story()}.values()
    assert [anomaly.kind for anomaly in audit(events).anomalies] == kinds


def kept(version: str = "R", preparation: str = "prep") -> SpecInput:
    """The spec with rows that are kept for the repair of its first import."""
    repair = KeptRepair(file=Repairing(version).file, repairs=Making().import_id, preparation=preparation)
    return spec_input(spec(), repairs=(repair,))


def planned(events: list[AnyEvent], *, asked: bool = False, own: SpecInput | None = None, **more: Any) -> Any:
    """Plan for the kept repair: what is asked for, or an ordinary run; None where the plan leaves it out."""
    wanted = Filters(specs=("crm",), repair=repair_path(PATH, 1), repair_rows=Repairing().file.fingerprint)
    made = make_plan(inputs(own or kept(), events, filters=wanted if asked else Filters(), **more))
    items = [item for item in made.imports if item.file.path == repair_path(PATH, 1)]
    return items[0] if items else None


@pytest.mark.parametrize(
    ("events", "asked", "unasked"),
    [
        ([], ("import", 1, 1), None),
        (Repairing().begun(), ("import", 1, 1), ("import", 1, 1)),
        ([*Repairing().begun(), Repairing().failed("transient")], ("retry", 1, 2), ("retry", 1, 2)),
        ([*Repairing().begun(), Repairing().failed("final")], ("blocked", 1, 2), None),
        (Repairing().permitted(), ("resume", 1, 1), ("resume", 1, 1)),
        (Repairing().done(), ("blocked", 1, 1), None),
        ([*Repairing().done(), Repairing().forgotten()], ("import", 2, 1), None),
        (Repairing("S").begun(), ("import", 2, 1), None),
        ([Telling().waived(1), *Repairing().begun()], ("blocked", 1, 1), None),
    ],
)
def test_a_repair_is_begun_when_asked_and_goes_on_by_itself(
    events: list[AnyEvent], asked: tuple[str, int, int], unasked: tuple[str, int, int] | None
) -> None:
    """Nothing is imported because its rows lie there; what was begun goes on, and what was permitted is resumed."""

    def facts(item: PlannedImport | None) -> tuple[str, int, int] | None:
        return (item.action.value, item.generation, item.attempt) if item is not None else None

    log = [*first(), *events]
    assert facts(planned(log, asked=True)) == asked
    assert facts(planned(log)) == unasked
    found = planned(log, asked=True)
    assert found.repairs == Making().import_id


def test_a_repair_of_another_living_run_is_waited_for() -> None:
    """Its lease is not over: whoever asks waits, and an ordinary run leaves it alone."""
    begun = Repairing().begun(lease=NOW + timedelta(minutes=5))
    assert planned([*first(), *begun], asked=True, exclusive=False).action is Action.WAIT
    assert planned([*first(), *begun], exclusive=False) is None


def test_rows_that_were_prepared_for_another_spec_go_nowhere() -> None:
    """The plan says so, and how to begin anew."""
    own = kept(preparation="before")
    log = [*first(), *Repairing().begun()]
    assert planned(log, asked=True, own=own).action is Action.BLOCKED
    assert planned(log, own=own) is None


def test_a_repair_is_no_file_of_the_spec() -> None:
    """It comes neither late nor early, has no day, and its bytes are no file's."""
    log = [*first(invalid=3), *Repairing().done()]
    plan = plan_of(spec(on_failure="block"), file("data/a.csv#b.csv", "C"), events=log)
    assert [(item.action, item.attention) for item in plan.imports] == [(Action.IMPORT, False)]
    own = spec(source={"identity": "content"})
    plan = plan_of(own, file("data/b.csv", "R"), events=log)
    assert [item.action for item in plan.imports] == [Action.IMPORT]
