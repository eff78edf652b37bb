"""What every object store can do for a source: list, look at one object, read a range of one version."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from syncer.source.stores.breaker import Breaker

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
"""How long a store may take to be reached, and to send the next bytes, before the request counts as failed."""


class Listed(NamedTuple):
    """One object as a listing or a look at it tells.

    `fingerprint` tells versions of the content apart as far as the store knows (`etag:…`, `md5:…`, `crc32c:…`); it
    never depends on metadata that the store keeps apart from the content. `held` is what a read is held to: an ETag or
    a generation. `version` is the id under which a store that keeps versions finds this one again, else "" (listings
    do not tell it). `cold` names the archive tier of an object that has to be restored before it can be read.
    """

    key: str
    size: int
    modified: datetime
    fingerprint: str
    held: str
    version: str = ""
    cold: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """One bucket or container of one connection. `name` is the connection's, or "" for the cloud's own defaults."""

    protocol: str
    bucket: str
    name: str = ""
    account: str = ""

    @property
    def root(self) -> str:
        """The URL that every path of this place begins with, and ends before the key: `s3://bucket/`."""
        if self.account:
            return f"{self.protocol}://{self.bucket}@{self.account}/"
        return f"{self.protocol}://{self.bucket}/"

    def __str__(self) -> str:
        """Name it for a person: URL and connection."""
        return f"{self.root} ({f'connection {self.name}' if self.name else 'default credentials'})"


class ObjectStore(Protocol):
    """One bucket. Thread-safe. Every failure is a SourceError that names the connection and what to check."""

    @property
    def place(self) -> Place: ...

    def pages(self, prefix: str, *, after: str = "") -> Iterator[list[Listed]]:
        """Yield every object whose key begins with `prefix`, a page at a time, fresh from the store.

        `after` may leave out keys that sort at or before it; a store that cannot yields them all. Keys that end with a
        slash stand for folders and are left out. A missing bucket is an error, an empty one is not.
        """
        ...

    def folders(self, prefix: str) -> list[str]:
        """Return what continues `prefix` up to and with the next slash: the folders on one level."""
        ...

    def look(self, key: str) -> Listed | None:
        """Return the object as it is now, with its version, or None when there is none.

        A missing bucket is an error, as it is for a listing.
        """
        ...

    def read(self, listed: Listed, start: int, into: memoryview, *, breaker: Breaker | None = None) -> None:
        """Fill `into` with the bytes from `start` of exactly the version that was looked at.

        Raises ObjectChangedError when that version cannot be had any more, RetryableError for what may pass, and for
        what `breaker` broke off.
        """
        ...

    def close(self) -> None: ...


class ObjectChangedError(Exception):
    """The object is another version by now, or gone: what was read of it must not be used."""


class RetryableError(Exception):
    """The store did not answer, or was busy. `why` says it in words for a person."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why
