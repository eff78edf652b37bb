"""Small files as record batches: what is sent, what the log holds, and when it is an import job after all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.apply.workspace import ONE_IMPORT, ORDERS, Workspace, only, results
from tests.records.specs import BATCH, PEOPLE, batches, numbered, people, permit

if TYPE_CHECKING:
    from syncer.apply.outcome import ImportOutcome

AUTO = PEOPLE.replace("via: records", "via: auto")


def run_one(workspace: Workspace) -> ImportOutcome:
    outcome: ImportOutcome = only(workspace.run().imports)
    return outcome


def test_a_small_file_goes_as_one_batch(workspace: Workspace) -> None:
    """No job is made; the rows are there, and the log has the claim, the permit and the end with its counts."""
    workspace.spec("crm", PEOPLE)
    people(workspace, "a.csv", "a@x.io,Ann,7", "b@x.io,Bob,", "c@x.io,Cy,many")
    outcome = run_one(workspace)
    assert outcome.result == "completed"
    assert workspace.writes() == [BATCH]
    (sent,) = batches(workspace)
    assert sent.json == {
        "records": [
            {"email": "a@x.io", "first_name": "Ann", "points": 7},
            {"email": "b@x.io", "first_name": "Bob", "points": None},
            {"email": "c@x.io", "first_name": "Cy", "points": "many"},
        ],
        "matchKey": "email",
    }
    assert workspace.emulator.query("SELECT email, points FROM profiles ORDER BY 1") == [
        ("a@x.io", 7),
        ("b@x.io", None),
    ]
    assert workspace.events("crm") == ["claimed", "submitted", "finished"]
    claimed, given, end = workspace.log("crm")
    assert given["via"] == "records"
    assert given["job"] == f"records-{claimed['import']}-1-1" == end["job"]
    assert given["artifact"]["columns"] == ["email_address", "FirstName", "points"]
    assert given["artifact"]["digest"].startswith("sha256:")
    assert end["rows"] == {"read": 3, "valid": 2, "invalid": 1, "inserts": 2, "updates": 0}
    assert end["rejections"] == [{"reason": "points: not an integer", "count": 1, "first_row": 3}]
    assert outcome.warnings == ()
    assert results(workspace.run()) == {}


def test_rejected_rows_are_kept_as_those_of_a_job_are(workspace: Workspace) -> None:
    """The private file has number, row and reason of those that the API refused and of those that were no records."""
    workspace.spec("crm", PEOPLE)
    people(workspace, "a.csv", "a@x.io,Ann,7", "nobody,Bob,1", "c@x.io", "d@x.io,Di,1")
    outcome = run_one(workspace)
    assert outcome.rows is not None
    assert (outcome.rows.read, outcome.rows.invalid) == (4, 2)
    assert outcome.rejects_file is not None
    kept = workspace.root / outcome.rejects_file
    assert kept.stat().st_mode & 0o777 == 0o600
    lines = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
    row = {"email_address": "nobody", "FirstName": "Bob", "points": "1"}
    assert lines[0] == {"rowNumber": 2, "sourceRow": row, "error": "email: invalid email format"}
    assert (lines[1]["rowNumber"], lines[1]["error"]) == (3, "row: expected 3 columns, found 4")


def test_a_large_file_goes_in_several_batches_under_one_permit(workspace: Workspace) -> None:
    """Each has its own key, the last one a lone record, which is sent twice and counted once."""
    workspace.spec("crm", PEOPLE)
    people(workspace, "a.csv", *numbered(20_001))
    outcome = run_one(workspace)
    sent = batches(workspace)
    assert [len(each.json["records"]) for each in sent] == [10_000, 10_000, 2]
    assert sent[2].json["records"][0] == sent[2].json["records"][1]
    assert len({each.headers["idempotency-key"] for each in sent}) == 3
    assert workspace.events("crm") == ["claimed", "submitted", "finished"]
    assert outcome.rows is not None
    assert (outcome.rows.read, outcome.rows.inserts, outcome.rows.updates) == (20_001, 20_001, 0)
    assert workspace.emulator.query("SELECT count(*) FROM profiles") == [(20_001,)]


def test_a_file_without_rows_is_done_without_a_batch(workspace: Workspace) -> None:
    """A header alone is an import of no rows."""
    workspace.spec("crm", PEOPLE)
    people(workspace, "a.csv")
    assert run_one(workspace).result == "completed"
    assert workspace.writes() == []


def test_auto_takes_batches_for_small_files_and_jobs_for_others(workspace: Workspace) -> None:
    """Fewer than 10,000 rows are a batch; 10,000 are a job, and so is a lone row."""
    workspace.spec("crm", AUTO)
    people(workspace, "a.csv", *numbered(9_999))
    assert run_one(workspace).result == "completed"
    assert workspace.writes() == [BATCH]
    before = len(workspace.emulator.requests)
    people(workspace, "b.csv", *numbered(10_000, "Bob"))
    assert run_one(workspace).result == "completed"
    assert workspace.writes(since=before) == ONE_IMPORT
    before = len(workspace.emulator.requests)
    people(workspace, "c.csv", "a@x.io,Cy,1")
    assert run_one(workspace).result == "completed"
    assert workspace.writes(since=before) == ONE_IMPORT
    assert [line.get("via") for line in workspace.log("crm") if line["event"] == "submitted"] == ["records", None, None]


@pytest.mark.parametrize(
    "option", ["list: {create: Spring}", "audience: {create: Spring}", "auto_profile: true", "prepare: {split: 64B}"]
)
def test_auto_takes_a_job_for_what_only_a_job_can_do(workspace: Workspace, option: str) -> None:
    """Lists, audiences, profiling and parts need jobs, however small the file is."""
    workspace.spec("crm", AUTO + option)
    people(workspace, "a.csv", *numbered(9))
    assert run_one(workspace).result == "completed"
    assert BATCH not in workspace.writes()
    assert len(workspace.merged("profiles", "email")) == 9


def test_records_are_refused_for_an_object_that_appends(workspace: Workspace) -> None:
    """Nothing is begun; the plan says why. With auto the file is a job, and the plan says why."""
    workspace.spec("shop", ORDERS.replace("target: {object: orders}", "target: {object: orders, via: records}"))
    workspace.orders("a.csv", "o1", "o2")
    outcome = run_one(workspace)
    assert outcome.result == "attention"
    assert "use target.via: import" in outcome.message
    assert (workspace.writes(), workspace.events("shop")) == ([], [])
    workspace.spec("shop", ORDERS.replace("target: {object: orders}", "target: {object: orders, via: auto}"))
    plan, outcomes = workspace.plan_and_run()
    assert only(outcomes.imports).result == "completed"
    assert plan.specs[0].notes == ("target.via is auto, and object orders appends: all files go by import jobs",)
    assert workspace.writes() == ONE_IMPORT


def test_records_are_refused_where_the_write_mode_is_not_known(workspace: Workspace) -> None:
    """A token that may not read metadata cannot show that an object upserts."""
    workspace.emulator.faults.add(
        match="GET /metadata/*", do="status", status=403, code="CDP_ETL.AUTH.FORBIDDEN", times=99
    )
    workspace.spec("crm", PEOPLE)
    people(workspace, "a.csv", *numbered(3))
    outcome = run_one(workspace)
    assert (outcome.result, workspace.writes()) == ("failed", [])
    assert "not known" in outcome.message


def test_a_file_that_is_sent_as_it_is_goes_as_records_too(workspace: Workspace) -> None:
    """With prepare.mode: passthrough the rows are read from a copy, and only mapped columns become members."""
    workspace.spec("crm", PEOPLE + "prepare: {mode: passthrough}\n")
    workspace.file("data/a.csv", "ssn,email_address,FirstName,points", "1,a@x.io,Ann,7", "2,b@x.io,Bob,8")
    assert run_one(workspace).result == "completed"
    (sent,) = batches(workspace)
    assert sent.json["records"][0] == {"email": "a@x.io", "first_name": "Ann", "points": 7}
    assert permit(workspace)["artifact"]["rows"] == 2
