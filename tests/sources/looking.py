"""Look for the files of a source as a plan does, in any store, and see what the store was asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from syncer.model.files import SourceFile
from syncer.model.spec import Source
from syncer.settings import Settings
from syncer.source.contents import Contents
from syncer.source.fingerprints import FingerprintCache
from syncer.source.found import Found, Known, NothingKnown
from syncer.source.sources import Sources, Wanted
from syncer.source.stores.base import Listed, ObjectStore, Place
from syncer.source.stores.breaker import Breaker
from tests.servers.store import Bucket


@dataclass(frozen=True, slots=True)
class Asked:
    """What stores were asked: the prefix (and start) of each listing, each folder, each single object, each range.

    `listed` are the keys that came in listings.
    """

    listings: list[tuple[str, str]] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    looks: list[str] = field(default_factory=list)
    ranges: list[tuple[str, int]] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)

    @property
    def prefixes(self) -> list[str]:
        """The listings' prefixes, sorted: listings run side by side."""
        return sorted(prefix for prefix, _ in self.listings)


@dataclass(frozen=True, slots=True)
class Recording:
    """A store that notes what it is asked and passes it on."""

    store: ObjectStore
    asked: Asked

    @property
    def place(self) -> Place:
        return self.store.place

    def pages(self, prefix: str, *, after: str = "") -> Iterator[list[Listed]]:
        self.asked.listings.append((prefix, after))
        for page in self.store.pages(prefix, after=after):
            self.asked.listed.extend(listed.key for listed in page)
            yield page

    def folders(self, prefix: str) -> list[str]:
        self.asked.folders.append(prefix)
        return self.store.folders(prefix)

    def look(self, key: str) -> Listed | None:
        self.asked.looks.append(key)
        return self.store.look(key)

    def read(self, listed: Listed, start: int, into: memoryview, *, breaker: Breaker | None = None) -> None:
        self.asked.ranges.append((listed.key, start))
        self.store.read(listed, start, into, breaker=breaker)

    def close(self) -> None:
        self.store.close()


class Watched(Sources):
    """The sources of a project, whose stores are asked under observation."""

    def __init__(self, settings: Settings, *, root: Path, environ: Mapping[str, str]) -> None:
        super().__init__(
            settings,
            root=root,
            fingerprints=FingerprintCache(root / "fingerprints.json"),
            contents=Contents(root / "contents.json"),
            environ=environ,
        )
        self.asked = Asked()

    def store(self, place: Place) -> ObjectStore:
        return Recording(super().store(place), self.asked)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of a bucket, dressed as a bucket of its own: tests can then share one, and what opened it."""

    bucket: Bucket
    folder: str

    @property
    def name(self) -> str:
        return f"{self.bucket.name}/{self.folder}"

    def uri(self, key: str = "") -> str:
        return self.bucket.uri(f"{self.folder}/{key}")

    def put(self, key: str, data: bytes) -> None:
        self.bucket.put(f"{self.folder}/{key}", data)

    def put_many(self, keys: Iterable[str], data: bytes = b"x") -> None:
        self.bucket.put_many((f"{self.folder}/{key}" for key in keys), data)

    def get(self, key: str) -> bytes:
        return self.bucket.get(f"{self.folder}/{key}")

    def keys(self) -> list[str]:
        start = f"{self.folder}/"
        return [key.removeprefix(start) for key in self.bucket.keys() if key.startswith(start)]  # noqa: SIM118 - a bucket is no dict

    def delete(self, key: str) -> None:
        self.bucket.delete(f"{self.folder}/{key}")

    def edit_metadata(self, key: str, **metadata: str) -> None:
        self.bucket.edit_metadata(f"{self.folder}/{key}", **metadata)


@dataclass(frozen=True, slots=True)
class Look:
    """One bucket, and the sources that are looked for in it."""

    bucket: Bucket
    sources: Watched

    @property
    def asked(self) -> Asked:
        return self.sources.asked

    def source(self, *patterns: str, **options: Any) -> Source:
        """Make the source whose URIs are these patterns of keys."""
        return Source.model_validate({"uri": [self.bucket.uri(pattern) for pattern in patterns], **options})

    def find(
        self, *patterns: str, known: Known | None = None, earliest: date | None = None, **options: Any
    ) -> list[SourceFile]:
        """Return the files of one source. Raises the SourceError of one that cannot be listed."""
        source = self.source(*patterns, **options)
        (found,) = self.find_all(Wanted(source=source, known=known or NothingKnown(), earliest=earliest))
        if found.problem is not None:
            raise found.problem
        return found.files

    def find_all(self, *wanted: Wanted) -> list[Found]:
        return self.sources.find_all(wanted)

    def keys(self, *patterns: str, earliest: date | None = None, **options: Any) -> list[str]:
        """Return the keys of one source's files, in their order of import."""
        return [self.key(file.path) for file in self.find(*patterns, earliest=earliest, **options)]

    def key(self, path: str) -> str:
        """Return the key of a path of this bucket."""
        roots = (self.bucket.uri(), f"{self.bucket.name}/")
        return next(path.removeprefix(root) for root in roots if path.startswith(root))

    def read(self, file: SourceFile, *patterns: str, **options: Any) -> bytes:
        """Read a file as it was planned, and check that it was that version."""
        held = self.sources.pin(file, self.source(*patterns, **options))
        with held.open() as stream:
            data = stream.read(file.size) + stream.read()
        held.verify()
        return data


def look_into(bucket: Bucket, root: Path, environ: Mapping[str, str]) -> Look:
    """Begin to look into a bucket; `root` is the project's folder, `environ` reaches the bucket's store."""
    settings = Settings.model_validate({"allow": {"local_roots": [bucket.name]}})
    return Look(bucket, Watched(settings, root=root, environ=environ))


MEMORY = Place("s3", "b")


@dataclass(frozen=True, slots=True)
class Memory:
    """An object store that is a list of keys, to hold patterns to what they mean without a server."""

    all_keys: Sequence[str]
    place: Place = MEMORY

    def pages(self, prefix: str, *, after: str = "") -> Iterator[list[Listed]]:
        yield [_listed(key) for key in self.all_keys if key.startswith(prefix) and key > after]

    def folders(self, prefix: str) -> list[str]:
        rests = [key.removeprefix(prefix) for key in self.all_keys if key.startswith(prefix)]
        return sorted({f"{prefix}{rest.partition('/')[0]}/" for rest in rests if "/" in rest})

    def look(self, key: str) -> Listed | None:
        return _listed(key) if key in self.all_keys else None

    def read(self, listed: Listed, start: int, into: memoryview, *, breaker: Breaker | None = None) -> None:
        del breaker
        raise AssertionError(f"{len(into)} bytes of {listed.key} were read from {start}")

    def close(self) -> None:
        """Hold nothing open."""


def _listed(key: str) -> Listed:
    return Listed(key, 1, datetime(2026, 1, 1, tzinfo=UTC), "etag:x:1", "x")
