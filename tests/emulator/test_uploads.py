"""Presigned URLs: what they let through and what they refuse."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest
import requests

from syncer.emulator.options import Options
from syncer.emulator.testing import running
from tests.emulator.driver import PROFILE_COLUMNS, Api

if TYPE_CHECKING:
    from pathlib import Path

    from syncer.emulator.testing import Emulator

CONTENT = b"email_address,FirstName,LastName,signup_ts\nbad,A,B,\n"


@pytest.fixture
def url(api: Api) -> str:
    return str(api.init("profiles", "a.csv", CONTENT)["uploadUrl"])


def test_a_wrong_signature_is_refused(api: Api, url: str) -> None:
    """Signature, expiry and job are all signed."""
    other = api.init("profiles", "a.csv", CONTENT)["uploadUrl"]
    head, _, query = url.partition("?")
    for forged in (
        head,
        url[:-1] + ("0" if url[-1] != "0" else "1"),
        url.replace("X-Amz-Expires=3600", "X-Amz-Expires=36000"),
        other.partition("?")[0] + "?" + query,
    ):
        response = api.put(forged, CONTENT)
        assert (response.status_code, "<Code>AccessDenied</Code>" in response.text) == (403, True)


def test_an_upload_url_dies_at_its_expiry(emulator: Emulator, api: Api) -> None:
    """It works until `expiresAt`, by the emulator's clock, and not after."""
    job = api.init("profiles", "a.csv", CONTENT)
    left = datetime.fromisoformat(job["expiresAt"]).timestamp() - emulator.clock.timestamp()
    emulator.clock.advance(left - 60)
    assert api.put(job["uploadUrl"], CONTENT).status_code == 200
    emulator.clock.advance(62)
    assert api.put(job["uploadUrl"], CONTENT).status_code == 403


def test_an_upload_needs_a_content_length(url: str) -> None:
    """Chunks are refused, as presigned URLs of object stores refuse them."""
    assert requests.put(url, data=iter([CONTENT]), timeout=10).status_code == 411


def test_an_upload_refuses_a_bearer_token(url: str) -> None:
    """A token sent here would be leaked."""
    assert requests.put(url, data=CONTENT, headers={"Authorization": "Bearer t"}, timeout=10).status_code == 400


def test_an_empty_upload_is_refused(url: str) -> None:
    """No file is empty."""
    assert requests.put(url, data=b"", timeout=10).status_code in {400, 411}


def test_the_last_complete_upload_counts(emulator: Emulator, api: Api, tmp_path: Path) -> None:
    """A second PUT replaces the first; the file lies in the data folder; one that was cut changes nothing."""
    job = api.init("profiles", "a.csv", CONTENT)
    for content in (b"x" * 10, CONTENT):
        assert api.put(job["uploadUrl"], content).headers["ETag"]
    emulator.faults.add(match="PUT /uploads/*", do="cut_after_bytes", bytes=5)
    with pytest.raises(requests.ConnectionError):
        api.put(job["uploadUrl"], b"y" * 200)
    uploads = tmp_path / "data" / "uploads"
    assert [each.name for each in uploads.iterdir()] == [job["jobId"]]
    assert (uploads / job["jobId"]).read_bytes() == CONTENT


def test_the_headers_of_the_init_have_to_come_back(tmp_path: Path) -> None:
    """A client that ignores `headers` is found out."""
    headers = {"x-amz-server-side-encryption": "AES256"}
    with running(tmp_path, options=Options(upload_headers=headers)) as emulator:
        api = Api(emulator.base_url)
        job = api.init("profiles", "a.csv", CONTENT)
        assert job["headers"] == headers
        assert api.put(job["uploadUrl"], CONTENT).status_code == 403
        assert requests.put(job["uploadUrl"], data=CONTENT, headers=job["headers"], timeout=10).status_code == 200
        api.session.close()


def test_the_error_file_is_presigned_too(emulator: Emulator, api: Api) -> None:
    """It needs no token, refuses one, and dies after a day."""
    done = api.run("profiles", "a.csv", CONTENT, PROFILE_COLUMNS)
    errors = api.ok("GET", f"/import-jobs/{done.status['jobId']}/errors")
    url = errors["errorFileUrl"]
    assert requests.get(url, timeout=10).status_code == 200
    assert requests.get(url, headers={"Authorization": "Bearer t"}, timeout=10).status_code == 400
    assert requests.get(url.partition("?")[0], timeout=10).status_code == 403
    emulator.clock.advance(24 * 3600 + 1)
    assert requests.get(url, timeout=10).status_code == 403
    assert requests.get(api.ok("GET", f"/import-jobs/{done.status['jobId']}/errors")["errorFileUrl"], timeout=10).ok
