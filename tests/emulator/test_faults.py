"""Scripted faults, the scripted clock and rate limits: deterministic, and as announced."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import requests
from pydantic import ValidationError

from syncer.emulator.options import Options
from syncer.emulator.testing import running
from tests.emulator.driver import PROFILE_COLUMNS, Api, until

if TYPE_CHECKING:
    from pathlib import Path

    from syncer.emulator.testing import Emulator

CONTENT = b"email_address,FirstName,LastName,signup_ts\na@example.com,A,B,\n"


def test_a_status_comes_at_its_turn_and_goes(emulator: Emulator, api: Api) -> None:
    """From the nth matching request on, so many times, before any effect, with Retry-After."""
    emulator.faults.add(
        match="POST /lists", nth=2, times=2, do="status", status=503, code="CDP_ETL.INTERNAL.DOWN", retry_after=2
    )
    answers = [api.call("POST", "/lists", {"name": f"L{number}"}) for number in range(4)]
    assert [each.status_code for each in answers] == [200, 503, 503, 200]
    assert answers[1].headers["Retry-After"] == "2"
    assert answers[1].json()["error"]["code"] == "CDP_ETL.INTERNAL.DOWN"
    assert api.call("GET", "/lists").status_code == 200
    assert emulator.query("SELECT name FROM lists ORDER BY name") == [("L0",), ("L3",)]


@pytest.mark.parametrize(("kind", "lists"), [("drop_before", 0), ("drop_after", 1)])
def test_a_dropped_connection_gives_no_answer(emulator: Emulator, api: Api, kind: str, lists: int) -> None:
    """The client sees a cut connection; whether the request took effect is the script's choice."""
    emulator.faults.add(match="POST /lists", do=kind)
    with pytest.raises(requests.ConnectionError):
        api.call("POST", "/lists", {"name": "A"})
    assert emulator.query("SELECT count(*) FROM lists") == [(lists,)]
    assert emulator.requests[-1].status == 0


def test_a_delay_is_a_delay(emulator: Emulator, api: Api) -> None:
    """The answer comes late, but it comes."""
    emulator.faults.add(match="GET /lists", do="delay", seconds=0.2)
    started = time.monotonic()
    assert api.call("GET", "/lists").status_code == 200
    assert time.monotonic() - started >= 0.2


def test_a_job_can_be_made_to_fail(emulator: Emulator, api: Api) -> None:
    """It fails with the scripted reason and writes nothing; the next one is untouched."""
    emulator.faults.add(
        match="POST */start", do="job_fails", code="CDP_ETL.IMPORT.SOURCE_UNREADABLE", message="scripted"
    )
    failed = api.run("profiles", "a.csv", CONTENT, PROFILE_COLUMNS).status
    assert failed["error"] == {"code": "CDP_ETL.IMPORT.SOURCE_UNREADABLE", "message": "scripted"}
    assert api.run("profiles", "a.csv", CONTENT, PROFILE_COLUMNS).status["mergedInserts"] == 1


def test_a_job_can_be_stuck(emulator: Emulator, api: Api) -> None:
    """It stays running until the emulator's clock has passed the scripted time."""
    emulator.faults.add(match="POST */start", do="stick", seconds=7200)
    job = api.ready("profiles", "a.csv", CONTENT, PROFILE_COLUMNS)
    api.start(job)
    emulator.clock.advance(7100)
    assert api.status(job)["state"] == "running"
    emulator.clock.advance(200)
    assert api.finish(job).status["state"] == "completed"


def test_an_upload_url_can_expire_early(emulator: Emulator, api: Api) -> None:
    """At the init, and at the upload."""
    emulator.faults.add(match="POST /import-jobs", do="expire_upload")
    assert api.put(api.init("profiles", "a.csv", CONTENT)["uploadUrl"], CONTENT).status_code == 403
    emulator.faults.add(match="PUT /uploads/*", do="expire_upload")
    job = api.init("profiles", "a.csv", CONTENT)
    assert [api.put(job["uploadUrl"], CONTENT).status_code for _ in range(2)] == [403, 403]


def test_a_fault_that_makes_no_sense_is_refused(emulator: Emulator) -> None:
    """A script with a typing error must not pass for one without faults."""
    with pytest.raises(ValidationError):
        emulator.faults.add(match="POST /lists", do="explode")
    with pytest.raises(ValidationError):
        emulator.faults.add(match="POST /lists", do="status", tims=3)


def test_the_control_endpoints_are_closed_by_default(emulator: Emulator) -> None:
    """A stand-in that is shared cannot be sabotaged by accident."""
    for path in ("clock", "faults"):
        assert requests.post(f"{emulator.origin}/_emulator/{path}", json={}, timeout=10).status_code == 404


def test_the_control_endpoints_script_faults_and_time(tmp_path: Path) -> None:
    """What the in-process handle does can be done over HTTP."""
    with running(tmp_path, options=Options(control=True, job_seconds=100)) as emulator:
        api = Api(emulator.base_url)
        control = f"{emulator.origin}/_emulator"
        fault: dict[str, str | int] = {"match": "GET /lists", "do": "status", "status": 429, "retry_after": 1}
        assert requests.post(f"{control}/faults", json={"faults": [fault]}, timeout=10).json() == {"added": 1}
        assert [api.call("GET", "/lists").status_code for _ in range(2)] == [429, 200]
        assert requests.post(f"{control}/faults", json={"match": "x"}, timeout=10).status_code == 400
        requests.post(f"{control}/faults", json=fault, timeout=10).raise_for_status()
        requests.delete(f"{control}/faults", timeout=10).raise_for_status()
        assert api.call("GET", "/lists").status_code == 200
        job = api.ready("profiles", "a.csv", CONTENT, PROFILE_COLUMNS)
        api.start(job)
        assert api.status(job)["state"] == "running"
        requests.post(f"{control}/clock", json={"advance": 101}, timeout=10).raise_for_status()
        until(lambda: api.status(job)["state"] == "completed")
        assert requests.post(f"{control}/clock", json={"advance": -1}, timeout=10).status_code == 400
        api.session.close()


def test_rate_limits_hold_for_a_token_and_a_class(tmp_path: Path) -> None:
    """The fourth call of a minute is told to wait; other tokens and classes are not; a minute later all is well."""
    with running(tmp_path, options=Options(rate_limits={"lists:read": 3})) as emulator:
        api, other = Api(emulator.base_url), Api(emulator.base_url, "other")
        assert [api.call("GET", "/lists").status_code for _ in range(4)] == [200, 200, 200, 429]
        limited = api.call("GET", "/lists")
        assert limited.json()["error"]["code"] == "CDP_ETL.RATE.LIMITED"
        assert 0 < int(limited.headers["Retry-After"]) <= 60
        assert other.call("GET", "/lists").status_code == 200
        assert api.call("GET", "/metadata/objects").status_code == 200
        emulator.clock.advance(int(limited.headers["Retry-After"]))
        assert api.call("GET", "/lists").status_code == 200
        api.session.close()
        other.session.close()
