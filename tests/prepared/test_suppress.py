"""`suppress`: rows whose match key is listed never leave, whatever is done with the others."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from syncer.errors import PrepareError, Refused
from syncer.operations.plan import plan
from syncer.plan import Action
from syncer.render.outcome_text import outcome_text
from tests.apply.workspace import PEOPLE, only, results
from tests.prepared.orders_files import Format
from tests.rejects.ward import Ward

SUPPRESS = "suppress: {keys: private/erased.txt}\n"
FORMATS: list[Format] = ["csv", "jsonl", "parquet", "csv.gz"]


def erase(ward: Ward, *addresses: str, more: str = "") -> None:
    """Write the list of erased people."""
    hashes = [hashlib.sha256(each.encode()).hexdigest() for each in addresses]
    ward.file("private/erased.txt", "# erased", *hashes, *([more] if more else []))


def write(ward: Ward, file_format: Format, *addresses: str) -> None:
    """Write `data/a.<format>`: a row an address."""
    import duckdb

    source = ward.people("source", *addresses)
    if file_format == "csv":
        source.rename(ward.root / "data" / "a.csv")
        return
    options = {"jsonl": "FORMAT json", "parquet": "FORMAT parquet", "csv.gz": "FORMAT csv, COMPRESSION gzip"}
    with duckdb.connect() as connection:
        rows = f"read_csv('{source}', all_varchar=true, delim=',', header=true)"
        target = ward.root / "data" / f"a.{file_format}"
        connection.execute(f"COPY (SELECT * FROM {rows}) TO '{target}' ({options[file_format]})")
    source.unlink()


def spec(file_format: str = "csv", *more: str) -> str:
    return "\n".join([PEOPLE.replace("*.csv", f"*.{file_format}") + SUPPRESS, *more, ""])


def begin(ward: Ward, *addresses: str, file_format: Format = "csv", more: str = "") -> Any:
    ward.spec("crm", spec(file_format, more))
    write(ward, file_format, *addresses)
    return only(ward.run().imports)


@pytest.mark.parametrize("file_format", FORMATS)
def test_listed_rows_never_leave(ward: Ward, file_format: Format) -> None:
    """Neither in the upload nor in any private file; they are counted."""
    erase(ward, "gone@example.com")
    end = begin(
        ward, "a@example.com", "gone@example.com", "b@example.com", "Gone@example.com ", file_format=file_format
    )
    assert (end.result, end.rows.read, end.suppressed, end.quarantined) == ("completed", 2, 2, 0)
    assert ward.merged("profiles", "email") == ["a@example.com", "b@example.com"]
    artifact = ward.log("crm")[1]["artifact"]
    assert (artifact["rows"], artifact["suppressed"]) == (2, 2)
    ward.check_clean()


def test_rows_leave_before_they_are_judged(ward: Ward) -> None:
    """An erased row that is invalid, too, is not kept as a rejected one; source = suppressed + quarantined + sent."""
    erase(ward, "nobody")
    end = begin(ward, "a@example.com", "nobody", "no one", more="on_invalid: quarantine\nchecks: {max_invalid: 50%}")
    assert (end.rows.read, end.suppressed, end.quarantined) == (1, 1, 1)
    kept = [path.read_text("utf-8") for path in (ward.root / ".syncer").rglob("*.jsonl")]
    assert [("no one" in text, "nobody" in text) for text in kept] == [(True, False)]
    (checked,) = json.loads(ward.cli("check", "crm", "--file", "data/a.csv", "-o", "json")[1])["files"]
    assert (checked["rows"], checked["suppressed"], checked["quarantined"]) == (3, 1, 1)
    assert "1 suppressed, 1 would be held back" in ward.cli("check", "crm", "--file", "data/a.csv")[1]
    kept = [path.read_text("utf-8") for path in (ward.root / ".syncer").rglob("*.jsonl")]
    assert not any("nobody" in text for text in kept)


def test_the_run_says_how_many(ward: Ward) -> None:
    """The outcome names the count, and never whom."""
    erase(ward, "gone@example.com")
    ward.spec("crm", spec())
    ward.people("a.csv", "a@example.com", "gone@example.com")
    made, outcome = ward.plan_and_run()
    text = outcome_text(made, outcome)
    assert "1 row suppressed" in text
    assert "gone" not in text + json.dumps(ward.log("crm"))


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_file_of_which_no_row_is_left_is_done(ward: Ward, file_format: Format) -> None:
    """It is imported as a file of no rows, so that it holds no later one back; that is no error."""
    erase(ward, "gone@example.com")
    ward.spec("crm", spec(file_format))
    write(ward, file_format, "gone@example.com")
    outcome = ward.run()
    end = only(outcome.imports)
    assert (end.result, end.rows.read, end.suppressed, outcome.exit_code) == ("completed", 0, 1, 0)
    assert ward.run().imports == ()
    ward.check_clean()


def test_a_longer_list_imports_nothing_again(ward: Ward) -> None:
    """What is in the platform is erased there; the list keeps it from coming back."""
    erase(ward, "gone@example.com")
    begin(ward, "a@example.com", "gone@example.com")
    erase(ward, "gone@example.com", "a@example.com")
    before = ward.hashes()
    made, outcome = ward.plan_and_run()
    assert (outcome.exit_code, made.runnable, ward.hashes()) == (0, (), before)
    ward.people("a.csv", "a@example.com", "b@example.com", "gone@example.com")
    assert only(ward.run().imports).suppressed == 2


def test_a_longer_list_makes_a_final_failure_be_tried_again(ward: Ward) -> None:
    """The list is part of how the file is prepared; its order and comments are not."""
    erase(ward, "x@example.com")
    end = begin(ward, "a@example.com", "nobody", more="on_invalid: abort")
    assert end.result == "failed"
    ward.file("private/erased.txt", *[hashlib.sha256(b"x@example.com").hexdigest().upper()] * 2, "", "# other words")
    made, _ = ward.plan_and_run()
    assert [item.action for item in made.imports] == [Action.BLOCKED]
    erase(ward, "x@example.com", "nobody")
    assert results(ward.run()) == {"data/a.csv": "completed"}
    assert ward.merged("profiles", "email") == ["a@example.com"]


@pytest.mark.parametrize("wrong", ["absent", "malformed", "folder"])
def test_without_a_readable_list_nothing_is_begun(ward: Ward, wrong: str) -> None:
    """The plan says so, apply refuses, and the log is as it was."""
    ward.spec("crm", spec())
    ward.people("a.csv", "a@example.com")
    if wrong == "malformed":
        erase(ward, "gone@example.com", more="gone@example.com")
    elif wrong == "folder":
        (ward.root / "private" / "erased.txt").mkdir(parents=True)
    assert any("no file of crm can be imported" in told for told in plan(ward.root, environ=ward.environ).warnings)
    with pytest.raises(PrepareError) as caught:
        ward.run()
    assert "gone" not in str(caught.value)
    assert (ward.log("crm"), ward.emulator.requests) == ([], [])
    code, _, err = ward.cli("apply")
    assert (code, "erased.txt" in err) == (1, True)
    if wrong != "folder":
        erase(ward, "gone@example.com")
        assert results(ward.run()) == {"data/a.csv": "completed"}


def test_a_list_that_vanishes_under_a_run_lets_nothing_leave(ward: Ward) -> None:
    """Between the plan and the upload of a second file: what was not suppressed is not sent."""
    erase(ward, "gone@example.com")
    ward.spec("crm", spec())
    ward.people("a.csv", "a@example.com", "gone@example.com")
    listed = ward.root / "private" / "erased.txt"

    def watch(_: str, path: str) -> None:
        if path.startswith("/metadata"):
            listed.unlink(missing_ok=True)

    ward.watch(watch)
    outcome = ward.run()
    assert results(outcome) == {"data/a.csv": "failed"}
    assert ward.merged("profiles", "email") == []
    ward.watch(lambda *_: None)
    erase(ward, "gone@example.com")
    assert results(ward.run()) == {"data/a.csv": "completed"}
    assert ward.merged("profiles", "email") == ["a@example.com"]


def rejected(ward: Ward) -> None:
    """Import a file of which two rows were rejected; one of the people is erased since."""
    erase(ward, "x@example.com")
    begin(ward, "a@example.com", "nobody", "no one")
    erase(ward, "x@example.com", "nobody", "nobody@example.com")


def test_a_repair_suppresses_too(ward: Ward) -> None:
    """Rows of people who were erased since are given up first, by name and reason; the others are sent."""
    rejected(ward)
    crm = ward.log("crm")[0]["import"]
    with pytest.raises(Refused, match="1 of the rows is suppressed") as caught:
        ward.repair(given=crm)
    assert caught.value.next_step == f'syncer rejects waive {crm} --rows 1 --reason "erased"'
    ward.waive(1, given=crm)
    end = only(ward.repair(given=crm).imports)
    assert (end.rows.read, end.rows.invalid) == (1, 1)
    assert "nobody" not in ward.emulator.world.jobs.upload_path(end.job).read_text("utf-8")
    ward.check_clean()


def test_a_mended_row_of_an_erased_person_is_not_sent(ward: Ward) -> None:
    """The list is held against what would be sent now, and mended rows are of the spec's own format."""
    rejected(ward)
    crm = ward.log("crm")[0]["import"]
    fixed = ward.file("fixed.csv", "email_address,FirstName", "nobody@example.com,Ann", "c@example.com,Cy")
    with pytest.raises(Refused, match="1 of the rows is suppressed"):
        ward.repair(fixed, crm)
    ward.waive(1, given=crm)
    end = only(ward.repair(fixed, crm).imports)
    assert (end.rows.read, end.rows.valid) == (1, 1)
    assert ward.merged("profiles", "email") == ["a@example.com", "c@example.com"]
    assert ward.open_rows() == {}
    ward.check_clean()


def test_kept_rows_are_prepared_again_where_the_list_grew(ward: Ward) -> None:
    """A repair that was begun under a shorter list does not go on with it."""
    rejected(ward)
    crm = ward.log("crm")[0]["import"]
    erase(ward, "x@example.com")
    ward.emulator.faults.add(match="POST /import-jobs", do="status", status=503, times=0)
    fixed = ward.file("fixed.csv", "email_address,FirstName", "b@example.com,Ann", "c@example.com,Cy")
    ward.repair(fixed, crm)
    ward.emulator.faults.clear()
    erase(ward, "x@example.com", "b@example.com")
    ward.run()
    assert ward.merged("profiles", "email") == ["a@example.com"]
    with pytest.raises(Refused, match="1 of the rows is suppressed"):
        ward.repair(fixed, crm)
