"""What every store of the tests can do, so that one suite runs against all of them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, runtime_checkable

# What the environment's variables begin with that would send a client elsewhere.
CLOUD_VARIABLES = (
    "AWS_",
    "AZURE_",
    "GOOGLE_",
    "GCSFS_",
    "FSSPEC_",
    "CLOUDSDK_",
    "STORAGE_EMULATOR_HOST",
    "NO_GCE_CHECK",
)


class Bucket(Protocol):
    """A bucket, container or folder of one test's own, empty at first.

    Keys are literal text; nothing in them is escaped or decoded.
    """

    @property
    def name(self) -> str: ...

    def uri(self, key: str = "") -> str:
        """Name a key, or a pattern of keys, as a spec does."""

    def put(self, key: str, data: bytes) -> None:
        """Write an object, or a new one in its place."""

    def put_many(self, keys: Iterable[str], data: bytes = b"x") -> None:
        """Write the same bytes under many keys, as fast as the store takes them."""

    def get(self, key: str) -> bytes: ...

    def keys(self) -> list[str]:
        """List every key, sorted."""

    def delete(self, key: str) -> None: ...

    def edit_metadata(self, key: str, **metadata: str) -> None:
        """Change what is said about an object, and not one of its bytes."""


@runtime_checkable
class Versioned(Protocol):
    """A bucket that can keep the versions of its objects."""

    def switch_versioning_on(self) -> None: ...


@runtime_checkable
class Classed(Protocol):
    """A bucket whose objects can move to another storage class or tier."""

    def change_storage_class(self, key: str) -> None: ...


class Store(Protocol):
    """A running store, and what a client in this process or another needs to reach it."""

    @property
    def protocol(self) -> str:
        """Return the scheme of its URIs: s3, gs, az or file."""

    @property
    def endpoint_url(self) -> str | None:
        """Return where it listens; None for the local disk."""

    @property
    def environ(self) -> Mapping[str, str]:
        """Return the variables of the cloud's own credential chain that reach it."""

    def make_bucket(self) -> Bucket: ...


def unique_name() -> str:
    """Make a name that every store accepts for a bucket and that no other test uses."""
    return f"b-{uuid.uuid4().hex[:20]}"


def in_parallel(do: Callable[[str], object], keys: Iterable[str], workers: int = 16) -> None:
    """Call `do` with every key, a few at once; the first error is raised."""
    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(do, keys):
            pass
