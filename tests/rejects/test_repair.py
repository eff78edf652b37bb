"""Rejected rows are sent once more, mended or as they were: each once, with what the first import gave its rows."""

from __future__ import annotations

import json
import os
import stat

import pytest

from syncer.errors import Refused
from syncer.plan import Action
from tests.apply.workspace import ERROR_FILE, INIT, ONE_IMPORT, ORDERS, PEOPLE, only, results
from tests.rejects.ward import REPAIR, SICK, WELL, Ward

NO_SUCH_FIELD = {"do": "job_fails", "code": "CDP_ETL.VALIDATION.REQUEST_SCHEMA", "message": "no such field"}


def test_mended_rows_are_imported_once_and_linked_to_the_first_import(sick: Ward) -> None:
    """Just these rows, as an import of its own, whose claim and permit name the import that it repairs."""
    before = len(sick.emulator.requests)
    end = sick.repaired(sick.mended())
    assert (end.result, end.item.file.path, end.rows.read, end.rows.invalid) == ("completed", REPAIR, 2, 0)
    assert sick.writes(since=before) == ONE_IMPORT
    assert sick.merged("orders", "order_id") == ["bad1", "bad2", "o1"]
    claimed, submitted, finished = sick.log("shop")[-3:]
    assert (claimed["repairs"], submitted["repairs"]) == (sick.first, sick.first)
    assert submitted["artifact"]["columns"] == ["id", "at", "amount"]
    assert (submitted["artifact"]["rows"], submitted["artifact"]["file_name"]) == (2, "a-repair-1.csv")
    assert finished["import"] == claimed["import"] != sick.first
    assert (sick.account().rejected, sick.account().repaired, sick.open_rows()) == (2, 2, {})
    assert sick.kept == []
    sick.check_clean()


def test_a_row_is_never_sent_a_third_time(sick: Ward) -> None:
    """What is repaired is refused, with the way on where the repair left rows; nothing is asked of the API."""
    again = sick.repaired(sick.mended(WELL[0], SICK[1]))
    assert (again.rows.valid, again.rows.invalid) == (1, 1)
    before = len(sick.emulator.requests)
    with pytest.raises(Refused, match=r"no rejected row of orders/a\.csv is open: of 2, 2 repaired") as caught:
        sick.repair(sick.mended())
    assert caught.value.next_step.endswith(f"syncer rejects repair {again.item.import_id}")
    assert len(sick.emulator.requests) == before
    assert sick.open_rows() == {REPAIR: 1}


def test_a_repair_can_be_repaired(sick: Ward) -> None:
    """The rows that a repair left are its own, and are sent once more in their turn."""
    left = sick.repaired(sick.mended(WELL[0], SICK[1]))
    end = sick.repaired(sick.mended(WELL[1]), left.item.import_id)
    assert (end.item.file.path, end.rows.valid) == (f"{REPAIR}#repair-1", 1)
    assert sick.merged("orders", "order_id") == ["bad1", "bad2", "o1"]
    assert sick.log("shop")[-1]["import"] == end.item.import_id
    assert [sick.account(path).repaired for path in ("orders/a.csv", REPAIR)] == [2, 1]
    assert sick.open_rows() == {}
    sick.check_clean()


OBJECT = """
objects:
  bookings:
    mode: append
    fields: {booking_id: string, tier: {type: enum, values: [a, b]}, at: datetime}
"""
BOOKINGS = """
version: 1
source: {uri: orders/*.csv}
target: {object: bookings}
mapping: {id: booking_id, tier: tier, at: {to: at, type: datetime}}
"""


