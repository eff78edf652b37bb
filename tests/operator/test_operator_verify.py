"""`state verify`: whatever the rules of exactly-once exclude is found, and what honest runs and merges leave is not."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from syncer.model.audit import audit
from syncer.model.events import AnyEvent, RowCounts
from syncer.state.lines import encode
from tests.model.making import NOW, Making, file, spec

if TYPE_CHECKING:
    from tests.operator.desk import Desk

Story = Callable[[], Iterator[AnyEvent]]


def kinds(events: Iterator[AnyEvent] | list[AnyEvent]) -> list[str]:
    return [anomaly.kind for anomaly in audit(list(events)).anomalies]


def again(event: AnyEvent, **changed: object) -> AnyEvent:
    """Copy an event as one of its own."""
    return msgspec.structs.replace(event, id=f"{event.id}-again", **changed)


def two_completed_jobs() -> Iterator[AnyEvent]:
    one = Making()
    yield from one.whole("imp_1")
    yield one.claimed(epoch=2)
    yield one.submitted("imp_2", epoch=2, attempt=2)
    yield one.completed("imp_2", attempt=2)


def a_copied_end() -> Iterator[AnyEvent]:
    events = list(Making().whole())
    yield from (*events, again(events[-1]))


def two_kinds_of_end() -> Iterator[AnyEvent]:
    one = Making()
    yield from one.whole()
    yield one.failed(job="imp_1", run="run-2")


def an_operator_and_the_api_disagree() -> Iterator[AnyEvent]:
    one = Making()
    yield from one.whole()
    yield one.resolved("failed")


def two_open_permits() -> Iterator[AnyEvent]:
    one = Making()
    yield from (one.claimed(), one.submitted("imp_1"), one.submitted("imp_2"))


def a_permit_without_a_claim() -> Iterator[AnyEvent]:
    one = Making()
    yield from (one.claimed(), one.submitted(epoch=2), one.completed())


def a_permit_under_the_claim_of_another_run() -> Iterator[AnyEvent]:
    one = Making()
    yield from (one.claimed(run="run-2"), one.submitted(), one.completed())


def an_end_that_was_never_permitted() -> Iterator[AnyEvent]:
    one = Making()
    yield from (one.claimed(), one.completed())


def a_completion_without_a_job() -> Iterator[AnyEvent]:
    one = Making()
    yield from (one.claimed(), one.completed(None))


def an_altered_line() -> Iterator[AnyEvent]:
    claim = Making().claimed()
    yield from (claim, msgspec.structs.replace(claim, epoch=7))


def two_claims_of_one_epoch() -> Iterator[AnyEvent]:
    one = Making()
    yield from (one.claimed(), one.claimed(run="run-2"))


def a_generation_begun_beside_an_open_job() -> Iterator[AnyEvent]:
    one, two = Making(), Making(source=file(version="B"), generation=2)
    yield from (one.claimed(), one.submitted(), two.claimed(), two.submitted("imp_2"), two.completed("imp_2"))
    yield one.completed()


def a_generation_begun_for_the_same_version() -> Iterator[AnyEvent]:
    yield from (Making().claimed(), Making(generation=2).claimed())


def a_generation_without_the_one_before() -> Iterator[AnyEvent]:
    yield from Making(generation=2).whole()


def a_forgotten_open_job() -> Iterator[AnyEvent]:
    one = Making()
    yield from (one.claimed(), one.submitted(), one.forgotten())


def a_permit_after_it_was_forgotten() -> Iterator[AnyEvent]:
    one = Making()
    yield from (one.claimed(), one.forgotten(), one.submitted(), one.completed())


def a_job_that_ran_after_a_baseline() -> Iterator[AnyEvent]:
    one = Making()
    yield from (one.claimed(), one.baselined(), one.submitted(), one.completed())


def one_version_in_two_generations() -> Iterator[AnyEvent]:
    yield from Making().whole("imp_1")
    yield from Making(generation=2).whole("imp_2")


def one_version_after_another_that_failed() -> Iterator[AnyEvent]:
    """The operator closed B, which never came in: A was not to be imported again."""
    other = Making(source=file(version="B"), generation=2)
    yield from Making().whole("imp_1")
    yield from (other.claimed(), other.failed("final"), other.forgotten())
    yield from Making(generation=3).whole("imp_3")


def a_version_forgotten_too_late() -> Iterator[AnyEvent]:
    yield from Making().whole("imp_1")
    yield from Making(generation=2).whole("imp_2")
    yield again(Making().forgotten())


def one_job_for_two_files() -> Iterator[AnyEvent]:
    yield from Making().whole("imp_1")
    yield from Making(source=file("data/b.csv")).whole("imp_1")


def two_runs_on_one_object() -> Iterator[AnyEvent]:
    one, two = Making(), Making(spec("web"), file("data/b.csv"))
    yield from (one.claimed(), one.submitted("imp_1"))
    yield from (two.claimed(run="run-2"), two.submitted("imp_2", run="run-2"))


def rows_that_nobody_accounts_for() -> Iterator[AnyEvent]:
    one = Making()
    yield from (one.claimed(), one.submitted(), one.completed(rows=RowCounts(read=2, valid=1)))


def rows_that_got_lost_on_the_way() -> Iterator[AnyEvent]:
    one = Making()
    yield from (one.claimed(), one.submitted(), one.completed(rows=RowCounts(read=1, valid=1)))


def a_lost_line() -> Iterator[AnyEvent]:
    yield Making().claimed(seen="gone")


@pytest.mark.parametrize(
    ("story", "kind"),
    [
        (two_completed_jobs, "completed-twice"),
        (a_copied_end, "ended-twice"),
        (two_kinds_of_end, "two-endings"),
        (an_operator_and_the_api_disagree, "two-endings"),
        (two_open_permits, "two-permits"),
        (a_permit_without_a_claim, "permit-unclaimed"),
        (a_permit_under_the_claim_of_another_run, "permit-unclaimed"),
        (an_end_that_was_never_permitted, "never-permitted"),
        (a_completion_without_a_job, "never-permitted"),
        (an_altered_line, "altered"),
        (two_claims_of_one_epoch, "epoch-shared"),
        (a_generation_begun_beside_an_open_job, "begun-too-early"),
        (a_generation_begun_for_the_same_version, "begun-too-early"),
        (a_generation_without_the_one_before, "generation-missing"),
        (a_forgotten_open_job, "closed-too-early"),
        (a_permit_after_it_was_forgotten, "closed-too-early"),
        (a_job_that_ran_after_a_baseline, "closed-too-early"),
        (one_version_in_two_generations, "imported-twice"),
        (one_version_after_another_that_failed, "imported-twice"),
        (a_version_forgotten_too_late, "imported-twice"),
        (one_job_for_two_files, "job-shared"),
        (two_runs_on_one_object, "object-shared"),
        (rows_that_nobody_accounts_for, "rows"),
        (rows_that_got_lost_on_the_way, "rows"),
        (a_lost_line, "hole"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_each_breach_is_found(story: Story, kind: str) -> None:
    """It is named once, with the import, the lines that show it and a next command."""
    found = audit(story()).anomalies
    assert [anomaly.kind for anomaly in found] == [kind]
    (anomaly,) = found
    assert anomaly.import_id
    assert anomaly.events
    assert anomaly.next_step


def changed_there_and_back() -> Iterator[AnyEvent]:
    yield from Making().whole("imp_1")
    yield from Making(source=file(version="B"), generation=2).whole("imp_2")
    yield from Making(generation=3).whole("imp_3")


def forgotten_and_again() -> Iterator[AnyEvent]:
    one = Making()
    yield from (*one.whole("imp_1"), one.forgotten())
    yield from Making(generation=2).whole("imp_2")


def failed_and_again() -> Iterator[AnyEvent]:
    one = Making()
    yield from (one.claimed(), one.submitted("imp_1"), one.failed(job="imp_1"))
    yield from (one.claimed(epoch=2), one.submitted("imp_2", epoch=2, attempt=2), one.completed("imp_2", attempt=2))


def abandoned_and_again() -> Iterator[AnyEvent]:
    one = Making()
    yield from (one.claimed(), one.submitted("imp_1"), one.resolved("abandon"))
    yield from (one.claimed(epoch=2), one.submitted("imp_2", epoch=2, attempt=2), one.completed("imp_2", attempt=2))


def changed_after_it_was_cut_off() -> Iterator[AnyEvent]:
    yield Making().claimed()
    yield from Making(source=file(version="B"), generation=2).whole("imp_2")


def two_parts() -> Iterator[AnyEvent]:
    one = Making()
    yield one.claimed(parts=2)
    yield from (one.submitted("imp_1"), one.submitted("imp_2", part=2))
    yield from (one.completed("imp_1"), one.completed("imp_2", part=2))


def an_end_that_two_runs_recorded() -> Iterator[AnyEvent]:
    """A run died before it could push the end; another one recorded it, and the dead one's log was merged later."""
    one = Making()
    yield from one.whole()
    yield one.completed(run="run-2", time=NOW + timedelta(hours=1))


