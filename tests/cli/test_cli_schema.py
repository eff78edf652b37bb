"""`syncer schema pull|diff`: a committed snapshot of the objects, and what goes by it where nobody can be asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from syncer.emulator.testing import Emulator
from syncer.spec.schema import schema_text, schema_text_of_tests
from tests.cli.conftest import RunCli

Edit = Callable[[dict[str, Any]], object]


def edit(project: Path, change: Edit) -> None:
    """Change the snapshot as if the platform had been otherwise when it was pulled."""
    path = project / "schemas" / "profiles.json"
    document = json.loads(path.read_text("utf-8"))
    change(document)
    path.write_text(json.dumps(document), "utf-8")


@pytest.fixture
def pulled(cli: RunCli, emulator: Emulator) -> Emulator:
    assert cli("schema", "pull").code == 0
    return emulator


@pytest.fixture
def offline(pulled: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """A run without credentials, such as that of a fork's pull request."""
    monkeypatch.delenv("EXPERITURE_API_KEY")
    return pulled


@pytest.mark.usefixtures("pulled")
def test_a_snapshot_is_the_same_bytes_each_time(cli: RunCli, project: Path) -> None:
    """It tells write mode, match key and every field, in one order, and a second pull changes nothing."""
    path = project / "schemas" / "profiles.json"
    first = path.read_bytes()
    kept = json.loads(first)
    assert (kept["write_mode"], kept["match_key"], kept["file_import"]) == ("upsert", "email", True)
    assert kept["fields"]["email"] == {"type": "email", "required": True, "nullable": False}
    assert kept["fields"]["loyalty_tier"]["enum"] == ["bronze", "silver", "gold"]
    assert list(kept["fields"]) == sorted(kept["fields"])
    ran = cli("schema", "pull")
    assert (ran.code, path.read_bytes()) == (0, first)
    assert "1 object: 0 snapshots written." in ran.out


@pytest.mark.usefixtures("pulled")
def test_an_enum_in_another_order_is_left_as_it_is(cli: RunCli, project: Path) -> None:
    """What says the same makes no commit."""
    edit(project, lambda kept: kept["fields"]["loyalty_tier"]["enum"].reverse())
    before = (project / "schemas" / "profiles.json").read_bytes()
    assert cli("schema", "diff", "--detailed-exitcode").code == 0
    assert cli("schema", "pull").code == 0
    assert (project / "schemas" / "profiles.json").read_bytes() == before


@pytest.mark.usefixtures("pulled")
@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda kept: kept["fields"].pop("first_name"), "+ first_name: string (filled by crm)"),
        (lambda kept: kept["fields"].update(nick={"type": "string"}), "- nick: string"),
        (lambda kept: kept["fields"]["points"].update(type="number"), "~ points: type number → integer"),
        (lambda kept: kept["fields"]["email"].update(required=False), "~ email: required no → yes (filled by crm)"),
        (
            lambda kept: kept["fields"]["loyalty_tier"].update(enum=["gold"]),
            "~ loyalty_tier: values gold → bronze, gold, silver",
        ),
        (lambda kept: kept.update(write_mode="append"), "~ write mode append → upsert"),
    ],
)
def test_what_the_platform_changed_is_told(cli: RunCli, project: Path, change: Edit, line: str) -> None:
    """Each difference is a line that names the specs that fill the field; pulling takes it over."""
    edit(project, change)
    ran = cli("schema", "diff", "--detailed-exitcode")
    assert ran.code == 2
    assert line in ran.out
    assert cli("schema", "diff").code == 0
    assert "differs from the snapshot" in cli("schema", "diff", "-o", "markdown").out
    (found,) = json.loads(cli("schema", "diff", "-o", "json").out)["objects"]
    assert (found["status"], found["specs"], len(found["differences"])) == ("changed", ["crm"], 1)
    assert "snapshot renewed" in cli("schema", "pull").out
    assert cli("schema", "diff", "--detailed-exitcode").code == 0


@pytest.mark.usefixtures("emulator")
def test_objects_without_snapshot_and_unknown_ones_are_told_apart(cli: RunCli, project: Path) -> None:
    """A new object differs; one that the platform does not have fails the pull, which still writes the rest."""
    (project / "specs" / "b.yaml").write_text(
        (project / "specs" / "crm.yaml").read_text("utf-8").replace("profiles", "no such/../thing"), "utf-8"
    )
    ran = cli("schema", "diff", "--detailed-exitcode")
    assert ran.code == 2
    assert "profiles  has no snapshot yet" in ran.out
    ran = cli("schema", "pull")
    assert ran.code == 1
    assert "no such/../thing  is not known to the platform" in ran.out
    assert [path.name for path in (project / "schemas").iterdir()] == ["profiles.json"]


@pytest.mark.usefixtures("pulled")
def test_any_object_can_be_pulled_by_name(cli: RunCli, project: Path) -> None:
    """Before a first spec writes into it; a snapshot that nothing needs is named and left."""
    assert cli("schema", "pull", "orders").code == 0
    assert json.loads((project / "schemas" / "orders.json").read_text("utf-8"))["write_mode"] == "append"
    ran = cli("schema", "diff", "--detailed-exitcode")
    assert ran.code == 0
    assert "orders  is written by no spec" in ran.out