class TestAsTheyWere:
    """Without a file the rows are sent as they stand in the private file."""

    @pytest.fixture
    def objects(self) -> str:
        return OBJECT

    @staticmethod
    def widen(ward: Ward) -> None:
        """Let the object take one tier more, as somebody does in the console."""
        ward.emulator.world.catalogue["bookings"].fields["tier"] = (
            ward.emulator.world.catalogue["bookings"].fields["tier"].model_copy(update={"values": ("a", "b", "c")})
        )

    @pytest.mark.parametrize(
        ("name", "lines"),
        [
            ("a.csv", ("id,tier,at,note", 'x,c,2026-04-21T16:30:00Z,"never, sent"', "y,a,2026-04-21T16:30:00Z,")),
            (
                "a.jsonl",
                (
                    '{"id": "x", "tier": "c", "at": "2026-04-21T16:30:00Z", "note": "never sent"}',
                    '{"id": "y", "tier": "a"}',
                ),
            ),
        ],
    )
    def test_what_the_object_takes_now_is_imported(self, ward: Ward, name: str, lines: tuple[str, ...]) -> None:
        """Once the object has the value, the same rows come in; the file of the repair has the first one's format."""
        ward.spec("shop", BOOKINGS.replace("*.csv", f"*.{name[2:]}"))
        ward.file(f"orders/{name}", *lines)
        assert only(ward.run().imports).rows.invalid == 1
        self.widen(ward)
        end = ward.repaired()
        assert (end.rows.read, end.rows.valid) == (1, 1)
        assert ward.merged("bookings", "booking_id") == ["x", "y"]
        assert ward.log("shop")[-2]["artifact"]["file_name"] == name.replace("a.", "a-repair-1.")

    def test_rows_of_a_columnar_file_keep_their_times(self, ward: Ward) -> None:
        """A time comes out of Parquet as no API takes it, and goes back in RFC 3339."""
        import duckdb

        ward.spec("shop", BOOKINGS.replace("*.csv", "*.parquet"))
        with duckdb.connect() as connection:
            connection.execute(
                "COPY (SELECT 'x' AS id, 'c' AS tier, TIMESTAMPTZ '2026-04-21 16:30:00.25+00' AS at) "
                f"TO '{ward.root / 'orders' / 'a.parquet'}' (FORMAT parquet)"
            )
        assert only(ward.run().imports).rows.invalid == 1
        self.widen(ward)
        assert ward.repaired().rows.valid == 1
        assert ward.emulator.query('SELECT epoch_ms("at") FROM bookings') == [(1776789000250,)]


def test_rows_that_nobody_mended_are_rejected_again_and_stay_open(sick: Ward) -> None:
    """The first import's rows are dealt with, and the repair's are what is left."""
    outcome = sick.repair()
    assert (outcome.exit_code, only(outcome.imports).systematic) == (3, True)
    assert "syncer rejects get" in only(outcome.imports).next_step
    assert sick.open_rows() == {REPAIR: 2}


@pytest.mark.parametrize("shape", ["rows", "lines"])
def test_rows_may_be_mended_in_jsonl(sick: Ward, shape: str) -> None:
    """Either the bare rows, or the API's own lines with the rows in them; a CSV import stays one."""
    rows = [dict(zip(("id", "at", "amount"), row.split(","), strict=True)) for row in WELL]
    lines = rows if shape == "rows" else [{"rowNumber": 1, "sourceRow": row, "error": "was"} for row in rows]
    end = sick.repaired(sick.file("mended.jsonl", *(json.dumps(line) for line in lines)))
    assert (end.rows.valid, end.item.file.format) == (2, "csv")


def test_what_get_wrote_is_taken_back(sick: Ward) -> None:
    """A person gets the rows as CSV, mends two cells, and gives the file back with number and reason still in it."""
    out = sick.root / "mine.csv"
    sick.get(out=out)
    out.write_text(out.read_text("utf-8").replace("much", "7").replace("2026-04-21,", "2026-04-21T00:00:00Z,"), "utf-8")
    end = sick.repaired(out)
    assert end.rows.valid == 2
    assert sick.uploaded(str(end.job))[0] == ["id", "at", "amount"]


