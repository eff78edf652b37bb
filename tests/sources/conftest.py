"""Buckets in each store, and the project that looks into them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from syncer.emulator.testing import Emulator
from tests.apply.conftest import emulator, options
from tests.apply.workspace import Workspace
from tests.servers.fixtures import STORES, reach
from tests.servers.local import LocalDisk
from tests.servers.store import Bucket, Store, unique_name
from tests.sources.looking import Asked, Folder, Look, look_into

__all__ = ["emulator", "options"]

CLOUDS = [name for name in STORES if name != "local"]
END_TO_END = [name for name in STORES if name != "s3-moto"]
"""Whole runs take longer than a look into a bucket, and of two stores that speak S3 the stricter one will do."""


@pytest.fixture(scope="session")
def shared(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Look]:
    """A bucket that tests share, and what looks into it: to open a store takes longer than to ask it."""
    opened = look_into(store.make_bucket(), tmp_path_factory.mktemp("project"), store.environ)
    with opened.sources:
        yield opened


@pytest.fixture
def look(shared: Look, store: Store, monkeypatch: pytest.MonkeyPatch) -> Look:
    """An empty folder of the test's own in a bucket that others use too, and what looks into it."""
    reach(monkeypatch, store)
    shared.sources.asked = Asked()
    return replace(shared, bucket=Folder(shared.bucket, unique_name()))


@pytest.fixture
def own(bucket: Bucket, store: Store, tmp_path: Path) -> Iterator[Look]:
    """An empty bucket of the test's own, and what looks into it."""
    opened = look_into(bucket, tmp_path, store.environ)
    with opened.sources:
        yield opened


@pytest.fixture
def workspace(tmp_path: Path, emulator: Emulator, store: Store) -> Workspace:
    """A project beside an emulator that can reach the store."""
    roots = {"SYNCER_ALLOW__LOCAL_ROOTS": json.dumps([".", str(store.root)])} if isinstance(store, LocalDisk) else {}
    return Workspace(tmp_path / "project", emulator, {**store.environ, **roots})
