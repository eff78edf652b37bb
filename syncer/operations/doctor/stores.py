"""Whether every bucket that a spec reads can be listed and read, and every other connection has credentials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from syncer.errors import SourceError
from syncer.operations.doctor.check import Check, failed_by
from syncer.settings import Connection
from syncer.source.patterns import RemotePattern
from syncer.source.sources import remote_patterns
from syncer.source.stores.base import Listed, ObjectChangedError, ObjectStore, Place
from syncer.source.stores.credentials import find_credentials
from syncer.source.stores.opening import open_store
from syncer.source.stores.patience import patiently
from syncer.spec.load import Project

_SKEWED = "RequestTimeTooSkewed"
_MOST_NAMED = 3
_CHECK_SETTINGS = "check the connection's settings in syncer.yaml, and what the store's own log says of the request"


def patterns_by_place(project: Project) -> dict[Place, list[RemotePattern]]:
    """Return what the specs read of each bucket; patterns with the same listing count once."""
    found: dict[Place, dict[tuple[str, bool], RemotePattern]] = {}
    for loaded in project.specs:
        for pattern in remote_patterns(loaded.spec.source):
            key = (pattern.prefix, pattern.is_one_key)
            found.setdefault(pattern.place, {}).setdefault(key, pattern)
    return {place: list(patterns.values()) for place, patterns in found.items()}


@dataclass(slots=True)
class _Seen:
    """What a bucket answered for: URLs that were listed or looked at, and one file of which a byte was read."""

    asked: list[str]
    read: str = ""


def check_bucket(
    place: Place, patterns: Sequence[RemotePattern], connection: Connection | None, environ: Mapping[str, str]
) -> Iterator[Check]:
    """List one page of each pattern's prefix and read a byte of one file that matches. Each failure is told once."""
    seen, failures = _Seen([]), dict[tuple[str, str], tuple[SourceError, list[str]]]()
    try:
        store = open_store(place, connection, environ)
    except SourceError as error:
        yield failed_store(str(place), error)
        return
    try:
        for pattern in patterns:
            try:
                _look(store, pattern, seen)
            except SourceError as error:
                failures.setdefault((error.what, error.why), (error, []))[1].append(_url(pattern))
    finally:
        store.close()
    for refusal, urls in failures.values():
        yield failed_store(str(place), refusal, where=", ".join(urls))
    if seen.asked:
        read = f"read a byte of {seen.read}" if seen.read else "no file matches yet, so reading one was not tried"
        more = f" and {len(seen.asked) - _MOST_NAMED} more" if len(seen.asked) > _MOST_NAMED else ""
        what = f"answers for {', '.join(seen.asked[:_MOST_NAMED])}{more}; {read}"
        yield Check(area="connections", subject=str(place), status="ok", what=what)


def _url(pattern: RemotePattern) -> str:
    return pattern.place.root + (pattern.key if pattern.is_one_key else pattern.prefix)


def _look(store: ObjectStore, pattern: RemotePattern, seen: _Seen) -> None:
    found = _first(store, pattern)
    if found is not None and found.size and not found.cold:
        _read_a_byte(store, found)
        seen.read = seen.read or pattern.place.root + found.key
    seen.asked.append(_url(pattern))


def _first(store: ObjectStore, pattern: RemotePattern) -> Listed | None:
    """Look at one object of the pattern, found on the first page of its listing."""
    if pattern.is_one_key:
        named = store.look(pattern.key)
        if named is None:  # which a store says of a bucket that does not exist, too; its listing tells the two apart
            next(iter(store.pages(pattern.key)), None)
        return named
    page = next(iter(store.pages(pattern.prefix)), [])
    matching = (each for each in page if each.size and not each.cold and pattern.matches(each.key))
    first = next(matching, None)
    return store.look(first.key) if first is not None else None


def _read_a_byte(store: ObjectStore, listed: Listed) -> None:
    byte = memoryview(bytearray(1))
    try:
        patiently(lambda: store.read(listed, 0, byte), store.place, "read")
    except ObjectChangedError:
        return  # whoever may see that it is another version by now may read it


def check_credentials(name: str, connection: Connection, environ: Mapping[str, str]) -> Iterator[Check]:
    """Search the credentials of a connection that no spec uses."""
    subject = f"connection {name}"
    try:
        source = find_credentials(name, connection, environ)
    except SourceError as error:
        what = f"no spec uses it, and it could not be opened: {error.what.rpartition(': ')[2]}"
        yield failed_store(subject, error, where=subject, what=what)
        return
    found = "asks as nobody" if connection.anonymous else "credentials were found"
    origin = f" ({source})" if source and not connection.anonymous else ""
    yield Check(
        area="connections",
        subject=subject,
        status="ok",
        what=f"{found}{origin}; no spec uses it, so no bucket was asked",
    )


def failed_store(subject: str, error: SourceError, *, where: str = "", what: str = "") -> Check:
    """Make the check of a store's refusal; where it blames the clock, so does the cure."""
    told = SourceError(error.what, where=where, why=error.why, next_step=error.next_step)
    if _SKEWED in error.why:
        told = SourceError(
            "this machine's clock and the store's are too far apart",
            where=where,
            why=f"the store refuses requests that seem to come from another time ({_SKEWED})",
            next_step="set the clock, such as with: timedatectl set-ntp true",
        )
    return failed_by("connections", subject, told, what=what, otherwise=_CHECK_SETTINGS)
