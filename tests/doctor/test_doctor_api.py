"""`syncer doctor` before the emulator over a socket: its tokens, scopes, objects and lists."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from syncer.emulator.options import SCOPES, Options
from syncer.operations.connect import utc_now
from tests.api.scripted import Reply, ScriptedServer, failure
from tests.apply.workspace import ORDERS, PEOPLE
from tests.doctor.examined import Examined, examine
from tests.servers.process import free_ports

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from syncer.emulator.testing import Emulator
    from tests.apply.workspace import Workspace

ALL = frozenset(SCOPES)
SCOPED = "scope cdp:"


def look(workspace: Workspace, **environ: str) -> Examined:
    return examine(workspace.root, ["api"], {**workspace.environ, **environ})


def with_scopes(workspace: Workspace, *scopes: str) -> Examined:
    """Look with a token of the emulator's own, which tells its scopes."""
    return look(workspace, EXPERITURE_API_KEY=workspace.emulator.world.auth.issue("client", frozenset(scopes)))


def test_a_token_that_may_do_everything_passes(workspace: Workspace) -> None:
    """Objects are told with their write mode, nothing is written, and what only a write would show is left open."""
    workspace.spec("crm", PEOPLE)
    workspace.spec("shop", ORDERS)

    found = look(workspace)

    assert found.exit_code == 0
    assert found.with_status("failed") == found.with_status("warning") == []
    assert "accepted" in found["API token"].what
    assert found[f"{SCOPED}imports:read"].status == found[f"{SCOPED}metadata:read"].status == "ok"
    assert found.with_status("skipped") == [f"{SCOPED}imports:write"]
    assert "merges rows" in found["object profiles"].what
    assert "only appends" in found["object orders"].what
    assert f"{SCOPED}lists:read" not in found
    assert {request.method for request in workspace.emulator.requests} == {"GET"}


def test_a_jwt_tells_its_scopes_and_its_end(workspace: Workspace) -> None:
    """The writing scope is believed, and a token that ends within the hour is a warning with the cure."""
    workspace.spec("crm", PEOPLE)

    found = with_scopes(workspace, *ALL)

    assert found.exit_code == 0
    assert found.with_status("skipped") == []
    assert found.with_status("warning") == ["API token"]
    assert "expires in 14 minutes" in found["API token"].what
    assert "SYNCER_CLIENT_ID" in found["API token"].next_step


@pytest.mark.parametrize("missing", ["imports:read", "imports:write"])
def test_a_missing_scope_is_the_tokens_fault(workspace: Workspace, missing: str) -> None:
    """The scope is named with what it is needed for and how it is granted."""
    workspace.spec("crm", PEOPLE)

    found = with_scopes(workspace, *(ALL - {f"cdp:{missing}"}))

    assert found.exit_code == 6
    assert found.with_status("failed") == [f"{SCOPED}{missing}"]
    check = found[f"{SCOPED}{missing}"]
    assert "import jobs" in check.why
    assert f"give the API client cdp:{missing}" in check.next_step


def test_without_the_metadata_scope_objects_are_left_out(workspace: Workspace) -> None:
    """Runs go on without it, so it is a warning; the token is accepted all the same."""
    workspace.spec("crm", PEOPLE)

    found = with_scopes(workspace, "cdp:imports:read", "cdp:imports:write")

    assert found.exit_code == 0
    assert "accepted" in found["API token"].what
    assert f"{SCOPED}metadata:read" in found.with_status("warning")
    assert found["object profiles"].status == "skipped"


class TestOpaqueTokens:
    """Tokens that tell nothing of themselves."""

    @pytest.fixture
    def options(self) -> Options:
        return Options(strict_auth=True, tokens={"writes-only": ["cdp:imports:write"]})

    def test_reading_scopes_are_tried(self, workspace: Workspace) -> None:
        """A harmless GET shows that the token may not read jobs."""
        workspace.spec("crm", PEOPLE)

        found = look(workspace, EXPERITURE_API_KEY="writes-only")

        assert found.exit_code == 6
        assert found.with_status("failed") == [f"{SCOPED}imports:read"]
        assert found[f"{SCOPED}imports:write"].status == "skipped"

    def test_a_wrong_token_is_told_once(self, workspace: Workspace) -> None:
        """The API is there, the token is not accepted, and nothing else is asked with it. It is not repeated."""
        workspace.spec("crm", PEOPLE)

        found = look(workspace, EXPERITURE_API_KEY="wrong-and-secret")

        assert found.exit_code == 6
        assert found["http://127.0.0.1"].status == "ok"
        assert found.with_status("failed") == ["API token"]
        assert "EXPERITURE_API_KEY" in found["API token"].next_step
        assert found.with_status("skipped") == ["scopes, target objects and lists"]
        assert len(workspace.emulator.requests) == 1
        assert "wrong-and-secret" not in found.text


