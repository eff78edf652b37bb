"""The few things asked of git, by its own program: no work tree and no index of the user is ever touched here."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from syncer.errors import SyncerError

_CREDENTIALS_IN_URL = re.compile(r"(\w+://)[^/@\s]+@")
NETWORK_SECONDS = 300


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
    """One clone, full or shallow, on a branch or detached."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *arguments: str, data: bytes | None = None, environment: Mapping[str, str] | None = None) -> bytes:
        """Run git and return what it printed. Raises GitFailed, and SyncerError when there is no git at all."""
        try:
            answer = subprocess.run(  # noqa: S603 - no shell, and no argument that is not ours or git's own
                ["git", *arguments],  # noqa: S607 - the user's own git, wherever it is
                cwd=self.folder,
                input=data,
                capture_output=True,
                timeout=NETWORK_SECONDS,
                check=False,
                env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", **(environment or {})},
            )
        except FileNotFoundError as error:
            raise SyncerError("git is not installed, and the state is to be kept in git") from error
        except subprocess.TimeoutExpired as error:
            raise GitFailed(arguments[0], f"no answer within {NETWORK_SECONDS} seconds") from error
        if answer.returncode != 0:
            said = _CREDENTIALS_IN_URL.sub(r"\1", answer.stderr.decode(errors="replace")).strip()
            raise GitFailed(arguments[0], said)
        return answer.stdout

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
            self.run("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", remote, f"+refs/heads/{branch}:{into}")
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
        """Return path and blob id of every file right in a folder of the commit."""
        listing = self.run("ls-tree", "-z", commit, f"{folder}/").decode()
        entries = (line.split("\t", 1) for line in listing.split("\0") if line)
        return {path: facts.split()[2] for facts, path in entries if facts.split()[1] == "blob"}

    def blob(self, object_id: str) -> bytes:
        return self.run("cat-file", "blob", object_id)

    def commit(self, parent: str | None, files: Mapping[str, bytes], message: str, author: Identity | None) -> str:
        """Make a commit on top of `parent` in which just these files differ, and return its id. No ref moves."""
        with tempfile.TemporaryDirectory(prefix="syncer-index-") as scratch:
            environment = {"GIT_INDEX_FILE": str(Path(scratch) / "index"), **_identity(author)}
            if parent is not None:
                self.run("read-tree", parent, environment=environment)
            for path, data in files.items():
                blob = self.run("hash-object", "-w", "--stdin", data=data).decode().strip()
                self.run("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", environment=environment)
            tree = self.run("write-tree", environment=environment).decode().strip()
            parents = ["-p", parent] if parent else []
            made = self.run("commit-tree", tree, *parents, data=message.encode(), environment=environment)
        return made.decode().strip()

    def push(self, remote: str, commit: str, branch: str) -> None:
        """Push the commit as the branch's new tip. Raises GitFailed when refused, or when the answer got lost."""
        self.run("push", "--quiet", "--no-verify", remote, f"{commit}:refs/heads/{branch}")

    def is_ancestor(self, commit: str, of: str) -> bool:
        try:
            self.run("merge-base", "--is-ancestor", commit, of)
        except GitFailed:
            return False
        return True

    def move(self, ref: str, new: str, old: str | None) -> None:
        """Move a local ref from exactly `old` to `new`. Raises GitFailed when it stands elsewhere by now."""
        self.run("update-ref", ref, new, old or "0" * 40)

    def checked_out_branch(self) -> str | None:
        try:
            return self.text("symbolic-ref", "--quiet", "--short", "HEAD")
        except GitFailed:
            return None

    def is_clean(self) -> bool:
        """Whether no tracked file differs from HEAD, in the index or in the work tree."""
        return not self.run("status", "--porcelain", "--untracked-files=no")

    def identity(self) -> Identity | None:
        """Return who git is configured to commit as, or None."""
        try:
            return Identity(self.text("config", "user.name"), self.text("config", "user.email"))
        except GitFailed:
            return None


def _identity(author: Identity | None) -> dict[str, str]:
    if author is None:
        return {}
    return {
        "GIT_AUTHOR_NAME": author.name,
        "GIT_AUTHOR_EMAIL": author.email,
        "GIT_COMMITTER_NAME": author.name,
        "GIT_COMMITTER_EMAIL": author.email,
    }
