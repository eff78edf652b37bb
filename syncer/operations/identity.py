"""Who works: the name of a run, the person or machine behind it, and the commit that the specs stand at."""

from __future__ import annotations

import getpass
import platform
import secrets
import subprocess
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from syncer.model.identity import digest

if TYPE_CHECKING:
    from syncer.apply.context import RunIdentity


def identity(root: Path, environ: Mapping[str, str], now: datetime) -> RunIdentity:
    """Name one invocation. The id begins with its time and is unlike every other."""
    from syncer.apply.context import RunIdentity

    run = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    return RunIdentity(run, _actor(environ), _commit(root))


def place_of(root: Path) -> str:
    """Name this clone of the project on this machine: two runs at one place cannot both be alive."""
    return digest([platform.node(), str(root.resolve())])[:12]


def _actor(environ: Mapping[str, str]) -> str:
    if environ.get("GITHUB_ACTOR"):
        return f"{environ['GITHUB_ACTOR']} (GitHub Actions run {environ.get('GITHUB_RUN_ID', 'unknown')})"
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "unknown"
    return f"{user}@{platform.node()}"


def _commit(root: Path) -> str | None:
    """Return the commit that the specs stand at, or None outside git."""
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD"],  # noqa: S607 - the user's own git, wherever it is
            cwd=root,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None
