"""Walk folders for the files that a pattern names, each folder once, with the stat that the walk needed anyway.

Files are regular files, and symlinks to them. Folders, sockets, pipes and broken symlinks are not files and are
passed over. Names that begin with a dot are found only by a glob that begins with one. `**` does not follow symlinked
folders (they can form a circle); a segment that names or globs them does. Names are compared as they are stored:
letter case counts, and Unicode is not normalised.
"""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from syncer.errors import SourceError
from syncer.source.uris import ANY_FOLDERS, LocalPattern


class Entry(NamedTuple):
    """One file: the path that identifies it, where it is on this disk, and its stat (a symlink's target's)."""

    path: str
    location: str
    status: os.stat_result


class Boundary:
    """The folders that sources may be read from: the project, and the roots that its settings name."""

    def __init__(self, root: Path, local_roots: Iterable[Path] = ()) -> None:
        self._roots = [os.path.realpath(root), *(os.path.realpath(root / extra) for extra in local_roots)]

    def check(self, location: str, shown: str) -> None:
        """Raise SourceError if the location, all symlinks followed, is outside every root."""
        real = os.path.realpath(location)
        if any(real == home or real.startswith(home.rstrip(os.sep) + os.sep) for home in self._roots):
            return
        raise SourceError(
            f"{shown or '.'} leads outside the project",
            where=shown,
            why="sources are read only from the project and from the folders that it allows",
            next_step="add the folder to allow.local_roots in syncer.yaml",
        )


def walk(pattern: LocalPattern, root: Path, boundary: Boundary) -> Iterator[Entry]:
    """Find the files of one pattern, in no particular order.

    Raises SourceError when the pattern's folder does not exist, when a folder may not be read (files could be missed in
    silence), or when the way to a file leaves the boundary.
    """
    start = root.absolute() / pattern.folder
    boundary.check(str(start), pattern.folder)
    if not _is_folder(start, pattern.folder):
        raise SourceError(
            f"the folder {pattern.folder or '.'} does not exist",
            where=pattern.pattern,
            next_step="check source.uri; relative paths start at the folder of syncer.yaml",
        )
    if pattern.literal:
        yield from _one(start / pattern.segments[0], pattern.pattern, boundary)
    else:
        yield from _Walk(boundary).below(str(start), pattern.folder, pattern.segments)


def _is_folder(location: Path, shown: str) -> bool:
    try:
        return location.is_dir()
    except OSError as error:
        raise unreadable(shown, error) from error


def _one(location: Path, shown: str, boundary: Boundary) -> Iterator[Entry]:
    """Look at a file that is named in full, without listing what is beside it."""
    try:
        status = location.stat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise unreadable(shown, error) from error
    if stat.S_ISREG(status.st_mode):
        boundary.check(str(location), shown)
        yield Entry(_utf8(shown), str(location), status)


class _Walk:
    def __init__(self, boundary: Boundary) -> None:
        self._boundary = boundary

    def below(self, folder: str, shown: str, segments: Sequence[str]) -> Iterator[Entry]:
        return self._among(_listed(folder, shown), shown, segments)

    def _among(self, entries: list[os.DirEntry[str]], shown: str, segments: Sequence[str]) -> Iterator[Entry]:
        prefix = shown if not shown or shown.endswith("/") else shown + "/"
        if segments[0] == ANY_FOLDERS:
            yield from self._among(entries, shown, segments[1:])
            for entry in entries:
                if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                    yield from self.below(entry.path, prefix + entry.name, segments)
            return
        matches = _matcher(segments[0])
        named = (entry for entry in entries if matches(entry.name))
        if len(segments) == 1:
            yield from (found for entry in named if (found := self._file(entry, prefix + entry.name)) is not None)
            return
        for entry in named:
            if entry.is_dir():
                self._check_link(entry, prefix + entry.name)
                yield from self.below(entry.path, prefix + entry.name, segments[1:])

    def _file(self, entry: os.DirEntry[str], shown: str) -> Entry | None:
        try:
            # A DirEntry's own stat has neither inode nor change time on Windows.
            status = Path(entry.path).stat() if os.name == "nt" else entry.stat()
        except FileNotFoundError:  # a broken symlink, or gone since it was listed
            return None
        except OSError as error:
            raise unreadable(shown, error) from error
        if not stat.S_ISREG(status.st_mode):
            return None
        self._check_link(entry, shown)
        return Entry(_utf8(shown), entry.path, status)

    def _check_link(self, entry: os.DirEntry[str], shown: str) -> None:
        if entry.is_symlink():
            self._boundary.check(entry.path, shown)


def unreadable(shown: str, error: OSError) -> SourceError:
    """Explain why the system does not let a file or folder be read."""
    return SourceError(
        f"{shown or '.'} cannot be read",
        where=shown,
        why=error.strerror or type(error).__name__,
        next_step="give the user of this process the right to read it"
        if isinstance(error, PermissionError)
        else "check the path and the disk",
    )


def _listed(folder: str, shown: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:  # gone since its parent was listed
        return []
    except OSError as error:
        raise unreadable(shown, error) from error


def _matcher(segment: str) -> Callable[[str], object]:
    pattern = re.compile(fnmatch.translate(segment)).match
    if segment.startswith((".", "[.]")):
        return pattern
    return lambda name: not name.startswith(".") and pattern(name)


def _utf8(shown: str) -> str:
    try:
        shown.encode()
    except UnicodeEncodeError:
        raise SourceError(
            f"the name of {shown!a} is not UTF-8",
            why="the log could not name this file",
            next_step="rename the file",
        ) from None
    return shown
