"""Lists and audiences: created once per resolved name, and joined from then on."""

from __future__ import annotations

import threading

import pytest
import requests

from syncer.apply.progress import Step
from syncer.errors import AuthError
from syncer.plan import Filters
from tests.apply.workspace import INIT, PEOPLE, Hurried, Noted, Workspace, meeting, only, results

JSON = dict[str, object]
LIST = 'list: {create: "Spring"}\n'
AUDIENCE = 'audience: {create: "Prospects"}\n'
BLOCKLIST = """
version: 1
source: {uri: blocked/*.csv}
target: {object: suppressions, match_key: email}
mapping: {email: email}
"""


def options_sent(workspace: Workspace) -> list[JSON]:
    """Return what each init asked for besides the file, in order."""
    plain = {"objectName", "fileName", "fileSize"}
    return [
        {key: value for key, value in record.json.items() if key not in plain} for record in workspace.requests(INIT)
    ]


def make_list(workspace: Workspace, name: str) -> str:
    """Create a list as somebody else would, and return its id."""
    answer = requests.post(
        f"{workspace.emulator.base_url}/lists",
        json={"name": name},
        headers={"Authorization": "Bearer dev-token"},
        timeout=10,
    )
    return str(answer.json()["data"]["id"])


def members(workspace: Workspace, name: str) -> int:
    rows = workspace.emulator.query(
        "SELECT count(*) FROM list_members m JOIN lists l ON l.id = m.list_id WHERE l.name = ?", name
    )
    return int(only(rows)[0])


def test_a_list_is_created_once_and_joined_by_its_id(workspace: Workspace) -> None:
    """The first file makes it, the second of the same run and a third of a later run join it."""
    workspace.spec("crm", PEOPLE + LIST)
    workspace.people("a.csv", "a@example.com")
    workspace.people("b.csv", "b@example.com")
    assert workspace.run().exit_code == 0
    workspace.people("c.csv", "c@example.com")
    assert workspace.run().exit_code == 0
    made = only(workspace.emulator.query("SELECT id FROM lists"))[0]
    assert options_sent(workspace) == [
        {"createList": True, "listName": "Spring"},
        {"targetListId": made},
        {"targetListId": made},
    ]
    assert members(workspace, "Spring") == 3
    assert workspace.log("crm")[2]["list"] == {"create": True, "id": made, "name": "Spring"}


def test_each_resolved_name_is_a_list_of_its_own(workspace: Workspace) -> None:
    """A template that gives two names makes two lists."""
    workspace.spec(
        "crm", PEOPLE.replace("data/*.csv", '"data/{date:%Y-%m-%d}.csv"') + 'list: {create: "{date:%Y-%m}"}\n'
    )
    for day in ("2026-04-21", "2026-04-22", "2026-05-01"):
        workspace.people(f"{day}.csv", f"{day}@example.com")
    assert workspace.run().exit_code == 0
    assert [options.get("listName") for options in options_sent(workspace)] == ["2026-04", None, "2026-05"]


@pytest.mark.parametrize("extra", [LIST, AUDIENCE])
def test_two_objects_side_by_side_have_one_creator(workspace: Workspace, extra: str) -> None:
    """Specs of two objects that resolve to one name do not both create it, however close they run."""
    workspace.spec("crm", PEOPLE + extra)
    workspace.spec("blocked", BLOCKLIST + extra)
    workspace.people("a.csv", "a@example.com")
    workspace.file("blocked/b.csv", "email", "b@example.com")
    assert workspace.run().exit_code == 0
    created = [options for options in options_sent(workspace) if "createList" in options or "createAudience" in options]
    assert len(created) == 1
    assert len(workspace.jobs()) == 2


def test_imports_that_join_a_list_do_not_wait_for_each_other(workspace: Workspace) -> None:
    """Once the list is known, two objects are imported into it side by side."""
    workspace.spec("crm", PEOPLE + LIST)
    workspace.people("a.csv", "a@example.com")
    workspace.run()
    workspace.spec("blocked", BLOCKLIST + LIST)
    workspace.people("b.csv", "b@example.com")
    workspace.file("blocked/b.csv", "email", "b@example.com")
    both = threading.Barrier(2)
    assert workspace.run(reporter=meeting(both)).exit_code == 0