def test_the_editors_copy_is_kept_current(cli: RunCli, project: Path) -> None:
    """`--write` makes both without asking anybody; only stale ones are written."""
    specs = project / "specs"
    copies = {specs / ".schema.json": schema_text(), specs / ".tests.schema.json": schema_text_of_tests()}
    for stale in (None, *copies):
        if stale is not None:
            stale.write_text("{}", "utf-8")
        assert "were written" in cli("schema", "--write").err
        assert {path: path.read_text("utf-8") for path in copies} == copies
    assert "are current" in cli("schema", "--write").err


@pytest.mark.usefixtures("pulled")
def test_pulling_renews_a_stale_copy_for_editors(cli: RunCli, project: Path) -> None:
    """It says so; a repository without a copy is given none."""
    copy = project / "specs" / ".schema.json"
    assert not copy.exists()
    copy.write_text("{}", "utf-8")
    assert "syncer schema --write" in cli("schema", "diff").out
    assert "were renewed" in cli("schema", "pull").out
    assert copy.read_text("utf-8") == schema_text()


@pytest.mark.parametrize(
    "arguments", [("pull", "--write"), ("pull", "--detailed-exitcode"), ("--detailed-exitcode",), ("push",)]
)
def test_options_that_would_do_nothing_are_refused(cli: RunCli, arguments: tuple[str, ...]) -> None:
    """So is an action that there is none of."""
    assert cli("schema", *arguments).code == 64


def test_pulling_needs_credentials(cli: RunCli) -> None:
    """Exit 6, as for whatever else asks the platform."""
    assert cli("schema", "pull").code == 6


@pytest.mark.usefixtures("offline")
def test_validate_offline_holds_specs_against_the_snapshot(cli: RunCli, project: Path) -> None:
    """A field that the snapshot lacks is a problem at its line, whose hint says how the snapshot is renewed."""
    assert cli("validate").out.strip() == "1 spec checked, all against snapshots of their objects: no problems."
    edit(project, lambda kept: kept["fields"].pop("first_name"))
    ran = cli("validate", "-o", "json")
    assert ran.code == 65
    told = json.loads(ran.out)
    (problem,) = told["problems"]
    assert (problem["path"], problem["line"], told["by_snapshot"]) == ("specs/crm.yaml", 4, 1)
    assert "no field 'first_name'" in problem["message"]
    assert "schemas/profiles.json" in problem["hint"]
    assert "syncer schema pull" in problem["hint"]


@pytest.mark.usefixtures("offline")
def test_check_offline_judges_by_the_snapshot(cli: RunCli) -> None:
    """It predicts what it predicts online, and says where the fields are from."""
    (found,) = json.loads(cli("check", "-o", "json").out)["files"]
    assert (found["invalid"], found["fields_known"], found["fields_from"]) == (1, True, "snapshot")
    assert "judged by the committed snapshot" in cli("check").out
    assert "rejected: email: invalid email format" in cli("preview", "crm").out


def test_plan_offline_takes_write_modes_from_the_snapshot(
    cli: RunCli, project: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed file of an object that appends is held back without credentials as with them, and nobody is asked."""
    spec = "version: 1\nsource: {uri: 'in/*.csv'}\ntarget: {object: orders}\n"
    (project / "specs" / "crm.yaml").write_text(f"{spec}mapping: {{id: order_id, at: ordered_at}}\n", "utf-8")
    (project / "in" / "a.csv").write_text("id,at\n1,2026-01-01T00:00:00Z\n", "utf-8")
    assert cli("schema", "pull").code == 0
    assert cli("baseline", "crm", "--reason", "loaded by hand").code == 0
    (project / "in" / "a.csv").write_text("id,at\n2,2026-01-01T00:00:00Z\n", "utf-8")
    online = cli("plan").out
    monkeypatch.delenv("EXPERITURE_API_KEY")
    asked = len(emulator.requests)
    assert "appended a second time" in online
    assert cli("plan").out == online
    assert len(emulator.requests) == asked
    (project / "schemas" / "orders.json").unlink()
    assert cli("plan").out != online


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"<<<<<<< HEAD\n", "is not a snapshot of an object"),
        (b'{"v": 1, "object": "profiles"}', "is not a snapshot of an object"),
        (b'{"v": 2, "object": "profiles"}', "is of version 2; this syncer reads version 1"),
        (b"\xff", "cannot be read"),
    ],
)
def test_a_broken_snapshot_is_a_problem_with_a_cure(cli: RunCli, project: Path, text: bytes, says: str) -> None:
    """It is never taken for an object without fields, and pulling mends it."""
    (project / "schemas" / "profiles.json").write_bytes(text)
    ran = cli("validate")
    assert ran.code == 65
    assert f"schemas/profiles.json:1:1: {says}" in ran.out
    assert "syncer schema pull" in ran.out
    assert cli("check").code == 65


@pytest.mark.usefixtures("pulled")
def test_pulling_mends_a_broken_snapshot(cli: RunCli, project: Path) -> None:
    """Whatever stands in the file, the platform knows better."""
    path = project / "schemas" / "profiles.json"
    good = path.read_bytes()
    path.write_text("<<<<<<< HEAD\n", "utf-8")
    assert cli("schema", "pull").code == 0
    assert path.read_bytes() == good
