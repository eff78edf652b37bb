"""Files that are imported are counted, and cost a plan nothing more than that."""

from __future__ import annotations

import json

import pytest

from syncer.operations.closing import TrackFinder, forget
from syncer.operations.ledger import open_ledger
from syncer.operations.plan import plan
from syncer.operations.status import status
from syncer.plan import Action, Plan
from syncer.plan.document import to_document
from syncer.render.outcome_json import outcome_json
from syncer.render.plan_text import plan_text
from tests.apply.workspace import PEOPLE, Workspace, only


@pytest.fixture
def crm(workspace: Workspace) -> Workspace:
    """A project of which two files are imported."""
    workspace.spec("crm", PEOPLE)
    for name in ("a", "b"):
        workspace.people(f"{name}.csv", f"{name}@example.com")
    workspace.run()
    return workspace


def planned(workspace: Workspace, *, in_full: bool = False) -> Plan:
    return plan(workspace.root, environ=workspace.environ, in_full=in_full)


def test_imported_files_are_counted(crm: Workspace) -> None:
    """However many there are, they are one number in the plan, in its document and in the status."""
    made = planned(crm)
    assert (made.imports, made.settled) == ((), 2)
    assert only(to_document(made)["specs"])["settled"] == 2
    assert plan_text(made).endswith("Plan: nothing to do, 2 up to date.")
    assert only(status(crm.root, environ=crm.environ)).reason == "up to date"


def test_in_full_they_are_listed_with_their_reasons(crm: Workspace) -> None:
    """Whoever asks when each was imported is told, and the count is the same."""
    made = planned(crm, in_full=True)
    assert [(item.action, item.file.path) for item in made.imports] == [
        (Action.SKIP, "data/a.csv"),
        (Action.SKIP, "data/b.csv"),
    ]
    assert all(item.reason.startswith("imported on ") for item in made.imports)
    assert plan_text(made).splitlines()[-1] == plan_text(planned(crm)).splitlines()[-1]


def test_what_is_not_done_is_planned_as_ever(crm: Workspace) -> None:
    """A new file and a changed one stand in the plan, which is the same whether the others are listed or counted."""
    crm.people("b.csv", "b@example.com", "bb@example.com")
    crm.people("c.csv", "c@example.com")
    made = planned(crm)
    assert {item.file.path: item.action for item in made.imports} == {
        "data/b.csv": Action.REIMPORT,
        "data/c.csv": Action.IMPORT,
    }
    assert made.digest == planned(crm, in_full=True).digest
    assert made.settled == 1


def test_a_run_tells_how_many_were_up_to_date(crm: Workspace) -> None:
    """What a run left alone is counted with what it left out."""
    crm.people("c.csv", "c@example.com")
    made, outcome = crm.plan_and_run()
    assert json.loads(outcome_json(made, outcome))["not_run"] == {"skip": 2}


def test_a_forgotten_file_is_back_in_the_plan(crm: Workspace) -> None:
    """What an operator asks for again is no longer counted as done."""
    ledger = open_ledger(crm.root, environ=crm.environ)
    forget(ledger, TrackFinder(ledger, spec="crm", path="data/a.csv"), reason="send it again")
    made = planned(crm)
    assert [item.file.path for item in made.runnable] == ["data/a.csv"]
    assert made.settled == 1
