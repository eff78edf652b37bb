"""What is open is listed, what is not here is fetched, and what stays out is on record with a name and a reason."""

from __future__ import annotations

import json
import os
import stat

import pytest

from syncer.errors import NotFound, Refused, SyncerError
from tests.apply.workspace import ERRORS, PEOPLE, only
from tests.rejects.ward import REPAIR, SICK, Ward, waived_rows

CELLS = ("bad1", "bad2", "much", "2026-04-21")
"""What stands in the rejected rows, and must not stand on a screen that nobody asked to show them."""
FORMATS = ("text", "json", "markdown")


def test_the_list_says_what_is_open_why_and_where(sick: Ward) -> None:
    """One entry an import, with its reasons, its private file and its age; an import without rejected rows has none."""
    sick.orders("b.csv", "o2")
    sick.run()
    entry = only(sick.listed())
    assert (entry.spec, entry.path, entry.import_id) == ("shop", "orders/a.csv", sick.first)
    assert (entry.account.rejected, entry.account.open) == (2, 2)
    assert [(each.reason, each.count) for each in entry.reasons] == [
        ("amount: not a number", 1),
        ("ordered_at: naive datetime — include timezone offset", 1),
    ]
    assert only(entry.files).is_here
    assert (sick.root / only(entry.files).shown).is_file()
    assert 0 <= entry.age_seconds < 600


@pytest.mark.parametrize("output", FORMATS)
def test_no_command_shows_a_row_unasked(sick: Ward, output: str) -> None:
    """In no format: counts, reasons and places are all that list, get and waive print."""
    for arguments in (
        ("list",),
        ("get", sick.first),
        ("waive", sick.first, "--reason", "test rows"),
        ("list", "--all"),
    ):
        code, out, err = sick.cli("rejects", *arguments, "-o", output)
        assert code == 0, err
        assert sick.first in out
        assert not [cell for cell in CELLS if cell in out + err]
    text = (sick.root / "state" / "shop.jsonl").read_text("utf-8")
    assert not [cell for cell in CELLS if cell in text]


def test_programs_are_told_what_people_are(sick: Ward) -> None:
    """The JSON documents have a version and the account of the rows."""
    listed = json.loads(sick.cli("rejects", "list", "-o", "json")[1])
    assert listed["format_version"] == 1
    assert only(listed["imports"])["rows"] == {"rejected": 2, "repaired": 0, "waived": 0, "replaced": 0, "open": 2}
    waived = json.loads(sick.cli("rejects", "waive", sick.first, "--reason", "x", "--rows", "1", "-o", "json")[1])
    assert (waived["waived"], waived["rows"]["open"]) == (1, 1)


def test_the_list_can_be_cut_to_a_spec_and_extended_to_the_closed(sick: Ward) -> None:
    """--spec chooses, --all adds what is dealt with."""
    sick.spec("crm", PEOPLE)
    sick.people("a.csv", "broken")
    sick.run()
    assert sorted(each.spec for each in sick.listed()) == ["crm", "shop"]
    assert only(sick.listed("crm")).path == "data/a.csv"
    sick.waive()
    assert only(sick.listed()).spec == "crm"
    assert sorted(each.spec for each in sick.listed(everything=True)) == ["crm", "shop"]


def test_rows_that_are_not_here_are_asked_for(sick: Ward) -> None:
    """The list says so; get fetches them with a fresh address, and another get asks nobody."""
    sick.rejects_file().unlink()
    assert f"the rows are not here: syncer rejects get {sick.first}" in sick.cli("rejects", "list")[1]
    sick.emulator.faults.add(match="GET /error-files/*", do="status", status=403)
    before = len(sick.emulator.requests)
    got = sick.get()
    assert (got.fetched, got.rows, only(got.files).is_here) == (1, 2, True)
    assert sick.calls(since=before).count(ERRORS) == 2
    if os.name != "nt":
        assert stat.S_IMODE(sick.rejects_file().stat().st_mode) == 0o600
    before = len(sick.emulator.requests)
    assert sick.get().fetched == 0
    assert len(sick.emulator.requests) == before


def test_rows_are_found_by_the_job_too(sick: Ward) -> None:
    """What a person has at hand may be the job's id."""
    assert sick.get(str(sick.jobs("id")[0])).import_id == sick.first


def test_a_count_that_is_not_the_jobs_is_told(sick: Ward) -> None:
    """A file that lost a line is not taken for the rows."""
    path = sick.rejects_file()
    path.write_text(path.read_text("utf-8").splitlines(keepends=True)[0], "utf-8")
    with pytest.raises(SyncerError, match=r"holds 1 rows, and job imp_\w+ rejected 2"):
        sick.get()


