"""Every source of a project: their files in one go, and the one place that knows which store a file is in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from syncer.errors import SourceError
from syncer.model.files import SourceFile
from syncer.model.protocols import LOCAL_PROTOCOLS, protocol
from syncer.model.spec import Source
from syncer.settings import Settings
from syncer.source.contents import Contents
from syncer.source.fingerprints import FingerprintCache
from syncer.source.found import Found, Known
from syncer.source.listing import find
from syncer.source.patterns import RemotePattern, parse_remote
from syncer.source.pins import Held, pin_local
from syncer.source.remote import RemoteSearch
from syncer.source.remote_pins import pin_remote, read_content
from syncer.source.stopping import Stop
from syncer.source.stores.base import ObjectStore, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One source whose files are asked for.

    `known` tells what the log says of a version, so that files which are done need not be carried further. `earliest`
    is the first day whose dated files are looked for, None for all.
    """

    source: Source
    known: Known
    earliest: date | None = None


class Sources:
    """The stores that a project's sources are in, each opened once. A context manager; thread-safe.

    Credentials are those of each cloud's standard places, of which `environ` is one.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        root: Path,
        fingerprints: FingerprintCache,
        contents: Contents,
        environ: Mapping[str, str],
        stop: Stop | None = None,
    ) -> None:
        self._settings = settings
        self._root = root
        self._fingerprints = fingerprints
        self._contents = contents
        self._environ = environ
        self._stop = stop
        self._stores: dict[Place, ObjectStore] = {}
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for store in self._stores.values():
            store.close()
        self._fingerprints.save()
        self._contents.save()

    def find_all(self, wanted: Sequence[Wanted]) -> list[Found]:
        """List the files of every source, each in its order of import.

        Sources in one bucket whose prefixes overlap share a listing, and different listings run side by side. A source
        that cannot be listed has the reason in its `problem` and no files; the others have theirs. Raises Interrupted
        if `stop` says so.
        """
        found = [Found() for _ in wanted]
        search = RemoteSearch(self.store, self.read_content, self._stop)
        for number, one in enumerate(wanted):
            try:
                search.add(number, one.source, remote_patterns(one.source), one.known, one.earliest)
                found[number] = self._find_local(one)
            except SourceError as error:
                found[number] = Found(problem=error)
        for number, remote in search.run().items():
            found[number] = found[number].joined(remote, wanted[number].source.order)
        return found

    def pin(self, file: SourceFile, source: Source, *, stop: Stop | None = None) -> Held:
        """Take hold of the version of the file that was planned, before reading it.

        Raises SourceError when the file is another version by now, is gone, or is larger than the API accepts.
        """
        if not file.is_remote:
            return pin_local(file, root=self._root, cache=self._fingerprints, stop=stop or self._stop)
        for pattern in remote_patterns(source):
            if file.path.startswith(pattern.place.root):
                return pin_remote(file, self.store(pattern.place), file.path[len(pattern.place.root) :])
        raise SourceError(
            f"{file.path} is in no bucket that its spec names now",
            where=file.path,
            why="source.uri was changed since the file was planned",
            next_step="syncer plan",
        )

    def read_content(self, file: SourceFile, source: Source) -> str:
        """Return `sha256:<hex>` of a remote file's stored bytes, which are read unless this machine has before."""
        version = file.tag or file.fingerprint
        known = self._contents.get(file.path, version)
        if known is None:
            known = read_content(self.pin(file, source), stop=self._stop)
            self._contents.remember(file.path, version, known)
        return known

    def store(self, place: Place) -> ObjectStore:
        """Return the opened store of a place. Raises SourceError when its settings cannot work."""
        from syncer.source.stores.opening import open_store

        with self._lock:
            if place not in self._stores:
                connection = self._settings.connections.get(place.name)
                self._stores[place] = open_store(place, connection, self._environ)
            return self._stores[place]

    def _find_local(self, one: Wanted) -> Found:
        uris = [uri for uri in one.source.uris if protocol(uri) in LOCAL_PROTOCOLS]
        if not uris:
            return Found()
        return find(
            one.source,
            uris=uris,
            root=self._root,
            cache=self._fingerprints,
            local_roots=[self._root / root for root in self._settings.allow.local_roots],
            earliest=one.earliest,
            known=one.known,
            stop=self._stop,
        )


def remote_patterns(source: Source) -> list[RemotePattern]:
    """Take apart those URIs of a source that are in object stores. Raises SourceError for one that names no bucket."""
    return [parse_remote(uri, source) for uri in source.uris if protocol(uri) not in LOCAL_PROTOCOLS]
