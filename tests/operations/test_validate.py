"""Validation as a command: offline it asks nobody, online it asks about each object once."""

from __future__ import annotations

import pytest

from syncer.errors import AuthError, UsageError
from syncer.operations.validate import validate
from tests.apply.workspace import ORDERS, PEOPLE, Workspace, only


def test_offline_nothing_is_asked(workspace: Workspace) -> None:
    """A wrong field is no offline problem, and no credentials are needed."""
    workspace.spec("crm", PEOPLE.replace("first_name", "no_such_field"))
    del workspace.environ["EXPERITURE_API_KEY"]
    found = validate(workspace.root, environ=workspace.environ)
    assert (found.specs, found.problems, found.online) == (1, (), False)
    assert workspace.emulator.requests == []


def test_every_problem_of_every_file_is_returned(workspace: Workspace) -> None:
    """Problems are data with a place, in the order of the files."""
    workspace.spec("a", PEOPLE + "unknown: 1\n")
    workspace.spec("b", PEOPLE.replace("version: 1", "version: 2"))
    found = validate(workspace.root, environ=workspace.environ)
    assert [problem.path for problem in found.problems] == ["specs/a.yaml", "specs/b.yaml"]
    assert all(problem.line > 0 for problem in found.problems)


def test_online_the_fields_are_held_against_the_object(workspace: Workspace) -> None:
    """The problem stands at its line; two specs of one object cost one question."""
    workspace.spec("crm", PEOPLE.replace("first_name", "first_nam"))
    workspace.spec("more", PEOPLE)
    found = validate(workspace.root, environ=workspace.environ, online=True)
    problem = only(found.problems)
    assert (problem.path, problem.line) == ("specs/crm.yaml", 5)
    assert "first_name" in str(problem)
    assert workspace.calls() == ["GET /metadata/objects/profiles"]


def test_online_an_object_that_does_not_exist_is_a_problem(workspace: Workspace) -> None:
    """So is one that takes no import jobs."""
    workspace.spec("crm", PEOPLE.replace("profiles", "profile"))
    workspace.spec("other", PEOPLE.replace("profiles", "consents"))
    found = validate(workspace.root, environ=workspace.environ, online=True)
    assert {problem.path for problem in found.problems} == {"specs/crm.yaml", "specs/other.yaml"}
    assert "did you mean 'profiles'?" in {problem.hint for problem in found.problems}


@pytest.mark.parametrize("code", ["", "CDP_ETL.METADATA.OBJECT_NOT_FOUND"])
def test_an_api_that_names_no_object_is_not_said_to_have_none(workspace: Workspace, code: str) -> None:
    """The problem stands at the object, and its hint says who did not name it."""
    workspace.spec("crm", PEOPLE)
    workspace.spec("more", PEOPLE)
    workspace.emulator.faults.add(match="GET /metadata/*", do="status", status=404, code=code, times=0)
    found = validate(workspace.root, environ=workspace.environ, online=True)
    assert {problem.hint for problem in found.problems} == {
        "the API names no object; check api.base_url and the workspace"
    }
    assert workspace.calls() == ["GET /metadata/objects/profiles", "GET /metadata/objects"]


def test_online_an_append_object_is_worth_a_warning(workspace: Workspace) -> None:
    """Rows that are imported twice are there twice."""
    workspace.spec("shop", ORDERS)
    found = validate(workspace.root, environ=workspace.environ, online=True)
    assert found.problems == ()
    assert any("append" in str(warning) for warning in found.warnings)


def test_named_specs_alone_are_asked_about(workspace: Workspace) -> None:
    """And a name that does not exist is a mistake."""
    workspace.spec("crm", PEOPLE)
    workspace.spec("shop", ORDERS)
    found = validate(workspace.root, environ=workspace.environ, online=True, names=["crm"])
    assert found.specs == 1
    assert workspace.calls() == ["GET /metadata/objects/profiles"]
    with pytest.raises(UsageError):
        validate(workspace.root, environ=workspace.environ, names=["nobody"])


def test_online_without_credentials_is_an_error(workspace: Workspace) -> None:
    """Exit 6: what was asked for cannot be done."""
    workspace.spec("crm", PEOPLE)
    del workspace.environ["EXPERITURE_API_KEY"]
    with pytest.raises(AuthError):
        validate(workspace.root, environ=workspace.environ, online=True)
