"""`on_invalid: quarantine`: only valid rows are sent, and the others are rejected rows that nobody loses."""

from __future__ import annotations

import json
import os
import stat
from typing import Any

import pytest

from syncer.errors import SyncerError
from syncer.render.outcome_json import outcome_json
from syncer.render.outcome_markdown import outcome_markdown
from syncer.render.outcome_text import outcome_text
from tests.apply.workspace import ORDERS, only
from tests.prepared.orders_files import Format, shop, sick, well, write
from tests.rejects.ward import Ward

QUARANTINE = "on_invalid: quarantine"
MISSING = "ordered_at: required value is missing"
FORMATS: list[Format] = ["csv", "jsonl", "parquet", "csv.gz"]


def begin(ward: Ward, name: str = "a.csv") -> Any:
    """Import a file of two valid rows and two that would be rejected."""
    ward.spec("shop", shop(name.partition(".")[2], QUARANTINE))
    write(ward, name, [*well("o1"), *sick("s1"), *well("o2"), *sick("s2")])
    return only(ward.run().imports)


@pytest.mark.parametrize("file_format", FORMATS)
def test_only_valid_rows_are_sent(ward: Ward, file_format: str) -> None:
    """Whatever the format: the platform reads as many rows as it takes, and the log accounts for the others."""
    end = begin(ward, f"a.{file_format}")
    assert (end.result, end.rows.read, end.rows.invalid, end.quarantined, end.warnings) == ("completed", 2, 0, 2, ())
    assert [(each.reason, each.count) for each in end.held_back] == [(MISSING, 2)]
    assert ward.merged("orders", "order_id") == ["o1", "o2"]
    artifact = ward.log("shop")[1]["artifact"]
    assert (artifact["rows"], artifact["invalid"], artifact["quarantined"]) == (2, 0, 2)
    assert artifact["held_back"] == [{"reason": MISSING, "count": 2, "first_row": 2}]
    assert "s1" not in json.dumps(ward.log("shop"))
    ward.check_clean()


def test_what_is_held_back_is_told_in_every_format(ward: Ward) -> None:
    """The run's own words say how many and why."""
    ward.spec("shop", shop("csv", QUARANTINE))
    write(ward, "a.csv", [*well("o1"), *sick("s1", "s2")])
    plan, outcome = ward.plan_and_run()
    text = outcome_text(plan, outcome)
    assert "2 rows held back (on_invalid: quarantine)" in text
    assert f"2  {MISSING} (first in row 2)" in text
    assert "2 rows held back (on\\_invalid: quarantine)" in outcome_markdown(plan, outcome)
    (told,) = json.loads(outcome_json(plan, outcome))["imports"]
    assert (told["quarantined"], told["suppressed"], told["held_back"][0]["reason"]) == (2, 0, MISSING)


def test_check_tells_beforehand_what_would_be_held_back(ward: Ward) -> None:
    """The same counts and rows, to the byte, that the import then has."""
    ward.spec("shop", shop("csv", QUARANTINE))
    write(ward, "a.csv", [*well("o1"), *sick("s1")])
    code, out, err = ward.cli("check", "-o", "json")
    assert code == 0, err
    (told,) = json.loads(out)["files"]
    assert (told["rows"], told["invalid"], told["quarantined"]) == (2, 1, 1)
    assert "1 would be held back" in ward.cli("check")[1]
    ward.run()
    (kept,) = only(ward.listed()).files
    assert kept.path.read_bytes() == (ward.root / told["rejects"]).read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_the_rows_are_kept_for_their_owner_alone(ward: Ward) -> None:
    """In the private store, where `get` finds them without asking the API."""
    begin(ward)
    (kept,) = only(ward.listed()).files
    assert (kept.job, kept.rows, kept.is_here) == ("", 2, True)
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.path.parent.stat().st_mode) == 0o700
    before = len(ward.emulator.requests)
    got = ward.get(out=ward.root / "out.csv")
    assert (got.rows, got.fetched, len(ward.emulator.requests)) == (2, 0, before)
    lines = (ward.root / "out.csv").read_text("utf-8").splitlines()
    assert lines == ["id,at,amount,_row,_error", f"s1,,9.5,2,{MISSING}", f"s2,,9.5,4,{MISSING}"]