def a_line_that_stands_twice() -> Iterator[AnyEvent]:
    events = list(Making().whole())
    yield from (*events, *events)


@pytest.mark.parametrize(
    "story",
    [
        changed_there_and_back,
        forgotten_and_again,
        failed_and_again,
        abandoned_and_again,
        changed_after_it_was_cut_off,
        two_parts,
        an_end_that_two_runs_recorded,
        a_line_that_stands_twice,
    ],
)
def test_what_honest_runs_leave_is_clean(story: Story) -> None:
    """Retries, changes, operators' words and merges of honest logs are no anomaly."""
    assert kinds(story()) == []


def test_a_renamed_spec_has_one_history() -> None:
    """What the old name imported and the new one imported again is found; the same under two other specs is not."""
    old, new = spec("old"), spec("crm", formerly=["old"])
    newer_file_first = [*Making(new, generation=2).whole("imp_2"), *Making(old).whole("imp_1")]
    assert [anomaly.kind for anomaly in audit(newer_file_first, [("old", "crm")]).anomalies] == ["imported-twice"]
    assert [anomaly.kind for anomaly in audit(newer_file_first).anomalies] == ["generation-missing"]


def test_counts_are_of_imports_and_the_rows_that_jobs_read() -> None:
    """A job's rows count once, however many lines tell of its end."""
    assert audit(an_end_that_two_runs_recorded()).rows == 2
    told = audit(forgotten_and_again())
    assert (told.events, told.imports, told.completed, told.rows) == (7, 1, 2, 4)