def test_an_expired_token_says_so(workspace: Workspace) -> None:
    """The API's own word for it, and the cure."""
    token = workspace.emulator.world.auth.issue("client", ALL)
    workspace.emulator.clock.advance(901)

    found = look(workspace, EXPERITURE_API_KEY=token)

    assert found.exit_code == 6
    assert "expired" in found["API token"].what
    assert "fresh token" in found["API token"].next_step


def test_no_token_at_all_is_told_without_asking(workspace: Workspace) -> None:
    """The variables that are missing are named."""
    found = look(workspace, EXPERITURE_API_KEY="")

    assert found.exit_code == 6
    assert "SYNCER_CLIENT_ID" in found["API token"].why
    assert workspace.emulator.requests == []


class TestClients:
    """Client credentials, which get their tokens from the token endpoint."""

    @pytest.fixture
    def options(self) -> Options:
        return Options(clients={"one": "right-secret"})

    @pytest.fixture
    def given(self, emulator: Emulator) -> Mapping[str, str]:
        return {"SYNCER_API__TOKEN_URL": f"{emulator.origin}/oauth/token", "SYNCER_CLIENT_ID": "one"}

    def test_their_tokens_renew_themselves(self, workspace: Workspace, given: Mapping[str, str]) -> None:
        """A short life is no warning then, and the scopes are those of the token."""
        found = look(workspace, **given, SYNCER_CLIENT_SECRET="right-secret")

        assert found.exit_code == 0
        assert found.with_status("warning") == []
        assert "renews itself" in found["API token"].what
        assert found[f"{SCOPED}imports:write"].status == "ok"

    def test_a_wrong_secret_is_the_tokens_fault(self, workspace: Workspace, given: Mapping[str, str]) -> None:
        """The API itself is not asked, because there is nothing to ask it with."""
        found = look(workspace, **given, SYNCER_CLIENT_SECRET="wrong-secret")

        assert found.exit_code == 6
        assert found["http://127.0.0.1"].status == "skipped"
        assert "SYNCER_CLIENT_SECRET" in found["API token"].next_step
        assert "wrong-secret" not in found.text

    def test_a_token_endpoint_that_is_not_there_is_named(self, workspace: Workspace, given: Mapping[str, str]) -> None:
        """It is not the API that does not answer."""
        away = f"http://127.0.0.1:{free_ports(1)[0]}/oauth/token"

        found = look(workspace, **{**given, "SYNCER_API__TOKEN_URL": away}, SYNCER_CLIENT_SECRET="right-secret")

        assert found.exit_code == 1
        assert "connection was refused" in found["API token"].why
        assert found["scopes"].status == "skipped"


def test_the_endpoint_tells_the_scopes_where_the_token_does_not(workspace: Workspace) -> None:
    """An opaque token's scopes are those that the token endpoint answered along with it."""
    with ScriptedServer() as server:
        answer = b'{"access_token": "opaque", "expires_in": 900, "scope": "cdp:imports:read cdp:metadata:read"}'
        server.will(Reply(200, answer))
        given = {
            "SYNCER_CLIENT_ID": "one",
            "SYNCER_CLIENT_SECRET": "secret",
            "SYNCER_API__TOKEN_URL": f"{server.url}/t",
        }

        found = look(workspace, **given)

    assert found.exit_code == 6
    assert found.with_status("failed") == [f"{SCOPED}imports:write"]


LISTED = PEOPLE + "list: {create: 'CRM'}\n"
BY_NAME = PEOPLE + "list: {add_to: {name: 'Newsletter'}}\n"
BY_ID = PEOPLE + "list: {add_to: lst_none}\n"