@pytest.mark.parametrize("file_format", FORMATS)
def test_mended_rows_are_imported_once(ward: Ward, file_format: str) -> None:
    """They are rejected rows as any: mended in a file they come in, and the account is whole."""
    begin(ward, f"a.{file_format}")
    path = f"orders/a.{file_format}"
    assert ward.account(path).rejected == ward.account(path).open == 2
    end = ward.repaired(ward.mended("s1,2026-04-21T16:30:00Z,1", "s2,2026-04-22T16:30:00Z,2"))
    assert (end.result, end.rows.valid, end.quarantined) == ("completed", 2, 0)
    assert ward.merged("orders", "order_id") == ["o1", "o2", "s1", "s2"]
    assert (ward.account(path).repaired, ward.account(path).open) == (2, 0)
    ward.check_clean()


def test_rows_are_sent_as_they_were_once_the_object_takes_them(ward: Ward) -> None:
    """Without a file the kept rows go; what the platform still rejects is the repair's own."""
    begin(ward)
    end = ward.repaired()
    assert (end.rows.read, end.rows.invalid) == (2, 2)
    assert ward.open_rows() == {"orders/a.csv#repair-1": 2}
    ward.check_clean()


def test_rows_are_waived(ward: Ward) -> None:
    """In part or as a whole; a repair sends what is left."""
    begin(ward)
    assert ward.waive(1).account.open == 1
    ward.repaired(ward.mended("s2,2026-04-22T16:30:00Z,2"))
    assert ward.open_rows() == {}
    assert ward.merged("orders", "order_id") == ["o1", "o2", "s2"]
    ward.check_clean()


def test_rows_that_only_the_platform_rejects_are_rejected_rows_beside_them(ward: Ward) -> None:
    """A prediction that did not know the object's fields holds fewer rows back; both kinds are open."""
    ward.emulator.faults.add(match="GET /metadata/objects/*", do="status", status=403, times=0)
    ward.spec("shop", shop("csv", QUARANTINE))
    ward.file("orders/a.csv", "id,at,amount", "o1,2026-04-21T16:30:00Z,1", "s1,2026-04-21T16:30:00Z,x", "s2,,1")
    end = only(ward.run().imports)
    assert (end.rows.read, end.rows.invalid, end.quarantined) == (2, 1, 1)
    assert end.warnings == ("0 rows were expected to be rejected, and 1 were",)
    assert ward.open_rows() == {"orders/a.csv": 2}
    assert [each.rows for each in only(ward.listed()).files] == [1, 1]
    assert ward.get().rows == 2
    ward.check_clean()


def test_on_another_machine_the_rows_are_found_again_in_the_source(ward: Ward) -> None:
    """The message says how, and it works: check the file, mend the rows, and repair with them."""
    begin(ward)
    (kept,) = only(ward.listed()).files
    kept.path.unlink()
    with pytest.raises(SyncerError, match="held back on another machine") as caught:
        ward.get()
    find, mend = caught.value.next_step.splitlines()
    code, out, err = ward.cli(*find.partition("syncer ")[2].split(), "-o", "json")
    assert code == 0, err
    (told,) = json.loads(out)["files"]
    rows = [json.loads(line) for line in (ward.root / told["rejects"]).read_text("utf-8").splitlines()]
    mended = ward.mended(*(f"{row['sourceRow']['id']},2026-04-21T16:30:00Z,1" for row in rows))
    command = mend.partition("syncer ")[2].replace("FILE", mended.name).split()
    code, _, err = ward.cli(*command)
    assert code == 0, err
    assert ward.merged("orders", "order_id") == ["o1", "o2", "s1", "s2"]


