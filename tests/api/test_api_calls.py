"""Every call: what goes over the wire, and what is made of the answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from syncer.api.models import InitJob
from syncer.errors import ApiError, RequestRejected
from tests.api.scripted import CORRELATION_ID, Reply, ScriptedServer, failure, ok

if TYPE_CHECKING:
    from syncer.api.client import ImportApi

KEY = "6f1c1f7e-3a53-4a2c-9d0b-1f2e3d4c5b6a"
JOB = {
    "jobId": "imp_1",
    "uploadUrl": "https://upload.example.test/jobs/imp_1/file?X-Amz-Signature=s3cr3t",
    "expiresAt": "2026-11-03T03:00:00Z",
    "landingPath": "jobs/imp_1/file",
    "method": "PUT",
    "headers": {"x-amz-meta-job": "imp_1"},
    "requestedBy": "usr_1",
    "unheardOf": {"by": "us"},
}


def test_init_sends_only_what_is_wanted(api: ImportApi, server: ScriptedServer) -> None:
    """The smallest init has the three required keys and nothing else, under its idempotency key."""
    server.will(ok(JOB, status=201))
    job = api.init_job(InitJob(object_name="profiles", file_name="a.csv", file_size=42), idempotency_key=KEY)
    (seen,) = server.seen
    assert (seen.method, seen.target) == ("POST", "/public/v1/import-jobs")
    assert seen.json() == {"objectName": "profiles", "fileName": "a.csv", "fileSize": 42}
    assert seen.header("Idempotency-Key") == KEY
    assert seen.header("Authorization") == "Bearer secret-token"
    assert seen.header("Content-Type") == "application/json"
    assert (seen.header("User-Agent") or "").startswith("syncer/")
    assert (job.job_id, job.landing_path, job.requested_by, job.correlation_id) == (
        "imp_1",
        "jobs/imp_1/file",
        "usr_1",
        CORRELATION_ID,
    )
    assert job.upload.expires_at == datetime(2026, 11, 3, 3, tzinfo=UTC)
    assert (job.upload.method, dict(job.upload.headers)) == ("PUT", {"x-amz-meta-job": "imp_1"})
    assert "s3cr3t" not in repr(job)


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({"create_list": "Spring"}, {"createList": True, "listName": "Spring"}),
        ({"target_list_id": "lst_1"}, {"targetListId": "lst_1"}),
        ({"create_audience": "Prospects"}, {"createAudience": True, "audienceName": "Prospects"}),
        ({"auto_profile": True}, {"autoProfileAfterImport": True}),
    ],
)
def test_init_options_have_the_guides_keys(options: dict[str, Any], keys: dict[str, object]) -> None:
    """Each option of an import becomes exactly the guide's keys."""
    body = InitJob(object_name="o", file_name="f", file_size=1, **options).body()
    assert body == {"objectName": "o", "fileName": "f", "fileSize": 1, **keys}


def test_creating_and_joining_a_list_is_refused_before_any_call() -> None:
    """An import cannot create a list and add to another at once, and nothing is sent to find that out."""
    with pytest.raises(RequestRejected, match="create a list and add"):
        InitJob(object_name="o", file_name="f", file_size=1, create_list="a", target_list_id="b")


def test_mapping_start_and_status(api: ImportApi, server: ScriptedServer) -> None:
    """The middle of a job's life goes to its own paths, and the counters come back typed."""
    counts = {"readRows": 10, "validRows": 9, "invalidRows": 1, "mergedInserts": 4, "mergedUpdates": 5}
    server.will(ok(), ok({"state": "running"}), ok({"jobId": "imp_1", "state": "completed", **counts}))
    assert api.set_mapping("imp_1", {"Mail": "string"}, {"Mail": "email"}, idempotency_key=KEY) == CORRELATION_ID
    assert api.start_job("imp_1", idempotency_key=KEY) == CORRELATION_ID
    status = api.get_job("imp_1")
    mapping, start, get = server.seen
    assert mapping.target == "/public/v1/import-jobs/imp_1/mapping"
    assert mapping.json() == {"sourceFields": {"Mail": "string"}, "fieldMap": {"Mail": "email"}}
    assert (start.target, start.body) == ("/public/v1/import-jobs/imp_1/start", b"{}")
    assert (get.method, get.size, get.header("Idempotency-Key")) == ("GET", 0, None)
    assert (status.state, status.is_terminal, status.read_rows, status.invalid_rows) == ("completed", True, 10, 1)
    assert (status.merged_inserts, status.merged_updates, status.error_code) == (4, 5, "")
    assert mapping.connection == get.connection, "the connection is used again"