def test_list_scopes_are_needed_only_for_lists(workspace: Workspace) -> None:
    """Who creates a list must find its id; whether the API asks more is its own business, so that is a warning."""
    workspace.spec("crm", LISTED)

    found = with_scopes(workspace, "cdp:imports:read", "cdp:imports:write", "cdp:metadata:read")

    assert found.exit_code == 6
    assert found.with_status("failed") == [f"{SCOPED}lists:read"]
    assert f"{SCOPED}lists:write" in found.with_status("warning")


@pytest.mark.parametrize(("spec", "subject"), [(BY_NAME, "list 'Newsletter'"), (BY_ID, "list lst_none")])
def test_a_list_that_is_not_there_is_told_at_its_line(workspace: Workspace, spec: str, subject: str) -> None:
    """The spec's own line is named."""
    workspace.spec("crm", spec)

    found = look(workspace)

    assert found.exit_code == 65
    assert found[subject].status == "failed"
    (problem,) = found[subject].problems
    assert (problem.path, problem.line) == ("specs/crm.yaml", 6)


def test_a_list_that_is_there_passes(workspace: Workspace) -> None:
    """By its name, and with the id that it has."""
    workspace.spec("crm", BY_NAME)
    made = workspace.emulator.world.lists.create("Newsletter", "")

    assert made in look(workspace)["list 'Newsletter'"].what


def test_an_object_that_is_not_there_is_told_with_a_suggestion(workspace: Workspace) -> None:
    """At its place in the spec."""
    workspace.spec("crm", PEOPLE.replace("profiles", "profile"))

    found = look(workspace)

    assert found.exit_code == 65
    (problem,) = found["object profile"].problems
    assert (problem.path, problem.line, problem.column) == ("specs/crm.yaml", 4, 18)
    assert "profiles" in problem.hint


def test_a_field_that_is_not_there_is_told(workspace: Workspace) -> None:
    """As `validate --online` tells it."""
    workspace.spec("crm", PEOPLE.replace("FirstName: first_name", "FirstName: firstname"))

    (problem,) = look(workspace)["object profiles"].problems

    assert "no field 'firstname'" in problem.message


@pytest.mark.parametrize(("minutes", "word"), [(5, "ahead of"), (-5, "behind")])
def test_clocks_that_are_apart_are_a_warning(workspace: Workspace, minutes: int, word: str) -> None:
    """The API's Date tells, and a minute is nothing to speak of."""
    shifted = timedelta(minutes=minutes)

    found = examine(workspace.root, ["api"], workspace.environ, clock=lambda: utc_now() + shifted)

    assert found.exit_code == 0
    assert word in found["this machine's clock"].what
    assert "this machine's clock" not in look(workspace)


def test_nobody_at_the_address_is_told_with_the_reason(workspace: Workspace) -> None:
    """Nothing else is asked then."""
    away = f"http://127.0.0.1:{free_ports(1)[0]}/public/v1"

    found = look(workspace, SYNCER_API__BASE_URL=away)

    assert found.exit_code == 1
    assert found[away].status == "failed"
    assert "connection was refused" in found[away].why
    assert found.with_status("skipped") == ["scopes, target objects and lists"]


PAGE = Reply(200, b"<html>Sign in</html>", (("Content-Type", "text/html"),))
BLOCKED = Reply(403, b"<html>Blocked</html>", (("Content-Type", "text/html"),))
ELSEWHERE = Reply(404, b"not here")
TROUBLE = failure(503, "CDP_ETL.INTERNAL.UNHANDLED_EXCEPTION")


@pytest.mark.parametrize("reply", [PAGE, BLOCKED, ELSEWHERE, TROUBLE], ids=["page", "blocked", "elsewhere", "trouble"])
def test_something_else_at_the_address_is_not_taken_for_the_api(workspace: Workspace, reply: Reply) -> None:
    """A sign-in page, a proxy that blocks, a wrong path or a server in trouble says nothing of the token."""
    with ScriptedServer() as server:
        server.always(reply)

        found = look(workspace, SYNCER_API__BASE_URL=f"{server.url}/v1")

        assert found[server.url].status == "failed"
    assert "API token" not in found


def test_a_certificate_that_nobody_vouches_for_is_told(workspace: Workspace, certificate: Path) -> None:
    """With the variable that names more certificates, and before any token is sent."""
    with ScriptedServer(certificate) as server:
        found = look(workspace, SYNCER_API__BASE_URL=f"{server.url}/v1")

        assert server.script.seen == []
    assert "certificate is not trusted" in found["https://"].what
    assert "SSL_CERT_FILE" in found["https://"].next_step
