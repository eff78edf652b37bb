"""A real `syncer apply` whose system calls are hit: killed at one of them, or told that the disk is full or broken."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.apply.workspace import Workspace

KILLED = 137


@dataclass(frozen=True, slots=True)
class Hit:
    """What happens to the `at`-th of these system calls of a thread; with `paths`, only calls about those files.

    `do` is `signal=SIGKILL` or `error=ENOSPC`, in strace's words. With `times` 0 all later calls are hit, too.
    """

    calls: str
    do: str
    at: int
    paths: tuple[Path, ...] = ()
    onwards: bool = False

    def arguments(self) -> list[str]:
        when = f"{self.at}+" if self.onwards else f"{self.at}"
        chosen = [word for path in self.paths for word in ("-P", str(path))]
        return ["-e", f"trace={self.calls}", "-e", f"inject={self.calls}:{self.do}:when={when}", *chosen]


@dataclass(frozen=True, slots=True)
class Ended:
    """How the process ended. `hit` says whether it came to the call, `trace` holds the calls that were watched."""

    code: int
    hit: bool
    errors: str
    trace: str


def hit_run(workspace: Workspace, hit: Hit, *, arguments: Sequence[str] = ("apply",)) -> Ended:
    """Run the real command in a real process under `hit`, and wait until it has ended."""
    traced = workspace.root.parent / f"{workspace.root.name}.strace"
    done = subprocess.run(
        [
            *_STRACE,
            *(("--seccomp-bpf",) if hit.do.startswith("error") else ()),
            "-o",
            str(traced),
            *hit.arguments(),
            sys.executable,
            "-m",
            "syncer",
            *arguments,
        ],
        cwd=workspace.root,
        env={**os.environ, **workspace.environ, "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    trace = traced.read_text(encoding="utf-8", errors="replace")
    killed = done.returncode in (KILLED, -9)
    return Ended(KILLED if killed else done.returncode, killed or "(INJECTED)" in trace, done.stderr, trace)


_STRACE = ("strace", "-f", "-y")


@cache
def _can_trace() -> bool:
    if sys.platform != "linux" or shutil.which("strace") is None:
        return False
    probe = [*_STRACE, "-o", os.devnull, "-e", "trace=fsync", "-e", "inject=fsync:error=EIO:when=1", "true"]
    return subprocess.run(probe, capture_output=True, timeout=30, check=False).returncode == 0


needs_strace = pytest.mark.skipif(not _can_trace(), reason="needs strace, and the right to trace a child")