def test_a_list_that_the_log_does_not_know_is_not_joined_silently(workspace: Workspace) -> None:
    """Somebody else made it: nothing is claimed or sent, and the hint names its id. With `add_to` it goes through."""
    theirs = make_list(workspace, "Spring")
    workspace.spec("crm", PEOPLE + LIST)
    workspace.people("a.csv", "a@example.com")
    outcome = workspace.run()
    end = only(outcome.imports)
    assert (end.result, outcome.exit_code) == ("attention", 1)
    assert f"add_to: {theirs}" in end.next_step
    assert INIT not in workspace.calls()
    assert workspace.log("crm") == []
    workspace.spec("crm", PEOPLE + f"list: {{add_to: {theirs}}}\n")
    assert results(workspace.run()) == {"data/a.csv": "completed"}
    assert options_sent(workspace) == [{"targetListId": theirs}]


def test_add_to_by_name_looks_the_id_up(workspace: Workspace) -> None:
    """The API takes ids alone; a name without a list is told before anything is claimed."""
    workspace.spec("crm", PEOPLE + "list: {add_to: {name: Newsletter}}\n")
    workspace.people("a.csv", "a@example.com")
    end = only(workspace.run().imports)
    assert end.result == "attention"
    assert "no list named 'Newsletter'" in end.message
    assert workspace.log("crm") == []
    theirs = make_list(workspace, "Newsletter")
    assert results(workspace.run()) == {"data/a.csv": "completed"}
    assert options_sent(workspace) == [{"targetListId": theirs}]
    assert members(workspace, "Newsletter") == 1


def test_a_name_that_the_api_cannot_take_is_refused_before_any_call(workspace: Workspace) -> None:
    """List names have 1 to 200 characters."""
    workspace.spec("crm", PEOPLE + f'list: {{create: "{"x" * 195}-{{spec}}-{{spec}}"}}\n')
    workspace.people("a.csv", "a@example.com")
    end = only(workspace.run().imports)
    assert end.result == "attention"
    assert "203 characters" in end.message
    assert INIT not in workspace.calls()


def test_an_audience_is_created_once(workspace: Workspace) -> None:
    """The API cannot find one by name: the log proves that it was made, in this run and in later ones."""
    workspace.spec("crm", PEOPLE + AUDIENCE)
    workspace.people("a.csv", "a@example.com")
    workspace.people("b.csv", "b@example.com")
    workspace.run()
    workspace.people("c.csv", "c@example.com")
    workspace.run()
    assert options_sent(workspace) == [{"createAudience": True, "audienceName": "Prospects"}, {}, {}]


@pytest.mark.parametrize("extra", [LIST, AUDIENCE])
def test_what_a_failed_job_was_to_create_is_created_by_the_next(workspace: Workspace, extra: str) -> None:
    """A failed job built nothing."""
    workspace.emulator.faults.add(
        match="POST /import-jobs/*/start", do="job_fails", code="CDP_ETL.IMPORT.SOURCE_UNREADABLE", message="cut off"
    )
    workspace.spec("crm", PEOPLE + extra)
    workspace.people("a.csv", "a@example.com")
    assert workspace.run().exit_code == 0
    first, second = options_sent(workspace)
    assert first == second != {}


def test_a_job_that_was_left_creating_a_list_is_ended_before_another_asks_for_it(workspace: Workspace) -> None:
    """A crash between permit and end leaves one creator: the next run finishes it and everybody else joins."""
    workspace.spec("crm", PEOPLE + LIST)
    workspace.people("b.csv", "b@example.com")
    workspace.emulator.faults.add(
        match="POST /import-jobs/*/start", do="status", status=401, code="CDP_ETL.AUTH.TOKEN_INVALID"
    )
    with pytest.raises(AuthError):
        workspace.run()
    workspace.spec("alpha", BLOCKLIST + LIST)
    workspace.file("blocked/b.csv", "email", "b@example.com")
    workspace.people("a.csv", "a@example.com")
    assert workspace.run().exit_code == 0
    assert [sorted(options) for options in options_sent(workspace)] == [["createList", "listName"]] + [
        ["targetListId"]
    ] * 2