@pytest.mark.parametrize(
    "reason",
    [
        {"error": {"code": "CDP_ETL.IMPORT.SOURCE", "message": "unreadable"}},
        {"failureReason": {"code": "CDP_ETL.IMPORT.SOURCE", "message": "unreadable"}},
        {"errorCode": "CDP_ETL.IMPORT.SOURCE", "errorMessage": "unreadable"},
        {"failureReason": "CDP_ETL.IMPORT.SOURCE: unreadable"},
        {"errorMessage": "unreadable", "error": "CDP_ETL.IMPORT.SOURCE", "errorCode": "CDP_ETL.IMPORT.SOURCE"},
    ],
)
def test_a_failed_jobs_reason_is_found_wherever_it_stands(
    api: ImportApi, server: ScriptedServer, reason: dict[str, object]
) -> None:
    """The reference does not say where a failed job's code stands, so every likely place is read."""
    server.will(ok({"state": "failed", **reason}))
    status = api.get_job("imp_1")
    assert (status.job_id, status.error_code) == ("imp_1", "CDP_ETL.IMPORT.SOURCE")
    assert "unreadable" in status.error_message


@pytest.mark.parametrize("data", [{}, {"state": ""}, {"state": 3}, {"state": "running", "readRows": "many"}])
def test_an_answer_that_cannot_be_understood_names_the_call(
    api: ImportApi, server: ScriptedServer, data: dict[str, object]
) -> None:
    """A needed key that is missing or odd is an ApiError with the call, the key and the correlation id."""
    server.will(ok(data))
    with pytest.raises(ApiError, match=r"could not read the job's state: .*data\.(state|readRows)") as caught:
        api.get_job("imp_1")
    assert caught.value.correlation_id == CORRELATION_ID
    assert "/import-jobs/imp_1" in caught.value.where


def test_path_segments_are_encoded(api: ImportApi, server: ScriptedServer) -> None:
    """An id never becomes another path: slashes, blanks and letters of any language are percent-encoded."""
    server.will(ok({"state": "ready"}))
    api.get_job("a/b ?é")
    assert server.seen[0].target == "/public/v1/import-jobs/a%2Fb%20%3F%C3%A9"


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_impossible_path_segments_are_refused(api: ImportApi, name: str) -> None:
    """Dots that a server would take for a way up, and nothing at all, are refused before any call."""
    with pytest.raises(RequestRejected, match="not a possible job_id"):
        api.get_job(name)


def test_errors_tell_where_the_rejected_rows_are(api: ImportApi, server: ScriptedServer) -> None:
    """The error file's URL is given and hidden from the repr."""
    data = {"hasErrors": True, "errorFileUrl": "https://e.test/f?sig=1", "expiresAt": "2026-04-22T15:38:41Z"}
    server.will(ok({**data, "errorCount": 33}), ok({"hasErrors": False, "errorFileUrl": None}))
    errors, none = api.get_errors("imp_1"), api.get_errors("imp_2")
    assert (errors.has_errors, errors.count, errors.url) == (True, 33, "https://e.test/f?sig=1")
    assert "sig" not in repr(errors)
    assert (none.has_errors, none.url, none.expires_at, none.count) == (False, "", None, 0)


def test_objects_and_their_fields(api: ImportApi, server: ScriptedServer) -> None:
    """Metadata tells the write mode, whether files may be imported, and every field."""
    ingestion = {"single": True, "fileImport": False, "defaultWriteMode": "append"}
    orders = {"objectName": "orders", "objectType": "event", "ingestion": ingestion}
    fields = [
        {"name": "email", "type": "string", "required": True, "nullable": False},
        {"name": "tier", "type": "enum", "enumValues": ["gold", "silver"]},
    ]
    server.will(ok({"items": [orders]}), ok({**orders, "matchKey": "order_id", "fields": fields}))
    (listed,) = api.list_objects()
    described = api.get_object("orders")
    assert (listed.name, listed.write_mode, listed.file_import, listed.fields) == ("orders", "append", False, ())
    assert described.match_key == "order_id"
    email, tier = described.fields
    assert (email.required, email.nullable, email.enum_values) == (True, False, ())
    assert (tier.required, tier.nullable, tier.enum_values) == (False, None, ("gold", "silver"))
    assert [seen.target for seen in server.seen] == [
        "/public/v1/metadata/objects",
        "/public/v1/metadata/objects/orders",
    ]


