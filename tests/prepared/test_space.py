"""Disk space is looked at before a file is prepared; too little of it is this machine's matter, not the file's."""

from __future__ import annotations

import shutil
from typing import NamedTuple

import pytest

from tests.apply.workspace import only, results
from tests.prepared.orders_files import shop, sick, well, write
from tests.prepared.test_shape import BYTES, bucket, spec
from tests.rejects.ward import Ward
from tests.servers.s3 import S3Bucket

__all__ = ["bucket"]

RESERVE = 64 << 20


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def leave(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    """Have the disk say that so many bytes are free."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1 << 40, 0, free))


@pytest.mark.parametrize(
    "more",
    ["", "prepare: {split: 1KB}", "on_invalid: quarantine", "prepare: {format: parquet}", "checks: {max_invalid: 50%}"],
)
def test_a_full_disk_ends_the_import_before_anything_is_written(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, more: str
) -> None:
    """Nothing is sent, nothing is recorded against the file, and the next run with room imports it."""
    ward.spec("shop", shop("csv", more))
    write(ward, "a.csv", [*well(*(f"o{number}" for number in range(60))), *sick("s1")])
    with monkeypatch.context() as full:
        leave(full, RESERVE + 1000)
        outcome = ward.run()
    end = only(outcome.imports)
    assert (end.result, outcome.exit_code, ward.writes()) == ("failed", 1, [])
    assert "there is not enough disk space to prepare orders/a.csv" in end.message
    assert "prepare.temp_dir" in end.next_step
    assert ward.events("shop") == ["claimed"]
    assert results(ward.run()) == {"orders/a.csv": "completed"}


def test_each_step_looks_at_what_it_needs(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    """There may be room to project a file, and none to sort it."""
    ward.spec("crm", spec("data/*.csv", "prepare: {sort: true}"))
    (ward.root / "data" / "a.csv").write_bytes(BYTES["csv"])
    with monkeypatch.context() as full:
        leave(full, RESERVE + 2 * len(BYTES["csv"]))
        assert results(ward.run()) == {"data/a.csv": "failed"}
        ward.spec("crm", spec("data/*.csv", "prepare: {mode: rewrite}"))
        assert results(ward.run()) == {"data/a.csv": "completed"}


def test_a_file_of_a_store_is_not_brought_to_a_full_disk(
    ward: Ward, bucket: S3Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it has to come here for its rows to be judged; one that passes needs no room."""
    ward.spec("crm", spec(bucket.uri("*.csv"), "on_invalid: abort"))
    bucket.put("a.csv", BYTES["csv"])
    with monkeypatch.context() as full:
        leave(full, RESERVE + 1000)
        end = only(ward.run().imports)
        assert (end.result, "there is not enough disk space" in end.message) == ("failed", True)
        ward.spec("crm", spec(bucket.uri("*.csv")))
        assert only(ward.run().imports).result == "completed"


def test_check_tells_of_a_full_disk_as_of_any_problem(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    """It prepares as an import does, so that it needs as much."""
    from syncer.operations.check import check

    ward.spec("shop", shop("csv"))
    write(ward, "a.csv", well("o1"))
    leave(monkeypatch, RESERVE)
    (told,) = check(ward.root, environ=ward.environ).files
    assert told.problem.startswith("there is not enough disk space to prepare orders/a.csv (about ")
