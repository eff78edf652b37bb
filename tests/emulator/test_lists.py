"""Lists and members through the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.emulator.driver import Api


def test_a_list_lives_and_dies(api: Api) -> None:
    """Create, read, rename, delete; a deleted one is not found."""
    made = api.ok("POST", "/lists", {"name": "Spring", "description": "Everyone"})
    assert made["id"].startswith("lst_")
    assert (made["memberCount"], made["type"], made["status"]) == (0, "static", "active")
    path = f"/lists/{made['id']}"
    assert api.ok("GET", path) == made
    assert api.ok("PATCH", path, {"name": "Summer"}) == {**made, "name": "Summer"}
    assert api.ok("PATCH", path, {"description": ""})["description"] == ""
    assert api.ok("DELETE", path)["status"] == "deleted"
    for method, where, body in (("GET", path, None), ("DELETE", path, None), ("PATCH", path, {"name": "X"})):
        assert api.refused(method, where, body) == (404, "CDP_ETL.NOT_FOUND")
    assert api.refused("GET", f"{path}/members") == (404, "CDP_ETL.NOT_FOUND")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": " "},
        {"name": "x" * 201},
        {"name": 5},
        {"name": "X", "description": "x" * 2001},
        {"nme": "X"},
    ],
)
def test_a_list_needs_a_proper_name(shared_api: Api, body: dict[str, object]) -> None:
    """1 to 200 characters, a description of at most 2000, nothing else."""
    assert shared_api.refused("POST", "/lists", body)[0] == 400


def test_names_are_unique(api: Api) -> None:
    """A name is how a list is found, so it is given once."""
    api.ok("POST", "/lists", {"name": "A"})
    other = api.ok("POST", "/lists", {"name": "B"})
    assert api.refused("POST", "/lists", {"name": "A"})[0] == 400
    assert api.refused("PATCH", f"/lists/{other['id']}", {"name": "A"})[0] == 400


def test_lists_come_in_pages(api: Api) -> None:
    """Pages are disjoint, ordered and complete; silly page numbers are refused."""
    for number in range(7):
        api.ok("POST", "/lists", {"name": f"List {number}"})
    pages = [api.ok("GET", f"/lists?page={page}&pageSize=3") for page in (1, 2, 3, 4)]
    assert [[each["name"][-1] for each in page["items"]] for page in pages] == [
        ["0", "1", "2"],
        ["3", "4", "5"],
        ["6"],
        [],
    ]
    assert {(page["total"], page["pageSize"]) for page in pages} == {(7, 3)}
    for query in ("page=0", "page=x", "pageSize=0", "pageSize=1000", "limit=5"):
        assert api.refused("GET", f"/lists?{query}")[0] == 400


def test_members_are_upserted_and_removed(api: Api) -> None:
    """Keys are counted once, normalised on request only."""
    path = f"/lists/{api.ok('POST', '/lists', {'name': 'A'})['id']}"
    added = api.ok("POST", f"{path}/members:upsert", {"contactKeys": ["a@x.io", "B@x.io", "a@x.io"]})
    assert (added["added"], added["memberCount"]) == (2, 2)
    body = {"contactKeys": [" A@x.io ", "C@X.io"], "normalizationMode": "email_lower_trim"}
    assert api.ok("POST", f"{path}/members:upsert", body)["added"] == 1
    assert api.ok("POST", f"{path}/members:remove", {"contactKeys": ["b@x.io", "B@x.io"]})["removed"] == 1
    page = api.ok("GET", f"{path}/members?pageSize=1&page=2")
    assert ([each["contactKey"] for each in page["items"]], page["total"]) == (["c@x.io"], 2)


@pytest.mark.parametrize("body", [{}, {"name": None}, {"name": ""}, {"description": None}, {"memberCount": 5}])
def test_a_change_has_to_change_something(shared_api: Api, body: dict[str, object]) -> None:
    """An empty or null patch is a mistake, not a no-op."""
    made = shared_api.ok("POST", "/lists", {"name": f"patch {body}"})
    assert shared_api.refused("PATCH", f"/lists/{made['id']}", body)[0] == 400
    assert shared_api.ok("GET", f"/lists/{made['id']}") == made


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"contactKeys": []},
        {"contactKeys": [""]},
        {"contactKeys": [5]},
        {"contactKeys": "a@x.io"},
        {"contactKeys": ["x"] * 10_001},
        {"contactKeys": ["x"], "normalizationMode": "lower"},
        {"contactKeys": [" "], "normalizationMode": "email_lower_trim"},
    ],
    ids=lambda body: str(body)[:60],
)
def test_wrong_members_are_refused(shared_api: Api, body: dict[str, object]) -> None:
    """At least one key, at most 10,000, all of them text."""
    name = f"members {str(body)[:100]}"
    path = f"/lists/{shared_api.ok('POST', '/lists', {'name': name})['id']}"
    assert shared_api.refused("POST", f"{path}/members:upsert", body)[0] == 400
