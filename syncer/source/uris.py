"""What a local `source.uri` means: where its folder is, and which glob finds its files below it.

Accepted: paths relative to the project, absolute paths, and `file://` or `local://` before either. Nothing is
percent-decoded (a `%` or `#` in a name is itself), as fsspec reads such URLs. `*`, `?` and `[…]` stay within one
folder, `**` alone between slashes is any number of folders, `{date:…}` is the digits of a date.
"""

from __future__ import annotations

import os
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path

from syncer.errors import SourceError
from syncer.model.templates import date_as_glob, uses

PROTOCOLS = ("file", "local")
ANY_FOLDERS = "**"

_MAGIC = re.compile(r"[*?\[]")
_DRIVE = re.compile(r"/?([A-Za-z]:[/\\].*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class LocalPattern:
    """One URI, taken apart.

    `pattern` is the URI in the form of a source file's path (project-relative posix, or absolute), dates unresolved.
    `folder` is the longest prefix without wildcards in the same form ("" is the project). `segments` find files below
    it: globs by folder, the last one names files. `literal`: the one segment is a name, not a glob.
    """

    pattern: str
    folder: str
    segments: tuple[str, ...]
    literal: bool = False

    @property
    def dated(self) -> bool:
        return uses(self.pattern, "date")


def has_wildcard(segment: str) -> bool:
    """Whether a segment is a glob rather than a name."""
    return _MAGIC.search(segment) is not None


def parse(uri: str, root: Path) -> LocalPattern:
    """Take a local URI apart.

    A path that exists literally although it holds glob characters is taken literally: people get files named
    `export[1].csv` from elsewhere and cannot be asked to rename them. Raises SourceError for another protocol.
    """
    pattern = relative_to_project(_local_path(uri), root)
    glob = date_as_glob(pattern)
    if glob == pattern and (not has_wildcard(pattern) or os.path.lexists(root / pattern)):
        folder, name = posixpath.split(pattern)
        return LocalPattern(pattern, folder, (name,), literal=True)
    segments = glob.split("/")
    if segments[-1] == ANY_FOLDERS:
        segments.append("*")
    wild = next((index for index, segment in enumerate(segments) if has_wildcard(segment)), len(segments) - 1)
    above = "/" if glob.startswith("/") else ""
    return LocalPattern(pattern, "/".join(segments[:wild]) or above, tuple(segments[wild:]))


def relative_to_project(path: str, root: Path) -> str:
    """Give a path the form in which files are identified: project-relative inside the project, else absolute.

    Both the project's own path and its resolved one are recognised, so that a symlinked checkout names its files alike.
    """
    plain = posixpath.normpath(path)
    if not _is_absolute(plain):
        if plain != ".." and not plain.startswith("../"):
            return plain
        plain = posixpath.normpath(posixpath.join(root.absolute().as_posix(), plain))
    for home in dict.fromkeys((root.absolute().as_posix(), root.resolve().as_posix())):
        if plain.startswith(home.rstrip("/") + "/"):
            return plain[len(home.rstrip("/")) + 1 :]
    return plain


def _local_path(uri: str) -> str:
    scheme, separator, rest = uri.partition("://")
    if separator and scheme.lower() not in PROTOCOLS:
        raise SourceError(
            f"{scheme}:// sources cannot be read from the local disk",
            where=uri,
            next_step="name a local path, or wait for the release that reads this store",
        )
    path = rest if separator else uri
    drive = _DRIVE.fullmatch(path)
    path = drive[1] if drive else path
    return path.replace("\\", "/") if os.sep == "\\" else path


def _is_absolute(path: str) -> bool:
    return path.startswith("/") or (os.sep == "\\" and _DRIVE.fullmatch(path) is not None)
