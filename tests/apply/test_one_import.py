"""One import on the wire: which calls, in which order, with which headers and bodies, and what is on disk by then."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.apply.workspace import (
    INIT,
    MAPPING,
    ONE_IMPORT,
    PEOPLE,
    START,
    STATUS,
    UPLOAD,
    Workspace,
    only,
    results,
    shape_of,
)

if TYPE_CHECKING:
    from syncer.emulator.faults import Fault


def test_the_calls_of_one_import_come_in_the_guides_order(workspace: Workspace) -> None:
    """Init, upload, mapping, start, then questions: each once, and nothing else is written."""
    workspace.spec("crm", PEOPLE)
    workspace.people("a.csv", "a@example.com", "b@example.com")
    outcome = workspace.run()
    assert results(outcome) == {"data/a.csv": "completed"}
    assert outcome.exit_code == 0
    assert workspace.writes() == ONE_IMPORT
    assert workspace.calls()[-1] == STATUS
    assert workspace.merged("profiles", "email") == ["a@example.com", "b@example.com"]


def test_each_step_is_durable_before_the_call_that_depends_on_it(workspace: Workspace) -> None:
    """When init arrives the claim is on disk, when start arrives its permit is, and neither holds anything later."""
    seen: dict[str, list[str]] = {}
    permitted: list[str] = []

    def watch(method: str, path: str) -> Fault | None:
        call = shape_of(method, path)
        seen.setdefault(call, workspace.events("crm"))
        if call == START:
            permitted.append(workspace.log("crm")[-1]["job"])
            assert permitted[0] in path
        return None

    workspace.watch(watch)
    workspace.spec("crm", PEOPLE)
    workspace.people("a.csv", "a@example.com")
    workspace.run()
    assert seen[INIT] == seen[UPLOAD] == seen[MAPPING] == ["claimed"]
    assert seen[START] == seen[STATUS] == ["claimed", "submitted"]
    assert workspace.events("crm") == ["claimed", "submitted", "finished"]
    assert permitted == [workspace.log("crm")[-1]["job"]]


def test_writes_carry_a_version_4_key_and_the_upload_carries_neither_key_nor_token(workspace: Workspace) -> None:
    """Each write has an Idempotency-Key of its own; the presigned PUT has no key and no Authorization."""
    workspace.spec("crm", PEOPLE)
    workspace.people("a.csv", "a@example.com")
    workspace.run()
    keys = [only(workspace.requests(call)).headers["idempotency-key"] for call in (INIT, MAPPING, START)]
    assert len(set(keys)) == 3
    assert all(str(uuid.UUID(key)) == key and uuid.UUID(key).version == 4 for key in keys)
    put = only(workspace.requests(UPLOAD)).headers
    assert "idempotency-key" not in put
    assert "authorization" not in put
    assert put["content-type"] == "text/csv"
    assert put["content-length"] == str(only(workspace.requests(INIT)).json["fileSize"])
    assert "transfer-encoding" not in put
    assert all("idempotency-key" not in record.headers for record in workspace.requests(STATUS))


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ("", {}),
        ('list: {create: "Spring"}', {"createList": True, "listName": "Spring"}),
        ('audience: {create: "Prospects"}', {"createAudience": True, "audienceName": "Prospects"}),
        ("auto_profile: true", {"autoProfileAfterImport": True}),
        (
            'list: {create: "S {date:%Y-%m}"}\naudience: {create: "A {spec}"}\nauto_profile: true',
            {
                "createList": True,
                "listName": "S 2026-04",
                "createAudience": True,
                "audienceName": "A crm",
                "autoProfileAfterImport": True,
            },
        ),
    ],
)
def test_init_names_what_the_guide_names_and_nothing_more(
    workspace: Workspace, extra: str, expected: dict[str, object]
) -> None:
    """The body has object, file name and size, and of the options only those that the spec asks for."""
    workspace.spec("crm", PEOPLE.replace("data/*.csv", '"data/{date:%Y-%m-%d}.csv"') + extra + "\n")
    workspace.people("2026-04-21.csv", "a@example.com")
    assert workspace.run().exit_code == 0
    body = only(workspace.requests(INIT)).json
    size = body.pop("fileSize")
    assert size == int(only(workspace.requests(UPLOAD)).headers["content-length"])
    assert body == {"objectName": "profiles", "fileName": "2026-04-21.csv", **expected}


def test_only_mapped_columns_are_described_and_leave(workspace: Workspace) -> None:
    """What the mapping does not list is neither in the mapping call nor in the uploaded bytes."""
    workspace.spec("crm", PEOPLE)
    workspace.people("a.csv", "a@example.com")
    workspace.run()
    assert only(workspace.requests(MAPPING)).json == {
        "sourceFields": {"email_address": "string", "FirstName": "string"},
        "fieldMap": {"email_address": "email", "FirstName": "first_name"},
    }
    job = workspace.log("crm")[-1]["job"]
    uploaded = (workspace.root.parent / "emulator" / "uploads" / job).read_text(encoding="utf-8")
    assert "secret" not in uploaded
    assert "ssn" not in uploaded


def test_the_log_proves_what_was_sent_and_what_became_of_it(workspace: Workspace) -> None:
    """The permit names the artifact, the end has counts, correlation id and durations, and neither holds a secret."""
    workspace.spec("crm", PEOPLE)
    workspace.people("a.csv", "a@example.com")
    workspace.run()
    _, permit, end = workspace.log("crm")
    assert permit["artifact"]["columns"] == ["email_address", "FirstName"]
    assert permit["artifact"]["rows"] == 1
    assert end["rows"] == {"read": 1, "valid": 1, "invalid": 0, "inserts": 1, "updates": 0}
    assert end["correlation_id"] == workspace.emulator.requests[-1].correlation_id
    assert set(end["seconds"]) == {"prepare", "upload", "job"}
    text = json.dumps(workspace.log("crm"))
    for secret in ("a@example.com", "uploads/", workspace.emulator.token, "Ann"):
        assert secret not in text


def test_a_run_leaves_no_artifact_behind(workspace: Workspace) -> None:
    """Prepared files hold personal data: they are gone when the run is."""
    workspace.spec("crm", PEOPLE)
    workspace.people("a.csv", "a@example.com")
    workspace.run()
    left = [path for path in (workspace.root / ".syncer").rglob("*") if path.is_file()]
    assert not [path for path in left if "a@example.com" in path.read_text(encoding="utf-8")]
