"""The operator's words, and what the real plan makes of each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from syncer.errors import Refused, UsageError, Waiting
from syncer.operations.baseline import baseline
from syncer.operations.closing import TrackFinder, forget, retry
from syncer.operations.state_read import state_list, state_show
from syncer.operations.state_write import resolve
from syncer.plan import Action
from syncer.state.store import LocalStore
from tests.model.making import NOW
from tests.operator.desk import SPEC, WHY

if TYPE_CHECKING:
    from syncer.operations.change import Change
    from tests.operator.desk import Desk

A = "data/a.csv"


def forgotten(desk: Desk, given: str = "", *, path: str = "", append_again: bool = False) -> Change:
    ledger = desk.ledger()
    finder = TrackFinder(ledger, given=given, spec="crm" if path else "", path=path)
    return forget(ledger, finder, reason=WHY, append_again=append_again)


def expected(change: Change) -> dict[str, str]:
    return {each.path: each.action for each in change.expected}


# --- baseline --------------------------------------------------------------------------------------------------------


def test_after_a_baseline_there_is_nothing_to_import(desk: Desk) -> None:
    """Every pending file is recorded once, with who and why, and the plan skips it."""
    desk.file("b.csv", "c@example.com")
    done = baseline(desk.ledger(), "crm", reason=WHY)
    assert [each.path for each in done.touched] == [A, "data/b.csv"]
    assert expected(done) == {A: "skip", "data/b.csv": "skip"}
    assert {item.action for item in desk.plan().values()} == {Action.SKIP}
    (entry, _) = state_list(desk.ledger())
    assert (entry.standing, WHY in entry.reason) == ("done", True)
    assert desk.verify().clean


def test_a_baseline_of_nothing_writes_nothing(desk: Desk) -> None:
    """The second time there is nothing pending, and no file of the log changes."""
    baseline(desk.ledger(), "crm", reason=WHY)
    before = desk.lines()
    assert baseline(desk.ledger(), "crm", reason=WHY).touched == ()
    assert desk.lines() == before == 1


def test_a_dry_run_shows_the_same_and_writes_nothing(desk: Desk) -> None:
    """Not even the folder is made."""
    done = baseline(desk.ledger(), "crm", reason=WHY, dry_run=True)
    assert ([each.path for each in done.touched], done.dry_run) == ([A], True)
    assert not desk.state.exists()


def test_only_matching_paths_are_recorded(desk: Desk) -> None:
    """The others stay pending."""
    other = desk.file("b.csv", "c@example.com")
    baseline(desk.ledger(), "crm", patterns=["*/a*"], reason=WHY)
    assert (desk.action(A), desk.action(other)) == (Action.SKIP, Action.IMPORT)


def test_a_baseline_goes_past_limits_and_suspension(desk: Desk) -> None:
    """What a first run could not have imported at all is just what was loaded by other means."""
    desk.file("b.csv", "c@example.com")
    desk.spec("crm", f"{SPEC}limits: {{max_files_per_run: 1}}\nsuspend: true\n")
    assert len(baseline(desk.ledger(), "crm", reason=WHY).touched) == 2


def test_a_changed_file_is_recorded_in_its_next_generation(desk: Desk) -> None:
    """The version before stays what it was."""
    desk.log(*desk.of(A).whole())
    desk.file("a.csv", "new@example.com")
    desk.spec("crm", SPEC.replace("*.csv}", "*.csv, on_change: fail}"))
    assert desk.action(A) is Action.BLOCKED
    (event,) = baseline(desk.ledger(), "crm", reason=WHY).touched
    assert event.generation == 2
    assert desk.action(A) is Action.SKIP
    assert desk.verify().clean


def test_a_baseline_leaves_open_jobs_alone(desk: Desk) -> None:
    """The job of a permit may still import the file: only its own end counts."""
    one = desk.of(A)
    desk.log(one.claimed(), one.submitted())
    done = baseline(desk.ledger(), "crm", reason=WHY)
    assert (done.touched, [each.path for each in done.left]) == ((), [A])


def test_a_baseline_leaves_the_work_of_a_living_run_alone(desk: Desk) -> None:
    """While a run holds the folder and has claimed the file, the file is its own."""
    desk.log(desk.of(A).claimed(lease=NOW + timedelta(minutes=5)))
    with LocalStore(desk.state).run_lock("another run"):
        done = baseline(desk.ledger(), "crm", reason=WHY)
    assert (done.touched, [each.path for each in done.left]) == ((), [A])
    assert len(baseline(desk.ledger(), "crm", reason=WHY).touched) == 1


def test_a_baseline_of_an_unknown_spec_is_a_mistake(desk: Desk) -> None:
    """The name that was meant is suggested."""
    with pytest.raises(UsageError, match="no spec 'crn'") as caught:
        baseline(desk.ledger(), "crn", reason=WHY)
    assert "'crm'" in caught.value.why


# --- forget ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["id", "beginning", "job", "path"])
def test_a_forgotten_file_is_imported_again(desk: Desk, by: str) -> None:
    """In the next generation, however the import was named."""
    one = desk.of(A)
    desk.log(one.claimed(write_mode="upsert"), one.submitted(), one.completed())
    given = {"id": one.import_id, "beginning": one.import_id[:5], "job": "imp_1", "path": ""}[by]
    done = forgotten(desk, given, path="" if given else A)
    assert expected(done) == {A: "import"}
    assert desk.plan()[A].generation == 2
    assert desk.verify().clean


def test_a_second_forget_writes_nothing(desk: Desk) -> None:
    """It says that the generation is closed already."""
    one = desk.of(A)
    desk.log(*one.whole(), one.forgotten())
    done = forgotten(desk, one.import_id)
    assert (done.touched, [each.reason for each in done.left]) == ((), ["its newest generation is closed already"])


def test_an_open_job_is_never_forgotten(desk: Desk) -> None:
    """The refusal names the job and how to settle it; nothing is written."""
    one = desk.of(A)
    desk.log(one.claimed(), one.submitted("imp_7"))
    with pytest.raises(Refused, match="imp_7") as caught:
        forgotten(desk, one.import_id)
    assert f"syncer state resolve {one.import_id} --job imp_7" in caught.value.next_step
    assert desk.lines() == 2


@pytest.mark.parametrize("mode", ["append", None])
def test_rows_are_appended_again_only_on_request(desk: Desk, mode: str | None) -> None:
    """An object that appends, or is not known not to, gets the same rows twice only when somebody says so."""
    one = desk.of(A)
    desk.log(one.claimed(write_mode=mode), one.submitted(), one.completed())
    with pytest.raises(Refused, match="a second time") as caught:
        forgotten(desk, one.import_id)
    assert "--append-again" in caught.value.next_step
    assert desk.action(A) is Action.SKIP
    assert expected(forgotten(desk, one.import_id, append_again=True)) == {A: "import"}


def test_what_never_came_in_is_forgotten_without_asking(desk: Desk) -> None:
    """No row of a failed import is there to be doubled."""
    one = desk.of(A)
    desk.log(one.claimed(write_mode="append"), one.failed("final", **desk.preparation(A)))
    assert expected(forgotten(desk, one.import_id)) == {A: "import"}


def test_an_older_version_cannot_be_forgotten(desk: Desk) -> None:
    """It is the newest one that is imported again, so that is the one to name."""
    one = desk.of(A)
    desk.log(*one.whole())
    desk.file("a.csv", "new@example.com")
    two = desk.of(A, 2)
    desk.log(*two.whole("imp_2"))
    with pytest.raises(UsageError, match="not the newest") as caught:
        forgotten(desk, one.import_id)
    assert two.import_id in caught.value.why


def test_a_forgotten_file_that_is_gone_is_told(desk: Desk) -> None:
    """The next plan has nothing to import then."""
    one = desk.of(A)
    desk.log(one.claimed(write_mode="upsert"), one.submitted(), one.completed())
    (desk.root / A).unlink()
    (told,) = forgotten(desk, one.import_id).expected
    assert (told.action, told.reason) == ("", "no such file is there now")


def test_an_unknown_path_is_a_mistake(desk: Desk) -> None:
    """The log is asked, not the disk."""
    with pytest.raises(UsageError, match="knows no file"):
        forgotten(desk, path="data/z.csv")


# --- retry -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["spec", "id"])
@pytest.mark.parametrize("how", ["final", "counted"])
def test_what_failed_for_good_is_tried_again(desk: Desk, given: str, how: str) -> None:
    """Final failures and used-up attempts both, by spec or by id; the rest of the log is left as it is."""
    other = desk.file("b.csv", "c@example.com")
    one = desk.of(A)
    failures = [one.failed(how, attempt=n, **desk.preparation(A)) for n in (1, 2, 3)]
    desk.log(one.claimed(), *(failures if how == "counted" else failures[:1]), *desk.of(other).whole())
    assert desk.plan()[A].attention
    done = retry(desk.ledger(), "crm" if given == "spec" else one.import_id, reason=WHY)
    assert expected(done) == {A: "import"}
    assert desk.plan()[A].generation == 2
    assert desk.action(other) is Action.SKIP
    assert desk.verify().clean


def test_what_is_tried_again_anyway_is_left_alone(desk: Desk) -> None:
    """A new generation would only hide the attempts that were made."""
    one = desk.of(A)
    desk.log(one.claimed(), one.failed(**desk.preparation(A)))
    done = retry(desk.ledger(), "crm", reason=WHY)
    assert (done.touched, [each.reason for each in done.left]) == ((), ["the next run tries it again by itself"])


def test_a_completed_import_is_never_retried(desk: Desk) -> None:
    """By its id it is refused, and as one of a spec it is passed over."""
    one = desk.of(A)
    desk.log(*one.whole())
    with pytest.raises(Refused, match="nothing to retry"):
        retry(desk.ledger(), one.import_id, reason=WHY)
    assert retry(desk.ledger(), "crm", reason=WHY).touched == ()


def test_parts_that_came_in_are_never_retried(desk: Desk) -> None:
    """Closing the generation would import them again."""
    one = desk.of(A)
    desk.log(
        one.claimed(parts=2),
        one.submitted(parts=2),
        one.completed(),
        one.failed("final", part=2, **desk.preparation(A)),
    )
    done = retry(desk.ledger(), "crm", reason=WHY)
    assert done.touched == ()
    assert "some of its parts" in done.left[0].reason


# --- resolve ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "action"),
    [
        ("completed", Action.SKIP),
        ("failed", Action.RETRY),
        ("abandon", Action.RETRY),
        ("start", Action.RESUME),
    ],
)
def test_the_plan_follows_the_operators_word(desk: Desk, word: str, action: Action) -> None:
    """Completed is done, failed and abandoned are tried again, and start leaves the job to be taken up."""
    one = desk.of(A)
    desk.log(one.claimed(), one.submitted())
    done = resolve(desk.ledger(), one.import_id, word, reason=WHY)  # type: ignore[arg-type]  # one of the words
    assert expected(done) == {A: action.value}
    assert desk.action(A) is action
    assert desk.verify().clean
    told = state_show(desk.ledger(), one.import_id).events[-1]
    assert (told.actor != "", type(told).__name__) == (True, "Resolved")


def test_without_an_open_job_there_is_nothing_to_resolve(desk: Desk) -> None:
    """A word about a job that has ended would contradict the API's."""
    one = desk.of(A)
    desk.log(*one.whole())
    with pytest.raises(Refused, match="nothing to resolve"):
        resolve(desk.ledger(), one.import_id, "failed", reason=WHY)
    assert desk.lines() == 3


