"""What an answer that is no success becomes, what is tried again, and how long is waited."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.api.models import InitJob
from syncer.api.retry import Retrier, RetryPolicy, TransientError, parse_retry_after
from syncer.api.sanitize import LONGEST, sanitize
from syncer.errors import ApiError, AuthError, NotFound, RequestRejected, Unavailable
from tests.api.scripted import CORRELATION_ID, Reply, ScriptedServer, failure, ok

if TYPE_CHECKING:
    from syncer.api.client import ImportApi
    from tests.api.rig import Rig

KEY = "6f1c1f7e-3a53-4a2c-9d0b-1f2e3d4c5b6a"
NOW = datetime(2026, 11, 3, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "case",
    [
        (400, "CDP_ETL.VALIDATION.REQUEST_INVALID", RequestRejected),
        (401, "CDP_ETL.AUTH.TOKEN_INVALID", AuthError),
        (403, "CDP_ETL.AUTH.FORBIDDEN", AuthError),
        (404, "CDP_ETL.NOT_FOUND", NotFound),
        (413, "CDP_ETL.VALIDATION.REQUEST_INVALID", RequestRejected),
        (422, "CDP_ETL.VALIDATION.REQUEST_SCHEMA", RequestRejected),
        (501, "CDP_ETL.INTERNAL.NOT_THERE", Unavailable),
    ],
)
def test_final_answers_are_not_tried_again(
    api: ImportApi, server: ScriptedServer, rig: Rig, case: tuple[int, str, type[ApiError]]
) -> None:
    """A request that would be answered alike again is sent once, and its error carries all that support needs."""
    status, code, kind = case
    details = {"path": ["fieldMap", "Mail"], "value": "jane@example.test"}
    server.will(failure(status, code, "no field 'mail'", details=details, remediation="Fix the mapping."))
    with pytest.raises(kind) as caught:
        api.set_mapping("imp_1", {}, {}, idempotency_key=KEY)
    error = caught.value
    assert type(error) is kind
    assert (error.status, error.code, error.correlation_id) == (status, code, CORRELATION_ID)
    assert error.what == "could not set the job's mapping: no field 'mail'"
    assert error.why == f"{code} at fieldMap.Mail"
    assert f"HTTP {status}" in error.where
    assert CORRELATION_ID in error.where
    assert "jane" not in repr(vars(error))
    assert error.next_step
    assert rig.waits == []


def test_a_missing_scope_is_named(api: ImportApi, server: ScriptedServer) -> None:
    """A 403 tells which scope the call needs."""
    server.will(failure(403, "CDP_ETL.AUTH.FORBIDDEN"), failure(403, "CDP_ETL.AUTH.FORBIDDEN"))
    with pytest.raises(AuthError) as reading:
        api.get_object("profiles")
    with pytest.raises(AuthError) as starting:
        api.start_job("imp_1", idempotency_key=KEY)
    assert "cdp:metadata:read" in reading.value.next_step
    assert "cdp:imports:write" in starting.value.next_step


@pytest.mark.parametrize("status", [409, 429, 500, 502, 503, 504])
def test_a_retry_is_the_same_request_under_the_same_key(
    api: ImportApi, server: ScriptedServer, rig: Rig, status: int
) -> None:
    """What may pass by itself is tried again, byte for byte, with the Idempotency-Key it had."""
    server.will(failure(status, "CDP_ETL.ANY.THING"), ok({"state": "running"}))
    api.start_job("imp_1", idempotency_key=KEY)
    first, second = server.seen
    assert (first.target, first.body) == (second.target, second.body)
    assert first.header("Idempotency-Key") == second.header("Idempotency-Key") == KEY
    assert rig.waits == [0.5]


@pytest.mark.parametrize("act", ["cut_before", "cut_after", "cut_within"])
def test_a_cut_connection_is_tried_again(api: ImportApi, server: ScriptedServer, rig: Rig, act: Any) -> None:
    """Whether it is cut before, during or after the answer was due, the same request goes out again."""
    server.will(Reply(200, b'{"success": true, "data": {}}', act=act), ok())
    api.start_job("imp_1", idempotency_key=KEY)
    assert {seen.header("Idempotency-Key") for seen in server.seen} == {KEY}
    assert [trace.status for trace in rig.traces] == [0, 200]
    assert len(rig.waits) == 1


def test_waits_grow_and_giving_up_says_so(api: ImportApi, server: ScriptedServer, rig: Rig) -> None:
    """Waits double up to the cap, and after the last attempt the error says how many there were."""
    server.always(failure(503, "CDP_ETL.INTERNAL.X", "down for maintenance"))
    with pytest.raises(Unavailable, match="down for maintenance") as caught:
        api.get_job("imp_1")
    assert rig.waits == [0.5, 1, 2, 4, 8]
    assert "gave up after 6 attempts" in caught.value.why
    assert caught.value.correlation_id == CORRELATION_ID


def test_retry_after_is_a_floor_under_the_jitter(api: ImportApi, server: ScriptedServer, rig: Rig) -> None:
    """The wait is never shorter than was asked, whether in seconds or as a date, and never exactly that."""
    limited = "CDP_ETL.RATE.LIMITED"
    server.will(
        failure(429, limited, headers={"Retry-After": "7"}),
        failure(429, limited, headers={"Retry-After": "Tue, 03 Nov 2026 02:00:17 GMT"}),
        failure(503, limited, headers={"Retry-After": "3"}),
        ok({"state": "running"}),
    )
    api.get_job("imp_1")
    # The clock stands at 02:00:07.5 after the first wait, so the date is 9.5 s ahead.
    assert rig.waits == [7.5, 10.5, 3.5]


def test_being_told_to_slow_down_does_not_use_up_attempts(api: ImportApi, server: ScriptedServer, rig: Rig) -> None:
    """Many 429 in a row are waited out, where as many failures would have been given up."""
    server.will(*[failure(429, "CDP_ETL.RATE.LIMITED", headers={"Retry-After": "5"})] * 12, ok({"state": "running"}))
    assert api.get_job("imp_1").state == "running"
    assert all(wait > 5 for wait in rig.waits)


def test_a_retry_after_beyond_all_patience_is_not_waited_for(api: ImportApi, server: ScriptedServer, rig: Rig) -> None:
    """A server that asks for an hour is an error at once, which says what it asked for."""
    server.will(failure(429, "CDP_ETL.RATE.LIMITED", headers={"Retry-After": "3600"}))
    with pytest.raises(Unavailable) as caught:
        api.get_job("imp_1")
    assert "3600 s" in caught.value.why
    assert rig.waits == []


def test_a_sleep_that_raises_ends_the_call(api: ImportApi, server: ScriptedServer, rig: Rig) -> None:
    """Whoever owns the sleep can abort the waiting."""

    class StopError(Exception):
        pass

    def stop(_seconds: float) -> None:
        raise StopError

    api._transport._retrier._sleep = stop
    server.will(failure(503, "CDP_ETL.INTERNAL.X"))
    with pytest.raises(StopError):
        api.get_job("imp_1")
    assert rig.waits == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(api: ImportApi, server: ScriptedServer, status: int) -> None:
    """A redirect is an error that says so: the token does not go along."""
    server.will(Reply(status, headers=(("Location", f"{server.url}/elsewhere"),)))
    with pytest.raises(RequestRejected) as caught:
        api.get_job("imp_1")
    assert "Redirects are never followed" in caught.value.next_step
    assert len(server.seen) == 1


def test_a_proxys_page_is_described_and_not_shown(api: ImportApi, server: ScriptedServer) -> None:
    """HTML in place of the envelope is retried by its status, and none of it stands in the error."""
    page = (("Content-Type", "text/html; charset=utf-8"), ("x-correlation-id", "from-the-header"))
    server.always(Reply(502, b"<html><b>Bad Gateway</b> token=abc</html>", page))
    with pytest.raises(Unavailable) as caught:
        api.get_job("imp_1")
    assert "text/html" in caught.value.what
    assert "Gateway" not in repr(vars(caught.value))
    assert caught.value.correlation_id == "from-the-header"


@pytest.mark.parametrize("body", [b"<html>Please sign in</html>", b"[]", b'"ok"', b"[" * 100_000])
def test_a_success_that_is_not_the_apis_is_an_error(api: ImportApi, server: ScriptedServer, body: bytes) -> None:
    """A sign-in page with status 200 is not taken for the API."""
    server.will(Reply(200, body))
    with pytest.raises(ApiError, match="not the API's JSON") as caught:
        api.get_job("imp_1")
    assert "api.base_url" in caught.value.next_step


def test_success_false_is_a_failure_whatever_the_status(api: ImportApi, server: ScriptedServer) -> None:
    """The envelope's word counts over a 200."""
    server.will(Reply(200, failure(200, "CDP_ETL.VALIDATION.REQUEST_INVALID", "odd").body))
    with pytest.raises(RequestRejected, match="odd"):
        api.init_job(InitJob(object_name="o", file_name="f", file_size=1), idempotency_key=KEY)


