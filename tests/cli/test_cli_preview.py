"""`syncer preview`: the first rows before and after the real preparation, and nothing of them anywhere else."""

from __future__ import annotations

import hashlib
import hmac
import json
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import pytest

from syncer.emulator.testing import Emulator
from tests.cli.conftest import RunCli

RICH = """\
version: 1
source: {uri: in/*.csv}
target: {object: profiles, match_key: email}
mapping:
  mail: {to: email, clean: [trim, lower]}
  n: {to: points, type: integer}
  phone: {to: phone_hash, mask: hmac}
constants: {origin: crm}
batch: {field: tag, value: "{spec}-{date:%Y%m%d}"}
suppress: {keys: gone.txt}
on_invalid: quarantine
prepare: {sort: true, format: parquet}
"""
ROWS = "mail,n,phone,ssn\n Z@x.com,1,+49,12-3\ngone@x.com,2,,\nb@x.com,x,,\na@x.com,4,,\n"


@pytest.fixture
def rich(project: Path) -> Path:
    """A spec that asks for every step, and a file with a row for each fate."""
    (project / "specs" / "crm.yaml").write_text(RICH, "utf-8")
    (project / "in" / "a.csv").write_text(ROWS, "utf-8")
    (project / "gone.txt").write_text(hashlib.sha256(b"gone@x.com").hexdigest() + "\n", "utf-8")
    return project


def previewed(cli: RunCli, *arguments: str, code: int = 0) -> dict[str, Any]:
    ran = cli("preview", "-o", "json", *arguments)
    assert ran.code == code, ran.out + ran.err
    found: dict[str, Any] = json.loads(ran.out)
    return found


def values(row: dict[str, Any], side: str) -> dict[str, str | None]:
    """Return the row's columns and values before, or its fields and values after."""
    name = {"before": "column", "after": "field"}[side]
    return {cell[name]: cell[side] for cell in row["cells"] if cell[name]}


