"""How CSV, JSONL, Parquet and gzip files are read, row by row, through a whole import."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import duckdb
import pytest

from tests.emulator.driver import ORDER_COLUMNS, PROFILE_COLUMNS, Api

if TYPE_CHECKING:
    from pathlib import Path

    from syncer.emulator.testing import Emulator

AT = "2026-04-21T16:30:00Z"
UNREADABLE = "CDP_ETL.IMPORT.SOURCE_UNREADABLE"
SCHEMA = "CDP_ETL.VALIDATION.REQUEST_SCHEMA"
TWO = {"email": "email", "name": "first_name"}


def jsonl(*rows: object) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def parquet(folder: Path, query: str) -> bytes:
    path = folder / "made.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({query}) TO '{path.as_posix()}' (FORMAT parquet)")
    return path.read_bytes()


def test_a_csv_row_is_judged_as_the_guide_says(shared_api: Api) -> None:
    """One reason a row, the first in the mapping's order, in the guide's words, with the whole source row."""
    rows = [
        f"ok@example.com,A,B,{AT}",
        "not-an-email,A,B,2026-04-21",
        "jane@example.com,A,B,2026-04-21",
        "short@example.com,A,B",
        f"long@example.com,A,B,{AT},more,still",
        f",A,B,{AT}",
    ]
    content = "\n".join(["email_address,FirstName,LastName,signup_ts", *rows]).encode()
    done = shared_api.run("profiles", "a.csv", content, PROFILE_COLUMNS)
    assert done.reasons == {
        2: "email_address: invalid email format",
        3: "signed_up_at: naive datetime — include timezone offset",
        4: "row: expected 4 columns, found 3",
        5: "row: expected 4 columns, found 6",
        6: "email: required value is missing",
    }
    assert done.rejected[2]["sourceRow"] == {"email_address": "short@example.com", "FirstName": "A", "LastName": "B"}
    assert done.rejected[3]["sourceRow"]["_extra"] == ["more", "still"]
    assert (done.status["readRows"], done.status["validRows"], done.status["invalidRows"]) == (6, 1, 5)


def test_csv_text_arrives_as_it_stands(emulator: Emulator, api: Api) -> None:
    """Quotes, commas, line breaks, spaces, unmapped columns, CRLF and blank lines are read as RFC 4180 has them."""
    content = (
        'x,email,name\r\n1,a@example.com,"Doe, ""J""\r\nJr "\r\n\r\n2,b@example.com, bare "quote" \r\n'
        "3,c@example.com,\r\n4,d@example.com,\u2028☃\0"
    ).encode()
    done = api.run("profiles", "a.csv", content, TWO)
    assert done.rejected == []
    assert emulator.query("SELECT email, first_name, _row_number FROM profiles ORDER BY email") == [
        ("a@example.com", 'Doe, "J"\r\nJr ', 1),
        ("b@example.com", ' bare "quote" ', 2),
        ("c@example.com", None, 3),
        ("d@example.com", "\u2028☃\0", 4),
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(b"email,name\na@example.com,\xff\n", UNREADABLE, id="invalid UTF-8"),
        pytest.param(b'email,name\na@example.com,"open\n', UNREADABLE, id="open quote"),
        pytest.param(b'email,name\na@example.com,"A"B\n', UNREADABLE, id="text after a closing quote"),
        pytest.param(b"\n\n", UNREADABLE, id="no header"),
        pytest.param(b"email,nome\na@example.com,A\n", SCHEMA, id="a mapped column is missing"),
        pytest.param(b"email,name,name\na@example.com,A,B\n", SCHEMA, id="a mapped column stands twice"),
        pytest.param(b"\xef\xbb\xbfemail,name\na@example.com,A\n", SCHEMA, id="a byte order mark"),
    ],
)
def test_a_csv_file_that_fails_its_job(shared_emulator: Emulator, shared_api: Api, content: bytes, code: str) -> None:
    """A file that is not what it claims to be fails the job, and no row of it is written."""
    done = shared_api.run("profiles", "bad.csv", content, TWO)
    assert (done.status["state"], done.status["error"]["code"]) == ("failed", code)
    assert (done.status["readRows"], done.status["mergedInserts"], done.rejected) == (0, 0, [])
    assert shared_emulator.query("SELECT count(*) FROM profiles WHERE _job_id = ?", done.status["jobId"]) == [(0,)]


def test_an_unmapped_column_may_stand_twice(shared_api: Api) -> None:
    """Only mapped columns matter."""
    assert shared_api.run("profiles", "a.csv", b"email,x,x,name\na@example.com,1,2,A\n", TWO).status["validRows"] == 1


def test_a_header_alone_is_an_import_of_no_rows(shared_api: Api) -> None:
    """A CSV with a header and nothing else completes."""
    done = shared_api.run("profiles", "a.csv", b"email,name\n", TWO)
    assert (done.status["state"], done.status["readRows"]) == ("completed", 0)


def test_a_broken_jsonl_line_is_a_rejected_row(emulator: Emulator, api: Api) -> None:
    """Each line is judged by itself, a blank one too; a missing key is null; types have to be JSON's own."""
    lines = [
        json.dumps({"id": "1", "at": AT, "amount": 1.5, "unmapped": [1, {"a": None}]}),
        "{broken",
        "",
        "[1]",
        '{"id": "2", "id": "3", "at": "' + AT + '"}',
        json.dumps({"id": "4", "at": AT, "amount": "1.5"}),
        json.dumps({"id": 5, "at": AT}),
        json.dumps({"id": "6", "at": "2026-04-21"}),
        json.dumps({"id": "7", "amount": 2}),
        '{"id": "8", "at": "' + AT + '", "amount": NaN}',
        json.dumps({"id": "9", "at": AT}),
    ]
    done = api.run("orders", "a.jsonl", "\n".join(lines).encode(), ORDER_COLUMNS)
    assert done.reasons == {
        2: "row: not valid JSON",
        3: "row: not valid JSON",
        4: "row: not a JSON object",
        5: "row: duplicate key id",
        6: "amount: not a number",
        7: "order_id: not a string",
        8: "ordered_at: naive datetime — include timezone offset",
        9: "ordered_at: required value is missing",
        10: "row: not valid JSON",
    }
    assert done.rejected[0]["sourceRow"] == {"_raw": "{broken"}
    assert done.rejected[4]["sourceRow"] == {"id": "4", "at": AT, "amount": "1.5"}
    assert emulator.query("SELECT order_id, amount, _row_number FROM orders ORDER BY 1") == [
        ("1", 1.5, 1),
        ("9", None, 11),
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(jsonl({"id": "1", "at": AT, "amount": 1}) + b'{"id": "2", "a', UNREADABLE, id="cut off"),
        pytest.param(b'{"id": "\xff"}\n', UNREADABLE, id="invalid UTF-8"),
        pytest.param(jsonl({"id": "1", "at": AT}), SCHEMA, id="no row has a mapped column"),
    ],
)
def test_a_jsonl_file_that_fails_its_job(shared_emulator: Emulator, shared_api: Api, content: bytes, code: str) -> None:
    """A file that was cut off, or that never has a mapped column, fails the job."""
    done = shared_api.run("orders", "a.ndjson", content, ORDER_COLUMNS)
    assert (done.status["state"], done.status["error"]["code"]) == ("failed", code)
    assert shared_emulator.query("SELECT count(*) FROM orders WHERE _job_id = ?", done.status["jobId"]) == [(0,)]