def test_an_early_answer_to_a_large_request_is_heard(api: ImportApi, server: ScriptedServer) -> None:
    """A server that refuses a body before reading it is understood, and the connection is not used again."""
    early = failure(413, "CDP_ETL.VALIDATION.REQUEST_INVALID", "too large")
    server.will(Reply(early.status, early.body, act="answer_early"), ok({"state": "ready"}))
    with pytest.raises(RequestRejected, match="too large"):
        api.upsert_batch("o", [{"note": "x" * 4_900_000}] * 2, idempotency_key=KEY)
    server.release()
    assert api.get_job("imp_1").state == "ready"


@given(st.text(max_size=3000))
def test_what_a_server_says_is_short_and_on_one_line(text: str) -> None:
    """No text, however odd, gets past the sanitizer longer than a message or with control characters."""
    clean = sanitize(text)
    assert len(clean) <= LONGEST
    assert clean.isprintable()


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("see https://x.test/a?X-Amz-Signature=abc for more", "see https://x.test/a?… for more"),
        ("see http://me:pw@x.test/a#frag", "see http://x.test/a?…"),
        ("Authorization: Bearer abc.def was refused", "Authorization: Bearer (token) was refused"),
        ("token eyJhbGciOi.eyJzdWIi.c2ln is old", "token (token) is old"),
        ("Signature=abc&x", "Signature=…&x"),
        ("two\nlines\x1b[31m", "two lines [31m"),
    ],
)
def test_secrets_are_cut_out_of_what_a_server_says(text: str, clean: str) -> None:
    """Query strings, credentials, tokens and terminal codes do not reach a message."""
    assert sanitize(text) == clean


