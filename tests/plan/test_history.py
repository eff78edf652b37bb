"""What is decided about one file from its history: every action, with its reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from syncer.model.events import AnyEvent
from syncer.model.files import SourceFile
from syncer.model.spec import Spec
from syncer.plan import Action, make_plan
from tests.model.making import NOW, Making, file, spec
from tests.plan.world import APPEND, decided, inputs, plan_of, spec_input

A, B, C = file(version="A"), file(version="B"), file(version="C")
LATER = NOW + timedelta(minutes=10)


def done(source: SourceFile = A, generation: int = 1, job: str = "imp_1") -> list[AnyEvent]:
    return list(Making(source=source, generation=generation).whole(job))


def attempts(*kinds: str, source: SourceFile = A, generation: int = 1, **more: Any) -> list[AnyEvent]:
    """Return attempts that failed before a permit, one of each kind in turn."""
    m = Making(source=source, generation=generation)
    events: list[AnyEvent] = []
    for number, kind in enumerate(kinds, start=1):
        events += [m.claimed(epoch=number, attempt=number, **more), m.failed(kind, attempt=number, **more)]
    return events


def one(kind: str, *arguments: Any, source: SourceFile = A, generation: int = 1, **more: Any) -> AnyEvent:
    event: AnyEvent = getattr(Making(source=source, generation=generation), kind)(*arguments, **more)
    return event


@dataclass(frozen=True)
class Case:
    """One history and what has to come of it."""

    name: str
    events: list[AnyEvent]
    action: Action
    reason: str
    source: SourceFile = A
    own: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    generation: int = 1
    attempt: int = 1
    attention: bool = False


FAIL: dict[str, Any] = {"source": {"on_change": "fail"}}
IGNORE: dict[str, Any] = {"source": {"on_change": "ignore"}}
IMPORT: dict[str, Any] = {"source": {"on_change": "import"}}
BY_PATH: dict[str, Any] = {"source": {"identity": "path"}}
UNKNOWN: dict[str, Any] = {"write_modes": {}}

CASES = [
    Case("new", [], Action.IMPORT, "new file"),
    Case("done", done(), Action.SKIP, "imported on 2026-11-23 by job imp_1"),
    Case("baselined", [one("baselined", "by the old job")], Action.SKIP, "already imported on 2026-11-23: by the old"),
    Case(
        "declared completed",
        [one("submitted"), one("resolved", "completed")],
        Action.SKIP,
        "declared completed by an operator",
    ),
    # changed
    Case("changed", done(), Action.REIMPORT, "changed since it was imported on 2026-11-23", B, generation=2),
    Case(
        "changed, appends",
        done(),
        Action.BLOCKED,
        "its rows would be appended a second time; write on_change: import",
        B,
        more={"write_modes": APPEND},
        attention=True,
    ),
    Case("changed, appends, wanted", done(), Action.REIMPORT, "changed since", B, IMPORT, {"write_modes": APPEND}, 2),
    Case("changed, unknown", done(), Action.BLOCKED, "appends is not known", B, more=UNKNOWN, attention=True),
    Case("changed, unknown, wanted", done(), Action.REIMPORT, "changed since", B, IMPORT, UNKNOWN, 2),
    Case("changed, ignored", done(), Action.SKIP, "on_change: ignore", B, IGNORE),
    Case("changed, fails", done(), Action.BLOCKED, "on_change: fail", B, FAIL, attention=True),
    Case("changed after a baseline", [one("baselined")], Action.REIMPORT, "changed since", B, generation=2),
    Case("changed back: A, B, A", [*done(), *done(B, 2, "imp_2")], Action.REIMPORT, "changed since", A, generation=3),
    Case("identity path", done(), Action.SKIP, "imported on", B, BY_PATH),
    Case(
        "identity path, after an attempt under another fingerprint",
        [*attempts("counted"), *done(file(fingerprint="path:"), job="imp_2")],
        Action.SKIP,
        "by job imp_2",
        file(fingerprint="path:"),
        BY_PATH,
    ),
    Case(
        "identity path, imported beside a failed attempt of another branch",
        [*done(), *attempts("counted", source=file(fingerprint="path:"))],
        Action.SKIP,
        "by job imp_1",
        file(fingerprint="path:"),
        BY_PATH,
    ),
    Case(
        "another fingerprint scheme",
        done(file(fingerprint="etag:A:10")),
        Action.BLOCKED,
        "its fingerprint was etag and is now md5: whether the file changed cannot be told",
        file(fingerprint="md5:A"),
        attention=True,
    ),
    # forgotten
    Case(
        "forgotten", [*done(), one("forgotten", "lost")], Action.IMPORT, "forgotten by an operator: lost", generation=2
    ),
    Case(
        "back to what was imported, after a failed version was closed for a retry",
        [*done(), *attempts("counted", source=B, generation=2), one("forgotten", "retry", source=B, generation=2)],
        Action.SKIP,
        "by job imp_1",
        generation=2,
    ),
    Case("forgotten and changed", [*done(), one("forgotten")], Action.IMPORT, "forgotten", B, FAIL, generation=2),
    Case(
        "back to what was imported before the forgotten",
        [
            *done(),
            *done(B, 2, "imp_2"),
            one("forgotten", source=B, generation=2),
            *attempts("counted", source=C, generation=3),
        ],
        Action.IMPORT,
        "forgotten",
        generation=4,
    ),
    # failed
    Case("failed once", attempts("counted"), Action.RETRY, "attempt 1 of 3 failed with CDP_ETL.X: it broke", attempt=2),
    Case(
        "attempts exhausted",
        attempts("counted", "counted", "counted"),
        Action.BLOCKED,
        "all 3 attempts failed, the last with CDP_ETL.X: it broke; raise retry.attempts",
        attempt=4,
        attention=True,
    ),
    Case(
        "more attempts allowed",
        attempts(*["counted"] * 3),
        Action.RETRY,
        "3 of 4",
        own={"retry": {"attempts": 4}},
        attempt=4,
    ),
    Case("not reached", attempts(*["transient"] * 9), Action.RETRY, "did not get through", attempt=10),
    Case(
        "final", attempts("final"), Action.BLOCKED, "failed for good (CDP_ETL.X: it broke)", attempt=2, attention=True
    ),
    Case(
        "final, then corrected",
        attempts("final", preparation="other"),
        Action.RETRY,
        "the spec changed since it failed with CDP_ETL.X",
        attempt=2,
    ),
    Case(
        "exhausted, then corrected",
        attempts("counted", "counted", "counted", preparation="other"),
        Action.RETRY,
        "the spec changed since",
        attempt=4,
    ),
    Case(
        "failed, then changed",
        attempts("final"),
        Action.IMPORT,
        "changed since the attempt that failed",
        B,
        generation=2,
    ),
    Case(
        "failed change, changed back",
        [*done(), *attempts("final", source=B, generation=2)],
        Action.SKIP,
        "imported on",
        generation=2,
    ),
    Case(
        "failed change, and changes are no longer wanted",
        [*done(), *attempts("counted", source=B, generation=2)],
        Action.SKIP,
        "on_change: ignore",
        B,
        IGNORE,
    ),
    Case(
        "failed change of an object that turned out to append",
        [*done(), *attempts("counted", source=B, generation=2)],
        Action.BLOCKED,
        "appended a second time",
        B,
        more={"write_modes": APPEND},
        attention=True,
    ),
    Case(
        "given up by an operator",
        [one("claimed"), one("submitted"), one("resolved", "abandon")],
        Action.RETRY,
        "an operator gave job imp_1 up: support said so",
        attempt=2,
    ),
    # claimed and no more
    Case("cut off before a job", [one("claimed")], Action.IMPORT, "run run-1 began it and never submitted a job"),
    Case("cut off, then changed", [one("claimed")], Action.IMPORT, "changed since the attempt", B, generation=2),
    Case(
        "cut off change",
        [*done(), one("claimed", source=B, generation=2)],
        Action.REIMPORT,
        "began it",
        B,
        generation=2,
    ),
    Case(
        "claimed by a living run",
        [one("claimed", lease=LATER)],
        Action.WAIT,
        "run run-1 holds it until",
        more={"exclusive": False},
    ),
    Case(
        "a living run claimed what has changed",
        [one("claimed", lease=LATER)],
        Action.WAIT,
        "run-1",
        B,
        more={"exclusive": False},
    ),
    Case(
        "a living run retries",
        [*attempts("counted"), one("claimed", lease=LATER, epoch=2, attempt=2, id="e2")],
        Action.WAIT,
        "run run-1 holds it",
        more={"exclusive": False},
    ),
    Case("claimed, but no other run can be alive", [one("claimed", lease=LATER)], Action.IMPORT, "began it"),
    Case(
        "claimed, and the lease just ends",
        [one("claimed", lease=NOW)],
        Action.IMPORT,
        "began",
        more={"exclusive": False},
    ),
    Case("claimed, and the lease ran out", [one("claimed")], Action.IMPORT, "began it", more={"exclusive": False}),
    # permitted
    Case("permitted", [one("claimed"), one("submitted")], Action.RESUME, "job imp_1 was permitted by run run-1"),
    Case("permitted, then changed", [one("claimed"), one("submitted")], Action.RESUME, "job imp_1", B, FAIL),
    Case(
        "permitted, then suspended",
        [one("claimed"), one("submitted")],
        Action.RESUME,
        "job imp_1",
        own={"suspend": True},
    ),
    Case(
        "permitted by a living run",
        [one("claimed", lease=LATER), one("submitted")],
        Action.WAIT,
        "run run-1 holds it until 2026-11-23 12:10 UTC, job imp_1",
        more={"exclusive": False},
    ),
    Case(
        "permitted twice",
        [one("submitted"), one("submitted", "imp_2", id="e2")],
        Action.BLOCKED,
        "two jobs are permitted for one part (imp_1, imp_2)",
        attention=True,
    ),
    Case(
        "permitted beside an import",
        [*done(), one("submitted", "imp_2", id="e2")],
        Action.BLOCKED,
        "job imp_2 is permitted and its end is not recorded, but job imp_1 has imported it",
        attention=True,
    ),
    Case(
        "permitted and baselined",
        [one("submitted"), one("baselined", "x")],
        Action.BLOCKED,
        "recorded as already imported",
        attention=True,
    ),
    Case(
        "permitted and forgotten",
        [one("submitted"), one("forgotten", "x")],
        Action.BLOCKED,
        "an operator has forgotten this generation",
        attention=True,
    ),
]


def unique(events: list[AnyEvent]) -> list[AnyEvent]:
    """Give every event an id of its own, since helpers above each count from one."""
    return [msgspec.structs.replace(event, id=f"e{number}") for number, event in enumerate(events)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_history_decides(case: Case) -> None:
    """One history, one action, with a reason that says why."""
    item = decided(spec(**case.own), case.source, events=unique(case.events), **case.more)
    assert (item.action, item.generation, item.attempt) == (case.action, case.generation, case.attempt)
    assert case.reason in item.reason
    assert item.attention == case.attention


def test_every_action_is_decided_somewhere() -> None:
    """The table above leaves no action out."""
    assert {case.action for case in CASES} == set(Action)


def test_a_resumed_job_stands_for_the_file_as_it_was() -> None:
    """What is resumed is the permitted version, whatever lies at its path now."""
    m = Making()
    item = decided(source=B, events=[m.claimed(size=77), m.submitted()])
    assert (item.file.fingerprint, item.file.size, item.job) == (A.fingerprint, 77, "imp_1")
    assert item.import_id == m.import_id


def test_a_job_is_resumed_although_its_file_vanished() -> None:
    """The job is asked all the same, and what else is gone is no business of a plan."""
    m, other = Making(source=file("data/a.parquet")), Making(source=file("data/b.csv"))
    (item,) = plan_of(None, events=[m.claimed(), m.submitted(), *other.whole("imp_2")]).imports
    assert (item.action, item.file.path, item.file.format) == (Action.RESUME, "data/a.parquet", "parquet")


def test_a_stray_permit_is_shown_although_its_file_vanished() -> None:
    """A job that may run beside an import needs attention wherever the file is."""
    m = Making()
    (item,) = plan_of(None, events=[*m.whole(), m.submitted("imp_2")]).imports
    assert (item.action, item.attention) == (Action.BLOCKED, True)


def test_a_spec_whose_source_cannot_be_listed_still_resumes() -> None:
    """A permitted job does not wait for a folder to come back."""
    m = Making()
    own = spec_input(None, problem="the folder data does not exist")
    plan = make_plan(inputs(own, [m.claimed(), m.submitted()]))
    assert [item.action for item in plan.imports] == [Action.RESUME]
    assert plan.problems == ("crm: the folder data does not exist",)


def test_an_unknown_write_mode_is_asked_for_by_name() -> None:
    """The plan names the object whose write mode it lacks, and asks for none that it does not need."""
    assert plan_of(None, B, events=done(), write_modes={}).undecided == {"profiles"}
    assert plan_of(None, A, events=done(), write_modes={}).undecided == set()
    assert plan_of(spec(**IGNORE), B, events=done(), write_modes={}).undecided == set()


def test_the_history_of_a_renamed_spec_follows_it() -> None:
    """With `formerly` nothing is imported again, and no rail holds."""
    renamed = spec("crm-2", formerly=["crm"])
    plan = plan_of(renamed, A, events=done())
    assert ([item.action for item in plan.imports], plan.refusals) == ([Action.SKIP], ())


@pytest.mark.parametrize("own", [spec(target={"object": "orders"}), spec("other")])
def test_another_object_or_spec_has_a_history_of_its_own(own: Spec) -> None:
    """The same file is another import for another object or spec."""
    assert decided(own, events=done()).action is Action.IMPORT


def test_another_workspace_has_a_history_of_its_own() -> None:
    """Staging and production never share an import."""
    assert decided(events=done(), workspace="staging").action is Action.IMPORT