def test_the_rows_get_the_tag_and_the_list_of_the_first_import(ward: Ward) -> None:
    """The batch value is the first import's, constants are the spec's, and the list is joined, not made again."""
    ward.spec(
        "crm",
        PEOPLE
        + "constants: {import_source: crm}\nbatch: {field: import_batch, value: '{file.stem}-{run}'}\n"
        + "list: {create: 'Of {file.stem}'}\naudience: {create: 'All of {file.stem}'}\n",
    )
    ward.people("a.csv", "a@example.com", "broken")
    ward.run()
    first = ward.log("crm")[0]
    ward.file("mended.csv", "email_address,FirstName", "b@example.com,Bo")
    end = ward.repaired(ward.root / "mended.csv", first["import"])
    assert end.rows.valid == 1
    rows = ward.emulator.query("SELECT email, import_batch, import_source FROM profiles ORDER BY email")
    assert rows == [("a@example.com", first["batch"], "crm"), ("b@example.com", first["batch"], "crm")]
    assert ward.log("crm")[-3]["batch"] == first["batch"]
    assert ward.log("crm")[-1]["list"]["create"] is False
    assert ward.emulator.query("SELECT count(*) FROM lists") == [(1,)]
    assert ward.emulator.query("SELECT count(*) FROM list_members") == [(2,)]
    assert ward.emulator.query("SELECT count(*) FROM audiences") == [(1,)]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (WELL[:1], "put the others in, or give them up first: syncer rejects waive"),
        ((*WELL, "o9,2026-04-21T16:30:00Z,1"), "leave out what was not rejected"),
    ],
)
def test_a_repair_has_as_many_rows_as_are_open(sick: Ward, rows: tuple[str, ...], told: str) -> None:
    """None is dropped in silence, and none is smuggled in."""
    before = len(sick.log("shop"))
    with pytest.raises(Refused, match=f"{len(rows)} rows are given, and 2 rejected rows") as caught:
        sick.repair(sick.mended(*rows))
    assert told in caught.value.next_step
    assert len(sick.log("shop")) == before
    assert sick.kept == []


def test_some_are_waived_and_the_others_repaired(sick: Ward) -> None:
    """Then the file holds those that are left, and rejected = repaired + waived."""
    sick.waive(1)
    with pytest.raises(Refused, match="2 rows are given, and 1 rejected rows"):
        sick.repair()
    assert sick.repaired(sick.mended(WELL[1])).rows.valid == 1
    told = sick.account()
    assert (told.rejected, told.repaired, told.waived, told.open) == (2, 1, 1, 0)
    sick.check_clean()


def test_the_rows_that_are_kept_meanwhile_are_private(sick: Ward) -> None:
    """0600 in a folder of 0700 that git ignores, and gone when their import has ended."""
    seen: list[tuple[str, int, int]] = []

    def watch(method: str, path: str) -> None:
        del method, path
        folder = sick.root / ".syncer" / "repairs"
        seen.extend((each.suffix, stat.S_IMODE(each.stat().st_mode), 0) for each in folder.glob("[!.]*"))
        seen.append(("folder", stat.S_IMODE(folder.stat().st_mode), 0))

    sick.watch(watch)
    sick.repair(sick.mended())
    if os.name != "nt":
        assert {(".rows", 0o600, 0), (".json", 0o600, 0), ("folder", 0o700, 0)} == set(seen)
    assert sick.kept == []


def test_rows_that_are_not_here_are_fetched_for_the_repair(sick: Ward) -> None:
    """A machine that never had the private file asks the API for a fresh address."""
    sick.rejects_file().unlink()
    before = len(sick.emulator.requests)
    assert sick.repaired().rows.read == 2
    assert ERROR_FILE in sick.calls(since=before)


def test_what_was_replaced_or_forgotten_is_not_repaired(sick: Ward) -> None:
    """Rows of a version after which a newer one was imported are not sent over it; nor those of a closed generation."""
    sick.spec("shop", ORDERS.replace("{uri: orders/*.csv}", "{uri: orders/*.csv, on_change: import}"))
    sick.file("orders/a.csv", "id,at,amount", "o2,2026-04-21T16:30:00Z,9.5", SICK[0])
    assert results(sick.run()) == {"orders/a.csv": "completed"}
    with pytest.raises(Refused, match="of 2, 2 replaced by a later import"):
        sick.repair(sick.mended())
    newer = str(sick.log("shop")[-1]["import"])
    assert sick.cli("forget", newer, "--reason", "again", "--append-again")[0] == 0
    with pytest.raises(Refused, match="is to be imported again as a whole"):
        sick.repair(sick.mended(WELL[0]), newer)


