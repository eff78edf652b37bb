"""Keys whose behaviour is not built: named, and those that keep people safe refuse."""

from __future__ import annotations

from typing import Any

import pytest

from syncer.model.in_force import NotInForce, not_in_force, protocol
from tests.model.making import spec


def test_the_smallest_spec_is_in_force() -> None:
    """Nothing of a spec without options is left undone."""
    assert not_in_force(spec()) == ()


@pytest.mark.parametrize(
    "change",
    [
        {"batch": {"field": "b"}},
        {"list": {"create": "L"}},
        {"constants": {"a": 1}},
        {"limits": {"files": 1, "rows": 1, "max_files_per_run": 1}},
        {"source": {"since": "2026-01-01", "on_change": "fail", "order": "modified", "identity": "path"}},
        {"source": {"csv": {"delimiter": ";", "encoding": "windows-1252"}}},
        {"mapping": {"a": {"to": "b", "clean": ["trim", "lower"], "mask": "hmac"}}},
        {"mapping": {"a": {"to": "b", "type": "datetime", "timezone": "Europe/Berlin"}}},
        {"source": {"uri": ["s3://b/*.csv", "gs://b/*.csv", "az://c/*.csv", "abfs://c/*.csv", "abfss://c@a/*.csv"]}},
        {"source": {"uri": "file:///data/*.csv", "connection": "acme", "lookback": "7d", "identity": "content"}},
        {"source": {"ready": {"marker": "_SUCCESS", "min_age": "10m"}}},
        {"checks": {"never_send": ["ssn"], "max_invalid": "1%", "min_rows": 1, "missing_columns": "fail"}},
        {"checks": {"new_columns": "fail", "missing_columns": "warn"}},
        {"prepare": {"sort": True, "split": "5GB", "format": "parquet"}},
        {"suppress": {"keys": "k.txt"}},
        {"on_invalid": "abort"},
        {"on_invalid": "quarantine"},
    ],
)
def test_what_works_is_not_named(change: dict[str, Any]) -> None:
    """A key that does what it says is never called inert."""
    assert not_in_force(spec(**change)) == ()


def test_other_keys_are_named_and_do_not_refuse() -> None:
    """What only makes an import smaller is marked, and the run goes on."""
    assert not_in_force(spec(target={"via": "records"})) == (NotInForce("target.via: records", safety=False),)


def test_a_plain_path_is_local() -> None:
    """Paths and file URLs are local; a scheme is read whatever its case."""
    assert [protocol(uri) for uri in ("a/b.csv", "file:///a", "S3://b/a")] == ["file", "file", "s3"]
