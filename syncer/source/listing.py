"""Find a spec's source files on this disk, each with the fingerprint of its version, in the order of their import."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from syncer.model.files import SourceFile, size_refusal
from syncer.model.order import order_key
from syncer.model.spec import Source
from syncer.model.templates import date_in_path, uses
from syncer.source.fingerprints import FileIdentity, FingerprintCache, Hashed, Progress, hash_file
from syncer.source.folders import Boundary, Entry, walk
from syncer.source.formats import format_of
from syncer.source.found import BY_PATH, UNREAD, Found, Known, Markers, NothingKnown
from syncer.source.stopping import Stop
from syncer.source.uris import LocalPattern, parse


def find(
    source: Source,
    *,
    root: Path,
    cache: FingerprintCache,
    uris: Iterable[str] | None = None,
    local_roots: Iterable[Path] = (),
    earliest: date | None = None,
    known: Known | None = None,
    stop: Stop | None = None,
    progress: Progress | None = None,
) -> Found:
    """List the files of `source.uri` (or of some `uris` of it) under the project `root`, ordered by `source.order`.

    A file that several URIs match counts once. No match is an empty list. Fingerprints are `sha256:<hex>`, `path:`
    where the spec identifies files by path, and `unread:<size>` for a file over the API's limit
    (`model.files.size_refusal`). Files that the cache does not know are hashed side by side, `progress` being told
    the bytes of each block from any thread. Files whose path's date is before `earliest` are passed over.

    Raises SourceError for a folder that is missing or unreadable, a name that tells no format, a way that leaves
    `root` and `local_roots`, or a file that keeps changing; Interrupted if `stop` says so.
    """
    known, markers = known or NothingKnown(), Markers(source)
    matched = _matched(source.uris if uris is None else uris, root, Boundary(root, local_roots), earliest)
    entries = {path: one for path, one in matched.items() if not markers.is_marker(path)}
    formats = {path: format_of(path, source.format) for path in entries}
    versions = _versions([entry for entry, _ in entries.values()], source, cache, stop, progress)
    found = Found()
    for path, (entry, day) in entries.items():
        fingerprint, status = versions[path]
        if known.is_settled(path, fingerprint):
            found.settled += 1
            continue
        file_format, compression = formats[path]
        file = SourceFile(
            path=path,
            location=entry.location,
            size=status.st_size,
            modified=datetime.fromtimestamp(status.st_mtime, UTC),
            fingerprint=fingerprint,
            format=file_format,
            compression=compression,
            date=day,
        )
        found.files.append(_marked(file, markers, root))
    found.files.sort(key=lambda file: order_key(file, source.order))
    return found


def _matched(
    uris: Iterable[str], root: Path, boundary: Boundary, earliest: date | None
) -> dict[str, tuple[Entry, date | None]]:
    found: dict[str, tuple[Entry, date | None]] = {}
    for uri in uris:
        pattern = parse(uri, root)
        days = _dates(pattern)
        for entry in walk(pattern, root, boundary):
            day = days(entry.path)
            if not pattern.dated or (day is not None and (earliest is None or day >= earliest)):
                found.setdefault(entry.path, (entry, day))
    return found


def _marked(file: SourceFile, markers: Markers, root: Path) -> SourceFile:
    if not markers or (root / (marker := markers.of(file))).is_file():
        return file
    return replace(file, missing_marker=marker)


def _dates(pattern: LocalPattern) -> Callable[[str], date | None]:
    """Return what reads the date of a path that the pattern matched.

    Where only folders are dated, each folder is read once: a day may well hold thousands of files.
    """
    if not pattern.dated:
        return lambda _: None
    if uses(pattern.pattern.rpartition("/")[2], "date"):
        return lambda path: date_in_path(pattern.pattern, path)
    known: dict[str, date | None] = {}

    def by_folder(path: str) -> date | None:
        folder = path.rpartition("/")[0]
        if folder not in known:
            known[folder] = date_in_path(pattern.pattern, path)
        return known[folder]

    return by_folder


def _versions(
    entries: list[Entry], source: Source, cache: FingerprintCache, stop: Stop | None, progress: Progress | None
) -> Mapping[str, tuple[str, os.stat_result]]:
    """Return each file's fingerprint with the stat of exactly the version that it belongs to."""
    if source.identity == "path":
        return {entry.path: (BY_PATH, entry.status) for entry in entries}
    versions: dict[str, tuple[str, os.stat_result]] = {}
    unknown: list[Entry] = []
    for entry in entries:
        if size_refusal(entry.status.st_size) is not None:
            versions[entry.path] = (f"{UNREAD}{entry.status.st_size}", entry.status)
        elif (digest := cache.digest(entry.path, FileIdentity.of(entry.status))) is not None:
            versions[entry.path] = (f"sha256:{digest}", entry.status)
        else:
            unknown.append(entry)
    for entry, hashed in zip(unknown, _hash_all(unknown, cache, stop, progress), strict=True):
        versions[entry.path] = (f"sha256:{hashed.digest}", hashed.status)
    return versions


def _hash_all(
    entries: list[Entry], cache: FingerprintCache, stop: Stop | None, progress: Progress | None
) -> Iterable[Hashed]:
    def hashed(entry: Entry) -> Hashed:
        result = hash_file(entry.path, entry.location, stop=stop, progress=progress)
        cache.remember(entry.path, result)  # at once: a run that is stopped keeps what it has hashed
        return result

    if len(entries) < 2:  # noqa: PLR2004 - one file has nobody to share threads with
        return [hashed(entry) for entry in entries]
    pool = ThreadPoolExecutor(min(8, os.cpu_count() or 1))
    try:
        return list(pool.map(hashed, entries))
    finally:
        pool.shutdown(cancel_futures=True)
