"""`prepare.sort` and `prepare.format`: the same rows in another order or format, from this disk or out of a store."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from syncer.plan import Action
from tests.apply.workspace import ONE_IMPORT, only
from tests.rejects.ward import Ward
from tests.servers.fixtures import reach
from tests.servers.s3 import S3Bucket, S3Server

PEOPLE = """
version: 1
source: {{uri: "{0}"}}
target: {{object: profiles, match_key: email}}
mapping: {{email: email, name: first_name, points: {{to: points, type: integer}}}}
"""
ADDRESSES = [f"person{number * 37 % 100:04}@example.com" for number in range(100)]
CSV = "".join(["email,name,points\n", *(f"{each},Ann,00{n}\n" for n, each in enumerate(ADDRESSES))]).replace(",00", ",")
JSONL = "".join(f'{{"email":"{each}","name":"Ann","points":{n}}}\n' for n, each in enumerate(ADDRESSES))
BYTES = {"csv": CSV.encode(), "jsonl": JSONL.encode(), "csv.gz": gzip.compress(CSV.encode(), mtime=0)}


def spec(uri: str, *more: str) -> str:
    return "\n".join([PEOPLE.format(uri), *more, ""])


def begin(ward: Ward, ending: str, *more: str) -> Any:
    ward.spec("crm", spec(f"data/*.{ending}", *more))
    (ward.root / "data" / f"a.{ending}").write_bytes(BYTES[ending])
    return only(ward.run().imports)


def artifact(ward: Ward) -> dict[str, Any]:
    found: dict[str, Any] = next(each["artifact"] for each in ward.log("crm") if each["event"] == "submitted")
    return found


def uploaded(ward: Ward, job: str) -> list[str]:
    """The match keys that a job was given, in their order, whatever the format."""
    import duckdb

    path, name = ward.emulator.world.jobs.upload_path(job), artifact(ward)["file_name"]
    reader = "read_parquet" if name.endswith(".parquet") else "read_json" if name.endswith(".jsonl") else "read_csv"
    options = {"read_parquet": "", "read_json": ", format='newline_delimited'", "read_csv": ", header=true"}[reader]
    if name.endswith(".gz"):
        options += ", compression='gzip'"
    with duckdb.connect() as connection:
        return [row[0] for row in connection.execute(f"SELECT email FROM {reader}('{path}'{options})").fetchall()]


def check_merged(ward: Ward) -> None:
    points = ward.emulator.query("SELECT email, points FROM profiles")
    assert sorted(points) == sorted((each, number) for number, each in enumerate(ADDRESSES))
    ward.check_clean()


@pytest.mark.parametrize("ending", sorted(BYTES))
def test_rows_are_sorted_by_the_match_key(ward: Ward, ending: str) -> None:
    """In the format and compression of the source."""
    end = begin(ward, ending, "prepare: {sort: true}")
    assert (end.result, artifact(ward)["file_name"]) == ("completed", f"a.{ending}")
    assert uploaded(ward, end.job) == sorted(ADDRESSES)
    check_merged(ward)


def test_sorting_by_a_key_that_is_a_constant_changes_nothing(ward: Ward) -> None:
    """Every order is sorted then."""
    text = spec("data/*.csv", "prepare: {sort: true}", "constants: {email: one@example.com}")
    ward.spec("crm", text.replace("email: email, ", ""))
    (ward.root / "data" / "a.csv").write_bytes(BYTES["csv"])
    assert only(ward.run().imports).rows.read == 100


@pytest.mark.parametrize("ending", sorted(BYTES))
@pytest.mark.parametrize("sort", ["", ", sort: true"])
def test_rows_are_sent_as_parquet(ward: Ward, ending: str, sort: str) -> None:
    """With the types of the object's fields, in the order of the file or sorted."""
    end = begin(ward, ending, f"prepare: {{format: parquet{sort}}}")
    assert (end.result, artifact(ward)["file_name"]) == ("completed", "a.parquet")
    assert uploaded(ward, end.job) == (sorted(ADDRESSES) if sort else ADDRESSES)
    check_merged(ward)