# --- the log on disk -------------------------------------------------------------------------------------------------


def test_a_clean_log_is_counted(desk: Desk) -> None:
    """Lines, imports, completed jobs and rows are told."""
    desk.log(*desk.of("data/a.csv").whole())
    found = desk.verify()
    assert found.clean
    assert (found.lines, found.events, found.imports, found.completed, found.rows) == (3, 3, 1, 1, 2)


def test_a_project_without_a_log_is_clean(desk: Desk) -> None:
    """Nothing was imported, and nothing is made."""
    assert desk.verify().clean
    assert not desk.state.exists()


def test_every_unreadable_line_is_told(desk: Desk) -> None:
    """Not only the first one, each with its place, and the rest is checked all the same."""
    claim, permit, end = (encode(event) for event in Making().whole())
    newer = end.replace(b'"v": 1', b'"v": 2')
    other = encode(Making(spec("web")).claimed())
    desk.state.mkdir()
    (desk.state / "crm.jsonl").write_bytes(b"".join([claim, b"<<<<<<< ours\n", b"{}\n", newer, other, permit]))
    found = desk.verify()
    assert [problem.partition(": ")[0] for problem in found.problems] == [f"state/crm.jsonl:{n}" for n in (2, 3, 4, 5)]
    assert "conflict markers" in found.problems[0]
    assert "format 2" in found.problems[2]
    assert "'web'" in found.problems[3]
    assert (found.clean, found.lines, found.events) == (False, 6, 3)


def test_a_torn_last_line_is_only_noted(desk: Desk) -> None:
    """It counts for nothing and harms nothing."""
    desk.state.mkdir()
    lines = b"".join(encode(event) for event in Making().whole())
    (desk.state / "crm.jsonl").write_bytes(lines + b'{"event": "clai')
    found = desk.verify()
    assert found.clean
    assert found.notes == ("state/crm.jsonl:4: the last line is torn and counts for nothing",)


def test_a_missing_file_of_the_log_is_told(desk: Desk) -> None:
    """What stands in the files around it is still checked."""
    desk.state.mkdir()
    (desk.state / "crm.0003.jsonl").write_bytes(encode(Making().claimed()))
    found = desk.verify()
    assert any("crm.0002.jsonl is missing" in problem for problem in found.problems)
    assert found.events == 1


def test_a_fold_that_hangs_on_the_order_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole log is folded in two orders, and a difference is a problem."""
    desk.log(*desk.of("data/a.csv").whole())
    assert desk.verify().clean
    first: list[object] = []

    def last_attempt(life: object) -> int:
        first.append(life)
        return len(first)

    monkeypatch.setattr("syncer.model.generation.Generation.last_attempt", property(last_attempt))
    assert any("another order" in problem for problem in desk.verify().problems)


def test_the_garbage_collector_is_as_it_was(desk: Desk) -> None:
    """A check leaves no setting of the interpreter behind."""
    desk.verify()
    assert gc.isenabled()


@pytest.mark.slow
def test_a_log_of_years_is_checked_in_seconds(desk: Desk) -> None:
    """100,000 lines take about two seconds; the bound here allows for a busy machine."""
    desk.state.mkdir()
    with (desk.state / "crm.jsonl").open("wb") as log:
        for number in range(33_334):
            log.writelines(encode(event) for event in Making(source=file(f"data/{number}.csv")).whole(f"imp_{number}"))
    began = time.process_time()
    found = desk.verify()
    assert time.process_time() - began < 10
    assert (found.clean, found.lines) == (True, 100_002)
