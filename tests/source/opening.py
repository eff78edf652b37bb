"""Stores opened on buckets of real servers, as a run opens them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import pytest

from syncer.errors import SourceError
from syncer.settings import Connection
from syncer.source.stores.azure import AzureStore
from syncer.source.stores.base import Listed, ObjectStore, Place
from syncer.source.stores.gcs import GcsStore
from syncer.source.stores.opening import open_store
from syncer.source.stores.s3 import S3Store

CLOUDS = ("s3-moto", "s3-seaweed", "gcs", "azure")

every_cloud = pytest.mark.parametrize("store", CLOUDS, indirect=True)


def cloud(*names: str) -> pytest.MarkDecorator:
    """Run a test against these stores only."""
    return pytest.mark.parametrize("store", names, indirect=True)


@contextmanager
def opened(protocol: str, bucket: str, connection: Mapping[str, object] | None = None) -> Iterator[ObjectStore]:
    """Open a bucket through connection `acme`, with the credentials of this process's environment."""
    settings = Connection.model_validate({"protocol": protocol, **(connection or {})})
    store = open_store(Place(protocol, bucket, "acme"), settings, os.environ)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def opened_in_small_pages(protocol: str, bucket: str) -> Iterator[ObjectStore]:
    """Open a bucket whose listings have two keys a page."""
    place = Place(protocol, bucket)
    stores: dict[str, Callable[[], ObjectStore]] = {
        "s3": lambda: S3Store(place, None, os.environ, page_keys=2),
        "gs": lambda: GcsStore(place, None, os.environ, page_keys=2),
        "az": lambda: AzureStore(place, None, os.environ, page_keys=2),
    }
    store = stores[protocol]()
    try:
        yield store
    finally:
        store.close()


def listed(store: ObjectStore, prefix: str = "", *, after: str = "") -> list[Listed]:
    return [one for page in store.pages(prefix, after=after) for one in page]


def keys(store: ObjectStore, prefix: str = "", *, after: str = "") -> list[str]:
    return [one.key for one in listed(store, prefix, after=after)]


def found(store: ObjectStore, key: str) -> Listed:
    one = store.look(key)
    assert one is not None, f"{key} is not there"
    return one


def content(store: ObjectStore, one: Listed, start: int = 0, length: int | None = None) -> bytes:
    buffer = bytearray(one.size - start if length is None else length)
    store.read(one, start, memoryview(buffer))
    return bytes(buffer)


def refusal(store: ObjectStore, *, secrets: tuple[str, ...] = ()) -> SourceError:
    """List the store, and look for a key of it; return the one refusal that both give, which holds no secret."""
    with pytest.raises(SourceError) as from_listing:
        keys(store)
    with pytest.raises(SourceError) as from_look:
        store.look("key")
    for error in (from_listing.value, from_look.value):
        check_helpful(error, *secrets)
    assert from_look.value.why == from_listing.value.why
    return from_listing.value


def check_helpful(error: SourceError, *secrets: str) -> None:
    """Assert that an error names the connection and a way on, and gives nothing away."""
    text = f"{error.what}\n{error.where}\n{error.why}\n{error.next_step}"
    assert "connection acme" in error.where
    assert error.next_step
    for line in text.splitlines():
        assert "Traceback" not in line
        assert "http://" not in line
        assert "https://" not in line
    for secret in secrets:
        assert secret not in text