def _lists(*names: str, start: int = 0) -> list[dict[str, str]]:
    return [{"id": f"lst_{start + index}", "name": name} for index, name in enumerate(names)]


@pytest.mark.parametrize("told", [{"total": 51}, {"totalPages": 2}, {"hasMore": None}, {"pagination": {"total": 51}}])
def test_a_list_is_found_on_the_last_page(api: ImportApi, server: ScriptedServer, told: dict[str, Any]) -> None:
    """However the API tells the end of its pages, all are read and the name is compared exactly."""
    first = _lists(*["crm 2026"] * 50)
    server.will(ok({"items": first, "page": 1, **told}), ok({"items": _lists("CRM 2026", start=50), **told}))
    found = api.find_list("CRM 2026")
    assert found is not None
    assert found.list_id == "lst_50"
    assert [seen.target for seen in server.seen] == [
        "/public/v1/lists?page=1&pageSize=50",
        "/public/v1/lists?page=2&pageSize=50",
    ]


def test_a_short_page_ends_the_lists(api: ImportApi, server: ScriptedServer) -> None:
    """A page with fewer lists than were asked for is the last one, and a name that is on none is None."""
    server.will(ok({"items": _lists("a", "b")}))
    assert api.find_list("c") is None


def test_pages_smaller_than_asked_for_are_followed(api: ImportApi, server: ScriptedServer) -> None:
    """A server that caps its pages says so in pageSize, and a full page of that size is not the last."""
    capped = {"pageSize": 2}
    server.will(ok({"items": _lists("a", "b"), **capped}), ok({"items": _lists("c", start=2), **capped}))
    found = api.find_list("c")
    assert found is not None


def test_a_server_that_repeats_its_page_does_not_hold_us_for_ever(api: ImportApi, server: ScriptedServer) -> None:
    """The same page again ends the walk, and a list seen twice is one list."""
    page = ok({"items": _lists(*["x"] * 50)})
    server.will(page, page)
    with pytest.raises(RequestRejected, match="50 lists named 'x'"):
        api.find_list("x")


def test_lists_are_made_changed_and_filled(api: ImportApi, server: ScriptedServer) -> None:
    """The Lists API is spoken in full."""
    made = {"id": "lst_1", "name": "VIP", "memberCount": 2, "createdAt": "2026-01-01T00:00:00Z", "status": "active"}
    members = [{"contactKey": "a@x.test"}, {"contactKey": "b@x.test"}]
    server.will(ok(made), ok(made), ok(made), ok(), ok(), ok({"items": members, "total": 2}), Reply(204))
    assert api.create_list("VIP", description="d", idempotency_key=KEY).list_id == "lst_1"
    assert api.get_list("lst_1").member_count == 2
    assert api.update_list("lst_1", name="VIP", idempotency_key=KEY).status == "active"
    api.add_members("lst_1", ["a@x.test"], idempotency_key=KEY)
    api.remove_members("lst_1", ["a@x.test"], idempotency_key=KEY)
    assert list(api.iter_members("lst_1")) == members
    api.delete_list("lst_1", idempotency_key=KEY)
    made_at, _, changed, added, removed, _, deleted = server.seen
    assert made_at.json() == {"name": "VIP", "description": "d"}
    assert (changed.method, changed.json()) == ("PATCH", {"name": "VIP"})
    assert added.target.endswith("/lists/lst_1/members:upsert")
    assert removed.target.endswith("/lists/lst_1/members:remove")
    assert added.json() == {"contactKeys": ["a@x.test"], "normalizationMode": "email_lower_trim"}
    assert (deleted.method, deleted.header("Idempotency-Key")) == ("DELETE", KEY)


def test_an_audience_is_previewed(api: ImportApi, server: ScriptedServer) -> None:
    """A preview's people stay out of its repr."""
    sample = [{"email": "jane@example.test"}]
    data = {"matchCount": 7, "isExact": True, "executionTimeMs": 12, "fieldsUsed": ["email"], "sampleRecords": sample}
    server.will(ok({"audienceId": "aud_1", **data}))
    preview = api.preview_audience("aud_1", limit=1)
    assert server.seen[0].json() == {"limit": 1}
    assert (preview.match_count, preview.is_exact, preview.fields_used) == (7, True, ("email",))
    assert "jane" not in repr(preview)