def test_checks_are_of_the_whole_file(ward: Ward) -> None:
    """More invalid rows than allowed hold the file back; none of its rows is left in the store."""
    ward.spec("shop", shop("csv", QUARANTINE, "checks: {max_invalid: 40%}"))
    write(ward, "a.csv", [*well("o1"), *sick("s1")])
    outcome = ward.run()
    assert (only(outcome.imports).result, outcome.exit_code) == ("failed", 3)
    assert not list((ward.root / ".syncer" / "rejects").rglob("*.jsonl"))
    assert not ward.writes()
    assert ward.listed(everything=True) == ()


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_file_without_a_valid_row(ward: Ward, file_format: str) -> None:
    """The import is done and all its rows are open; the run ends with 3, for something is wrong with the source."""
    ward.spec("shop", shop(file_format, QUARANTINE))
    write(ward, f"a.{file_format}", sick("s1", "s2"))
    outcome = ward.run()
    end = only(outcome.imports)
    assert (end.result, end.rows.read, end.quarantined, outcome.exit_code) == ("completed", 0, 2, 3)
    assert "every row was rejected" in end.message
    assert f"look at the first rows of {end.rejects_file}" in end.message
    assert ward.open_rows() == {f"orders/a.{file_format}": 2}
    ward.repaired(ward.mended("s1,2026-04-21T16:30:00Z,1", "s2,2026-04-22T16:30:00Z,2"))
    assert ward.merged("orders", "order_id") == ["s1", "s2"]
    ward.check_clean()


def test_a_mended_source_replaces_what_was_held_back(ward: Ward) -> None:
    """The next version of the file is imported as a whole, and nothing is open any more."""
    begin(ward)
    ward.spec("shop", shop("csv", QUARANTINE).replace("*.csv", '*.csv", on_change: "import'))
    write(ward, "a.csv", well("o1", "s1"))
    assert only(ward.run().imports).result == "completed"
    assert ward.open_rows() == {}
    assert ward.account().replaced == 2
    ward.check_clean()


def test_nothing_is_held_back_of_a_clean_file(ward: Ward) -> None:
    """The log says so, and no file of rows is made."""
    ward.spec("shop", ORDERS + "on_invalid: quarantine\n")
    ward.orders("a.csv", "o1")
    end = only(ward.run().imports)
    assert (end.result, end.quarantined) == ("completed", 0)
    assert ward.log("shop")[1]["artifact"]["quarantined"] == 0
    assert not list((ward.root / ".syncer" / "rejects").rglob("*.jsonl"))


def test_a_failed_attempt_leaves_no_open_rows(ward: Ward) -> None:
    """What was held back of an import that is not done is nobody's to repair; once it is, the rows are counted once."""
    ward.emulator.faults.add(
        match="POST /import-jobs/*/start", do="job_fails", code="CDP_ETL.IMPORT.SOURCE_UNREADABLE", message="corrupt"
    )
    end = begin(ward)
    assert end.result == "completed"
    assert ward.events("shop").count("submitted") == 2
    assert ward.open_rows() == {"orders/a.csv": 2}
    ward.check_clean()


def test_columns_that_only_held_back_rows_have_are_not_mapped(ward: Ward) -> None:
    """A mapped column that no row of a JSONL file has would fail the whole job."""
    ward.spec("shop", shop("jsonl", QUARANTINE).replace("mapping: {", "mapping: {who: email, "))
    ward.file(
        "orders/a.jsonl",
        '{"id": "o1", "at": "2026-04-21T16:30:00Z", "amount": 1}',
        '{"id": "s1", "at": "2026-04-21T16:30:00Z", "amount": 1, "who": "nobody"}',
    )
    end = only(ward.run().imports)
    assert (end.result, end.rows.read, end.quarantined) == ("completed", 1, 1)
    assert ward.log("shop")[1]["artifact"]["columns"] == ["id", "at", "amount"]
