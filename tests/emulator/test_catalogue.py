"""Objects: what the Metadata API says of them, and files that declare others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from syncer.emulator.catalogue import load_catalogue
from syncer.emulator.testing import running
from syncer.errors import InvalidInput, UsageError
from tests.emulator.driver import Api

if TYPE_CHECKING:
    from pathlib import Path

BOOKINGS = """\
objects:
  bookings:
    mode: append
    fields:
      booking_id: {type: string, required: true}
      tier: {type: enum, values: [a, b]}
      nights: integer
"""


def test_metadata_describes_the_objects(shared_api: Api) -> None:
    """Every object has what the reference lists; fields say type, required, nullable and enum values."""
    items = {each["objectName"]: each for each in shared_api.ok("GET", "/metadata/objects")["items"]}
    assert {"profiles", "orders", "page_views", "products", "suppressions", "consents"} <= set(items)
    assert items["orders"]["ingestion"]["defaultWriteMode"] == "append"
    assert items["consents"]["ingestion"]["fileImport"] is False
    profiles = shared_api.ok("GET", "/metadata/objects/profiles")
    assert items["profiles"].items() <= profiles.items()
    assert (profiles["matchKey"], profiles["objectType"], profiles["primaryProfileRoot"]) == ("email", "profile", True)
    fields = {each["name"]: each for each in profiles["fields"]}
    assert fields["email"] == {
        "name": "email",
        "type": "email",
        "required": True,
        "nullable": False,
        "enumValues": None,
    }
    assert fields["loyalty_tier"]["enumValues"] == ["bronze", "silver", "gold"]
    assert shared_api.refused("GET", "/metadata/objects/unknown") == (404, "CDP_ETL.NOT_FOUND")


@pytest.mark.parametrize("as_json", [False, True])
def test_a_file_adds_objects(tmp_path: Path, *, as_json: bool) -> None:
    """YAML and JSON declare objects beside the built-in ones, and files can be imported into them."""
    objects = tmp_path / "objects.yaml"
    declared = {
        "objects": {"bookings": {"mode": "append", "fields": {"booking_id": {"type": "string", "required": True}}}}
    }
    objects.write_text(json.dumps(declared) if as_json else BOOKINGS, "utf-8")
    with running(tmp_path / "data", objects=objects) as emulator:
        api = Api(emulator.base_url)
        assert api.run("bookings", "a.csv", b"id\n7\n", {"id": "booking_id"}).status["mergedInserts"] == 1
        assert api.ok("GET", "/metadata/objects/profiles")
        api.session.close()
    assert emulator.query("SELECT booking_id FROM bookings") == [("7",)]


def test_a_file_may_stand_alone(tmp_path: Path) -> None:
    """`replace: true` leaves the built-in objects out."""
    (tmp_path / "objects.yaml").write_text("replace: true\n" + BOOKINGS, "utf-8")
    assert list(load_catalogue(tmp_path / "objects.yaml")) == ["bookings"]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("objects:\n  a: [\n", 3, "not YAML"),
        ("objects: {}\n", 1, "objects"),
        (BOOKINGS.replace("nights: integer", "nights: int"), 7, "nights.type"),
        (BOOKINGS.replace("mode: append", "mode: append\n    colour: red"), 4, "colour"),
        (BOOKINGS.replace("mode: append", "mode: upsert"), 2, "needs a `matchKey`"),
        (BOOKINGS.replace("mode: append", "mode: upsert\n    matchKey: nights"), 2, "not a required field"),
        (BOOKINGS.replace("mode: append", "mode: append\n    matchKey: nights"), 2, "has no `matchKey`"),
        (BOOKINGS.replace(", values: [a, b]", ""), 6, "`values`"),
        (BOOKINGS.replace("nights", "Booking_ID"), 2, "differ in case"),
        (BOOKINGS.replace("bookings", "jobs"), 1, "reserved"),
        (BOOKINGS.replace("bookings", "_bookings"), 2, "match"),
    ],
    ids=range(11),
)
def test_a_wrong_file_is_refused_with_the_place(tmp_path: Path, text: str, line: int, message: str) -> None:
    """Each problem names the line and the key."""
    path = tmp_path / "objects.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(InvalidInput) as caught:
        load_catalogue(path)
    (problem,) = caught.value.problems
    assert message in problem.message
    assert problem.line == line


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """The path is named."""
    with pytest.raises(InvalidInput) as caught:
        load_catalogue(tmp_path / "none.yaml")
    assert caught.value.problems[0].path.endswith("none.yaml")


def test_new_fields_join_old_data_and_changed_types_do_not(tmp_path: Path) -> None:
    """A field that is new is null in the rows that are there; one whose type changed is refused."""
    objects = tmp_path / "objects.yaml"
    objects.write_text(BOOKINGS, "utf-8")
    with running(tmp_path / "data", objects=objects) as emulator:
        api = Api(emulator.base_url)
        api.run("bookings", "a.csv", b"id\n7\n", {"id": "booking_id"})
        api.session.close()
    objects.write_text(BOOKINGS + "      guests: integer\n", "utf-8")
    with running(tmp_path / "data", objects=objects) as emulator:
        assert emulator.query("SELECT booking_id, guests FROM bookings") == [("7", None)]
    objects.write_text(BOOKINGS.replace("nights: integer", "nights: string"), "utf-8")
    with pytest.raises(UsageError, match="nights"), running(tmp_path / "data", objects=objects):
        pass
