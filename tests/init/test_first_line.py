"""`syncer init --from`: what the first line says; where it may be a person, none of it is shown or written."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from syncer.spec.yaml_values import read_values
from tests.cli.conftest import RunCli


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("ada@example.com,Ada\ngrace@example.com,Grace\n", 1),
        ("Ada,42\nGrace,43\n", 2),
        ("Ada,1985\nGrace,1986\n", 2),
        ("Ada,+44 20 7946 0958\nGrace,1\n", 2),
        ("Ada,10/12/1815\nGrace,1\n", 2),
        ("Ada,2026-04-21T09:00:00Z\nGrace,1\n", 2),
        ("Ada,10 Dec 1815\nGrace,1\n", 2),
        ("Ada,550e8400-e29b-41d4-a716-446655440000\nGrace,1\n", 2),
        ("Ada,DE89370400440532013000\nGrace,1\n", 2),
        ("Ada,https://example.com/ada\nGrace,1\n", 2),
        ("Ada,TRUE\nGrace,FALSE\n", 2),
        (f"Ada,{'she wrote a lot ' * 8}\nGrace,1\n", 2),
        ("Ada,Lovelace,London\nGrace,Hopper,London\n", 3),
        ("Ada;-12,5\nGrace;1\n", 2),
    ],
)
def test_a_file_without_a_header_is_no_draft(cli: RunCli, project: Path, text: str, column: int) -> None:
    """A first line of values is refused by the number of the column; nothing of it is printed, and nothing written."""
    (project / "in" / "bare.csv").write_text(text, "utf-8")
    before = sorted((project / "specs").iterdir())

    ran = cli("init", "--object", "profiles", "--from", "in/bare.csv")

    assert ran.code == 1
    assert f"in/bare.csv seems to have no header: the name of column {column} looks like a value" in ran.err
    assert "put a line with the columns' names before it" in ran.err
    cells = text.splitlines()[0].replace(";", ",").split(",")
    assert [cell for cell in cells if cell in (ran.out + ran.err)] == []
    assert sorted((project / "specs").iterdir()) == before


def test_names_with_digits_are_names(cli: RunCli, project: Path) -> None:
    """What people call columns passes, and so does a header that stands in the file once more."""
    header = "email,Q1 2024,last 30 days,address_1,90 day value,1st purchase,custom_field_12345678,N"
    (project / "in" / "names.csv").write_text(f"{header}\na@example.com,1,2,3,4,5,6,7\n{header}\n", "utf-8")

    ran = cli("init", "--object", "profiles", "--from", "in/names.csv", "--dry-run")

    assert ran.code == 0, ran.err
    assert "The first line is taken for the header." in ran.out


def test_keys_that_are_values_are_no_draft(cli: RunCli, project: Path) -> None:
    """The same holds for the keys of JSON objects."""
    (project / "in" / "keys.jsonl").write_text('{"points": 1, "ada@example.com": 2}\n', "utf-8")

    ran = cli("init", "--object", "profiles", "--from", "in/keys.jsonl")

    assert ran.code == 1
    assert "the name of column 2 of in/keys.jsonl looks like a value" in ran.err
    assert "ada" not in ran.err


@pytest.mark.parametrize(("name", "delimiter"), [("people.tsv", "\t"), ("people.txt", "|"), ("people.psv", "|")])
def test_other_names_of_text_files_are_read(cli: RunCli, project: Path, name: str, delimiter: str) -> None:
    """The draft says which format they have, so that it validates and reads them."""
    (project / "in" / name).write_text(f"email{delimiter}points\nada@example.com{delimiter}7\n", "utf-8")

    ran = cli("init", "--object", "profiles", "--from", f"in/{name}", "-o", "json")

    assert ran.code == 0, ran.out + ran.err
    spec, _ = read_values(json.loads(ran.out)["spec"])
    assert (spec["source"]["format"], spec["source"]["csv"]) == ("csv", {"delimiter": delimiter})
    assert "1 row, 0 would be rejected" in cli("check", "people", "--file", f"in/{name}").out


def test_the_delimiter_is_what_the_rows_have_too(cli: RunCli, project: Path) -> None:
    """Other signs in the header alone separate nothing."""
    (project / "in" / "odd.csv").write_text("email,a|b|c|d\na@example.com,1\nb@example.com,2\n", "utf-8")

    ran = cli("init", "--object", "profiles", "--from", "in/odd.csv", "--dry-run")

    assert ran.code == 0, ran.err
    assert "delimiter" not in ran.out
    assert "  email: email #" in ran.out


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("in/a.json", b'[{"email": "ada@example.com"}]', ("is a JSON object", "jq -c '.[]' in/a.json > FILE.jsonl")),
        ("in/b.jsonl", b'{"email": 1\n', ("is a JSON object", "one object a line")),
        ("in/c.csv", gzip.compress(b"email\nada@example.com\n", mtime=0), ("that no text has", "gzipped file .gz")),
        ("in/d.csv", b"PK\x03\x04 a workbook", ("bytes that no text has", "workbook as CSV")),
        ("in/e.xlsx", b"PK\x03\x04 a workbook", ("format cannot be told", "workbook has to be saved as CSV")),
        ("in/f.csv", b",,\n1,2,3\n", ("gives no column a name", "with a header")),
        ("http://127.0.0.1:9/x.csv", None, ("http:// are not supported", "CSV, JSONL or Parquet")),
        ("s3://user:secret@bucket/x.csv", None, ("must not stand in a URI", "CSV, JSONL or Parquet")),
    ],
)
def test_what_cannot_be_read_is_told_with_what_to_do(
    cli: RunCli, project: Path, name: str, content: bytes | None, told: tuple[str, str]
) -> None:
    """Each has the reason and a next step that helps, and shows nothing of the file."""
    if content is not None:
        (project / name).write_bytes(content)

    ran = cli("init", "--object", "profiles", "--from", name)

    assert ran.code in (1, 64)
    assert told[0] in ran.err
    assert told[1] in ran.err.partition("next:")[2]
    assert not [word for word in ("ada@", "secret@", "defect") if word in ran.err]


def test_a_header_without_rows_is_text(cli: RunCli, project: Path) -> None:
    """Without a value no type is proposed, and the draft says so."""
    (project / "in" / "only.csv").write_text("email,points\n", "utf-8")

    ran = cli("init", "--object", "profiles", "--from", "in/only.csv", "--dry-run")

    assert ran.code == 0, ran.err
    assert "There is no row to look at, so all is text." in ran.out
    assert "type:" not in ran.out
