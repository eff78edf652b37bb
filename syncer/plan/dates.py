"""The days that paths of the log belong to: what a listing reads from a path, for files that are not listed now."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from datetime import date

from syncer.model.protocols import LOCAL_PROTOCOLS
from syncer.model.templates import date_in_path, uses


def date_reader(uris: Sequence[str]) -> Callable[[str], date | None]:
    """Return what reads the `{date:…}` of a spec's URIs from the path of a source file.

    None is the answer for a path that none of the URIs matches. Where only folders are dated, each is read once.
    """
    dated = [_plain(uri) for uri in uris if uses(uri, "date")]
    if not dated:
        return lambda _: None
    by_folder = not any(uses(uri.rpartition("/")[2], "date") for uri in dated)
    known: dict[str, date] = {}

    def read(path: str) -> date | None:
        folder = path.rpartition("/")[0]
        if by_folder and folder in known:
            return known[folder]
        plain = _plain(path)
        day = next((day for uri in dated if (day := date_in_path(uri, plain)) is not None), None)
        if by_folder and day is not None:
            known[folder] = day
        return day

    return read


def _plain(path: str) -> str:
    """Leave out what the same file may be written with or without: `./`, `file://`, a store's protocol or account."""
    scheme, separator, rest = path.partition("://")
    if not separator or scheme.lower() in LOCAL_PROTOCOLS:
        return posixpath.normpath(rest if separator else path)
    bucket, _, key = rest.partition("/")
    return f"{bucket.partition('@')[0]}/{key}"