@pytest.mark.usefixtures("rich")
def test_every_row_says_what_becomes_of_it(cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of the file, with the values that are sent, and with the reason where none is."""
    monkeypatch.setenv("SYNCER_MASK_KEY", "key")
    found = previewed(cli, "crm", "--unmasked")

    assert [(row["number"], row["fate"], row["why"]) for row in found["rows"]] == [
        (1, "sent", ""),
        (2, "suppressed", "its match key is listed by suppress"),
        (3, "quarantined", "points: not an integer"),
        (4, "sent", ""),
    ]
    assert values(found["rows"][0], "before") == {"mail": " Z@x.com", "n": "1", "phone": "+49", "ssn": "12-3"}
    sent = values(found["rows"][0], "after")
    assert (sent.pop("tag") or "").startswith('"crm-20')
    digest = hmac.new(b"key", b"+49", "sha256").hexdigest()
    assert sent == {"email": '"z@x.com"', "points": "1", "phone_hash": f'"{digest}"', "origin": '"crm"'}
    assert values(found["rows"][2], "after") == {"email": None, "points": None, "phone_hash": None}
    assert (found["sent_format"], found["more"], found["problem"]) == ("parquet", False, "")
    assert found["notes"] == ["rows are sorted by email before they are sent"]


@pytest.mark.usefixtures("rich")
@pytest.mark.parametrize("output", ["text", "json", "markdown"])
def test_values_are_masked_unless_asked_for(cli: RunCli, output: str) -> None:
    """No letter or digit of a value is shown, and no key is needed for a hash that is not shown either."""
    ran = cli("preview", "crm", "-o", output)
    assert ran.code == 0
    assert not {part for part in ("Z@x", "z@x", "gone", "+49", "12-3", "@x.com") if part in ran.out}
    assert {part for part in ("(hash)", "+99", "99-9") if part in ran.out} == {"(hash)", "+99", "99-9"}


@pytest.mark.usefixtures("rich")
def test_a_hash_that_is_shown_needs_the_key(cli: RunCli) -> None:
    """Without it the rows are shown as they are, with the reason, and the exit code is 1."""
    found = previewed(cli, "crm", "--unmasked", code=1)
    assert "SYNCER_MASK_KEY is not set" in found["problem"]
    assert {row["fate"] for row in found["rows"]} == {"unknown"}
    assert "cannot be prepared" in cli("preview", "crm", "--unmasked").out


@pytest.mark.usefixtures("rich")
def test_what_is_printed_for_people(cli: RunCli) -> None:
    """A line a column, and the fate beside the row's number."""
    lines = cli("preview", "crm").out.splitlines()
    assert lines[0] == "crm  in/a.csv  csv, sent as parquet"
    assert lines[2:7] == [
        "row 1",
        '  mail    X@x.xxx  →  email         "x@x.xxx"',
        "  n      9         →  points        9",
        "  phone  +99       →  phone_hash    (hash)",
        "  ssn    99-9         (stays here)",
    ]
    assert "row 2  never leaves: its match key is listed by suppress" in lines
    assert "row 3  held back, because it would be rejected: points: not an integer" in lines
    assert lines[-1] == "All 4 rows, values masked (--unmasked shows them); nothing was sent."
    assert "The first 2 rows" in cli("preview", "crm", "--rows", "2").out
    assert "The first row," in cli("preview", "crm", "--rows", "1").out


def test_the_first_pending_file_or_the_newest(cli: RunCli, project: Path, emulator: Emulator) -> None:
    """Nothing is sent for it; a file that somebody names need not be the spec's."""
    (project / "in" / "b.csv").write_text("email,name\nb@x.com,B\n", "utf-8")
    (project / "other.csv").write_text("email;name\nc@x.com;C\n", "utf-8")
    assert previewed(cli, "crm")["path"] == "in/a.csv"
    assert not [each for each in emulator.requests if each.method == "POST"]
    assert cli("apply").code == 0
    found = previewed(cli, "crm")
    assert (found["path"], found["fields_known"]) == ("in/b.csv", True)
    assert previewed(cli, "crm", "--file", "other.csv")["rows"][0]["cells"][0]["before"] == "x@x.xxx"


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize("on_invalid", ["send", "abort"])
def test_rows_that_are_sent_all_the_same(cli: RunCli, project: Path, on_invalid: str) -> None:
    """What the object asks of its fields decides; checks of the whole file are for the whole file."""
    spec = project / "specs" / "crm.yaml"
    checks = f"on_invalid: {on_invalid}\nchecks: {{min_rows: 1000, max_invalid: 0%}}\n"
    spec.write_text(f"{spec.read_text('utf-8')}{checks}", "utf-8")
    found = previewed(cli, "crm")
    assert [(row["fate"], row["why"]) for row in found["rows"]] == [
        ("sent", ""),
        ("rejected", "email: invalid email format"),
    ]
    assert values(found["rows"][1], "after") == {"email": "xxxxxx", "first_name": "Xxx"}
    assert bool(found["notes"]) == (on_invalid == "abort")


def test_a_key_that_only_later_rows_have(cli: RunCli, project: Path) -> None:
    """It is no missing column as long as the file goes on; in a file that ends it is."""
    spec = project / "specs" / "crm.yaml"
    spec.write_text(spec.read_text("utf-8").replace("*.csv", "*.jsonl"), "utf-8")
    (project / "in" / "a.jsonl").write_text(
        '{"email": "a", "x": 1.50}\n{"email"\n{"email": "b", "name": "B"}\n', "utf-8"
    )
    found = previewed(cli, "crm", "--rows", "1", "--unmasked")
    assert values(found["rows"][0], "before") == {"email": '"a"', "x": "1.50"}
    assert [row["fate"] for row in previewed(cli, "crm", "--rows", "2")["rows"]] == ["sent", "rejected"]
    (project / "in" / "a.jsonl").write_text('{"email": "a"}\n', "utf-8")
    assert "no column 'name'" in previewed(cli, "crm", code=1)["problem"]


def test_first_rows_that_are_all_held_back_are_no_problem_of_the_file(cli: RunCli, project: Path) -> None:
    """Each says what becomes of it, and so do those behind it."""
    spec = project / "specs" / "crm.yaml"
    text = (
        spec.read_text("utf-8").replace("*.csv", "*.jsonl").replace("name: first_name", "name: {to: n, type: integer}")
    )
    spec.write_text(text + "on_invalid: quarantine\n", "utf-8")
    (project / "in" / "a.jsonl").write_text('{"email": "a", "name": "x"}\n{"email": "b", "name": 1}\n', "utf-8")
    found = previewed(cli, "crm", "--rows", "1")
    assert (found["problem"], [row["fate"] for row in found["rows"]]) == ("", ["quarantined"])
    assert [row["fate"] for row in previewed(cli, "crm")["rows"]] == ["quarantined", "sent"]


def test_reasons_keep_the_row_s_words_to_themselves(cli: RunCli, project: Path) -> None:
    """A repeated key is named only where values are shown."""
    spec = project / "specs" / "crm.yaml"
    spec.write_text(spec.read_text("utf-8").replace("*.csv", "*.jsonl") + "prepare: {mode: passthrough}\n", "utf-8")
    (project / "in" / "a.jsonl").write_text('{"email": "a", "name": "A", "hidden": 1, "hidden": 2}\n', "utf-8")
    found = previewed(cli, "crm")
    assert (found["rows"][0]["fate"], found["rows"][0]["why"]) == ("rejected", "row: duplicate key")
    assert previewed(cli, "crm", "--unmasked")["rows"][0]["why"] == "row: duplicate key hidden"


def test_parquet_is_cut_too(cli: RunCli, project: Path) -> None:
    """The types of the columns stay."""
    path = project / "in" / "a.parquet"
    duckdb.execute(f"COPY (SELECT i::VARCHAR AS email, i AS name FROM range(9) AS t(i)) TO '{path}' (FORMAT parquet)")
    found = previewed(cli, "crm", "--file", "in/a.parquet", "--rows", "2", "--unmasked")
    assert [values(row, "before") for row in found["rows"]] == [
        {"email": '"0"', "name": "0"},
        {"email": '"1"', "name": "1"},
    ]
    assert [row["why"] for row in found["rows"]] == ["first_name: not a string"] * 2
    assert found["more"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("gone",), 64, "there is no spec 'gone'"),
        (("crm", "--rows", "0"), 64, "from 1 to 1000"),
        (("crm", "--rows", "x"), 64, "is not a number of rows"),
        (("crm", "--file", "gone.csv"), 1, "there is no file gone.csv"),
        (("empty",), 1, "spec empty finds no file"),
    ],
)
def test_what_cannot_be_shown(cli: RunCli, project: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    """Wrong usage and missing files are errors with their reason."""
    spec = (project / "specs" / "crm.yaml").read_text("utf-8").replace("in/", "none/")
    (project / "specs" / "empty.yaml").write_text(spec, "utf-8")
    (project / "none").mkdir()
    ran = cli("preview", *arguments)
    assert (ran.code, said in ran.err) == (code, True)


@pytest.mark.usefixtures("rich")
def test_nothing_is_left_on_the_disk(
    cli: RunCli, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in the project nor where temporary files are."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    assert cli("preview", "crm").code == 0
    (project / "in" / "a.csv").write_text('mail,n,phone\n"x', "utf-8")
    assert cli("preview", "crm").code == 1
    assert list(folder.iterdir()) == []
    kept = [path for path in (project / ".syncer").rglob("*") if path.is_file()]
    assert not [path for path in kept if "x.com" in path.read_text("utf-8")]
    assert not (project / "state").exists()
