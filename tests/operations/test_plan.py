"""The plan command: what it asks, what it leaves behind, and what can be saved and taken back."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from syncer.errors import ApiError, AuthError, Conflict, SyncerError, UsageError
from syncer.operations.plan import load_saved, plan, save
from syncer.plan import Action, Filters
from syncer.render.plan_text import plan_text
from tests.apply.workspace import ORDERS, PEOPLE, Workspace, only

FORBIDDEN = {"do": "status", "status": 403, "code": "CDP_ETL.AUTH.FORBIDDEN"}


@pytest.fixture
def crm(workspace: Workspace) -> Workspace:
    workspace.spec("crm", PEOPLE)
    workspace.people("a.csv", "a@example.com")
    return workspace


@pytest.fixture
def undecided(workspace: Workspace) -> Workspace:
    """A project with a changed file of an object whose write mode nobody could tell so far."""
    workspace.spec("shop", ORDERS)
    workspace.orders("a.csv", "o1")
    workspace.emulator.faults.add(match="GET /metadata/*", **FORBIDDEN)
    workspace.run()
    workspace.orders("a.csv", "o1", "o2")
    return workspace


def test_a_plan_of_new_files_asks_nothing_and_leaves_no_state(crm: Workspace) -> None:
    """It needs neither the API nor credentials, and reading the log makes no folder."""
    del crm.environ["EXPERITURE_API_KEY"]
    item = only(plan(crm.root, environ=crm.environ).imports)
    assert (item.action, item.reason) == (Action.IMPORT, "new file")
    assert crm.emulator.requests == []
    assert not (crm.root / "state").exists()


def test_a_plan_and_the_apply_after_it_do_the_same(crm: Workspace) -> None:
    """What was shown is what is done."""
    crm.people("b.csv", "b@example.com")
    shown = plan(crm.root, environ=crm.environ)
    done, _ = crm.plan_and_run()
    assert shown.digest == done.digest
    assert not plan(crm.root, environ=crm.environ).has_changes


def test_a_changed_file_of_an_object_that_may_append_is_blocked_without_credentials(undecided: Workspace) -> None:
    """Whether rows would be appended twice cannot be told: blocked, with what to do about it."""
    del undecided.environ["EXPERITURE_API_KEY"]
    made = plan(undecided.root, environ=undecided.environ)
    item = only(made.imports)
    assert (item.action, item.attention) == (Action.BLOCKED, True)
    assert "credentials" in item.reason
    assert "source.on_change" in item.reason
    assert made.undecided == {"orders"}


def test_with_credentials_the_write_mode_is_asked_for(undecided: Workspace) -> None:
    """The one question that a decision hangs on, and nothing else, is asked."""
    before = len(undecided.emulator.requests)
    made = plan(undecided.root, environ=undecided.environ)
    assert undecided.calls(since=before) == ["GET /metadata/objects/orders"]
    assert "appended a second time" in only(made.imports).reason
    assert made.write_modes == {"orders": "append"}


def test_a_write_mode_that_was_learnt_is_not_asked_for_again(workspace: Workspace) -> None:
    """The log remembers it."""
    workspace.spec("shop", ORDERS)
    workspace.orders("a.csv", "o1")
    workspace.run()
    workspace.orders("a.csv", "o1", "o2")
    before = len(workspace.emulator.requests)
    assert only(plan(workspace.root, environ=workspace.environ).imports).action is Action.BLOCKED
    assert workspace.calls(since=before) == []


def test_a_token_that_is_refused_is_told(undecided: Workspace) -> None:
    """It would be met by every import: exit 6 rather than a plan that says less than it could."""
    undecided.emulator.faults.add(match="GET /metadata/*", do="status", status=401, code="CDP_ETL.AUTH.TOKEN_INVALID")
    with pytest.raises(AuthError) as caught:
        plan(undecided.root, environ=undecided.environ)
    assert caught.value.exit_code == 6


@pytest.mark.parametrize(
    "filters",
    [
        Filters(specs=("cmr",)),
        Filters(tags=("night",)),
        Filters(exclude=("cmr",)),
        Filters(over_limits=("cmr",)),
        Filters(out_of_order=("cmr",)),
    ],
)
def test_a_name_that_does_not_exist_is_a_usage_error(crm: Workspace, filters: Filters) -> None:
    """A filter that would silently choose nothing is refused."""
    with pytest.raises(UsageError, match="there is no") as caught:
        plan(crm.root, environ=crm.environ, filters=filters)
    assert caught.value.exit_code == 64


@pytest.mark.skipif(os.name == "nt", reason="symbolic links are a privilege there")
def test_a_source_that_cannot_be_listed_is_a_problem_of_its_spec_alone(crm: Workspace) -> None:
    """The other specs go on, and the run fails in the end."""
    crm.spec("broken", PEOPLE.replace("data/*.csv", "linked/*.csv"))
    (crm.root / "linked").mkdir()
    (crm.root / "linked" / "a.csv").symlink_to(crm.file("../outside/a.csv", "email_address,FirstName", "x@x.org,X"))
    made = plan(crm.root, environ=crm.environ)
    assert [problem.partition(":")[0] for problem in made.problems] == ["broken"]
    outcome = crm.run()
    assert [end.result for end in outcome.imports] == ["completed"]
    assert outcome.exit_code == 1


def test_a_saved_plan_is_whole_or_not_there(crm: Workspace, tmp_path: Path) -> None:
    """It comes back as it was, nothing else is left beside it, and it holds neither token nor absolute path."""
    made = plan(crm.root, environ=crm.environ)
    target = tmp_path / "plans" / "today.json"
    with pytest.raises(SyncerError, match="cannot be saved"):
        save(made, target)
    target.parent.mkdir()
    save(made, target)
    assert list(target.parent.iterdir()) == [target]
    text = target.read_text(encoding="utf-8")
    assert str(crm.root) not in text
    assert crm.emulator.token not in text
    kept = load_saved(target)
    assert (kept.digest, kept.workspace) == (made.digest, made.workspace)


@pytest.mark.parametrize("damage", ["not json", "no plan", "edited", "newer"])
def test_what_is_no_plan_is_refused(crm: Workspace, tmp_path: Path, damage: str) -> None:
    """Exit 5, and the way to a good one."""
    target = tmp_path / "plan.json"
    save(plan(crm.root, environ=crm.environ), target)
    document = json.loads(target.read_text(encoding="utf-8"))
    match damage:
        case "not json":
            text = "{"
        case "no plan":
            text = "[]"
        case "edited":
            document["imports"][0]["action"] = "skip"
            text = json.dumps(document)
        case _:
            text = json.dumps(document | {"format_version": 99})
    target.write_text(text, encoding="utf-8")
    with pytest.raises(Conflict) as caught:
        crm.run(saved=target)
    assert caught.value.exit_code == 5
    assert "syncer plan --out" in caught.value.next_step
    assert crm.emulator.requests == []


def test_a_plan_that_is_not_there_is_an_error(crm: Workspace, tmp_path: Path) -> None:
    """Nothing is planned anew in its place."""
    with pytest.raises(SyncerError, match="there is no saved plan"):
        crm.run(saved=tmp_path / "missing.json")


@pytest.mark.parametrize("status", [403, 404])
def test_what_cures_an_unknown_write_mode_is_true_whatever_was_set(undecided: Workspace, status: int) -> None:
    """The API was asked with a token and did not tell: the first cure is the spec, and nothing is said to be unset."""
    undecided.emulator.faults.clear()
    undecided.emulator.faults.add(match="GET /metadata/*", do="status", status=status, code="", times=0)
    made = plan(undecided.root, environ=undecided.environ)
    for text in (only(made.imports).reason, plan_text(made).partition("note: ")[2]):
        cure, _, other = text.partition(
            "write source.on_change: import (or ignore, or fail) in the spec, or let syncer"
        )
        assert "orders appends is not known" in cure or "not known whether orders appends" in cure
        assert "credentials with the scope cdp:metadata:read" in other
        assert "EXPERITURE_API_KEY" not in text


@pytest.mark.parametrize("status", [403, 404, 405, 501])
def test_an_api_that_cannot_describe_an_object_leaves_the_job_to_decide(crm: Workspace, status: int) -> None:
    """Without a scope, or without a Metadata API, the import goes ahead."""
    crm.emulator.faults.add(match="GET /metadata/*", do="status", status=status, code="", times=0)
    assert [end.result for end in crm.run().imports] == ["completed"]


@pytest.mark.parametrize(("status", "command"), [(400, "syncer apply -vv"), (503, "syncer apply")])
def test_an_api_that_fails_to_describe_an_object_ends_the_run(crm: Workspace, status: int, command: str) -> None:
    """Nothing is claimed, and the error says how to go on."""
    crm.emulator.faults.add(match="GET /metadata/*", do="status", status=status, times=0)
    with pytest.raises(ApiError) as caught:
        crm.run()
    assert caught.value.next_step.endswith(f": {command}")
    assert crm.log("crm") == []


def test_a_tag_that_does_not_exist_is_answered_with_those_that_do(crm: Workspace) -> None:
    """Status does not list tags, so the error does."""
    crm.spec("crm", PEOPLE + "tags: [nightly, pii]\n")
    with pytest.raises(UsageError) as caught:
        plan(crm.root, environ=crm.environ, filters=Filters(tags=("nigthly",)))
    assert caught.value.next_step == "choose among the tags nightly, pii"


def test_a_saved_plan_that_is_not_there_is_told_with_how_to_make_it(crm: Workspace) -> None:
    """The name may also be that of a spec, so the error says how those are chosen."""
    with pytest.raises(SyncerError, match=r"^there is no saved plan crm$") as caught:
        crm.run(saved=Path("crm"))
    assert "--spec" in caught.value.why
    assert caught.value.next_step == "make one: syncer plan --out crm"


def test_modes_that_people_may_misjudge_are_marked(crm: Workspace) -> None:
    """What sends more than the mapping stands in the plan."""
    crm.spec("crm", PEOPLE.replace("{email_address: email, FirstName: first_name}", "{email: email}"))
    crm.spec("crm", (crm.root / "specs" / "crm.yaml").read_text("utf-8") + "prepare: {mode: passthrough}\n")
    made = plan(crm.root, environ=crm.environ)
    assert "every column of the file is sent" in only(only(made.specs).warnings)


def test_a_checkout_that_cannot_be_written_to_can_be_planned(crm: Workspace) -> None:
    """What a plan keeps for the next one is a convenience; a run says why it cannot work there."""
    (crm.root / ".syncer").write_text("in the way", encoding="utf-8")
    assert only(plan(crm.root, environ=crm.environ).imports).action is Action.IMPORT
    with pytest.raises(SyncerError):
        crm.run()
    assert "POST /import-jobs" not in crm.calls()


def test_a_file_that_cannot_be_counted_is_the_problem_of_its_spec_alone(crm: Workspace) -> None:
    """The others are planned, and the one with the limit does nothing until the file is mended."""
    crm.spec("limited", PEOPLE.replace("data/*.csv", "more/*.csv") + "limits: {rows: 10}\n")
    crm.file("more/b.csv", "email_address,FirstName", 'a@example.com,"Ann')
    made = plan(crm.root, environ=crm.environ)
    assert [(item.spec, item.action) for item in made.imports] == [("crm", Action.IMPORT)]
    assert "never closed" in only(made.problems)
    assert made.refusals == ()
