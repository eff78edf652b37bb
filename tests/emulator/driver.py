"""A plain client for the emulator's tests: requests over a real socket, and nothing of syncer's own client."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

JSON = dict[str, Any]

PROFILE_COLUMNS = {
    "email_address": "email",
    "FirstName": "first_name",
    "LastName": "last_name",
    "signup_ts": "signed_up_at",
}
ORDER_COLUMNS = {"id": "order_id", "at": "ordered_at", "amount": "amount"}


@dataclass
class Finished:
    """A job at its end: its status and the lines of its rejected rows file."""

    status: JSON
    rejected: list[JSON]

    @property
    def reasons(self) -> dict[int, str]:
        """What each rejected row was told, by row number."""
        return {line["rowNumber"]: line["error"] for line in self.rejected}


@dataclass
class Api:
    """One workspace's API at `base_url`."""

    base_url: str
    token: str = "dev-token"
    session: requests.Session = field(default_factory=requests.Session)

    def call(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        data = None if body is None else json.dumps(body)
        if data is not None:
            sent["Content-Type"] = "application/json"
        return self.session.request(method, self.base_url + path, data=data, headers=sent, timeout=20)

    def ok(self, method: str, path: str, body: object = None) -> JSON:
        """The data of an answer that has to be a success."""
        response = self.call(method, path, body)
        assert response.status_code == 200, response.text
        data: JSON = response.json()["data"]
        return data

    def refused(self, method: str, path: str, body: object = None) -> tuple[int, str]:
        """Status and code of an answer that has to be a failure."""
        response = self.call(method, path, body)
        answer = response.json()
        assert answer["success"] is False
        assert answer["correlationId"] == response.headers["x-correlation-id"]
        return response.status_code, answer["error"]["code"]

    def init(self, object_name: str, file_name: str, content: bytes, **options: object) -> JSON:
        body = {"objectName": object_name, "fileName": file_name, "fileSize": len(content), **options}
        return self.ok("POST", "/import-jobs", body)

    def ready(
        self, object_name: str, file_name: str, content: bytes, columns: Mapping[str, str], **options: object
    ) -> str:
        """A job that is uploaded and mapped; its id."""
        job = self.init(object_name, file_name, content, **options)
        self.put(job["uploadUrl"], content).raise_for_status()
        self.map(job["jobId"], columns)
        return str(job["jobId"])

    def put(self, url: str, content: bytes) -> requests.Response:
        return self.session.put(url, data=content, timeout=20)

    def map(self, job_id: str, columns: Mapping[str, str]) -> JSON:
        body = {"sourceFields": dict.fromkeys(columns, "string"), "fieldMap": dict(columns)}
        return self.ok("POST", f"/import-jobs/{job_id}/mapping", body)

    def start(self, job_id: str) -> JSON:
        return self.ok("POST", f"/import-jobs/{job_id}/start", {})

    def status(self, job_id: str) -> JSON:
        return self.ok("GET", f"/import-jobs/{job_id}")

    def finish(self, job_id: str) -> Finished:
        """Wait for the job's end."""
        until(lambda: self.status(job_id)["state"] in {"completed", "failed"})
        errors = self.ok("GET", f"/import-jobs/{job_id}/errors")
        lines: list[JSON] = []
        if errors["hasErrors"]:
            text = self.session.get(errors["errorFileUrl"], timeout=20).content.decode()
            lines = [json.loads(line) for line in text.splitlines()]
            assert len(lines) == errors["errorCount"]
        return Finished(self.status(job_id), lines)

    def run(
        self, object_name: str, file_name: str, content: bytes, columns: Mapping[str, str], **options: object
    ) -> Finished:
        """A whole import."""
        job_id = self.ready(object_name, file_name, content, columns, **options)
        assert self.start(job_id)["state"] == "running"
        return self.finish(job_id)


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until `condition` holds; fail if it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.005)
