"""Records batches: the path for small files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from syncer.emulator.testing import Emulator
    from tests.emulator.driver import Api

AT = "2026-04-21T16:30:00Z"


def test_an_upsert_batch_answers_for_each_record(emulator: Emulator, api: Api) -> None:
    """New, changed and rejected records are told apart; what a record leaves out is kept, and a null overwrites."""
    api.ok(
        "POST",
        "/records/profiles/upsert-batch",
        {"records": [{"email": "a@x.io", "city": "Oslo"}, {"email": "b@x.io"}]},
    )
    body = {
        "matchKey": "email",
        "records": [
            {"email": "a@x.io", "first_name": "A"},
            {"email": "nobody"},
            {"email": "c@x.io", "points": 1},
            {"email": "c@x.io", "points": None, "city": "Rome"},
            {"email": "c@x.io", "last_name": "C"},
            {"first_name": "No key"},
        ],
    }
    answer = api.ok("POST", "/records/profiles/upsert-batch", body)
    assert [each["status"] for each in answer["results"]] == [
        "updated",
        "rejected",
        "inserted",
        "updated",
        "updated",
        "rejected",
    ]
    assert [each["error"] for each in answer["results"] if each["error"]] == [
        "email: invalid email format",
        "email: required value is missing",
    ]
    assert (answer["received"], answer["inserted"], answer["updated"], answer["rejected"]) == (6, 1, 3, 2)
    rows = emulator.query("SELECT email, first_name, last_name, city, points FROM profiles ORDER BY email")
    assert rows == [
        ("a@x.io", "A", None, "Oslo", None),
        ("b@x.io", None, None, None, None),
        ("c@x.io", None, "C", "Rome", None),
    ]


def test_an_append_batch_takes_every_record(emulator: Emulator, api: Api) -> None:
    """The same record twice is two rows."""
    record = {"order_id": "1", "ordered_at": AT, "amount": 9.5}
    answer = api.ok("POST", "/records/orders/append-batch", {"records": [record, record]})
    assert (answer["inserted"], answer["updated"]) == (2, 0)
    assert emulator.query("SELECT order_id, amount, _row_number FROM orders ORDER BY 3") == [
        ("1", 9.5, 1),
        ("1", 9.5, 2),
    ]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/records/profiles/upsert-batch", {"records": [{"email": "a@x.io"}]}, 400),
        ("/records/profiles/upsert-batch", {"records": [{"email": "a@x.io"}] * 10_001}, 400),
        ("/records/profiles/upsert-batch", {"records": [1, 2]}, 400),
        ("/records/profiles/upsert-batch", {"records": [{"email": "a@x.io"}] * 2, "matchKey": "city"}, 400),
        ("/records/profiles/append-batch", {"records": [{"email": "a@x.io"}] * 2}, 400),
        ("/records/orders/upsert-batch", {"records": [{"order_id": "1", "ordered_at": AT}] * 2}, 400),
        ("/records/profiles/upsert-batch", {"records": [{"email": "a@x.io"}, {"email": "b@x.io", "shoe": 5}]}, 422),
        ("/records/unknown/upsert-batch", {"records": [{"email": "a@x.io"}] * 2}, 404),
    ],
    ids=range(8),
)
def test_a_wrong_batch_is_refused_whole(
    shared_emulator: Emulator, shared_api: Api, path: str, body: dict[str, object], status: int
) -> None:
    """2 to 10,000 objects, known fields, the object's own mode and match key; otherwise nothing is written."""
    assert shared_api.refused("POST", path, body)[0] == status
    assert shared_emulator.query("SELECT count(*) FROM profiles") == [(0,)]
