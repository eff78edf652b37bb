"""The few things asked of git, by its own program: no work tree and no index of the user is ever touched here."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from syncer.errors import SyncerError
from syncer.state.segments import sync_directory

_CREDENTIALS_IN_URL = re.compile(r"(\w+://)[^/@\s]+@")
NETWORK_SECONDS = 300
NOBODY = "0" * 40
# What a hook, or a shell that was set up for another repository, would say about where to work.
_POINTERS = frozenset(
    ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR")
)


_PLAINLY = ("--quiet", "--no-tags", "--no-prune", "--no-recurse-submodules")
_BATCH_FACTS = 3
# By itself git syncs neither single objects nor refs. Versions before 2.36 do not know the setting.
_DURABLE = ("-c", "core.fsync=committed,reference")


class GitFailed(Exception):
    """Git answered with an error. `said` is its own last words, without credentials."""

    def __init__(self, command: str, said: str) -> None:
        super().__init__(f"git {command}: {said}")
        self.command = command
        self.said = said


@dataclass(frozen=True, slots=True)
class Identity:
    """Who commits."""

    name: str
    email: str


class Repository:
    """One clone, full or shallow, on a branch or detached.

    With `durable`, what is written here survives a power cut: for a log that no remote has.
    """

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self.folder = folder
        self._settings = ("-c", "gc.auto=0", *(_DURABLE if durable else ()))
        self._is_durable = durable

    def run(
        self,
        *arguments: str,
        data: bytes | None = None,
        environment: Mapping[str, str] | None = None,
        into: BinaryIO | None = None,
    ) -> bytes:
        """Run git and return what it printed, unless that went `into` a file.

        Raises GitFailed, and SyncerError when there is no git at all.
        """
        command = next((each for each in arguments if not each.startswith("-") and "=" not in each), "")
        inherited = {name: value for name, value in os.environ.items() if name not in _POINTERS}
        try:
            answer = subprocess.run(  # noqa: S603 - no shell, and no argument that is not ours or git's own
                ["git", *self._settings, *arguments],  # noqa: S607 - the user's own git, wherever it is
                cwd=self.folder,
                input=data,
                stdout=into or subprocess.PIPE,
                stderr=subprocess.PIPE,
                timeout=NETWORK_SECONDS,
                check=False,
                env={**inherited, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", **(environment or {})},
            )
        except FileNotFoundError as error:
            raise SyncerError("git is not installed, and the state is to be kept in git") from error
        except subprocess.TimeoutExpired as error:
            raise GitFailed(command, f"no answer within {NETWORK_SECONDS} seconds") from error
        if answer.returncode != 0:
            said = _CREDENTIALS_IN_URL.sub(r"\1", answer.stderr.decode(errors="replace")).strip()
            raise GitFailed(command, said)
        return answer.stdout or b""

    def text(self, *arguments: str) -> str:
        return self.run(*arguments).decode().strip()

    def top(self) -> Path:
        """Return the work tree's root. Raises GitFailed outside of one."""
        return Path(self.text("rev-parse", "--show-toplevel"))

    def default_branch(self, remote: str) -> str:
        """Ask the remote which branch its HEAD names; `main` for a remote that is still empty."""
        for line in self.text("ls-remote", "--symref", remote, "HEAD").splitlines():
            match = re.match(r"ref: refs/heads/(\S+)\s+HEAD", line)
            if match:
                return match[1]
        return "main"

    def fetch(self, remote: str, branch: str, into: str) -> str | None:
        """Fetch one branch into a ref of ours and return its tip, or None when the remote has no such branch."""
        try:
            self.run("fetch", *_PLAINLY, "--no-write-fetch-head", remote, f"+refs/heads/{branch}:{into}")
        except GitFailed as error:
            if "couldn't find remote ref" in error.said:
                return None
            raise
        return self.text("rev-parse", "--verify", into)

    def tip(self, ref: str) -> str | None:
        try:
            return self.text("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
        except GitFailed:
            return None

    def files(self, commit: str, folder: str) -> dict[str, str]:
        """Return path and blob id of every file right in a folder of the commit; paths count from the root."""
        listing = self.run("ls-tree", "--full-tree", "-z", commit, f"{folder}/").decode()
        entries = (line.split("\t", 1) for line in listing.split("\0") if line)
        return {path: facts.split()[2] for facts, path in entries if facts.split()[1] == "blob"}

    def blob(self, object_id: str) -> bytes:
        return self.run("cat-file", "blob", object_id)

    def blobs(self, object_ids: Iterable[str], into: BinaryIO) -> dict[str, tuple[int, int]]:
        """Have git write what the blobs hold to the end of a file; return the offset and size of each, by id.

        One process, however many there are, and none of it passes through memory. Raises GitFailed as `run` does.
        """
        wanted = list(dict.fromkeys(object_ids))
        if not wanted:
            return {}
        start = into.seek(0, os.SEEK_END)
        self.run("cat-file", "--batch", data="".join(f"{each}\n" for each in wanted).encode(), into=into)
        found = {}
        for object_id in wanted:
            into.seek(start)
            header = into.readline()
            facts = header.split()
            if len(facts) != _BATCH_FACTS:
                raise GitFailed("cat-file", f"object {object_id} is missing in this clone")
            found[object_id] = (start + len(header), int(facts[2]))
            start += len(header) + int(facts[2]) + 1
        return found

    def commit(self, parent: str | None, files: Mapping[str, bytes], message: str, author: Identity | None) -> str:
        """Make a commit on top of `parent` in which just these files differ, and return its id. No ref moves."""
        with tempfile.TemporaryDirectory(prefix="syncer-index-") as scratch:
            environment = {"GIT_INDEX_FILE": str(Path(scratch) / "index"), **_identity(author)}
            if parent is not None:
                self.run("read-tree", parent, environment=environment)
            entries = self._entries(Path(scratch), files)
            self.run("update-index", "-z", "--add", "--index-info", data=entries, environment=environment)
            tree = self.run("write-tree", environment=environment).decode().strip()
            parents = ["-p", parent] if parent else []
            made = self.run("commit-tree", tree, *parents, data=message.encode(), environment=environment)
        return made.decode().strip()

    def _entries(self, scratch: Path, files: Mapping[str, bytes]) -> bytes:
        """Write the files as blobs, all with one process, and return them as `update-index --index-info` reads them."""
        copies = [scratch / f"{number}" for number in range(len(files))]
        for copy, data in zip(copies, files.values(), strict=True):
            copy.write_bytes(data)
        listing = "".join(f"{copy.as_posix()}\n" for copy in copies).encode()
        blobs = self.run("hash-object", "-w", "--no-filters", "--stdin-paths", data=listing).decode().split()
        return "".join(f"100644 {blob}\t{path}\0" for path, blob in zip(files, blobs, strict=True)).encode()

    def push(self, remote: str, commit: str, branch: str, *, dry_run: bool = False) -> None:
        """Push the commit as the branch's new tip, and nothing else whatever git is set up to push along.

        With `dry_run` only the right to push is asked for, as far as a remote tells it without a push. Raises GitFailed
        when refused, or when the answer got lost.
        """
        only_this = ("--no-verify", "--no-follow-tags", "--recurse-submodules=no", *(("--dry-run",) if dry_run else ()))
        self.run("push", "--quiet", *only_this, remote, f"{commit}:refs/heads/{branch}")

    def is_ancestor(self, commit: str, of: str) -> bool:
        try:
            self.run("merge-base", "--is-ancestor", commit, of)
        except GitFailed:
            return False
        return True

    def move(self, ref: str, new: str, old: str | None) -> None:
        """Move a local ref from exactly `old` to `new`. Raises GitFailed when it stands elsewhere by now.

        Raises SyncerError when it was moved and cannot be made durable.
        """
        self.run("update-ref", ref, new, old or NOBODY)
        if not self._is_durable:
            return
        file = self.folder / self.text("rev-parse", "--git-path", ref)
        try:
            sync_directory(file.parent)  # git syncs the ref's file before it gives it its name, and not the name
        except FileNotFoundError:
            return  # refs that are not kept in files of their own
        except OSError as error:
            raise SyncerError(
                f"the state was committed and cannot be synced to disk: {error.strerror or error}",
                where=str(file.parent),
                why="nothing is started on the strength of a record that a power cut would take away",
                next_step="check the disk, then: syncer apply",
            ) from error

    def checked_out_branch(self) -> str | None:
        try:
            return self.text("symbolic-ref", "--quiet", "--short", "HEAD")
        except GitFailed:
            return None

    def is_same(self, one: str, folder: str) -> bool:
        """Whether the work tree and the index hold a folder as this commit does."""
        try:
            self.run("diff", "--quiet", one, "--", f":/{folder}")
            self.run("diff", "--quiet", "--cached", one, "--", f":/{folder}")
        except GitFailed:
            return False
        return True

    def is_clean(self) -> bool:
        """Whether no tracked file differs from HEAD, in the index or in the work tree."""
        return not self.run("status", "--porcelain", "--untracked-files=no")

    def identity(self) -> Identity | None:
        """Return who git is configured to commit as, by its settings or the environment, or None."""
        try:
            said = self.text("-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT")
            self.text("-c", "user.useConfigOnly=true", "var", "GIT_AUTHOR_IDENT")
        except GitFailed:
            return None
        name, _, rest = said.partition(" <")
        return Identity(name, rest.partition(">")[0])


def _identity(author: Identity | None) -> dict[str, str]:
    if author is None:
        return {}
    return {
        "GIT_AUTHOR_NAME": author.name,
        "GIT_AUTHOR_EMAIL": author.email,
        "GIT_COMMITTER_NAME": author.name,
        "GIT_COMMITTER_EMAIL": author.email,
    }


def telling(said: str) -> str:
    """Return what tells a person why git failed: the remote's own words where it gave any, else git's last."""
    lines = [line.strip() for line in said.splitlines()]
    remote = [line.removeprefix("remote:").strip() for line in lines if line.startswith("remote:")]
    own = [line for line in lines if line and not line.startswith(("remote:", "hint:", "To ", "error: failed to push"))]
    return "; ".join(filter(None, [*remote, *own[-1:]])) or "no answer"
