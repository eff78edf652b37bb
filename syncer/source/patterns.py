"""What a `source.uri` in an object store means: which bucket, which listing, and which keys of it are files.

Nothing is percent-decoded: a `%`, `#` or `+` in a key is itself. Globs mean what they mean for local files: `*`, `?`
and `[…]` stay within one folder, `**` alone between slashes is any number of folders, names that begin with a dot are
found only by a glob that begins with one.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Final

from syncer.errors import SourceError
from syncer.model.spec import Source
from syncer.model.templates import DEFAULT_DATE_FORMAT, date_as_glob, date_in_path, uses
from syncer.source.stores.base import Place
from syncer.source.uris import ANY_FOLDERS, has_wildcard

_FAMILY: Final = {"s3": "s3", "gs": "gs", "az": "az", "abfs": "az", "abfss": "az"}
_FIELD: Final = re.compile(r"\{date[^{}]*\}")
_ORDERED: Final = re.compile(r"%Y[^%]*%m[^%]*%d[^%]*")
"""A date whose text sorts as its days do."""
_SHORT_YEARS: Final = 1000
"""Up to here `strftime` leaves the width of a year to the platform, and such text does not sort."""


@dataclass(frozen=True)
class RemotePattern:
    """One URI, taken apart. `key` is the pattern below the bucket, with dates unresolved."""

    place: Place
    key: str

    @cached_property
    def glob(self) -> str:
        glob = date_as_glob(self.key)
        return f"{glob}/*" if glob.rpartition("/")[2] == ANY_FOLDERS else glob

    @property
    def dated(self) -> bool:
        return uses(self.key, "date")

    @property
    def is_one_key(self) -> bool:
        """Whether the URI names exactly one object, which needs no listing."""
        return not has_wildcard(self.glob)

    @cached_property
    def prefix(self) -> str:
        """The longest prefix that every matching key has."""
        return literal_prefix(self.glob)

    @cached_property
    def matches(self) -> Callable[[str], object]:
        """Tell whether a key is a file of this source, dates aside."""
        return re.compile(_expression(self.glob.split("/")), re.DOTALL).fullmatch

    def dates(self) -> Callable[[str], date | None]:
        """Return what reads the date of a key that matched. Where only folders are dated, each is read once."""
        pattern = self.place.root + self.key
        if not self.dated:
            return lambda _: None
        if uses(pattern.rpartition("/")[2], "date"):
            return lambda key: date_in_path(pattern, self.place.root + key)
        known: dict[str, date | None] = {}

        def by_folder(key: str) -> date | None:
            folder = key.rpartition("/")[0]
            if folder not in known:
                known[folder] = date_in_path(pattern, self.place.root + key)
            return known[folder]

        return by_folder


def parse_remote(uri: str, source: Source) -> RemotePattern:
    """Take a cloud URI apart.

    az, abfs and abfss are one family, so a source that changes its spelling keeps its paths. Raises SourceError for a
    URI that names no bucket, or a bucket by a pattern.
    """
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    protocol = _FAMILY[scheme.lower()]
    bucket, _, host = bucket.partition("@")
    if not bucket or not key or has_wildcard(bucket) or "{" in bucket:
        raise SourceError(
            f"{uri} does not name a bucket and a key",
            where=uri,
            why="the bucket stands by itself between :// and the next slash",
            next_step=f"write it like {scheme}://bucket/folder/*.csv",
        )
    if host:
        protocol = "abfss"
    return RemotePattern(Place(protocol, bucket, source.connection or "", host), key)


def literal_prefix(glob: str) -> str:
    """Return what stands before the first wildcard."""
    match = re.search(r"[*?\[]", glob)
    return glob[: match.start()] if match else glob


def _expression(segments: list[str]) -> str:
    """Translate a glob to a regular expression over whole keys."""
    pieces = []
    for number, segment in enumerate(segments):
        is_last = number == len(segments) - 1
        if segment == ANY_FOLDERS:
            pieces.append(r"(?:(?!\.)[^/]+/)*")
            continue
        visible = "" if not has_wildcard(segment) or segment.startswith((".", "[.]")) else r"(?!\.)"
        pieces.append(visible + _segment(segment) + ("" if is_last else "/"))
    return "".join(pieces)


def _segment(glob: str) -> str:
    """Translate a glob within one folder: no wildcard of it stands for a slash."""
    pieces = re.split(r"(\*+|\?|\[!?\]?[^\]/]*\])", glob)
    translated = []
    for number, piece in enumerate(pieces):
        if not number % 2:
            translated.append(re.escape(piece))
        elif piece.startswith("*"):
            translated.append("[^/]*")
        elif piece == "?":
            translated.append("[^/]")
        else:
            anchored = fnmatch.translate(piece)
            translated.append("(?!/)" + anchored[: anchored.rindex(")") + 1])
    return "".join(translated)


@dataclass(frozen=True, slots=True)
class Range:
    """One listing: keys that begin with `prefix`, from after `after` on where the store can begin there."""

    prefix: str
    after: str = ""


def ranges(
    pattern: RemotePattern, earliest: date | None, folders: Callable[[str], list[str]], *, whole_folder: bool = False
) -> list[Range]:
    """Return the listings that hold every file of the pattern from day `earliest` on, and as little else as may be.

    Dated folders before the day are not listed at all: their names are asked for one level at a time, through
    `folders`. `whole_folder` lists what stands beside the files too, such as their marker.
    """
    if earliest is None or not pattern.dated:
        return [Range(_to_folder(pattern.prefix) if whole_folder else pattern.prefix)]
    written, globs = pattern.key.split("/"), pattern.glob.split("/")
    prefixes, level = [""], 0
    while level < len(globs) - 1:
        segment = globs[level]
        if not has_wildcard(segment):
            prefixes = [f"{prefix}{segment}/" for prefix in prefixes]
        elif _FIELD.search(written[level]):
            prefixes = _dated_folders(pattern, prefixes, level, earliest, folders)
        else:
            break
        level += 1
    rest = literal_prefix("/".join(globs[level:]))
    if whole_folder:
        return [Range(_to_folder(prefix + rest)) for prefix in prefixes]
    after = _first_name(written[level], earliest) if level == len(globs) - 1 else ""
    return [Range(prefix + rest, prefix + after if after else "") for prefix in prefixes]


def _to_folder(prefix: str) -> str:
    return prefix[: prefix.rfind("/") + 1]


def _dated_folders(
    pattern: RemotePattern, prefixes: list[str], level: int, earliest: date, folders: Callable[[str], list[str]]
) -> list[str]:
    so_far = "/".join(pattern.key.split("/")[: level + 1])
    floor = _floor(earliest, so_far)
    globs = pattern.glob.split("/")[: level + 1]
    matches = re.compile(_expression(globs), re.DOTALL).fullmatch

    def wanted(folder: str) -> bool:
        if floor is None:
            return matches(folder) is not None
        day = date_in_path(so_far, folder)
        return day is not None and day >= floor

    below = (folder for prefix in prefixes for folder in folders(prefix + literal_prefix(globs[-1])))
    return [folder for folder in below if wanted(folder.removesuffix("/"))]


def _floor(earliest: date, written: str) -> date | None:
    """Return the first day that a folder may stand for: where it names only a month or a year, that one's first.

    None for a folder that names no year, such as a month's above its years: any day may be below it.
    """
    fields = "".join(field.replace("{date}", DEFAULT_DATE_FORMAT) for field in _FIELD.findall(written))
    if "%Y" not in fields:
        return None
    if "%j" in fields or ("%m" in fields and "%d" in fields):
        return earliest
    return earliest.replace(day=1) if "%m" in fields else earliest.replace(month=1, day=1)


def _first_name(written: str, earliest: date) -> str:
    """Return a name before which no file of the day can sort, or "" where names do not sort by their date."""
    field = _FIELD.search(written)
    form = field.group()[len("{date:") : -1] if field and ":" in field.group() else DEFAULT_DATE_FORMAT
    if field is None or not _ORDERED.fullmatch(form) or has_wildcard(written[: field.start()]):
        return ""
    if earliest.year <= _SHORT_YEARS:
        return ""
    day = earliest - timedelta(days=1)
    return written[: field.start()] + day.strftime(form)
