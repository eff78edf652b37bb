"""Rows before the fact: what a plan looks at, in files and in stores, what it remembers, and what limits make of it."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from syncer.emulator.testing import Emulator
from syncer.errors import Refused
from syncer.model.samples import RowEstimate
from syncer.operations import samples
from syncer.operations.plan import plan, save
from syncer.plan import Action, Filters, Plan, PlannedImport
from syncer.render.plan_text import plan_text
from tests.apply.workspace import PEOPLE, Workspace, only, results
from tests.servers.fixtures import reach
from tests.servers.s3 import S3Bucket, S3Server
from tests.sources.proxy import Wire, wire_to

ROWS = 20_000
LARGE = "".join(["email_address,FirstName\n", *(f"user{n:06}@example.com,Ann\n" for n in range(ROWS))]).encode()


@pytest.fixture
def crm(workspace: Workspace) -> Workspace:
    workspace.spec("crm", PEOPLE)
    return workspace


@pytest.fixture
def bucket(s3_moto: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Bucket:
    reach(monkeypatch, s3_moto)
    return s3_moto.make_bucket()


@pytest.fixture
def wire(s3_moto: S3Server) -> Iterator[Wire]:
    """The way to the store, on which the ranges that are read can be seen."""
    with wire_to(s3_moto.endpoint_url) as wire:
        yield wire


@pytest.fixture
def cloud(tmp_path: Path, emulator: Emulator, s3_moto: S3Server, bucket: S3Bucket, wire: Wire) -> Workspace:
    """A project whose one source is the CSV and Parquet under `in/` of the bucket."""
    workspace = Workspace(tmp_path / "cloud", emulator, {**s3_moto.environ})
    far = f"connections: {{far: {{protocol: s3, endpoint_url: '{wire.url}'}}}}\n"
    (workspace.root / "syncer.yaml").write_text(far, encoding="utf-8")
    uris = f'["{bucket.uri("in/*.csv")}", "{bucket.uri("in/*.parquet")}"], connection: far'
    workspace.spec("crm", PEOPLE.replace("data/*.csv", uris))
    return workspace


def planned(workspace: Workspace, **options: Any) -> Plan:
    return plan(workspace.root, environ=workspace.environ, **options)


def rows(made: Plan) -> list[RowEstimate | None]:
    return [item.rows for item in made.imports]


def the_rows(item: PlannedImport) -> RowEstimate:
    assert item.rows is not None
    return item.rows


def put(workspace: Workspace, name: str, content: bytes) -> None:
    (workspace.root / "data" / name).write_bytes(content)


def test_small_files_are_counted_and_large_ones_estimated(crm: Workspace) -> None:
    """The plan tells which is which, and what that costs."""
    crm.people("a.csv", "a@example.com", "b@example.com")
    put(crm, "b.csv", LARGE)

    made = planned(crm)

    small, large = made.imports
    assert small.rows == RowEstimate(2, exact=True)
    assert not the_rows(large).exact
    assert the_rows(large).rows == pytest.approx(ROWS, rel=0.01)
    text = plan_text(made)
    assert "~20,000 rows  new file" in text
    assert "total: ~20,000 rows, ~40,000 rows of merge compute, typically 1 to 4 min" in text
    assert "note: ~ is an estimate from a sample" in text


def test_what_a_run_imports_it_need_not_estimate(crm: Workspace) -> None:
    """Only a person reads them: without limits a run looks at no file beforehand."""
    crm.people("a.csv", "a@example.com")
    made, outcome = crm.plan_and_run()
    assert rows(made) == [None]
    assert results(outcome) == {"data/a.csv": "completed"}
    assert not (crm.root / ".syncer" / "cache" / "samples.json").exists()


def test_what_was_sampled_is_remembered_by_version(crm: Workspace) -> None:
    """The next plan looks at new versions alone: a file that was seen need not even be readable."""
    put(crm, "a.csv", LARGE)
    first = planned(crm)
    cache = crm.root / ".syncer" / "cache" / "samples.json"
    cache.write_text(cache.read_text("utf-8").replace(str(the_rows(first.imports[0]).rows), "123"), "utf-8")
    assert rows(planned(crm)) == [RowEstimate(123, exact=False)]

    put(crm, "a.csv", LARGE[: len(LARGE) * 3 // 4])
    assert the_rows(planned(crm).imports[0]).rows == pytest.approx(ROWS * 3 / 4, rel=0.01)
    cache.write_text("damaged", "utf-8")
    assert the_rows(planned(crm).imports[0]).rows == pytest.approx(ROWS * 3 / 4, rel=0.01)


def test_another_way_of_reading_is_another_sample(crm: Workspace) -> None:
    """What is remembered of a file with one delimiter tells nothing of it with another."""
    put(crm, "a.csv", b"email_address;FirstName\na@example.com;Ann\n")
    assert "separated by semicolons, as its header shows" in planned(crm).specs[0].notes
    crm.spec("crm", PEOPLE.replace("data/*.csv", 'data/*.csv, csv: {delimiter: ";"}'))
    assert not [note for note in planned(crm).specs[0].notes if "separated" in note]


def test_of_many_files_the_largest_are_looked_at(crm: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows of the others follow from their size, and are estimates however small they are."""
    monkeypatch.setattr(samples, "MOST_PER_SPEC", 2)
    crm.people("a.csv", *("x@example.com" for _ in range(100)))
    for number, name in enumerate(("b.csv", "c.csv", "d.csv")):
        crm.people(name, *("x@example.com" for _ in range(1_000 + number)))
    made = rows(planned(crm))
    assert made[2:] == [RowEstimate(1_001, exact=True), RowEstimate(1_002, exact=True)]
    assert [one is not None and one.exact for one in made[:2]] == [False, False]
    assert [one and one.rows for one in made[:2]] == [pytest.approx(100, rel=0.02), pytest.approx(1_000, rel=0.02)]