def test_auto_converts_what_is_large(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the number of rows that the guide gives, and not below it."""
    begin(ward, "csv", "prepare: {format: auto}")
    assert artifact(ward)["file_name"] == "a.csv"
    monkeypatch.setattr("syncer.prepare.reshape.reshape.AUTO_ROWS", 99)
    ward.people("b.csv").write_bytes(BYTES["csv"].replace(b"person", b"b"))
    assert only(ward.run().imports).result == "completed"
    assert [each["artifact"]["file_name"] for each in ward.log("crm") if each["event"] == "submitted"] == [
        "a.csv",
        "b.parquet",
    ]


def test_auto_says_why_a_large_file_stays_what_it_is(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value that Parquet cannot hold is no reason to fail, nor to leave it out; asked for by name, it is."""
    monkeypatch.setattr("syncer.prepare.reshape.reshape.AUTO_ROWS", 99)
    ward.spec("crm", spec("data/*.csv", "prepare: {format: auto}"))
    ward.people("a.csv").write_bytes(BYTES["csv"] + b"x@example.com,Ann,many\n")
    end = only(ward.run().imports)
    assert (end.result, end.rows.invalid, artifact(ward)["file_name"]) == ("completed", 1, "a.csv")
    (told,) = end.warnings
    assert told.startswith("it stays csv, because Parquet cannot hold it: row 101: the value of 'points'")
    assert "many" not in told
    ward.spec("crm", spec("data/*.csv", "prepare: {format: parquet}"))
    ward.people("b.csv").write_bytes(BYTES["csv"] + b"x@example.com,Ann,many\n")
    end = only(ward.run().imports)
    assert (end.result, "cannot be made Parquet: row 101" in end.message) == ("failed", True)
    ward.spec("crm", spec("data/*.csv", "prepare: {format: parquet}", "on_invalid: quarantine"))
    end = only(ward.run().imports)
    assert (end.result, end.rows.read, end.quarantined) == ("completed", 100, 1)
    ward.check_clean()


@pytest.fixture
def bucket(s3_moto: S3Server, ward: Ward, monkeypatch: pytest.MonkeyPatch) -> S3Bucket:
    """A bucket that the project reaches."""
    reach(monkeypatch, s3_moto)
    ward.environ.update(s3_moto.environ)
    return s3_moto.make_bucket()


STEPS = {
    "sort": ("prepare: {sort: true}", "csv"),
    "parquet": ("prepare: {format: parquet}", "parquet"),
    "quarantine": ("on_invalid: quarantine", "csv"),
    "suppress": ("suppress: {keys: erased.txt}", "csv"),
    "all": ("prepare: {sort: true, format: parquet}\non_invalid: quarantine\nsuppress: {keys: erased.txt}", "parquet"),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
def test_a_file_that_would_pass_from_a_store_is_reshaped(ward: Ward, bucket: S3Bucket, step: str, ending: str) -> None:
    """It is brought here for that, and nothing of it stays; the log knows the bytes that stand in the store."""
    more, becomes = STEPS[step]
    ward.file("erased.txt", "0" * 64)
    ward.spec("crm", spec(bucket.uri(f"*.{ending}"), more))
    bucket.put(f"a.{ending}", BYTES[ending])
    end = only(ward.run().imports)
    assert (end.result, end.rows.inserts, end.warnings) == ("completed", 100, ())
    name = artifact(ward)["file_name"]
    assert name.startswith(f"a.{becomes}")
    assert uploaded(ward, end.job) == (sorted(ADDRESSES) if "sort" in more else ADDRESSES)
    check_merged(ward)
    assert not list((ward.root / ".syncer").rglob("artifact-*"))
    bucket.put_multipart(f"a.{ending}", BYTES[ending])  # another tag, and the same bytes
    made, _ = ward.plan_and_run()
    assert [item.action for item in made.imports] == [Action.SKIP]


def test_a_file_that_passes_from_a_store_is_not_brought_here(ward: Ward, bucket: S3Bucket) -> None:
    """Where nothing has to look at the rows, they go from the store to the platform."""
    ward.spec("crm", spec(bucket.uri("*.csv")))
    bucket.put("a.csv", BYTES["csv"])
    kept: list[list[str]] = []

    def watch(_: str, path: str) -> None:
        if path.startswith("/uploads/"):
            work = ward.root / ".syncer"
            kept.append([each.name for each in work.rglob("artifact-*")])

    ward.watch(watch)
    assert only(ward.run().imports).rows.inserts == 100
    assert kept == [[]]


def test_a_file_of_one_column_with_blank_lines_passes_from_a_store(ward: Ward, bucket: S3Bucket) -> None:
    """Blank lines are no rows, in a file that nobody wrote anew, either."""
    ward.spec(
        "crm",
        spec(bucket.uri("*.csv"), "prepare: {sort: true}", "on_invalid: quarantine").replace(
            ", name: first_name, points: {to: points, type: integer}", ""
        ),
    )
    bucket.put("a.csv", b"email\n\nb@example.com\n\nnobody\n\na@example.com\n")
    end = only(ward.run().imports)
    assert (end.result, end.rows.read, end.quarantined) == ("completed", 2, 1)
    assert uploaded(ward, end.job) == ["a@example.com", "b@example.com"]
    ward.check_clean()


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "jsonl"])
def test_a_large_file_of_a_store_comes_in_parts(ward: Ward, bucket: S3Bucket, ending: str) -> None:
    """Also one that passes as it is, by its own mode; the parts of a version are of that version."""
    size = {"csv": "1KB", "csv.gz": "300B", "jsonl": "3KB"}[ending]
    ward.spec("crm", spec(bucket.uri(f"*.{ending}"), f"prepare: {{split: {size}, mode: passthrough}}"))
    bucket.put(f"a.{ending}", BYTES[ending])
    end = only(ward.run().imports)
    assert (end.result, end.rows.inserts) == ("completed", 100)
    assert len(ward.writes()) > len(ONE_IMPORT)
    assert len(ward.writes()) % len(ONE_IMPORT) == 0
    check_merged(ward)
    bucket.put_multipart(f"a.{ending}", BYTES[ending])
    made, _ = ward.plan_and_run()
    assert [item.action for item in made.imports] == [Action.SKIP]
