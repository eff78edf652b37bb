"""Tokens: where they come from, when they are renewed, and what is said when they are not accepted."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from syncer.api.auth import ClientCredentials, StaticToken
from syncer.api.client import ImportApi, connect, utc_now
from syncer.errors import AuthError, Refused, Unavailable
from tests.api.scripted import Reply, ScriptedServer, failure, ok

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.api.rig import Rig

EXPIRED = failure(401, "CDP_ETL.AUTH.TOKEN_EXPIRED")


def token(value: str, expires_in: object = 3600) -> Reply:
    return Reply(200, f'{{"access_token": "{value}", "token_type": "Bearer", "expires_in": {expires_in}}}'.encode())


@pytest.fixture
def issuer() -> Iterator[ScriptedServer]:
    with ScriptedServer() as issuer:
        yield issuer
        issuer.check()


@pytest.fixture
def renewing(server: ScriptedServer, issuer: ScriptedServer, rig: Rig) -> Iterator[ImportApi]:
    auth = ClientCredentials(f"{issuer.url}/oauth/token", "id-1", "s&cret", lambda: rig.now)
    with connect(server.url, auth, timeout=5, **rig.seams()) as api:
        yield api


def test_a_token_is_fetched_once_and_used_until_shortly_before_it_expires(
    renewing: ImportApi, server: ScriptedServer, issuer: ScriptedServer, rig: Rig
) -> None:
    """One token serves many calls, and the next one is fetched ahead of its expiry, not after a refusal."""
    issuer.will(token("t1"), token("t2"))
    server.always(ok({"state": "running"}))
    renewing.get_job("a")
    rig.sleep(3500)
    renewing.get_job("b")
    rig.sleep(50)
    renewing.get_job("c")
    assert [seen.header("Authorization") for seen in server.seen] == ["Bearer t1", "Bearer t1", "Bearer t2"]
    form = parse_qs(issuer.seen[0].body.decode())
    assert form == {"grant_type": ["client_credentials"], "client_id": ["id-1"], "client_secret": ["s&cret"]}
    assert issuer.seen[0].header("Authorization") is None
    assert issuer.seen[0].header("Content-Type") == "application/x-www-form-urlencoded"


@pytest.mark.parametrize("expires_in", ["null", '"soon"', "0", "true", "1e300"])
def test_an_unknown_lifetime_is_used_until_refused(
    renewing: ImportApi, server: ScriptedServer, issuer: ScriptedServer, rig: Rig, expires_in: str
) -> None:
    """A token whose lifetime is not told is kept."""
    issuer.will(token("t1", expires_in))
    server.always(ok({"state": "running"}))
    renewing.get_job("a")
    rig.sleep(10**6)
    renewing.get_job("b")
    assert len(issuer.seen) == 1


def test_an_expired_token_is_renewed_once_and_the_request_sent_again(
    renewing: ImportApi, server: ScriptedServer, issuer: ScriptedServer, rig: Rig
) -> None:
    """TOKEN_EXPIRED means: fetch another, send the same request under the same key, without waiting."""
    issuer.will(token("t1"), token("t2"))
    server.will(EXPIRED, ok())
    renewing.start_job("a", idempotency_key="k")
    assert [seen.header("Authorization") for seen in server.seen] == ["Bearer t1", "Bearer t2"]
    assert [seen.header("Idempotency-Key") for seen in server.seen] == ["k", "k"]
    assert rig.waits == []


def test_a_fresh_token_that_has_expired_too_is_an_error(
    renewing: ImportApi, server: ScriptedServer, issuer: ScriptedServer
) -> None:
    """A second TOKEN_EXPIRED is not answered by a third token."""
    issuer.will(token("t1"), token("t2"))
    server.will(EXPIRED, EXPIRED)
    with pytest.raises(AuthError) as caught:
        renewing.get_job("a")
    assert "SYNCER_CLIENT_ID" in caught.value.next_step


def test_other_401_answers_renew_nothing(renewing: ImportApi, server: ScriptedServer, issuer: ScriptedServer) -> None:
    """A token that is invalid for another reason than its age is an error at once."""
    issuer.will(token("t1"))
    server.will(failure(401, "CDP_ETL.AUTH.TOKEN_INVALID"))
    with pytest.raises(AuthError):
        renewing.get_job("a")


def test_many_threads_share_one_refresh(renewing: ImportApi, server: ScriptedServer, issuer: ScriptedServer) -> None:
    """Eight threads whose token expires at the same time fetch one new token between them."""
    issuer.will(token("t1"), token("t2"))
    barrier = threading.Barrier(8, timeout=20)

    def meet() -> None:
        barrier.wait()

    server.will(ok({"state": "running"}), *[Reply(401, EXPIRED.body, then=meet)] * 8)
    server.will(*[ok({"state": "running"})] * 8)
    renewing.get_job("first")
    with ThreadPoolExecutor(8) as pool:
        states = list(pool.map(lambda job: renewing.get_job(job).state, "abcdefgh"))
    assert states == ["running"] * 8
    assert len(issuer.seen) == 2


def test_a_static_token_that_expires_names_its_variable(api: ImportApi, server: ScriptedServer) -> None:
    """A ready token cannot be renewed: the error says which variable to set, and how to be rid of this."""
    server.will(EXPIRED)
    with pytest.raises(AuthError) as caught:
        api.get_job("a")
    assert "EXPERITURE_API_KEY" in caught.value.next_step
    assert "secret-token" not in repr(vars(caught.value))


@pytest.mark.parametrize("value", ["", "  ", "two words", "line\nbreak", "umläut"])
def test_what_is_no_token_is_refused_before_any_call(server: ScriptedServer, value: str) -> None:
    """An empty or mangled variable is an AuthError that names it and does not show it."""
    with connect(server.url, StaticToken(value)) as api, pytest.raises(AuthError, match="EXPERITURE_API_KEY") as caught:
        api.get_job("a")
    assert caught.value.next_step
    assert not value.strip() or value not in repr(vars(caught.value))


def test_a_trailing_newline_of_a_secret_file_is_forgiven(server: ScriptedServer) -> None:
    """Secrets that were read from files often end in a line break."""
    server.will(ok({"state": "running"}))
    with connect(server.url, StaticToken("t\n")) as api:
        api.get_job("a")
    assert server.seen[0].header("Authorization") == "Bearer t"


@pytest.mark.parametrize(
    "answer",
    [
        Reply(401, b'{"error": "invalid_client", "error_description": "s&cret is wrong"}'),
        Reply(400, b"not json, s&cret"),
        Reply(302, headers=(("Location", "https://elsewhere.example.test/"),)),
        Reply(200, b'{"token": "s&cret"}'),
        Reply(200, b'{"access_token": "two words s&cret"}'),
    ],
)
def test_refused_credentials_are_an_auth_error(renewing: ImportApi, issuer: ScriptedServer, answer: Reply) -> None:
    """A token endpoint's refusal is final, and nothing that it says or was told is shown."""
    issuer.will(answer)
    with pytest.raises(AuthError) as caught:
        renewing.get_job("a")
    assert "api.token_url" in caught.value.next_step
    assert "s&cret" not in repr(vars(caught.value))