def test_each_format_is_estimated_by_its_own(crm: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gzip file has more rows in a byte than a plain one."""
    monkeypatch.setattr(samples, "MOST_PER_SPEC", 1)
    crm.spec("crm", PEOPLE.replace("data/*.csv", "[data/*.csv, data/*.csv.gz]"))
    for name, content in (("a.csv", LARGE), ("b.csv", LARGE[:-27]), ("c.csv.gz", gzip.compress(LARGE))):
        put(crm, name, content)
    put(crm, "d.csv.gz", gzip.compress(LARGE[:-27]))
    for item in planned(crm).imports:
        assert the_rows(item).rows == pytest.approx(ROWS, rel=0.1), item.file.path


def test_a_file_that_cannot_be_sampled_fails_no_plan(crm: Workspace) -> None:
    """Its rows are unknown, with the reason, and the others are told."""
    crm.people("a.csv", "a@example.com")
    put(crm, "b.csv", b'email_address,FirstName\na@example.com,"Ann\n')
    made = planned(crm)
    assert rows(made) == [RowEstimate(1, exact=True), None]
    assert [item.action for item in made.imports] == [Action.IMPORT, Action.IMPORT]
    note = made.specs[0].notes[-1]
    assert note.startswith("rows unknown: data/b.csv:2: a quote opened in this record is never closed")
    assert "Ann" not in note
    assert "unknown rows" in plan_text(made)


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ("rows: 19000", r"~\d\d,\d{3} rows are pending \(estimated from samples\)"),
        ("compute_rows: 39000", r"~\d\d,\d{3} rows of merge compute are pending \(rows: estimated from samples\)"),
    ],
)
def test_an_estimate_holds_a_run_back_before_anything_is_sent(crm: Workspace, limit: str, reason: str) -> None:
    """Exit 4 with the kind, the number and the limit; the override lets one run through."""
    crm.spec("crm", PEOPLE + f"limits: {{{limit}}}\n")
    put(crm, "a.csv", LARGE)
    with pytest.raises(Refused, match=reason) as caught:
        crm.run()
    assert caught.value.exit_code == 4
    assert f"(limits.{limit})" in str(caught.value)
    assert crm.emulator.requests == []
    assert results(crm.run(filters=Filters(over_limits=("crm",)))) == {"data/a.csv": "completed"}


def test_a_limit_that_holds_lets_the_run_go_on(crm: Workspace) -> None:
    """Counted rows are held to it exactly: twice two is four."""
    crm.spec("crm", PEOPLE + "limits: {rows: 2, compute_rows: 4}\n")
    crm.people("a.csv", "a@example.com", "b@example.com")
    assert results(crm.run()) == {"data/a.csv": "completed"}
    crm.people("b.csv", "a@example.com", "b@example.com", "c@example.com")
    with pytest.raises(Refused, match=r"3 rows are pending \(counted\)"):
        crm.run()


def test_the_way_past_unknown_rows_is_named(crm: Workspace) -> None:
    """A spec whose rows are limited and cannot be told does nothing, unless somebody lets it."""
    crm.spec("crm", PEOPLE + "limits: {compute_rows: 10}\n")
    put(crm, "a.csv", b"email_address,FirstName\n" + b"x" * 600_000 + b",Ann\n")
    made = planned(crm)
    assert made.imports == ()
    assert "hold no whole row" in only(made.problems)
    assert "--over-limits crm" in only(made.problems)
    assert results(crm.run(filters=Filters(over_limits=("crm",)))) == {"data/a.csv": "completed"}


def test_a_saved_plan_outlives_its_estimates(crm: Workspace, tmp_path: Path) -> None:
    """Estimates are no decision: a plan that is applied without the cache it was made with is not stale."""
    put(crm, "a.csv", LARGE)
    saved = tmp_path / "plan.json"
    save(planned(crm), saved)
    (crm.root / ".syncer" / "cache" / "samples.json").unlink()
    assert results(crm.run(saved=saved)) == {"data/a.csv": "completed"}


def test_rows_of_files_in_a_store_cost_short_reads(cloud: Workspace, bucket: S3Bucket, wire: Wire) -> None:
    """Of large objects only the head is fetched, of Parquet only the footer, and of what was seen nothing."""
    import duckdb

    local = cloud.root / "local.parquet"
    with duckdb.connect() as connection:
        query = "SELECT 'u' || range AS email_address, random() AS noise FROM range(300000)"
        connection.execute(f"COPY ({query}) TO '{local}' (FORMAT parquet)")
    bucket.put("in/a.csv", LARGE)
    bucket.put("in/b.parquet", local.read_bytes())
    bucket.put("in/c.csv", b"email_address,FirstName\na@example.com,Ann\n")

    first = planned(cloud)
    large, parquet, small = first.imports
    assert the_rows(large).rows == pytest.approx(ROWS, rel=0.01)
    assert not the_rows(large).exact
    assert (parquet.rows, small.rows) == (RowEstimate(300_000, exact=True), RowEstimate(1, exact=True))
    heads = wire.ranges.pop(0)
    assert heads == 2
    assert min(wire.ranges) > parquet.file.size * 0.95

    wire.ranges.clear()
    assert rows(planned(cloud)) == rows(first)
    assert not wire.ranges


def test_an_object_that_cannot_be_read_fails_no_plan(cloud: Workspace, bucket: S3Bucket) -> None:
    """Archived objects are listed and planned; that their rows are not known is told with the reason."""
    bucket.put("in/a.csv", LARGE)
    bucket.server.client.put_object(Bucket=bucket.name, Key="in/b.csv", Body=LARGE, StorageClass="GLACIER")
    made = planned(cloud)
    assert [one is not None for one in rows(made)] == [True, False]
    assert "rows unknown: " in " ".join(made.specs[0].notes)