def test_of_two_open_jobs_one_has_to_be_named(desk: Desk) -> None:
    """Both are told; then the other stands alone and is resumed."""
    one = desk.of(A)
    desk.log(one.claimed(), one.submitted("imp_1"), one.submitted("imp_2"))
    with pytest.raises(UsageError, match="imp_1, imp_2"):
        resolve(desk.ledger(), one.import_id, "abandon", reason=WHY)
    with pytest.raises(Refused, match="imp_3 is not open"):
        resolve(desk.ledger(), one.import_id, "abandon", reason=WHY, job="imp_3")
    resolve(desk.ledger(), one.import_id, "abandon", reason=WHY, job="imp_2")
    assert (desk.action(A), desk.plan()[A].job) == (Action.RESUME, "imp_1")


def test_nothing_is_decided_under_a_run(desk: Desk) -> None:
    """A run may be between two steps of the very import: the operator is told who it is, and nothing is written."""
    one = desk.of(A)
    desk.log(one.claimed(), one.submitted())
    with LocalStore(desk.state).run_lock("run 42 of somebody"), pytest.raises(Waiting) as caught:
        resolve(desk.ledger(), one.import_id, "failed", reason=WHY)
    assert caught.value.where == "run 42 of somebody"
    assert desk.lines() == 2


