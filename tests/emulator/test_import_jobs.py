"""The life of a job, and every way in which the API refuses to go on with one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.emulator.driver import PROFILE_COLUMNS, Api

if TYPE_CHECKING:
    from syncer.emulator.testing import Emulator

INVALID = (400, "CDP_ETL.VALIDATION.REQUEST_INVALID")
SCHEMA = (422, "CDP_ETL.VALIDATION.REQUEST_SCHEMA")
INIT = {"objectName": "profiles", "fileName": "a.csv", "fileSize": 10}
CONTENT = b"email_address,FirstName,LastName,signup_ts\na@example.com,A,B,2026-04-21T16:30:00Z\n"


def mapping(fields: dict[str, str], **types: str) -> dict[str, Any]:
    return {"sourceFields": dict.fromkeys(fields, "string") | types, "fieldMap": fields}


def test_a_job_goes_from_pending_to_completed(emulator: Emulator, api: Api) -> None:
    """Each step moves the job on, and the end has the counts."""
    job = api.init("profiles", "a.csv", CONTENT)
    assert set(job) == {"jobId", "uploadUrl", "expiresAt", "landingPath", "method", "headers", "requestedBy"}
    assert job["requestedBy"].startswith("usr_")
    assert api.status(job["jobId"])["state"] == "pending"
    assert api.put(job["uploadUrl"], CONTENT).status_code == 200
    assert api.status(job["jobId"])["state"] == "pending"
    assert api.map(job["jobId"], PROFILE_COLUMNS)["state"] == "ready"
    assert api.start(job["jobId"])["state"] == "running"
    status = api.finish(job["jobId"]).status
    assert (status["state"], status["error"]) == ("completed", None)
    assert [status[each] for each in ("readRows", "validRows", "invalidRows", "mergedInserts", "mergedUpdates")] == [
        1,
        1,
        0,
        1,
        0,
    ]
    assert emulator.query("SELECT _job_id FROM profiles") == [(job["jobId"],)]


@pytest.mark.parametrize(
    "change",
    [
        {"objectName": None},
        {"fileSize": 0},
        {"fileSize": -1},
        {"fileSize": "10"},
        {"fileSize": True},
        {"fileSize": 10.5},
        {"fileSize": 50 * 1000**3 + 1},
        {"fileName": ""},
        {"fileName": ".csv"},
        {"fileName": "a.xlsx"},
        {"fileName": "a.parquet.gz"},
        {"fileName": "folder/a.csv"},
        {"objectName": "consents"},
        {"surprise": 1},
        {"createList": True},
        {"listName": "X"},
        {"createList": False, "listName": "X"},
        {"createList": True, "listName": ""},
        {"createList": True, "listName": "x" * 201},
        {"createList": True, "listName": "X", "targetListId": "lst_1"},
        {"createAudience": True},
        {"audienceName": "X"},
        {"autoProfileAfterImport": "yes"},
        {"objectName": "orders", "createList": True, "listName": "X"},
    ],
    ids=str,
)
def test_an_init_that_makes_no_sense_is_refused(
    shared_emulator: Emulator, shared_api: Api, change: dict[str, object]
) -> None:
    """Missing, wrong, unknown and contradictory keys are 400, and no job is made."""
    before = shared_emulator.query("SELECT count(*) FROM jobs")
    assert shared_api.refused("POST", "/import-jobs", INIT | change) == INVALID
    assert shared_emulator.query("SELECT count(*) FROM jobs") == before


def test_an_init_for_what_does_not_exist_is_not_found(shared_api: Api) -> None:
    """Unknown objects and lists are 404."""
    assert shared_api.refused("POST", "/import-jobs", INIT | {"objectName": "unknown"}) == (404, "CDP_ETL.NOT_FOUND")
    assert shared_api.refused("POST", "/import-jobs", INIT | {"targetListId": "lst_1"}) == (404, "CDP_ETL.NOT_FOUND")


def test_a_list_or_audience_name_that_is_taken_is_refused_at_init(api: Api) -> None:
    """Names are unique, so the import would have to fail."""
    api.ok("POST", "/lists", {"name": "Spring"})
    assert api.refused("POST", "/import-jobs", INIT | {"createList": True, "listName": "Spring"}) == INVALID
    api.run("profiles", "a.csv", CONTENT, PROFILE_COLUMNS, createAudience=True, audienceName="Spring")
    assert api.refused("POST", "/import-jobs", INIT | {"createAudience": True, "audienceName": "Spring"}) == INVALID


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (mapping({"a": "email", "b": "nonexistent"}), SCHEMA),
        (mapping({"a": "first_name"}), SCHEMA),
        ({"sourceFields": {"a": "string"}, "fieldMap": {"b": "email"}}, INVALID),
        (mapping({"a": "email", "b": "email"}), INVALID),
        (mapping({"a": "email"}, a="text"), INVALID),
        ({"sourceFields": {}, "fieldMap": {}}, INVALID),
        ({"sourceFields": {"a": "string"}}, INVALID),
        ({"fieldMap": {"a": "email"}}, INVALID),
        ({"sourceFields": {"a": "string"}, "fieldMap": {"a": 5}}, INVALID),
    ],
    ids=str,
)
def test_a_wrong_mapping_is_refused(shared_api: Api, body: dict[str, Any], expected: tuple[int, str]) -> None:
    """Unknown and unmapped required fields are 422, whatever else is wrong is 400; the job stays pending."""
    job = shared_api.init("profiles", "a.csv", CONTENT)
    shared_api.put(job["uploadUrl"], CONTENT)
    assert shared_api.refused("POST", f"/import-jobs/{job['jobId']}/mapping", body) == expected
    assert shared_api.status(job["jobId"])["state"] == "pending"


def test_the_unknown_field_is_named(shared_api: Api) -> None:
    """The details say which column was mapped to which unknown field."""
    job = shared_api.init("profiles", "a.csv", CONTENT)
    shared_api.put(job["uploadUrl"], CONTENT)
    body = mapping({"a": "email", "b": "nonexistent"})
    error = shared_api.call("POST", f"/import-jobs/{job['jobId']}/mapping", body).json()["error"]
    assert error["details"] == {"path": "fieldMap.b", "value": "nonexistent"}


def test_steps_out_of_order_are_conflicts(shared_api: Api) -> None:
    """Mapping needs the upload; start needs both; a started job takes nothing more."""
    job = shared_api.init("profiles", "a.csv", CONTENT)
    path = f"/import-jobs/{job['jobId']}"
    body = mapping(PROFILE_COLUMNS)
    assert shared_api.refused("POST", f"{path}/mapping", body) == (409, "CDP_ETL.IMPORT.UPLOAD_MISSING")
    assert shared_api.refused("POST", f"{path}/start", {}) == (409, "CDP_ETL.IMPORT.UPLOAD_MISSING")
    assert shared_api.refused("GET", f"{path}/errors") == (409, "CDP_ETL.IMPORT.INVALID_STATE")
    shared_api.put(job["uploadUrl"], CONTENT)
    assert shared_api.refused("POST", f"{path}/start", {}) == (409, "CDP_ETL.IMPORT.MAPPING_MISSING")
    shared_api.ok("POST", f"{path}/mapping", body)
    shared_api.ok("POST", f"{path}/mapping", body)
    shared_api.start(job["jobId"])
    shared_api.finish(job["jobId"])
    assert shared_api.refused("POST", f"{path}/start", {}) == (409, "CDP_ETL.IMPORT.INVALID_STATE")
    assert shared_api.refused("POST", f"{path}/mapping", body) == (409, "CDP_ETL.IMPORT.INVALID_STATE")
    assert shared_api.put(job["uploadUrl"], CONTENT).status_code == 409


def test_an_upload_of_another_size_fails_the_job(shared_api: Api) -> None:
    """What was announced and what arrived have to agree."""
    job = shared_api.init("profiles", "a.csv", CONTENT)
    shared_api.put(job["uploadUrl"], CONTENT + b"more").raise_for_status()
    shared_api.map(job["jobId"], PROFILE_COLUMNS)
    shared_api.start(job["jobId"])
    status = shared_api.finish(job["jobId"]).status
    assert (status["state"], status["error"]["code"]) == ("failed", "CDP_ETL.IMPORT.SIZE_MISMATCH")


@pytest.mark.parametrize("path", ["/import-jobs/imp_x", "/import-jobs/imp_x/errors"])
def test_an_unknown_job_is_not_found(shared_api: Api, path: str) -> None:
    """404 wherever a job is named."""
    assert shared_api.refused("GET", path) == (404, "CDP_ETL.NOT_FOUND")
    assert shared_api.refused("POST", "/import-jobs/imp_x/start", {}) == (404, "CDP_ETL.NOT_FOUND")