def test_a_busy_token_endpoint_is_tried_again(
    renewing: ImportApi, server: ScriptedServer, issuer: ScriptedServer, rig: Rig
) -> None:
    """The token endpoint is retried as the API is, and a token inside an envelope is found."""
    issuer.will(Reply(503), Reply(act="cut_after"), Reply(200, b'{"success": true, "data": {"access_token": "t"}}'))
    server.will(ok({"state": "running"}))
    renewing.get_job("a")
    assert rig.waits == [0.5, 1]


def test_a_token_endpoint_that_stays_down_is_unavailable(renewing: ImportApi, issuer: ScriptedServer, rig: Rig) -> None:
    """Retries of the token endpoint are not multiplied by those of the call."""
    issuer.always(Reply(500))
    with pytest.raises(Unavailable, match="access token"):
        renewing.get_job("a")
    assert len(rig.waits) == 5


def test_a_token_url_over_plain_http_is_refused(server: ScriptedServer, rig: Rig) -> None:
    """The client's secret is not sent over plain HTTP."""
    auth = ClientCredentials("http://login.example.test/token", "id", "s", lambda: rig.now)
    with connect(server.url, auth) as api, pytest.raises(Refused, match="token_url"):
        api.get_job("a")


@pytest.mark.parametrize(
    "auth", [StaticToken("s3cr3t"), ClientCredentials("https://s3cr3t/", "s3cr3t", "s3cr3t", utc_now)]
)
def test_nothing_secret_is_in_a_repr(auth: object) -> None:
    """Neither kind of auth shows what it holds."""
    assert "s3cr3t" not in repr(auth)
