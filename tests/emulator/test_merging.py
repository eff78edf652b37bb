"""What valid rows do to an object's rows, to lists and to audiences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.emulator.driver import Api

if TYPE_CHECKING:
    from syncer.emulator.testing import Emulator

COLUMNS = {"email": "email", "name": "first_name"}


def test_a_later_row_wins_and_counts_as_an_update(emulator: Emulator, api: Api) -> None:
    """A key that is new and comes twice is one insert and one update; the last row's values stay."""
    done = api.run(
        "profiles", "a.csv", b"email,name\na@example.com,First\nb@example.com,B\na@example.com,Second\n", COLUMNS
    )
    assert (done.status["mergedInserts"], done.status["mergedUpdates"]) == (2, 1)
    assert emulator.query("SELECT first_name, _row_number FROM profiles ORDER BY email") == [("Second", 3), ("B", 2)]


def test_an_upsert_overwrites_mapped_fields_only(emulator: Emulator, api: Api) -> None:
    """A null overwrites; a field that is not mapped keeps its value; the job that wrote last is noted."""
    api.run("profiles", "a.csv", b"email,name,city\na@example.com,A,Oslo\n", {**COLUMNS, "city": "city"})
    done = api.run("profiles", "b.csv", b"email,name\na@example.com,\nb@example.com,B\n", COLUMNS)
    assert (done.status["mergedInserts"], done.status["mergedUpdates"]) == (1, 1)
    rows = emulator.query("SELECT email, first_name, city, _job_id FROM profiles ORDER BY email")
    assert rows == [
        ("a@example.com", None, "Oslo", done.status["jobId"]),
        ("b@example.com", "B", None, done.status["jobId"]),
    ]


def test_match_keys_are_compared_exactly(emulator: Emulator, api: Api) -> None:
    """Nothing is lowered or trimmed on the way to the merge."""
    done = api.run("profiles", "a.csv", b"email,name\nA@example.com,A\na@example.com,B\n", COLUMNS)
    assert done.status["mergedInserts"] == 2
    assert emulator.query("SELECT count(*) FROM profiles") == [(2,)]


def test_an_append_object_takes_every_row_again(emulator: Emulator, api: Api) -> None:
    """The same file twice is damage, and the emulator shows it."""
    content = b"id,at\n1,2026-04-21T16:30:00Z\n1,2026-04-21T16:30:00Z\n"
    for _ in range(2):
        done = api.run("orders", "a.csv", content, {"id": "order_id", "at": "ordered_at"})
        assert (done.status["mergedInserts"], done.status["mergedUpdates"]) == (2, 0)
    assert emulator.query("SELECT count(*), count(DISTINCT (_job_id, _row_number)) FROM orders") == [(4, 4)]


def test_datetimes_are_stored_in_utc(emulator: Emulator, api: Api) -> None:
    """The offset is applied, not dropped."""
    content = b"id,at\n1,2026-04-21T16:30:00.25+05:30\n"
    api.run("orders", "a.csv", content, {"id": "order_id", "at": "ordered_at"})
    assert emulator.query("SELECT ordered_at::VARCHAR FROM orders") == [("2026-04-21 11:00:00.25",)]


def test_a_created_list_holds_the_valid_rows(emulator: Emulator, api: Api) -> None:
    """It is found by its name, has each key once, and no rejected row; a second import adds to it by its id."""
    rows = b"email,name\na@example.com,A\nbad,B\nc@example.com,C\na@example.com,AA\n"
    api.run("profiles", "a.csv", rows, COLUMNS, createList=True, listName="Spring")
    (spring,) = api.ok("GET", "/lists")["items"]
    assert (spring["name"], spring["memberCount"], spring["type"], spring["status"]) == (
        "Spring",
        2,
        "static",
        "active",
    )
    more = b"email,name\nc@example.com,C\nd@example.com,D\n"
    api.run("profiles", "b.csv", more, COLUMNS, targetListId=spring["id"])
    members = api.ok("GET", f"/lists/{spring['id']}/members")
    assert [each["contactKey"] for each in members["items"]] == ["a@example.com", "c@example.com", "d@example.com"]
    assert emulator.query("SELECT count(*) FROM list_members") == [(3,)]


def test_a_job_fails_whole_when_its_list_cannot_be_made(emulator: Emulator, api: Api) -> None:
    """Two jobs that want to create one list: the second fails, and not one of its rows is written."""
    options = {"createList": True, "listName": "Spring"}
    first, second = (
        api.ready("profiles", "a.csv", b"email,name\n%d@example.com,A\n" % number, COLUMNS, **options)
        for number in (1, 2)
    )
    api.start(first)
    assert api.finish(first).status["state"] == "completed"
    api.start(second)
    assert api.finish(second).status["error"]["code"] == "CDP_ETL.IMPORT.LIST_UNAVAILABLE"
    assert emulator.query("SELECT email FROM profiles") == [("1@example.com",)]


def test_a_job_fails_when_its_target_list_is_gone(api: Api) -> None:
    """A list that is deleted between init and start cannot be added to."""
    list_id = api.ok("POST", "/lists", {"name": "Gone"})["id"]
    job = api.ready("profiles", "a.csv", b"email,name\na@example.com,A\n", COLUMNS, targetListId=list_id)
    api.ok("DELETE", f"/lists/{list_id}")
    api.start(job)
    assert api.finish(job).status["error"]["code"] == "CDP_ETL.IMPORT.LIST_UNAVAILABLE"


def test_an_audience_is_previewed(emulator: Emulator, api: Api) -> None:
    """The preview counts the valid records and shows up to as many as asked, as they are now."""
    rows = b"email,name,at\na@example.com,A,2026-04-21T16:30:00Z\nbad,B,\nc@example.com,C,\n"
    columns = {**COLUMNS, "at": "signed_up_at"}
    api.run("profiles", "a.csv", rows, columns, createAudience=True, audienceName="Prospects")
    ((audience_id,),) = emulator.query("SELECT id FROM audiences WHERE name = 'Prospects'")
    preview = api.ok("POST", f"/audiences/{audience_id}/preview", {"limit": 1})
    assert (preview["audienceId"], preview["matchCount"], preview["isExact"]) == (audience_id, 2, True)
    (sample,) = preview["sampleRecords"]
    assert (sample["email"], sample["signed_up_at"]) == ("a@example.com", "2026-04-21T16:30:00.000000Z")
    for limit in (0, 1001, "5", None):
        assert api.refused("POST", f"/audiences/{audience_id}/preview", {"limit": limit})[0] == 400
    assert api.refused("POST", "/audiences/aud_unknown/preview", {"limit": 1}) == (404, "CDP_ETL.NOT_FOUND")
