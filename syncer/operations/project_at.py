"""What people declared as a revision of the project's git repository has it, beside what stands in the work tree."""

from __future__ import annotations

import contextlib
import os
import posixpath
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from syncer.errors import SyncerError, UsageError
from syncer.operations.snapshots import FOLDER as SNAPSHOTS
from syncer.spec.configuration import SETTINGS_FILE
from syncer.spec.load import SPECS_FOLDER, Project, load_project
from syncer.state.git import GitFailed, Repository, telling

_LINK: Final = "120000"


@dataclass(frozen=True, slots=True)
class Revision:
    """One commit of the repository that a project lies in. `prefix` is where the project is in it, "" at its root."""

    repository: Repository
    commit: str
    prefix: str

    @classmethod
    def named(cls, root: Path, ref: str) -> Revision:
        """Return the commit that a name such as HEAD^1 stands for.

        Raises UsageError where there is no such commit, no repository, or no git.
        """
        if shutil.which("git") is None:
            raise UsageError("git is not installed, and an earlier revision is asked for")
        repository = Repository(root)
        try:
            prefix = root.resolve().relative_to(repository.top().resolve()).as_posix()
        except (GitFailed, ValueError) as error:
            raise UsageError(
                "an earlier revision is asked for, and the project is in no git repository", where=str(root)
            ) from error
        # What begins with a dash would be an option to git.
        commit = repository.tip(ref) if ref and not ref.startswith("-") else None
        if commit is None:
            raise UsageError(
                f"there is no revision {ref!r} in this clone",
                why="a shallow clone has only the newest commits",
                next_step="name a commit, tag or branch that is here, or fetch more: git fetch --deepen 10",
            )
        return cls(repository, commit, "" if prefix == "." else f"{prefix}/")

    def write(self, paths: Iterable[str], into: Path) -> None:
        """Write the files at or below these paths as the commit has them. Paths count from the project.

        What the commit does not have, or is outside of the project, is left out. Raises SyncerError when git fails.
        """
        wanted = [path for path in map(posixpath.normpath, paths) if not path.startswith(("../", "/"))]
        if not wanted:
            return
        try:
            self._write(wanted, into)
        except GitFailed as error:
            raise SyncerError(f"{self.commit[:12]} cannot be read: {telling(error.said)}") from error

    def _write(self, paths: list[str], into: Path) -> None:
        under = [self.prefix + path for path in paths]
        listing = self.repository.run("ls-tree", "-r", "--full-tree", "-z", self.commit, "--", *under)
        entries = [os.fsdecode(entry).split("\t", 1) for entry in listing.split(b"\0") if entry]
        files = {name.removeprefix(self.prefix): facts.split() for facts, name in entries}
        with tempfile.TemporaryFile() as blobs:
            places = self.repository.blobs((blob for _, kind, blob in files.values() if kind == "blob"), blobs)
            for name, (mode, kind, blob) in files.items():
                if kind == "blob":
                    start, size = places[blob]
                    blobs.seek(start)
                    _put(into, name, blobs.read(size), is_link=mode == _LINK)


def _put(into: Path, name: str, data: bytes, *, is_link: bool) -> None:
    path = into / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not is_link:
        path.write_bytes(data)
        return
    target = os.fsdecode(data)
    to = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
    if not to.startswith(("../", "/")):  # another way, it would lead to the work tree or anywhere
        with contextlib.suppress(OSError):  # a machine that makes no links
            path.symlink_to(target)


def load_project_at(
    revision: Revision, into: Path, *, environ: Mapping[str, str], overrides: Mapping[str, Any] | None
) -> Project:
    """Load specs, settings and snapshots of the revision, and the suppress lists that it holds, written below `into`.

    `environ` is the whole environment, `.env` included. Raises InvalidInput where the specs were wrong then.
    """
    into.mkdir(mode=0o700, parents=True)
    revision.write((SPECS_FOLDER, SETTINGS_FILE, SNAPSHOTS), into)
    project = load_project(into, environ=environ, overrides=overrides)
    lists = {loaded.spec.suppress.keys for loaded in project.specs if loaded.spec.suppress is not None}
    revision.write(sorted(lists), into)
    return project