@pytest.mark.parametrize("name", ["a.csv.gz", "a.jsonl.gz"])
def test_gzip_is_taken_off(shared_api: Api, name: str) -> None:
    """Compressed files are read like plain ones, also in several members."""
    plain = (
        [b"email,name\n", b"a@example.com,A\n"] if ".csv" in name else [jsonl({"email": "a@example.com", "name": "A"})]
    )
    done = shared_api.run("profiles", name, b"".join(gzip.compress(each) for each in plain), TWO)
    assert done.status["validRows"] == 1


@pytest.mark.parametrize("damage", ["cut", "checksum", "garbage", "plain"])
def test_a_broken_gzip_file_fails_its_job(shared_api: Api, damage: str) -> None:
    """Truncation, a wrong checksum, bytes after the end and no compression at all are each found."""
    plain = b"email,name\n" + b"".join(b"n%d@example.com,N\n" % number for number in range(50))
    packed = gzip.compress(plain)
    damaged = {
        "cut": packed[:-12],
        "checksum": packed[:-8] + bytes(4) + packed[-4:],
        "garbage": packed + b"garbage",
        "plain": plain,
    }[damage]
    done = shared_api.run("profiles", "a.csv.gz", damaged, TWO)
    assert (done.status["state"], done.status["error"]["code"]) == ("failed", UNREADABLE)


PARQUET_ROWS = """SELECT * FROM (VALUES
    ('a@example.com', 7::INTEGER, 1.25::DECIMAL(9,2), DATE '2000-02-29', TIMESTAMPTZ '2026-04-21 18:30:00+02',
     true, 'gold', 1),
    ('broken', 8, 1, NULL, NULL, NULL, NULL, 2),
    ('c@example.com', NULL, 'nan'::DOUBLE, NULL, NULL, NULL, NULL, 3),
    ('d@example.com', NULL, NULL, NULL, NULL, NULL, 'Gold', 4),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, 5)
) rows(email, points, balance, born, "at", opt, tier, unmapped)"""
PARQUET_COLUMNS = {
    "email": "email",
    "points": "points",
    "balance": "balance",
    "born": "birth_date",
    "at": "signed_up_at",
    "opt": "marketing_opt_in",
    "tier": "loyalty_tier",
}


