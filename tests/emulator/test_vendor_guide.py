"""The vendor guide's own commands and code, run against the emulator as they are printed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.emulator.driver import Api, until

if TYPE_CHECKING:
    from syncer.emulator.testing import Emulator

GUIDE = Path(__file__).parent / "vendor_guide"
VENDOR_URL = "https://api.experiture.ai/public/v1"
GUIDE_FILE_SIZE = 4_823_041
HEADER = "email_address,FirstName,LastName,signup_ts\n"
BAD_ROWS = "not-an-email,No,Body,2026-04-21\njane@example.com,Jane,Doe,2026-04-21\n"
REASONS = ["email_address: invalid email format", "signed_up_at: naive datetime — include timezone offset"]

needs_curl = pytest.mark.skipif(not (shutil.which("curl") and shutil.which("sh")), reason="needs curl and a shell")


def spring_file(folder: Path) -> None:
    """Make `spring-2026.csv` of exactly the size that the guide announces, with two rows that are rejected."""
    row = "person{:07d}@example.com,Ada," + "x" * 1000 + ",2026-04-21T16:30:00Z\n"
    count = (GUIDE_FILE_SIZE - len(HEADER) - len(BAD_ROWS)) // len(row.format(0)) - 1
    content = HEADER + BAD_ROWS + "".join(row.format(number) for number in range(count))
    rest = GUIDE_FILE_SIZE - len(content) - len("last@example.com,,,2026-04-21T16:30:00Z\n")
    content += f"last@example.com,{'x' * rest},,2026-04-21T16:30:00Z\n"
    (folder / "spring-2026.csv").write_bytes(content.encode())
    assert len(content) == GUIDE_FILE_SIZE


def shell(emulator: Emulator, folder: Path, name: str, job_id: str = "", **environment: str) -> str:
    """Run one of the guide's commands; give what it prints."""
    command = (GUIDE / name).read_text("utf-8").replace(VENDOR_URL, emulator.base_url)
    command = command.replace("<your_access_token>", emulator.token).replace("imp_01HXYZ", job_id)
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


@needs_curl
def test_the_guides_curl_commands_import_a_file(emulator: Emulator, api: Api, tmp_path: Path) -> None:
    """Init, upload, mapping, start and errors, as printed, bring a file of the printed size to its end."""
    spring_file(tmp_path)
    job: dict[str, Any] = json.loads(shell(emulator, tmp_path, "1-init.sh"))["data"]
    assert job["landingPath"] == f"jobs/{job['jobId']}/file"
    assert (job["method"], job["headers"]) == ("PUT", {})
    shell(emulator, tmp_path, "2-upload.sh", UPLOAD_URL=job["uploadUrl"])
    assert json.loads(shell(emulator, tmp_path, "3-mapping.sh", job["jobId"]))["success"]
    assert json.loads(shell(emulator, tmp_path, "4-start.sh", job["jobId"]))["data"]["state"] == "running"
    until(lambda: api.status(job["jobId"])["state"] == "completed")
    errors = json.loads(shell(emulator, tmp_path, "5-errors.sh", job["jobId"]))["data"]
    assert (errors["hasErrors"], errors["errorCount"]) == (True, 2)
    assert set(errors) == {"hasErrors", "errorFileUrl", "expiresAt", "errorCount"}


@needs_curl
@pytest.mark.skipif(not shutil.which("jq"), reason="needs jq")
def test_the_guides_way_to_look_at_fields(emulator: Emulator, tmp_path: Path) -> None:
    """The metadata command and its jq filter list every field with name, type and whether it is required."""
    fields = json.loads(shell(emulator, tmp_path, "3b-fields.sh"))
    assert {"name": "email", "type": "email", "required": True} in fields


def test_the_guides_full_python_example_prints_the_rejected_rows(emulator: Emulator, tmp_path: Path) -> None:
    """The poller and the full example run to the end, print the counts, and show the two rejected rows."""
    (tmp_path / "spring-2026.csv").write_text(
        HEADER + BAD_ROWS + "a@example.com,A,B,2026-04-21T16:30:00+02:00\n", "utf-8"
    )
    parts = [(GUIDE / name).read_text("utf-8") for name in ("poller.py.txt", "full-example.py.txt")]
    (tmp_path / "example.py").write_text("\n".join(parts).replace(VENDOR_URL, emulator.base_url), "utf-8")
    hurry = "import time, runpy; sleep = time.sleep; time.sleep = lambda _: sleep(0.02); runpy.run_path('example.py')"
    environment = {**os.environ, "EXPERITURE_API_KEY": "the-key", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", hurry], cwd=tmp_path, env=environment, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    printed = done.stdout.decode().splitlines()
    assert "Done: 1 inserts, 0 updates, 2 invalid" in printed
    rejected = [json.loads(line) for line in printed if line.startswith("  {")]
    assert [line["error"] for line in rejected] == REASONS
    assert rejected[0] == {
        "rowNumber": 1,
        "sourceRow": {
            "email_address": "not-an-email",
            "FirstName": "No",
            "LastName": "Body",
            "signup_ts": "2026-04-21",
        },
        "error": REASONS[0],
    }


def test_the_guides_list_and_audience_bodies_are_taken(emulator: Emulator, api: Api) -> None:
    """The three init bodies of the guide's list section are accepted as printed."""
    list_id = api.ok("POST", "/lists", {"name": "Newsletter"})["id"]
    for name in ("new-list.json", "existing-list.json", "new-audience.json"):
        body = json.loads((GUIDE / name).read_text("utf-8").replace("lst_01HXYZ", list_id))
        assert api.ok("POST", "/import-jobs", body)["jobId"].startswith("imp_")
    assert emulator.query("SELECT count(*) FROM jobs WHERE state = 'pending'") == [(3,)]