def test_the_rows_of_a_forgotten_repair_are_open_again(sick: Ward) -> None:
    """An operator's word opens the next generation of the repair, as for any import."""
    end = sick.repaired(sick.mended())
    code, _, _ = sick.cli("forget", end.item.import_id, "--reason", "wrong amounts", "--append-again")
    assert (code, sick.open_rows()) == (0, {"orders/a.csv": 2})
    assert sick.repaired(sick.mended()).item.generation == 2
    assert sick.open_rows() == {}
    sick.check_clean()


def test_a_person_is_told_what_the_repair_overwrites(ward: Ward) -> None:
    """Files of the spec that were imported since may hold newer values of the same keys."""
    ward.spec("crm", PEOPLE)
    ward.people("a.csv", "a@example.com", "broken")
    ward.run()
    ward.people("b.csv", "b@example.com")
    ward.run()
    ward.file("mended.csv", "email_address,FirstName", "b@example.com,Old")
    ward.repair(ward.root / "mended.csv", ward.log("crm")[0]["import"])
    assert only(ward.notes).startswith("data/b.csv was imported after data/a.csv: of keys that they share")


def test_a_suspended_or_changed_spec_holds_a_repair(sick: Ward) -> None:
    """A repair stops at the rails at which an import stops."""
    sick.spec("shop", ORDERS + "suspend: {reason: migration}\n")
    with pytest.raises(Refused, match="suspended: migration"):
        sick.repair(sick.mended())
    sick.spec("shop", ORDERS.replace("object: orders", "object: profiles"))
    with pytest.raises(Refused, match=r"no spec imports orders/a\.csv into orders any more"):
        sick.repair(sick.mended())


def test_a_failed_repair_leaves_the_rows_open(sick: Ward) -> None:
    """A job that failed wrote nothing: the rows are open, and the same command tries again."""
    sick.emulator.faults.add(match="POST /import-jobs/*/start", do="job_fails", code="CDP_ETL.INTERNAL.X", message="no")
    end = sick.repaired(sick.mended())
    assert (end.result, sick.open_rows()) == ("failed", {"orders/a.csv": 2})
    assert "its repair failed: CDP_ETL.INTERNAL.X" in only(sick.listed()).repair
    sick.emulator.faults.clear()
    end = sick.repaired(sick.mended())
    assert (end.result, end.item.generation, end.item.attempt) == ("completed", 1, 2)
    assert sick.merged("orders", "order_id") == ["bad1", "bad2", "o1"]
    assert sick.jobs().count("completed") == 2
    sick.check_clean()


def test_other_rows_after_a_failure_are_another_generation(sick: Ward) -> None:
    """A file that was mended anew replaces the one that failed."""
    sick.emulator.faults.add(match="POST /import-jobs/*/start", **NO_SUCH_FIELD)
    assert sick.repaired().result == "failed"
    sick.emulator.faults.clear()
    end = sick.repaired(sick.mended())
    assert (end.result, end.item.generation) == ("completed", 2)
    sick.check_clean()


def test_a_failing_repair_does_not_hold_the_files_of_its_spec(sick: Ward) -> None:
    """on_failure: block is about files that must not overtake each other; a repair is behind them anyway."""
    sick.spec("shop", ORDERS + "on_failure: block\n")
    sick.emulator.faults.add(match="POST /import-jobs", do="status", status=500, times=0)
    assert sick.repaired(sick.mended()).result == "failed"
    sick.emulator.faults.clear()
    sick.orders("b.csv", "o2")
    sick.emulator.faults.add(match="POST /import-jobs/*/start", **NO_SUCH_FIELD)
    assert results(sick.run()) == {REPAIR: "failed", "orders/b.csv": "completed"}


def test_a_file_that_is_called_like_a_repair_is_never_imported(sick: Ward) -> None:
    """Its history would be the repair's."""
    sick.spec("shop", ORDERS.replace("orders/*.csv}", "'orders/*', format: csv}"))
    (sick.root / "orders" / "a.csv").rename(sick.root / "orders" / "a.csv#repair-1")
    plan, outcome = sick.plan_and_run()
    assert [(item.action, item.attention) for item in plan.imports] == [(Action.BLOCKED, True)]
    assert outcome.exit_code == 1
    assert INIT not in sick.calls(since=len(sick.emulator.requests))