def test_records_are_sent_in_batches(api: ImportApi, server: ScriptedServer) -> None:
    """Both batch calls send records and match key, and give one outcome a record."""
    results = [{"index": 0, "status": "inserted"}, {"index": 1, "status": "failed", "error": {"code": "CDP_ETL.X.Y"}}]
    server.will(ok({"results": results}), ok({"results": [{"status": "appended"}, {"success": True}]}))
    records = [{"email": "a@x.test"}, {"email": "é"}]
    outcome = api.upsert_batch("profiles", records, match_key="email", idempotency_key=KEY)
    appended = api.append_batch("orders", records, idempotency_key=KEY)
    upsert, append = server.seen
    assert upsert.target == "/public/v1/records/profiles/upsert-batch"
    assert upsert.json() == {"records": records, "matchKey": "email"}
    assert (append.target, append.json()) == ("/public/v1/records/orders/append-batch", {"records": records})
    assert [(rejected.index, rejected.code) for rejected in outcome.rejected] == [(1, "CDP_ETL.X.Y")]
    assert [done.index for done in appended.outcomes] == [0, 1]
    assert appended.rejected == ()


def test_records_that_are_written_already_are_sent_as_they_are(api: ImportApi, server: ScriptedServer) -> None:
    """Their digits stay as they stand; the outcomes tell what was new, and a batch of one never leaves."""
    server.will(ok({"results": [{"status": "inserted"}, {"status": "updated"}]}))
    written = [b'{"email":"a@x.test","balance":1.10}', '{"email":"é","balance":1E2}'.encode()]
    outcome = api.upsert_written("profiles", written, match_key="email", idempotency_key=KEY)
    (sent,) = server.seen
    assert (sent.target, sent.header("Idempotency-Key")) == ("/public/v1/records/profiles/upsert-batch", KEY)
    assert sent.body == b'{"records":[' + b",".join(written) + b'],"matchKey":"email"}'
    assert [done.inserted for done in outcome.outcomes] == [True, False]
    with pytest.raises(RequestRejected, match="2 to 10,000 records"):
        api.upsert_written("profiles", written[:1], idempotency_key=KEY)


@pytest.mark.parametrize("records", [[{}], [{}] * 10_001, [{"note": "x" * 6_000_000}] * 2])
def test_impossible_batches_are_refused_before_any_call(api: ImportApi, records: list[dict[str, object]]) -> None:
    """Too few records, too many, and more than 10 MB never leave this machine."""
    with pytest.raises(RequestRejected, match="could not upsert the records"):
        api.upsert_batch("profiles", records, idempotency_key=KEY)


def test_every_request_is_traced_without_secrets(api: ImportApi, server: ScriptedServer, rig: Any) -> None:
    """A trace has the template of the path and the correlation id, and neither ids nor queries."""
    server.will(failure(503, "CDP_ETL.INTERNAL.X"), ok({"items": []}))
    api.find_list("a")
    assert [(trace.method, trace.path, trace.status, trace.attempt) for trace in rig.traces] == [
        ("GET", "/lists", 503, 1),
        ("GET", "/lists", 200, 2),
    ]
    assert rig.traces[0].correlation_id == CORRELATION_ID


@pytest.mark.parametrize("word", ["queued", "validating", "Completed_With_Errors"])
def test_a_state_that_is_not_known_is_asked_about_again(api: ImportApi, server: ScriptedServer, word: str) -> None:
    """A word that came after the reference was written is no error, no end, and no leave to start the job."""
    server.will(ok({"state": word, "readRows": 3}))
    status = api.get_job("imp_1")
    assert (status.state, status.is_terminal, status.read_rows) == ("running", False, 3)


@pytest.mark.parametrize("repeated", ["CDP_ETL.X: bad", "FAILED: CDP_ETL.X: bad", "CDP_ETL.X: CDP_ETL.X: bad"])
def test_a_failed_jobs_code_is_not_said_twice(api: ImportApi, server: ScriptedServer, repeated: str) -> None:
    """A message that begins with its code keeps the words after it."""
    server.will(ok({"state": "failed", "errorCode": "CDP_ETL.X", "errorMessage": repeated}))
    status = api.get_job("imp_1")
    assert (status.error_code, status.error_message) == ("CDP_ETL.X", "bad")


def test_a_vendors_code_is_preferred_to_a_bare_word(api: ImportApi, server: ScriptedServer) -> None:
    """`FAILED` says nothing; the code in the message decides what is tried again."""
    server.will(ok({"state": "failed", "errorCode": "FAILED", "errorMessage": "CDP_ETL.X: CDP_ETL.X: bad"}))
    status = api.get_job("imp_1")
    assert (status.error_code, status.error_message) == ("CDP_ETL.X", "bad")
