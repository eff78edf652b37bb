"""Rejected rows are kept where the project says, and nowhere longer than it says."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from syncer.errors import UsageError
from tests.apply.workspace import ORDERS, only
from tests.rejects.ward import SICK, Ward

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.s3 import S3Bucket, S3Server

FILE = "rejects/shop/{0}-1-1.jsonl"


@pytest.fixture
def bucket(s3_moto: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Bucket:
    for name, value in s3_moto.environ.items():
        monkeypatch.setenv(name, value)
    return s3_moto.make_bucket()


def kept_in(ward: Ward, store: str) -> None:
    settings = ward.root / "syncer.yaml"
    before = settings.read_text("utf-8") if settings.exists() else ""
    settings.write_text(f"{before}\nrejects: {{store: '{store}'}}\n", encoding="utf-8")


def local_files(ward: Ward) -> list[Path]:
    return sorted((ward.root / ".syncer" / "rejects").glob("*/*.jsonl"))


def test_rows_go_to_the_store_and_leave_this_machine(ward: Ward, bucket: S3Bucket) -> None:
    """The log tells the URL; get brings the rows back from there and does not ask the API."""
    kept_in(ward, bucket.uri("rejects"))
    ward.begin()
    key = FILE.format(ward.first)
    assert ward.log("shop")[-1]["rejects_file"] == bucket.uri(key)
    assert local_files(ward) == []
    assert only(only(ward.listed()).files).shown == bucket.uri(key)
    asked = len(ward.emulator.requests)
    assert ward.get().rows == 2
    assert len(ward.emulator.requests) == asked
    (here,) = local_files(ward)
    assert here.stat().st_mode & 0o077 == 0
    assert here.read_bytes() == bucket.server.client.get_object(Bucket=bucket.name, Key=key)["Body"].read()


def test_rows_that_were_held_back_are_had_again_from_the_store(ward: Ward, bucket: S3Bucket) -> None:
    """The API never saw them, so the store is the only place beside the source."""
    kept_in(ward, bucket.uri("rejects"))
    ward.spec("shop", f"{ORDERS}on_invalid: quarantine\n")
    ward.file("orders/a.csv", "id,at,amount", "o1,2026-04-21T16:30:00Z,9.5", *SICK)
    assert only(ward.run().imports).result == "completed"
    assert local_files(ward) == []
    got = ward.get()
    assert (got.rows, only(got.files).job) == (2, "")


def test_a_folder_elsewhere_may_be_named_by_its_url(ward: Ward, tmp_path: Path) -> None:
    """Any place that fsspec writes to will do."""
    kept_in(ward, (tmp_path / "vault").as_uri())
    ward.begin()
    assert len(list((tmp_path / "vault" / "shop").glob("*.jsonl"))) == 1
    assert ward.get().rows == 2


def test_a_store_that_takes_no_rows_is_told_and_the_rows_stay_here(ward: Ward, bucket: S3Bucket) -> None:
    """The import has completed all the same; no word of the store's own, which may quote, is shown."""
    kept_in(ward, "s3://there-is-no-such-bucket/rejects")
    ward.spec("shop", ORDERS)
    ward.file("orders/a.csv", "id,at,amount", "o1,2026-04-21T16:30:00Z,9.5", *SICK)
    outcome = only(ward.run().imports)
    assert outcome.result == "completed"
    assert any("the rejects store cannot be written" in warning for warning in outcome.warnings)
    assert len(local_files(ward)) == 1
    assert bucket.name not in str(outcome.warnings)


def test_an_unknown_connection_refuses_before_anything_is_sent(ward: Ward) -> None:
    """A typing error must not be found out when the rows have to go somewhere."""
    ward.spec("shop", ORDERS)
    ward.orders("a.csv", "o1")
    settings = ward.root / "syncer.yaml"
    before = settings.read_text("utf-8") if settings.exists() else ""
    settings.write_text(f"{before}\nrejects: {{store: 's3://b/x', connection: nobody}}\n", encoding="utf-8")
    with pytest.raises(UsageError, match="nobody"):
        ward.run()
    assert ward.log("shop") == []


def test_rows_are_kept_on_this_machine_as_long_as_the_settings_say(sick: Ward) -> None:
    """After rejects.retain (30 days) the next run removes them; the account stays, and get asks for them again."""
    file = sick.rejects_file()
    for days, stays in ((29, True), (31, False)):
        then = time.time() - timedelta(days=days).total_seconds()
        os.utime(file, (then, then))
        sick.run()
        assert file.exists() is stays
    assert sick.open_rows() == {"orders/a.csv": 2}
    assert sick.get().fetched == 1
