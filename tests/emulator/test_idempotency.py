"""Idempotency-Key: sent again, answered again, done once."""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.emulator.driver import PROFILE_COLUMNS, Api

if TYPE_CHECKING:
    import requests

    from syncer.emulator.testing import Emulator

INIT = {"objectName": "profiles", "fileName": "a.csv", "fileSize": 10}
CONTENT = b"email_address,FirstName,LastName,signup_ts\na@example.com,A,B,\n"


def send(api: Api, path: str, body: object, key: str) -> requests.Response:
    return api.call("POST", path, body, {"Idempotency-Key": key})


def test_the_same_request_is_answered_again(emulator: Emulator, api: Api) -> None:
    """The same key and body give the first answer's data, and one job."""
    key = str(uuid.uuid4())
    first, again = (send(api, "/import-jobs", INIT, key).json() for _ in range(2))
    assert first["data"] == again["data"]
    assert first["correlationId"] != again["correlationId"]
    assert emulator.query("SELECT count(*) FROM jobs") == [(1,)]


def test_a_replayed_start_runs_the_job_once(emulator: Emulator, api: Api) -> None:
    """A start whose answer was lost may be sent again, also after the job's end."""
    job = api.ready("profiles", "a.csv", CONTENT, PROFILE_COLUMNS)
    key = str(uuid.uuid4())
    emulator.faults.add(match="POST */start", do="drop_after")
    with pytest.raises(OSError, match=r"(?i)connection"):
        send(api, f"/import-jobs/{job}/start", {}, key)
    assert api.finish(job).status["mergedInserts"] == 1
    assert send(api, f"/import-jobs/{job}/start", {}, key).json()["data"]["state"] == "running"
    assert send(api, f"/import-jobs/{job}/start", {}, str(uuid.uuid4())).status_code == 409


@pytest.mark.parametrize(
    "key",
    [
        "",
        "x",
        "1",
        "213533da-e74d-11f1-b0cb-02fc00000001",
        "05b16a01-46c6-56dd-bd6e-c6dfb4a1427a",
        "4ac9c86d-8c41-43fe-c463-8638e96c2410",
        "4ac9c86d8c4143fe8c4638638e96c241",
        "{18ebd557-3c8f-4a0a-9bb1-f67923de22e8}",
    ],
)
def test_a_key_has_to_be_a_version_4_uuid(shared_api: Api, key: str) -> None:
    """Anything else is a 400."""
    response = send(shared_api, "/lists", {"name": str(uuid.uuid4())}, key)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "CDP_ETL.VALIDATION.REQUEST_INVALID")


def test_a_key_belongs_to_one_request(shared_api: Api) -> None:
    """Another body or another endpoint with the same key is a 400: clients do not retry it."""
    key = str(uuid.uuid4())
    assert send(shared_api, "/lists", {"name": key}, key).status_code == 200
    assert send(shared_api, "/lists", {"name": key + "x"}, key).status_code == 400
    assert send(shared_api, "/import-jobs", INIT, key).status_code == 400


def test_a_refused_request_may_be_tried_again(emulator: Emulator, api: Api) -> None:
    """A failure had no effect, so the same key can still succeed."""
    key = str(uuid.uuid4())
    emulator.faults.add(match="POST /lists", do="status", status=503)
    assert [send(api, "/lists", {"name": "A"}, key).status_code for _ in range(3)] == [503, 200, 200]


def test_an_answer_that_was_lost_is_given_again(emulator: Emulator, api: Api) -> None:
    """A 500 after the effect hides an answer that the key brings back."""
    key = str(uuid.uuid4())
    emulator.faults.add(match="POST /lists", do="status_after", status=500)
    assert [send(api, "/lists", {"name": "A"}, key).status_code for _ in range(2)] == [500, 200]
    assert emulator.query("SELECT count(*) FROM lists") == [(1,)]


def test_a_key_is_forgotten_after_a_day(emulator: Emulator, api: Api) -> None:
    """24 hours later, the same key makes another job."""
    key = str(uuid.uuid4())
    first = send(api, "/import-jobs", INIT, key).json()["data"]["jobId"]
    emulator.clock.advance(24 * 3600 - 60)
    assert send(api, "/import-jobs", INIT, key).json()["data"]["jobId"] == first
    emulator.clock.advance(120)
    assert send(api, "/import-jobs", INIT, key).json()["data"]["jobId"] != first


def test_requests_at_the_same_time_take_effect_once(emulator: Emulator) -> None:
    """Of many requests with one key, each gets the same answer."""
    key = str(uuid.uuid4())
    answers: list[str] = []

    def ask() -> None:
        api = Api(emulator.base_url)
        with api.session:
            answers.append(send(api, "/import-jobs", INIT, key).json()["data"]["jobId"])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(answers), len(set(answers))) == (8, 1)
    assert emulator.query("SELECT count(*) FROM jobs") == [(1,)]
