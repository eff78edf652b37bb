"""The client and the emulator agree on every call of the contract."""

from __future__ import annotations

import io
import json
import time
import uuid
from typing import TYPE_CHECKING

import pytest

from syncer.api.auth import ClientCredentials
from syncer.api.client import ImportApi, connect, utc_now
from syncer.api.models import InitJob
from syncer.emulator.testing import Emulator, running
from syncer.errors import NotFound, RequestRejected, UploadFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncer.api.models import JobStatus

CSV = b"Mail,First\njane@example.test,Jane\nnot-an-email,Bob\njoe@example.test,Joe\n"
COLUMNS = {"Mail": "email", "First": "first_name"}


def key() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    with running(tmp_path / "data") as emulator:
        yield emulator


@pytest.fixture
def client(emulator: Emulator) -> Iterator[ImportApi]:
    auth = ClientCredentials(f"{emulator.origin}/oauth/token", "client", "secret", utc_now)
    with connect(emulator.base_url, auth, sleep=lambda _seconds: None) as api:
        yield api


def finish(api: ImportApi, job_id: str) -> JobStatus:
    deadline = time.monotonic() + 20
    while not (status := api.get_job(job_id)).is_terminal:
        assert time.monotonic() < deadline
    return status


def import_file(api: ImportApi, request: InitJob) -> JobStatus:
    job = api.init_job(request, idempotency_key=key())
    api.upload(job.upload, lambda: io.BytesIO(CSV), len(CSV), "text/csv")
    api.set_mapping(job.job_id, dict.fromkeys(COLUMNS, "string"), COLUMNS, idempotency_key=key())
    assert api.get_job(job.job_id).state == "ready"
    assert api.start_job(job.job_id, idempotency_key=key())
    return finish(api, job.job_id)


def request(**options: str | bool) -> InitJob:
    return InitJob(object_name="profiles", file_name="crm.csv", file_size=len(CSV), **options)  # type: ignore[arg-type] # options of any type


def test_an_import_from_init_to_rejected_rows(client: ImportApi) -> None:
    """A whole import: its counts, its list, its audience, and the rejected row in a file."""
    status = import_file(client, request(create_list="CRM", create_audience="Prospects", auto_profile=True))
    assert (status.state, status.read_rows, status.valid_rows, status.invalid_rows) == ("completed", 3, 2, 1)
    assert (status.merged_inserts, status.merged_updates) == (2, 0)
    errors = client.get_errors(status.job_id)
    rows = io.BytesIO()
    assert (errors.has_errors, errors.count) == (True, 1)
    assert client.download_errors(errors.url, rows) == len(rows.getvalue())
    assert json.loads(rows.getvalue())["error"] == "Mail: invalid email format"
    made = client.find_list("CRM")
    assert made is not None
    assert made.member_count == 2
    assert client.find_list("crm") is None
    again = import_file(client, request(target_list_id=made.list_id))
    assert (again.merged_inserts, again.merged_updates) == (0, 2)


def test_an_answer_that_was_lost_is_given_again(client: ImportApi, emulator: Emulator) -> None:
    """A connection that is cut after the effect, and a server that fails, leave one job behind."""
    emulator.faults.add(match="POST /import-jobs", do="drop_after")
    emulator.faults.add(match="PUT *", do="cut_after_bytes", bytes=10)
    emulator.faults.add(match="POST /import-jobs/*/start", do="status_after", status=503)
    emulator.faults.add(match="GET /import-jobs/*", do="status", status=429, retry_after=1)
    assert import_file(client, request()).state == "completed"
    assert emulator.query("SELECT count(*) FROM profiles") == [(2,)]


def test_the_reasons_of_failures_arrive(client: ImportApi, emulator: Emulator) -> None:
    """A failed job, an unknown field, an unknown job and an expired URL each come as what they are."""
    emulator.faults.add(match="POST /import-jobs/*/start", do="job_fails", code="CDP_ETL.IMPORT.SOURCE_UNREADABLE")
    failed = import_file(client, request())
    assert (failed.state, failed.error_code) == ("failed", "CDP_ETL.IMPORT.SOURCE_UNREADABLE")
    assert failed.error_message
    job = client.init_job(request(), idempotency_key=key())
    client.upload(job.upload, lambda: io.BytesIO(CSV), len(CSV), "text/csv")
    with pytest.raises(RequestRejected) as unknown:
        client.set_mapping(job.job_id, {"Mail": "string"}, {"Mail": "nowhere"}, idempotency_key=key())
    assert (unknown.value.status, unknown.value.code) == (422, "CDP_ETL.VALIDATION.REQUEST_SCHEMA")
    assert unknown.value.correlation_id
    with pytest.raises(NotFound):
        client.get_job("imp_unknown")
    emulator.faults.add(match="PUT *", do="expire_upload")
    job = client.init_job(request(), idempotency_key=key())
    with pytest.raises(UploadFailed) as expired:
        client.upload(job.upload, lambda: io.BytesIO(CSV), len(CSV), "text/csv")
    assert expired.value.expired


def test_metadata(client: ImportApi) -> None:
    """Objects and their fields are read."""
    objects = {each.name: each for each in client.list_objects()}
    assert (objects["profiles"].write_mode, objects["orders"].write_mode) == ("upsert", "append")
    profiles = client.get_object("profiles")
    fields = {each.name: each for each in profiles.fields}
    assert (profiles.match_key, profiles.file_import) == ("email", True)
    assert fields["email"].required
    assert fields["loyalty_tier"].enum_values == ("bronze", "silver", "gold")
    with pytest.raises(NotFound):
        client.get_object("no such/object")


def test_lists(client: ImportApi) -> None:
    """Lists are made, found over several pages, changed, filled, emptied and deleted."""
    for number in range(60):
        client.create_list(f"List {number}", description="one of many", idempotency_key=key())
    found = client.find_list("List 7")
    assert found is not None
    assert len(list(client.iter_lists())) == 60
    client.add_members(found.list_id, [f" Person{number}@Example.test" for number in range(70)], idempotency_key=key())
    client.remove_members(found.list_id, ["person0@example.test"], idempotency_key=key())
    members = {member["contactKey"] for member in client.iter_members(found.list_id)}
    assert members == {f"person{number}@example.test" for number in range(1, 70)}
    assert client.update_list(found.list_id, name="Renamed", idempotency_key=key()).name == "Renamed"
    assert client.get_list(found.list_id).member_count == 69
    client.delete_list(found.list_id, idempotency_key=key())
    with pytest.raises(NotFound):
        client.get_list(found.list_id)


def test_an_audience_is_previewed(client: ImportApi, emulator: Emulator) -> None:
    """An audience that an import made is counted and sampled."""
    import_file(client, request(create_audience="Prospects"))
    ((audience_id,),) = emulator.query("SELECT id FROM audiences")
    preview = client.preview_audience(audience_id, limit=1)
    assert (preview.match_count, len(preview.sample_records), preview.is_exact) == (2, 1, True)


def test_records(client: ImportApi) -> None:
    """Both kinds of batch give an outcome for each record."""
    people = [{"email": "jane@example.test", "first_name": "Jane"}, {"email": "nobody"}]
    outcome = client.upsert_batch("profiles", people, match_key="email", idempotency_key=key())
    assert [done.accepted for done in outcome.outcomes] == [True, False]
    assert "email" in outcome.rejected[0].message
    order = {"order_id": "1", "ordered_at": "2026-11-03T02:00:00Z"}
    appended = client.append_batch("orders", [order, order], idempotency_key=key())
    assert appended.rejected == ()