# --- finding ---------------------------------------------------------------------------------------------------------


def test_an_ambiguous_beginning_names_the_candidates(desk: Desk) -> None:
    """With their paths, so that the right one can be chosen."""
    other = desk.file("b.csv", "c@example.com")
    one, two = desk.of(A), desk.of(other)
    desk.log(*one.whole("imp_1"), *two.whole("imp_2"))
    with pytest.raises(UsageError) as caught:
        state_show(desk.ledger(), "")
    assert "no import" in caught.value.what
    clash = [made.import_id for made in (one, two)]
    prefix = next((clash[0][:n] for n in range(16, 0, -1) if clash[1].startswith(clash[0][:n])), None)
    if prefix is not None:  # ids are hashes, so whether two begin alike is chance
        with pytest.raises(UsageError, match="2 imports begin"):
            state_show(desk.ledger(), prefix)


def test_show_tells_every_event_in_order(desk: Desk) -> None:
    """Of all generations, also when clocks ran backwards."""
    one, two = desk.of(A), desk.of(A, 2)
    desk.log(*one.whole("imp_1"), one.forgotten(), *two.whole("imp_2"))
    record = state_show(desk.ledger(), "imp_2")
    names = [type(event).__name__ for event in record.events]
    assert names == ["Claimed", "Submitted", "Finished", "Forgotten", "Claimed", "Submitted", "Finished"]
    assert [each.standing for each in record.generations] == ["forgotten", "done"]


