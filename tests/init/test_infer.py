"""`syncer init --from`: a draft that validates, says why, and proposes no type that a value would not pass as."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.emulator.testing import Emulator
from syncer.operations.init.names import matches, snake, usual, why_sensitive
from syncer.operations.init.values import Column, infer_type
from syncer.operations.init.write import scalar
from syncer.prepare.judge.judge import judge
from syncer.spec.yaml_values import read_values
from tests.cli.conftest import RunCli

PEOPLE = """\
E-Mail Address,FirstName,signup_ts,points,zip,SSN,notes,last_seen_at
ada@example.com,Ada,2026-04-21T09:00:00Z,7,01234,078-05-1120,x,2026-04-21 09:00
grace@example.com,Grace,2026-04-22T09:00:00Z,12,90210,078-05-1121,y,2026-04-22 09:00
"""


def draft(cli: RunCli, *arguments: str, code: int = 0) -> dict[str, Any]:
    """Make a draft for profiles and return what is told of it."""
    ran = cli("init", "--object", "profiles", "-o", "json", "--from", *arguments)
    assert ran.code == code, ran.out + ran.err
    told: dict[str, Any] = json.loads(ran.out)
    return told


@pytest.fixture
def people(project: Path) -> str:
    (project / "in" / "people-2026-04-22.csv").write_text(PEOPLE, "utf-8")
    return "in/people-2026-04-22.csv"


@pytest.mark.usefixtures("emulator")
def test_a_mapping_is_proposed_from_the_platform(cli: RunCli, project: Path, people: str) -> None:
    """Columns find fields by their names, types are the fields', the match key is the object's, and it validates."""
    told = draft(cli, people)
    assert (told["path"], told["fields_from"], told["rows"]) == ("specs/people.yaml", "platform", 2)
    spec, faults = read_values((project / told["path"]).read_text("utf-8"))
    assert faults == []
    assert spec["target"] == {"object": "profiles", "match_key": "email"}
    assert spec["mapping"] == {
        "E-Mail Address": "email",
        "FirstName": "first_name",
        "signup_ts": {"to": "signed_up_at", "type": "datetime"},
        "points": {"to": "points", "type": "integer"},
    }
    assert spec["checks"] == {"never_send": ["SSN"]}
    assert told["unmapped"] == ["zip", "SSN", "notes", "last_seen_at"]
    assert "# last_seen_at: {to: last_seen_at, type: datetime} # the same name" in told["spec"]
    assert "naive datetime" in told["spec"]
    assert "every value of its 2 rows" in told["spec"]
    assert cli("validate", "--online", "people").code == 0
    assert "0 would be rejected" in cli("check", "people", "--file", people).out
    assert (project / "specs" / ".schema.json").is_file()


def test_offline_the_snapshot_stands_in(
    cli: RunCli, people: str, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With it the draft is the same as with credentials, but for who told the fields."""
    assert cli("schema", "pull").code == 0
    online = draft(cli, people, "--dry-run")
    monkeypatch.delenv("EXPERITURE_API_KEY")
    asked = len(emulator.requests)
    offline = draft(cli, people)
    assert (offline["fields_from"], offline["mapped"]) == ("snapshot", online["mapped"])
    assert "schemas/profiles.json" in offline["spec"]
    assert len(emulator.requests) == asked


def test_where_nothing_is_known_names_are_guessed(cli: RunCli, people: str) -> None:
    """Leading zeros stay text, secrets stay here, no match key is made up, and the draft says that it guesses."""
    told = draft(cli, people)
    spec, _ = read_values(told["spec"])
    assert spec["target"] == {"object": "profiles"}
    assert spec["mapping"]["zip"] == "postal_code"
    assert spec["mapping"]["E-Mail Address"] == "email"
    assert "SSN" not in spec["mapping"]
    assert "their names are guesses" in told["spec"]
    assert cli("validate").code == 0


def test_no_value_of_the_file_is_in_the_draft(cli: RunCli, people: str) -> None:
    """A spec is committed and read by many."""
    told = json.dumps(draft(cli, people)) + cli("init", "--object", "profiles", "--from", people, "--name", "b").out
    assert "not mapped: SSN\n" in told
    assert [cell for cell in ("ada@", "Grace", "01234", "078-05", "90210") if cell in told] == []


