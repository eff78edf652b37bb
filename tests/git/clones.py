"""A bare remote, clones of it that each hold the same project, and real runs in them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncer.operations.ledger import open_ledger
from syncer.operations.state_verify import Verification, state_verify
from tests.apply.workspace import ORDERS, Workspace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from syncer.emulator.testing import Emulator

SETTINGS = "state: {git: push}\n"
HASTE = {"SYNCER_API__POLL__INITIAL": "10ms", "SYNCER_API__POLL__MAX": "20ms"}

# A hook sees the pushed objects in quarantine; what it does to the repository itself it must do outside of that.
LOSE = """
cat > /dev/null
count=$(cat races 2>/dev/null || echo 0)
[ "$count" -ge {times} ] && exit 0
echo $((count + 1)) > races
unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
somebody="-c user.name=Somebody -c user.email=somebody@example.com"
made=$(echo "somebody else's work" | git $somebody commit-tree "main^{{tree}}" -p main)
git update-ref refs/heads/main "$made"
"""
HANG_UP = """
cat > /dev/null
[ "$1" = committed ] || exit 0
count=$(cat answers 2>/dev/null || echo 0)
[ "$count" -ge {times} ] && exit 0
echo $((count + 1)) > answers
kill -9 $PPID
"""


def git(folder: Path, *arguments: str, data: str | None = None) -> str:
    """Run git as somebody, whatever the machine's own settings say, and return what it printed."""
    somebody = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com")
    answer = subprocess.run(
        ["git", *somebody, *arguments], cwd=folder, capture_output=True, text=True, check=False, input=data
    )
    assert answer.returncode == 0, f"git {' '.join(arguments)}: {answer.stderr}"
    return answer.stdout.strip()


@dataclass
class Remote:
    """The bare repository that every clone pushes to, and what its hooks noted."""

    path: Path

    @classmethod
    def made(cls, path: Path) -> Remote:
        git(path.parent, "init", "--quiet", "--bare", "--initial-branch=main", str(path))
        return cls(path)

    def hook(self, name: str, script: str) -> None:
        """Install a hook. It runs in the bare repository, and may keep files there."""
        hook = self.path / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        hook.chmod(0o755)

    def no_hook(self, name: str) -> None:
        (self.path / "hooks" / name).unlink()

    def loses_races(self, times: int) -> None:
        """Move main by a commit of somebody else's while each of the next so many pushes arrives."""
        self.hook("pre-receive", LOSE.format(times=times))

    def loses_answers(self, times: int) -> None:
        """Die between taking a push and saying so, so many times."""
        self.hook("reference-transaction", HANG_UP.format(times=times))

    def protects_main(self) -> None:
        self.hook("pre-receive", "cat > /dev/null; echo 'GH006: protected branch update failed' >&2; exit 1")

    def go_away(self) -> None:
        self.path.rename(self.path.with_suffix(".gone"))

    def come_back(self) -> None:
        self.path.with_suffix(".gone").rename(self.path)

    def messages(self, branch: str = "main") -> list[str]:
        """Return the subjects of the commits that syncer made, newest first."""
        subjects = git(self.path, "log", "--format=%s", branch).splitlines()
        return [subject for subject in subjects if subject.startswith("syncer:")]

    def lines(self, spec: str, branch: str = "main", folder: str = "state") -> list[dict[str, Any]]:
        """Return the events of a spec's log at the branch's tip."""
        text = git(self.path, "show", f"{branch}:{folder}/{spec}.jsonl")
        return [json.loads(line) for line in text.splitlines()]

    def events(self, spec: str, branch: str = "main") -> list[str]:
        return [line["event"] for line in self.lines(spec, branch)]

    def tip(self, branch: str = "main") -> str:
        return git(self.path, "rev-parse", branch)


@dataclass
class Clone(Workspace):
    """One clone's project. `extra` are more settings of the environment."""

    extra: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.environ |= HASTE | self.extra

    def process(self, *arguments: str, environ: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Begin `syncer ARGUMENTS` here in a process of its own; `apply` when nothing is said."""
        return subprocess.Popen(
            [sys.executable, "-m", "syncer", *(arguments or ("apply",))],
            cwd=self.root,
            env={**os.environ, **self.environ, "NO_COLOR": "1", **(environ or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def cli(self, *arguments: str, environ: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        """Run it to its end. Returns exit code, stdout, stderr."""
        child = self.process(*arguments, environ=environ)
        out, err = child.communicate(timeout=100)
        return child.returncode, out, err

    def git(self, *arguments: str) -> str:
        return git(self.root, *arguments)

    def verify(self) -> Verification:
        return state_verify(open_ledger(self.root, environ=self.environ))

    @property
    def unpushed(self) -> list[Path]:
        return sorted((self.root / ".syncer" / "unpushed").glob("*"))


@dataclass
class Project:
    """One remote project and its clones."""

    remote: Remote
    emulator: Emulator
    folder: Path

    def seed(self, files: Mapping[str, str], *, settings: str = SETTINGS, under: str = "") -> None:
        """Push a first commit with the project's files, in the subfolder `under`."""
        seed = self.folder / "seed"
        git(self.folder, "init", "--quiet", "--initial-branch=main", str(seed))
        everything = {"syncer.yaml": settings, ".gitignore": ".syncer/\n", **files}
        for name, text in everything.items():
            path = seed / under / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        git(seed, "add", "-A")
        git(seed, "commit", "--quiet", "-m", "begin")
        git(seed, "push", "--quiet", str(self.remote.path), "HEAD:refs/heads/main")

    def orders(self, count: int, **options: Any) -> list[str]:
        """Seed a project of one append object with so many small files of two rows; return every row's key."""
        files = {"specs/shop.yaml": ORDERS}
        for number in range(count):
            files[f"orders/{number:03}.csv"] = order_file(f"o{number}", f"p{number}")
        self.seed(files, **options)
        return sorted(f"{letter}{number}" for number in range(count) for letter in "op")

    def clone(self, name: str, *options: str, under: str = "", **extra: str) -> Clone:
        root = self.folder / name
        url = self.remote.path.as_uri() if options else str(self.remote.path)
        git(self.folder, "clone", "--quiet", *options, url, str(root))
        return Clone(root / under, self.emulator, extra=extra)

    def intervals(self, object_name: str) -> list[tuple[Any, Any]]:
        """Return when each job of an object ran, by the platform's own clock, oldest first."""
        return self.emulator.query(
            "SELECT started_at, finished_at FROM jobs WHERE object_name = ? AND started_at IS NOT NULL ORDER BY 1",
            object_name,
        )


def order_file(*ids: str) -> str:
    return "id,at,amount\n" + "".join(f"{each},2026-04-21T16:30:00Z,9.5\n" for each in ids)


def never_overlap(intervals: Iterable[tuple[Any, Any]]) -> bool:
    """Whether each job had ended when the next one started."""
    found = list(intervals)
    return all(ended is not None and ended <= began for (_, ended), (began, _) in pairwise(found))