def test_parquet_rows_are_judged_natively(emulator: Emulator, api: Api, tmp_path: Path) -> None:
    """Values of the right column types are taken exactly, and each bad row is rejected with all of its columns."""
    done = api.run("profiles", "a.parquet", parquet(tmp_path, PARQUET_ROWS), PARQUET_COLUMNS)
    assert done.reasons == {
        2: "email: invalid email format",
        3: "balance: not a number",
        4: "loyalty_tier: not one of bronze, silver, gold",
        5: "email: required value is missing",
    }
    assert done.rejected[0]["sourceRow"]["unmapped"] == 2
    stored = "points, balance, birth_date::VARCHAR, signed_up_at::VARCHAR, marketing_opt_in, loyalty_tier"
    assert emulator.query(f"SELECT {stored} FROM profiles") == [
        (7, 1.25, "2000-02-29", "2026-04-21 16:30:00", True, "gold")
    ]


@pytest.mark.parametrize(
    ("value", "field", "reason"),
    [
        ("TIMESTAMP '2026-04-21 10:00:00'", "signed_up_at", "signed_up_at: naive datetime — include timezone offset"),
        ("'2026-04-21T10:00:00Z'", "signed_up_at", "signed_up_at: not an RFC 3339 datetime"),
        ("'2026-04-21'", "birth_date", "birth_date: not a date (YYYY-MM-DD)"),
        ("'5'", "points", "points: not an integer"),
        ("5.0::DOUBLE", "points", "points: not an integer"),
        ("170141183460469231731687303715884105727::HUGEINT", "points", "points: not an integer"),
        ("18446744073709551615::UBIGINT", "points", "points: integer out of range"),
        ("'5'", "balance", "balance: not a number"),
        ("1", "marketing_opt_in", "marketing_opt_in: not a boolean"),
        ("5", "first_name", "first_name: not a string"),
        ("'x'::BLOB", "first_name", "first_name: not a string"),
        ("[1]", "loyalty_tier", "loyalty_tier: not one of bronze, silver, gold"),
    ],
)
def test_a_parquet_column_of_another_type(shared_api: Api, tmp_path: Path, value: str, field: str, reason: str) -> None:
    """A column whose type the field does not take rejects every value in it, but not its nulls."""
    rows = f"SELECT 'a@example.com' AS email, {value} AS v UNION ALL SELECT 'b@example.com', NULL"
    done = shared_api.run("profiles", "a.parquet", parquet(tmp_path, rows), {"email": "email", "v": field})
    assert done.reasons == {1: reason}
    assert done.status["validRows"] == 1


def test_a_parquet_column_may_be_called_like_the_place_of_its_rows(shared_api: Api, tmp_path: Path) -> None:
    """A column with the name that DuckDB gives row numbers is mapped, judged and shown like any other."""
    content = parquet(tmp_path, "SELECT 'a@b.co' AS email, 7 AS file_row_number UNION ALL SELECT 'x', 8")
    done = shared_api.run("profiles", "a.parquet", content, {"email": "email", "file_row_number": "points"})
    assert [line["sourceRow"] for line in done.rejected] == [{"email": "x", "file_row_number": 8}]
    assert done.reasons == {2: "email: invalid email format"}


def test_a_decimal_below_one_is_shown_as_a_number(shared_api: Api, tmp_path: Path) -> None:
    """Also of a type without digits before the point, and without a look into texts."""
    content = parquet(tmp_path, "SELECT 'x:.5' AS email, -0.5::DECIMAL(18, 18) AS d, [0.5::DECIMAL(38, 38)] AS l")
    done = shared_api.run("profiles", "a.parquet", content, {"email": "email"})
    assert done.rejected[0]["sourceRow"] == {"email": "x:.5", "d": -0.5, "l": [0.5]}


def test_a_truncated_parquet_file_fails_its_job(shared_api: Api, tmp_path: Path) -> None:
    """The end of the file is where Parquet keeps its index."""
    done = shared_api.run("profiles", "a.parquet", parquet(tmp_path, PARQUET_ROWS)[:-20], PARQUET_COLUMNS)
    assert done.status["error"]["code"] == UNREADABLE


def test_a_parquet_file_without_a_mapped_column_fails_its_job(shared_api: Api, tmp_path: Path) -> None:
    """Names are compared exactly, case included."""
    content = parquet(tmp_path, "SELECT 'a@example.com' AS \"Email\", 'A' AS name")
    assert shared_api.run("profiles", "a.parquet", content, TWO).status["error"]["code"] == SCHEMA


def test_rows_are_numbered_across_batches(emulator: Emulator, api: Api) -> None:
    """Row numbers stay right past one batch, and every valid row is stored once under its own number."""
    rows = [f"{number},{AT if number % 7 else 'bad'}" for number in range(1, 21_001)]
    done = api.run("orders", "a.csv", ("id,at\n" + "\n".join(rows)).encode(), {"id": "order_id", "at": "ordered_at"})
    assert set(done.reasons) == {number for number in range(1, 21_001) if number % 7 == 0}
    assert emulator.query("SELECT count(*), count(*) FILTER (order_id = _row_number::VARCHAR) FROM orders") == [
        (done.status["validRows"], 21_000 - len(done.rejected))
    ]