@pytest.mark.parametrize("extra", [LIST, AUDIENCE])
def test_nobody_creates_what_a_job_that_was_left_may_be_creating(workspace: Workspace, extra: str) -> None:
    """A run that leaves the other spec out cannot know how its job ends: it holds back and names the job."""
    workspace.spec("crm", PEOPLE + extra)
    workspace.people("a.csv", "a@example.com")
    workspace.emulator.faults.add(
        match="POST /import-jobs/*/start", do="status", status=401, code="CDP_ETL.AUTH.TOKEN_INVALID"
    )
    with pytest.raises(AuthError):
        workspace.run()
    workspace.spec("blocked", BLOCKLIST + extra)
    workspace.file("blocked/b.csv", "email", "b@example.com")
    end = only(workspace.run(filters=Filters(specs=("blocked",))).imports)
    assert end.result == "held"
    assert workspace.log("crm")[-1]["job"] in end.message
    assert len(workspace.jobs()) == 1
    assert set(results(workspace.run()).values()) == {"completed"}
    assert len([options for options in options_sent(workspace) if {"createList", "createAudience"} & set(options)]) == 1


def test_a_list_whose_id_cannot_be_looked_up_costs_a_warning(workspace: Workspace) -> None:
    """The completion is recorded all the same, and the next import finds the list by its name and joins it."""
    workspace.spec("crm", PEOPLE + LIST)
    workspace.people("a.csv", "a@example.com")
    workspace.emulator.faults.add(match="GET /lists", do="status", status=500, nth=2, times=6)
    end = only(workspace.run().imports)
    assert end.result == "completed"
    assert "could not be looked up" in only(end.warnings)
    workspace.emulator.faults.clear()
    workspace.people("b.csv", "b@example.com")
    assert workspace.run().exit_code == 0
    made = only(workspace.emulator.query("SELECT id FROM lists"))[0]
    assert options_sent(workspace)[1] == {"targetListId": made}


def test_names_stay_what_the_first_claim_made_them(workspace: Workspace) -> None:
    """A run that died before its permit froze list and batch: the one that takes over uses the same."""
    text = PEOPLE + 'list: {create: "Run {run}"}\nbatch: {field: import_batch, value: "{run}"}\n'
    workspace.spec("crm", text)
    workspace.people("a.csv", "a@example.com")
    stop = Hurried()
    workspace.run(reporter=Noted(lambda _, step: stop.by_signal(15) if step is Step.MAPPED else None), stop=stop)
    assert workspace.run().exit_code == 0
    claims = [line for line in workspace.log("crm") if line["event"] == "claimed"]
    assert claims[0]["run"] != claims[1]["run"]
    assert {claim["batch"] for claim in claims} == {claims[0]["run"]}
    assert {options["listName"] for options in options_sent(workspace)} == {f"Run {claims[0]['run']}"}
    assert workspace.emulator.query("SELECT import_batch FROM profiles") == [(claims[0]["run"],)]
    assert workspace.jobs() == ["completed"]


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_list_is_created_where_the_api_has_no_lists_to_look_through(workspace: Workspace, status: int) -> None:
    """With a warning; a later import needs the id, and is refused with the place to write it."""
    workspace.spec("crm", PEOPLE + LIST)
    workspace.people("a.csv", "a@example.com")
    workspace.emulator.faults.add(match="GET /lists", do="status", status=status, code="", times=0)
    ended = only(workspace.run().imports)
    assert (ended.result, options_sent(workspace)) == ("completed", [{"createList": True, "listName": "Spring"}])
    assert "add_to: lst_" in only(ended.warnings)
    workspace.people("b.csv", "b@example.com")
    refused = only(workspace.run().imports)
    assert refused.result == "attention"
    assert f"HTTP {status}" in refused.message
    assert "`list: {add_to: lst_…}`" in refused.next_step
    assert len(options_sent(workspace)) == 1


def test_add_to_by_name_needs_lists_to_look_through(workspace: Workspace) -> None:
    """Without them the list can be named by its id alone, and that is said before anything is sent."""
    workspace.spec("crm", PEOPLE + "list: {add_to: {name: Spring}}\n")
    workspace.people("a.csv", "a@example.com")
    workspace.emulator.faults.add(match="GET /lists", do="status", status=404, code="", times=0)
    refused = only(workspace.run().imports)
    assert "`list: {add_to: lst_…}`" in refused.next_step
    assert workspace.writes() == []


def test_a_token_that_may_not_read_lists_is_refused(workspace: Workspace) -> None:
    """403 says nothing about whether the list is there: the scope is what is missing."""
    workspace.spec("crm", PEOPLE + LIST)
    workspace.people("a.csv", "a@example.com")
    workspace.emulator.faults.add(match="GET /lists", do="status", status=403, code="CDP_ETL.AUTH.FORBIDDEN", times=0)
    with pytest.raises(AuthError):
        workspace.run()
    assert workspace.writes() == []
