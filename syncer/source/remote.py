"""Find the files of many sources in object stores, with as few listings as may be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from threading import Lock
from typing import Final

from syncer.errors import SourceError
from syncer.model.files import SourceFile
from syncer.model.order import order_key
from syncer.model.spec import Source
from syncer.source.formats import format_of
from syncer.source.found import BY_PATH, Found, Known, Markers
from syncer.source.patterns import Range, RemotePattern, ranges
from syncer.source.stopping import Stop, check
from syncer.source.stores.base import Listed, ObjectStore, Place

SIDE_BY_SIDE: Final = 8
"""How many listings, or reads of contents, are under way at once."""

ReadContent = Callable[[SourceFile, Source], str]


class RemoteSearch:
    """A search for the files of several sources. Add them all, then run once."""

    def __init__(
        self, store: Callable[[Place], ObjectStore], read_content: ReadContent, stop: Stop | None = None
    ) -> None:
        self._store = store
        self._read_content = read_content
        self._stop = stop
        self._searches: list[_Search] = []

    def add(
        self, number: int, source: Source, patterns: Iterable[RemotePattern], known: Known, earliest: date | None
    ) -> None:
        """Ask for a source's patterns, under a number of the caller's."""
        markers = Markers(source)
        self._searches += [_Search(number, source, pattern, known, markers, earliest) for pattern in patterns]

    def run(self) -> dict[int, Found]:
        """Return what was found by number, every file once. Raises Interrupted if `stop` says so."""
        pool = ThreadPoolExecutor(SIDE_BY_SIDE)
        try:
            _all(pool.map(self._begin, self._searches))
            _all(pool.map(self._walk, _shared(self._searches)))
            _all(pool.map(self._read, self._searches))
        finally:
            pool.shutdown(cancel_futures=True)
        found: dict[int, Found] = {}
        for search in self._searches:
            before = found.get(search.number, Found())
            found[search.number] = before.joined(search.result(), search.source.order)
        return found

    def _begin(self, search: _Search) -> None:
        """Find out which listings a pattern needs; one that names a single object is looked at at once."""
        pattern = search.pattern
        try:
            store = self._store(pattern.place)
            if pattern.is_one_key and not search.markers:
                listed = store.look(pattern.key)
                if listed is not None:
                    search.take(listed)
            else:
                beside = bool(search.markers)
                search.ranges = ranges(pattern, search.earliest, store.folders, whole_folder=beside)
        except SourceError as error:
            search.problem = error

    def _walk(self, listing: _Listing) -> None:
        """Go through one listing, and give each page to every pattern that may find something in it."""
        try:
            store = self._store(listing.place)
            for page in store.pages(listing.range.prefix, after=listing.range.after):
                check(self._stop)
                for search, prefix in listing.readers:
                    search.take_page(page, prefix)
        except SourceError as error:
            for search, _ in listing.readers:
                search.problem = search.problem or error

    def _read(self, search: _Search) -> None:
        """Replace the store's tags by digests of the bytes, where the source is identified by its contents."""
        if search.source.identity != "content" or search.problem is not None:
            return
        try:
            for path, file in list(search.files.items()):
                check(self._stop)
                tagged = replace(file, tag=file.fingerprint)
                content = search.known.content_of(path, tagged.tag) or self._read_content(tagged, search.source)
                search.keep(replace(tagged, fingerprint=content, content=content))
        except SourceError as error:
            search.problem = error


@dataclass(slots=True)
class _Search:
    """One pattern of one source, and what it has found."""

    number: int
    source: Source
    pattern: RemotePattern
    known: Known
    markers: Markers
    earliest: date | None
    ranges: list[Range] = field(default_factory=list)
    files: dict[str, SourceFile] = field(default_factory=dict)
    settled: int = 0
    seen_markers: set[str] = field(default_factory=set)
    problem: SourceError | None = None
    _literal: SourceFile | None = None
    _day_of: Callable[[str], date | None] | None = None
    _lock: Lock = field(default_factory=Lock)

    def take_page(self, page: list[Listed], prefix: str) -> None:
        """Keep what is the pattern's. An object that cannot be a source file is the problem of this search alone."""
        try:
            with self._lock:  # a pattern whose dates are bounded has a listing a day, and they run side by side
                self._take_page(page, prefix)
        except SourceError as error:
            self.problem = self.problem or error

    def _take_page(self, page: list[Listed], prefix: str) -> None:
        matches, markers, literal = self.pattern.matches, self.markers, self.pattern.key
        for listed in page:
            key = listed.key
            if not key.startswith(prefix):
                continue
            if markers and markers.is_marker(key):
                self.seen_markers.add(self.pattern.place.root + key)
            elif key == literal or matches(key):
                self.take(listed)

    def take(self, listed: Listed) -> None:
        """Keep a file of the pattern, unless its day is not asked for or it is done."""
        if self._day_of is None:
            self._day_of = self.pattern.dates()
        day = self._day_of(listed.key)
        if self.pattern.dated and (day is None or (self.earliest is not None and day < self.earliest)):
            return
        file = self._file(listed, day)
        if listed.key == self.pattern.key and not self.pattern.is_one_key:
            self._literal = file
        self.keep(file)

    def keep(self, file: SourceFile) -> None:
        if self.known.is_settled(file.path, file.fingerprint):
            self.settled += 1
            self.files.pop(file.path, None)
        else:
            self.files[file.path] = file

    def result(self) -> Found:
        if self.problem is not None:
            return Found(problem=self.problem)
        files = list(self.files.values())
        if self._literal is not None:  # people get files named `export[1].csv` and cannot be asked to rename them
            files = [file for file in files if file.path == self._literal.path]
        if self.markers:
            files = [self._with_marker(file) for file in files]
        return Found(sorted(files, key=lambda file: order_key(file, self.source.order)), self.settled)

    def _with_marker(self, file: SourceFile) -> SourceFile:
        marker = self.markers.of(file)
        return file if marker in self.seen_markers else replace(file, missing_marker=marker)

    def _file(self, listed: Listed, day: date | None) -> SourceFile:
        path = self.pattern.place.root + listed.key
        file_format, compression = format_of(path, self.source.format)
        return SourceFile(
            path=path,
            location=path,
            size=listed.size,
            modified=listed.modified,
            fingerprint=BY_PATH if self.source.identity == "path" else listed.fingerprint,
            format=file_format,
            compression=compression,
            date=day,
        )


@dataclass(frozen=True, slots=True)
class _Listing:
    """One listing that several patterns read, each from its own prefix on."""

    place: Place
    range: Range
    readers: list[tuple[_Search, str]]


def _shared(searches: Iterable[_Search]) -> list[_Listing]:
    """Lay the listings that searches need over each other: one that another one contains is not made."""
    asked = [
        (search.pattern.place, one, search) for search in searches if search.problem is None for one in search.ranges
    ]
    asked.sort(key=lambda entry: (str(entry[0]), entry[1].prefix, entry[1].after))
    listings: list[_Listing] = []
    for place, one, search in asked:
        last = listings[-1] if listings else None
        if last is not None and last.place == place and _contains(last.range, one):
            last.readers.append((search, one.prefix))
        else:
            listings.append(_Listing(place, one, [(search, one.prefix)]))
    return listings


def _contains(wide: Range, narrow: Range) -> bool:
    return narrow.prefix.startswith(wide.prefix) and (not wide.after or wide.after <= narrow.after)


def _all(results: Iterator[None]) -> None:
    """Wait for all, and raise what one of them raised."""
    for _ in results:
        pass
