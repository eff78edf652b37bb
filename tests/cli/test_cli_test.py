"""`syncer test`: made-up files through the real preparation, offline, and a difference that can be read."""

from __future__ import annotations

import gzip
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import RunCli


def write(project: Path, tests: str, *, more: str = "", spec: str = "") -> None:
    """Give the spec these tests, indented as a list's items."""
    path = project / "specs" / "crm.yaml"
    path.write_text(f"{spec or path.read_text('utf-8')}{more}tests:\n{tests}", "utf-8")


def outcomes(cli: RunCli, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
    ran = cli("test", "-o", "json", *arguments)
    assert ran.code == code, ran.out + ran.err
    found: list[dict[str, Any]] = json.loads(ran.out)["tests"]
    return found


def test_a_line_a_test_and_a_diff_where_one_fails(cli: RunCli, project: Path) -> None:
    """The place of the test, the cell, what was expected and what came out; the exit code is 1."""
    write(
        project,
        "  - name: good\n    rows: [{email: a@x.com, name: Ada}]\n"
        "    expect: {rows: [{email: a@x.com, first_name: Ada}]}\n"
        "  - name: bad\n    rows: [{email: a@x.com, name: Ada}]\n"
        "    expect: {rows: [{email: a@x.com, first_name: Eve}], rejected: 1}\n",
    )
    ran = cli("test")
    assert ran.code == 1
    assert ran.out.splitlines() == [
        "passed  crm: good  specs/crm.yaml:6",
        "FAILED  crm: bad  specs/crm.yaml:9",
        "    row 1, first_name",
        '      expected  "Eve"',
        '      actual    "Ada"',
        "    rejected",
        "      expected  1",
        "      actual    0",
        "2 tests: 1 passed, 1 failed.",
    ]
    good, bad = outcomes(cli, "crm", code=1)
    assert (good["passed"], bad["passed"], bad["path"], bad["line"]) == (True, False, "specs/crm.yaml", 9)
    assert 'expected `"Eve"`, actual `"Ada"`' in cli("test", "-o", "markdown").out


def test_no_tests_and_no_such_spec(cli: RunCli) -> None:
    """A project without tests passes and is told how to write some; an unknown name is wrong usage."""
    ran = cli("test")
    assert (ran.code, "SPEC.tests.yaml" in ran.out) == (0, True)
    assert cli("test", "gone").code == 64


def test_everything_a_spec_asks_for_is_done(cli: RunCli, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cleaning, masking with the test's own key, tags, suppression, quarantine, sorting and Parquet, in one file."""
    monkeypatch.setenv("SYNCER_MASK_KEY", "the real key")
    masked = hmac.new(b"other", b"+49", "sha256").hexdigest()
    spec = (
        "version: 1\nsource: {uri: in/*.csv}\ntarget: {object: profiles, match_key: email}\n"
        "mapping:\n  mail: {to: email, clean: [trim, lower]}\n  n: {to: points, type: integer}\n"
        "  phone: {to: phone_hash, mask: hmac}\nconstants: {origin: crm}\n"
        'batch: {field: tag, value: "{spec}-{date:%Y%m%d}-{import}-{file.stem}"}\n'
        "suppress: {keys: not-there.txt}\non_invalid: quarantine\nprepare: {sort: true, format: parquet}\n"
        "checks: {min_rows: 1000, max_invalid: 0%}\n"
    )
    added = "origin: crm, tag: crm-20261101-test-crm"
    write(
        project,
        "  - name: all of it\n    date: 2026-11-01\n    mask_key: other\n    suppress: [gone@x.com]\n    rows:\n"
        '      - {mail: " B@x.com", n: "2", phone: "+49"}\n'
        '      - {mail: gone@x.com, n: "3"}\n'
        '      - {mail: c@x.com, n: "x"}\n'
        '      - {mail: a@x.com, n: "1"}\n'
        "    expect:\n      rows:\n"
        f"        - {{email: a@x.com, points: 1, {added}}}\n"
        f"        - {{email: b@x.com, points: 2, phone_hash: {masked}, {added}}}\n"
        "      suppressed: 1\n      quarantined: 1\n"
        "      rejected: [{row: 3, field: points, error: not an integer}]\n",
        spec=spec,
    )
    (found,) = outcomes(cli)
    assert found["differences"] == []


def test_rows_are_numbered_as_the_source_has_them(cli: RunCli, project: Path) -> None:
    """Also those behind rows that are suppressed, alike or not."""
    write(
        project,
        "  - name: numbers\n    suppress: [b@x.com]\n    fields: {email: email}\n"
        "    rows: [{email: b@x.com, name: x}, {email: b@x.com, name: x}, {email: no, name: x},"
        " {email: b@x.com, name: y}, {email: no, name: x}]\n"
        "    expect: {suppressed: 3, rejected: [{row: 3, field: email}, {row: 5, error: invalid email}]}\n",
        more="suppress: {keys: x.txt}\n",
    )
    assert outcomes(cli)[0]["differences"] == []


@pytest.mark.parametrize(
    ("test", "refusal"),
    [
        ("rows: [{email: x}]", "no column 'name'"),
        ("file: open.csv", "is never closed"),
        ("file: gone.csv", "there is no file gone.csv"),
        ("file: ../../outside.csv", "is outside the project"),
        ("rows: [{email: ż, name: x}]", "has no 'ż'"),
        ("rows: [{email: bad, name: x}]\n    fields: {email: email}", "on_invalid is abort"),
    ],
)
def test_files_that_are_refused(cli: RunCli, project: Path, test: str, refusal: str) -> None:
    """The error of the preparation is what a test may expect."""
    (project / "specs" / "open.csv").write_text('email,name\n"x,y\n', "utf-8")
    (project.parent / "outside.csv").write_text("email,name\n", "utf-8")
    spec = (project / "specs" / "crm.yaml").read_text("utf-8")
    spec = spec.replace('"in/*.csv"', '"in/*.csv", csv: {encoding: windows-1252}') + "on_invalid: abort\n"
    write(
        project,
        f'  - name: refused\n    {test}\n    expect: {{refused: "{refusal}"}}\n'
        f"  - name: not expected\n    {test}\n    expect: {{rows: []}}\n",
        spec=spec,
    )
    expected, unexpected = outcomes(cli, code=1)
    assert expected["differences"] == []
    assert refusal in unexpected["differences"][0]["actual"]


def test_files_beside_the_spec(cli: RunCli, project: Path) -> None:
    """A gzipped one as well, with its path from the file of tests on."""
    (project / "specs" / "more").mkdir()
    (project / "specs" / "more" / "a.csv.gz").write_bytes(gzip.compress(b"email,name\na@x.com,Ada\n"))
    (project / "specs" / "crm.tests.yaml").write_text(
        "tests:\n  - name: beside\n    file: more/a.csv.gz\n    expect: {rows: [{email: a@x.com, first_name: Ada}]}\n"
    )
    (found,) = outcomes(cli)
    assert (found["differences"], found["path"], found["line"]) == ([], "specs/crm.tests.yaml", 2)


@pytest.mark.parametrize(
    ("kind", "rows", "sent"),
    [
        ("jsonl", "[{email: 5, name: [1]}, {email: 6}]", "[{email: 5, first_name: [1]}, {email: 6}]"),
        ("parquet", "[{email: 5, name: x}, {email: 6}]", "[{email: 5, first_name: x}, {email: 6, first_name: null}]"),
        ("parquet", "[{email: 1.5, name: true}]", "[{email: 1.5, first_name: true}]"),
        ("parquet", "[]", "[]"),
    ],
)
def test_rows_of_typed_formats(cli: RunCli, project: Path, kind: str, rows: str, sent: str) -> None:
    """Values keep their types."""
    spec = (project / "specs" / "crm.yaml").read_text("utf-8").replace("*.csv", f"*.{kind}")
    write(project, f"  - name: typed\n    rows: {rows}\n    expect: {{rows: {sent}}}\n", spec=spec)
    (found,) = outcomes(cli)
    assert found["differences"] == []


def test_rows_that_no_parquet_column_holds(cli: RunCli, project: Path) -> None:
    """They are refused, and the cure is named."""
    spec = (project / "specs" / "crm.yaml").read_text("utf-8").replace("*.csv", "*.parquet")
    write(
        project,
        "  - name: mixed\n    rows: [{email: a, name: 1}, {email: 1, name: 1}]\n    expect: {refused: several types}\n"
        "  - name: twice\n    rows: [{email: a, EMAIL: b, name: x}]\n    expect: {refused: stands twice}\n",
        spec=spec,
    )
    assert [each["differences"] for each in outcomes(cli)] == [[], []]


def test_tests_touch_nothing(cli: RunCli, project: Path) -> None:
    """A run of tests leaves no file, and a new test makes nothing pending."""
    assert cli("plan", "--detailed-exitcode").code == 2
    before = json.loads(cli("plan", "-o", "json").out)["specs"]
    files = {path for path in project.rglob("*") if path.is_file()}
    write(project, "  - name: t\n    rows: [{email: a, name: b}]\n    expect: {rejected: 0}\n")
    assert cli("test").code == 0
    assert {path for path in project.rglob("*") if path.is_file()} == files
    assert json.loads(cli("plan", "-o", "json").out)["specs"] == before