def test_a_draft_overwrites_nothing(cli: RunCli, project: Path, people: str) -> None:
    """Neither a file nor a name that another spec has; a dry run shows the spec and writes nothing."""
    draft(cli, people, "--dry-run")
    assert not (project / "specs" / "people.yaml").exists()
    draft(cli, people)
    before = (project / "specs" / "people.yaml").read_bytes()
    ran = cli("init", "--object", "profiles", "--from", people)
    assert (ran.code, "specs/people.yaml is there already" in ran.err) == (1, True)
    assert cli("init", "--object", "profiles", "--from", people, "--name", "crm").code == 1
    (project / "specs" / "eu").mkdir()
    (project / "specs" / "crm.yaml").rename(project / "specs" / "eu" / "crm.yaml")
    assert "specs/eu/crm.yaml is there already" in cli("init", "--object", "p", "--from", people, "--name", "crm").err
    assert cli("init", "--object", "profiles", "--from", people, "--name", "../x").code == 64
    assert (project / "specs" / "people.yaml").read_bytes() == before


@pytest.mark.usefixtures("emulator")
def test_what_cannot_be_drafted_is_said(cli: RunCli, project: Path, people: str) -> None:
    """An object that is not there, a file that is not there, a file of which no column fits."""
    ran = cli("init", "--object", "profile", "--from", people)
    assert (ran.code, "did you mean 'profiles'?" in ran.err) == (64, True)
    assert cli("init", "--object", "profiles", "--from", "in/none.csv").code == 1
    (project / "in" / "odd.csv").write_text("colour,shape\nred,round\n", "utf-8")
    ran = cli("init", "--object", "profiles", "--from", "in/odd.csv")
    assert (ran.code, "no column of in/odd.csv can be mapped onto profiles" in ran.err) == (1, True)


@pytest.mark.usefixtures("emulator")
def test_a_draft_without_the_match_key_says_so(cli: RunCli, project: Path) -> None:
    """It is written with the reason, and the exit code says that it does not validate against the object yet."""
    assert cli("schema", "pull").code == 0
    (project / "in" / "names.csv").write_text("FirstName\nAda\n", "utf-8")
    told = draft(cli, "in/names.csv", code=65)
    assert "The object merges rows by email, but no column looks like it" in told["spec"]
    assert "is required, but nothing is mapped to it" in told["problems"][0]["message"]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_how_a_csv_file_is_written_is_found_out(cli: RunCli, project: Path, delimiter: str) -> None:
    """Delimiter and encoding stand in the draft, and the file is read by it."""
    text = f"email{delimiter}name\nada@example.com{delimiter}Zoë, a name\n"
    (project / "in" / "b.csv").write_bytes(text.encode("windows-1252"))
    spec, _ = read_values(draft(cli, "in/b.csv")["spec"])
    assert spec["source"]["csv"] == {"delimiter": delimiter, "encoding": "windows-1252"}
    assert "1 row, 0 would be rejected" in cli("check", "b", "--file", "in/b.csv").out


def test_parquet_and_json_keep_their_own_types(cli: RunCli, project: Path) -> None:
    """A text of digits in a typed format is text, and what is nested is mapped to nothing."""
    import duckdb

    path = project / "in" / "t.parquet"
    with duckdb.connect() as engine:
        engine.execute(
            "COPY (SELECT 'a@b.example' AS email, 7::BIGINT AS points, '7' AS digits, true AS ok, "
            "1.5::DOUBLE AS share, DATE '2026-01-01' AS day, TIMESTAMPTZ '2026-01-01 00:00:00+00' AS at, [1] AS list) "
            f"TO '{path}' (FORMAT parquet)"
        )
    row = {"email": "a@b.example", "points": 7, "digits": "7", "ok": True, "day": "2026-01-01", "share": 1.5}
    (project / "in" / "j.jsonl").write_text(json.dumps({**row, "at": "2026-01-01T00:00:00Z", "list": [1]}), "utf-8")
    (project / "specs" / "crm.yaml").unlink()
    for name, digits in (("in/t.parquet", "string"), ("in/j.jsonl", "string")):
        spec, _ = read_values(draft(cli, name)["spec"])
        types = {key: to["type"] if isinstance(to, dict) else "string" for key, to in spec["mapping"].items()}
        assert types.pop("digits") == digits
        assert types == {
            "email": "string",
            "points": "integer",
            "ok": "boolean",
            "day": "date",
            "share": "number",
            "at": "datetime",
        }
        assert "0 would be rejected" in cli("check", spec.get("name", Path(name).stem), "--file", name).out