def test_rows_that_the_api_has_lost_can_be_given_up(sick: Ward) -> None:
    """The message says how."""
    sick.rejects_file().unlink()
    sick.emulator.faults.add(match="GET /import-jobs/*/errors", do="status", status=404, code="CDP_ETL.NOT_FOUND")
    with pytest.raises(NotFound, match="does not know job") as caught:
        sick.get()
    assert f"syncer rejects waive {sick.first}" in caught.value.next_step


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl"])
def test_rows_are_copied_to_a_private_file_that_is_never_overwritten(sick: Ward, name: str) -> None:
    """Somebody may have begun to mend it."""
    out = sick.root / name
    sick.get(out=out)
    text = out.read_text("utf-8")
    assert all(cell in text for cell in CELLS)
    if os.name != "nt":
        assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with pytest.raises(Refused, match="exists already"):
        sick.get(out=out)
    assert out.read_text("utf-8") == text
    if name.endswith(".csv"):
        assert text.splitlines()[:2] == ["id,at,amount,_row,_error", f"{SICK[0]},2,amount: not a number"]


def test_rows_are_shown_to_whoever_asks(sick: Ward) -> None:
    """--show prints the API's lines to stdout and nothing else there."""
    code, out, _ = sick.cli("rejects", "get", sick.first, "--show")
    assert code == 0
    assert [json.loads(line)["rowNumber"] for line in out.splitlines()] == [2, 3]


def test_what_is_waived_is_on_record_and_closed(sick: Ward) -> None:
    """Part by part or all at once, with name and reason; nothing is open then."""
    assert sick.waive(1).account.open == 1
    done = sick.waive()
    assert (done.rows, done.account.waived, done.account.open) == (1, 2, 0)
    line = sick.log("shop")[-1]
    assert (line["event"], line["rows"], line["reason"], line["import"]) == ("waived", 1, "test rows", sick.first)
    assert line["actor"]
    assert sick.open_rows() == {}
    assert waived_rows(sick.ledger()) == [1, 1]
    sick.check_clean()
    with pytest.raises(Refused, match=r"no rejected row of orders/a\.csv is open"):
        sick.waive()


def test_no_more_is_waived_than_is_open(sick: Ward) -> None:
    """Nor of an import that has no rejected row."""
    with pytest.raises(Refused, match="3 rows cannot be waived: 2 of"):
        sick.waive(3)
    sick.orders("b.csv", "o2")
    sick.run()
    with pytest.raises(Refused, match=r"no row of orders/b\.csv is recorded as rejected"):
        sick.waive(given=str(sick.log("shop")[-1]["import"]))
    assert waived_rows(sick.ledger()) == []


def test_nothing_is_decided_while_a_repair_runs(sick: Ward) -> None:
    """Neither waived nor forgotten: how many rows are left is known when its job has ended."""
    sick.emulator.faults.add(match="GET /import-jobs/*", do="status", status=500, times=0)
    assert sick.repaired(sick.mended()).result == "unfinished"
    for refused in (sick.waive, lambda: sick.repair(sick.mended(*SICK))):
        with pytest.raises(Refused, match="permitted"):
            refused()
    code, _, err = sick.cli("forget", sick.first, "--reason", "again", "--append-again")
    assert (code, f"{REPAIR} is not closed" in err) == (4, True)
    assert "its end is not recorded" in only(sick.listed()).repair
    sick.emulator.faults.clear()
    assert only(sick.run().imports).result == "completed"
    assert sick.open_rows() == {}
    sick.check_clean()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("list", "--reason", "x"), "--reason is no option of `syncer rejects list`"),
        (("get", "--all", "x"), "--all is no option of `syncer rejects get`"),
        (("list", "x"), "takes no ids"),
        (("waive",), "needs the id of one import"),
        (("waive", "x", "--rows", "0", "--reason", "y"), "is not a number of 1 or more"),
        (("waive", "x"), "say why: --reason TEXT"),
        (("repair", "x"), "no import and no job is known as 'x'"),
        (("repare",), "did you mean 'repair'?"),
    ],
)
def test_wrong_usage_is_explained(sick: Ward, arguments: tuple[str, ...], told: str) -> None:
    """With the exit code of wrong usage, and nothing done."""
    code, _, err = sick.cli("rejects", *arguments)
    assert (code, told in err) == (64, True), err


def test_the_repair_command_ends_like_apply(sick: Ward) -> None:
    """Outcome on stdout, progress on stderr, 0 when the rows came in; the row accounts show in status and history."""
    fixed = sick.mended()
    code, out, err = sick.cli("rejects", "repair", sick.first, "--file", fixed.name)
    assert code == 0, err
    assert f"completed   {REPAIR}" in out
    assert "submitted" in err
    header, line, *_ = sick.cli("status")[1].splitlines()
    assert header.split("  ")[-2].strip() == "still open"
    assert line.split()[3:7] == ["1", "0", "2", "0"]
    assert "rejected rows since: 2 repaired, 0 open" in sick.cli("history", "-v")[1]
    shown = sick.cli("state", "show", str(sick.log("shop")[-1]["import"]))[1]
    assert f"sends the rejected rows of import {sick.first} once more" in shown