def test_list_filters_by_what_is_open_and_what_needs_attention(desk: Desk) -> None:
    """Open is what may still move; attention is what will not mend itself."""
    opened, stuck = desk.file("b.csv", "c@example.com"), desk.file("c.csv", "d@example.com")
    one, two, three = desk.of(A), desk.of(opened), desk.of(stuck)
    desk.log(*one.whole(), two.claimed(), two.submitted("imp_2"))
    desk.log(three.claimed(), three.failed("final", **desk.preparation(stuck)))
    assert [entry.path for entry in state_list(desk.ledger())] == [A, opened, stuck]
    assert [entry.path for entry in state_list(desk.ledger(), only_open=True)] == [opened]
    assert [entry.path for entry in state_list(desk.ledger(), attention=True)] == [stuck]
    with pytest.raises(UsageError, match="'web'"):
        state_list(desk.ledger(), ["web"])


def test_a_renamed_specs_imports_are_its_own(desk: Desk) -> None:
    """They are found by id and shown under the name that the spec has now."""
    one = desk.of(A)
    desk.log(*one.whole())
    (desk.root / "specs" / "crm.yaml").unlink()
    desk.spec("people", f"{SPEC}formerly: [crm]\n")
    (entry,) = state_list(desk.ledger(), ["crm"])
    assert (entry.spec, entry.import_id) == ("people", one.import_id)