CELLS = st.one_of(
    st.sampled_from(
        ["", "true", "false", "0", "-7", "007", "1.5", "1e5", "2026-02-29", "2024-02-29", "NaN", "+1", "\uff11"]
    ),
    st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01T25:00:00Z", "99999999999999999999"]),
    st.integers().map(str),
    st.floats().map(repr),
    st.datetimes().map(lambda time: time.isoformat() + "+02:00"),
    st.dates().map(str),
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=5),
)


@given(st.lists(CELLS, min_size=1, max_size=6), st.sampled_from(["points", "zip_code", "x"]))
def test_a_proposed_type_is_one_that_every_value_passes(
    tmp_path_factory: pytest.TempPathFactory, cells: list[str], name: str
) -> None:
    """The judge, given a whole file of these values under that type, rejects no row; zeros and codes stay text."""
    kind = infer_type(Column(name=name, values=cells, format="csv"))
    assert kind is not None
    if name == "zip_code" or any(cell.lstrip("-").startswith("00") and len(cell) > 1 for cell in cells):
        assert kind not in ("integer", "number")
    folder = tmp_path_factory.getbasetemp() / "judged"
    folder.mkdir(exist_ok=True)
    path = folder / "a.csv"
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([[name, "row"], *([cell, "x"] for cell in cells)])
    path.write_bytes(text.getvalue().encode())
    found = judge(
        path,
        file_format="csv",
        compression=None,
        columns=[name],
        field_map={name: name},
        source_fields={name: kind},
        schema={},
        rejects=None,
        work_dir=folder,
    )
    assert (found.rows, found.invalid) == (len(cells), 0)
    found.discard()


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8))
def test_any_name_can_stand_in_a_draft(name: str) -> None:
    """As a key, in a list and in a comment it reads as itself and stays on its line."""
    written = scalar(name)
    value, faults = read_values(f"mapping:\n  {written}: x # why\nlist: [{written}]\n# {written}\nend: 1\n")
    assert faults == []
    assert value == {"mapping": {name: "x"}, "list": [name], "end": 1}


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("E-Mail Address", "email"),
        ("EMAIL", "email"),
        ("firstName", "first_name"),
        ("Surname", "last_name"),
        ("Date of Birth", "birth_date"),
        ("HTTPStatus", "http_status"),
        ("Größe", "große"),
    ],
)
def test_names_are_read_as_people_write_them(column: str, field: str) -> None:
    """Spaces, dashes, cases and other usual names are one."""
    assert usual(column) == (field if field != "große" else "grosse")


def test_a_field_goes_to_the_column_that_looks_like_it_most() -> None:
    """And to no other; nothing is matched by mere resemblance."""
    found = matches(["mail", "Email", "emails", "city"], ["email", "country"])
    assert {column: field for column, (field, _) in found.items()} == {"Email": "email"}
    assert snake("##") == ""


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("password", [], True),
        ("creditCardNumber", [], True),
        ("discard", ["1"], False),
        ("spin_class", [], False),
        ("ref", ["4111 1111 1111 1111", None], True),
        ("ref", ["4111111111111112"], False),
        ("ref", ["DE89 3704 0044 0532 0130 00"], True),
        ("ref", ["DE88370400440532013000"], False),
        ("ref", [], False),
    ],
)
def test_secrets_are_known_by_name_or_by_value(name: str, values: list[object], expected: bool) -> None:
    """Whole words of the name, or check digits of every value."""
    assert bool(why_sensitive(name, values)) is expected