@given(st.integers(0, 40), st.floats(0, 1, exclude_max=True), st.one_of(st.none(), st.floats(0, 1e6)), st.booleans())
def test_every_wait_is_bounded(fails: int, chance: float, retry_after: float | None, busy: bool) -> None:
    """Whatever is asked and however the dice fall, waiting ends within its bounds and is never shorter than asked."""
    waits: list[float] = []
    policy = RetryPolicy()
    retrier = Retrier(policy, sleep=waits.append, random=lambda: chance)

    def attempt(number: int) -> int:
        if number <= fails:
            raise TransientError(Unavailable("no"), retry_after=retry_after, busy=busy)
        return number

    try:
        assert retrier.call(attempt) == fails + 1
    except Unavailable:
        assert fails > 0
    assert sum(waits) <= (policy.busy_seconds if busy else policy.total_seconds)
    assert busy or len(waits) < policy.attempts
    assert all(wait >= (retry_after or 0) for wait in waits)


@given(st.text())
def test_any_retry_after_is_read_without_a_crash(text: str) -> None:
    """A header that says nothing usable is as if it were absent."""
    assert (parse_retry_after(text, NOW) or 0.0) >= 0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        (" 12 ", 12),
        ("1.5", 1.5),
        ("-3", None),
        ("soon", None),
        ("Tue, 03 Nov 2026 01:00:00 GMT", 0),
        ("Tue, 03 Nov 2026 02:00:30 GMT", 30),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    """Both forms of the header are read, and a date that has passed is no wait."""
    assert parse_retry_after(value, NOW) == seconds
