"""The stores as fixtures: each is started by the first test of a worker that asks, and ends with the worker."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping

import pytest

from tests.servers.azure import AzureServer, azurite
from tests.servers.gcs import GcsServer, fake_gcs
from tests.servers.local import LocalDisk
from tests.servers.s3 import S3Server
from tests.servers.s3_moto import moto
from tests.servers.s3_seaweed import seaweed
from tests.servers.store import CLOUD_VARIABLES, Bucket, Store

STORES = {
    "s3-moto": "s3_moto",
    "s3-seaweed": "s3_seaweed",
    "gcs": "gcs",
    "azure": "azure",
    "local": "local_disk",
}


@pytest.fixture(scope="session")
def s3_moto() -> Iterator[S3Server]:
    """S3 without authentication, in this process."""
    with moto() as server:
        yield server


@pytest.fixture(scope="session")
def s3_seaweed() -> Iterator[S3Server]:
    """S3 that enforces signatures."""
    with seaweed() as server:
        yield server


@pytest.fixture(scope="session")
def gcs() -> Iterator[GcsServer]:
    """Google Cloud Storage that takes any credentials."""
    with fake_gcs() as server:
        yield server


@pytest.fixture(scope="session")
def azure() -> Iterator[AzureServer]:
    """Azure Blob Storage that enforces signatures; skipped where it is not installed."""
    with azurite() as server:
        yield server


@pytest.fixture(scope="session")
def local_disk(tmp_path_factory: pytest.TempPathFactory) -> LocalDisk:
    """A folder of the worker's own."""
    return LocalDisk(tmp_path_factory.mktemp("disk"))


@pytest.fixture(scope="session", params=STORES)
def store(request: pytest.FixtureRequest) -> Store:
    """Every store in turn; only the one whose turn it is gets started."""
    chosen: Store = request.getfixturevalue(STORES[request.param])
    return chosen


@pytest.fixture
def bucket(store: Store, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """An empty bucket of the test's own, which this process can reach."""
    reach(monkeypatch, store)
    return store.make_bucket()


def reach(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    """Give this process the credentials of one store, and none of any other."""
    for name in os.environ:
        if name.startswith(CLOUD_VARIABLES):
            monkeypatch.delenv(name)
    for name, value in store.environ.items():
        monkeypatch.setenv(name, value)
    _forget_filesystems()


def reaching(store: Store) -> Mapping[str, str]:
    """Make the environment of a child process that reaches one store, and no other."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(CLOUD_VARIABLES)}
    return {**own, **store.environ}


def _forget_filesystems() -> None:
    # fsspec keeps file systems by their arguments, and these do not tell one environment from another.
    for module, name in [("s3fs", "S3FileSystem"), ("gcsfs", "GCSFileSystem"), ("adlfs", "AzureBlobFileSystem")]:
        if module in sys.modules:
            getattr(sys.modules[module], name).clear_instance_cache()
