"""Who works: the name of a run, the person or machine behind it, and the commit that the specs stand at."""

from __future__ import annotations

import getpass
import platform
import re
import secrets
import subprocess
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from syncer.errors import SyncerError
from syncer.model.identity import digest
from syncer.operations import folders

if TYPE_CHECKING:
    from syncer.apply.context import RunIdentity

_PLACE = "place"
_PROCESS_TOKEN = secrets.token_hex(16)


def identity(root: Path, environ: Mapping[str, str], now: datetime) -> RunIdentity:
    """Name one invocation. The id begins with its time and is unlike every other."""
    from syncer.apply.context import RunIdentity

    run = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    return RunIdentity(run, _actor(environ), _commit(root))


def place_of(root: Path) -> str:
    """Name this clone of the project on this machine: two runs at one place cannot both be alive.

    Two containers may have the same host name and path, so the clone keeps a random token. Where it cannot be kept,
    each process is a place of its own, and waits for the leases of those before it.
    """
    try:
        token = _kept_token(folders.private(root) / _PLACE)
    except (OSError, SyncerError):
        token = _PROCESS_TOKEN
    return digest([platform.node(), str(root.resolve()), token])[:12]


def _kept_token(file: Path) -> str:
    """Return the file's token, made on first need. What is no token is replaced. Raises OSError.

    Of two processes that make it at once the later one's is kept; the other's run counts as somewhere else.
    """
    try:
        kept = file.read_bytes()
    except FileNotFoundError:
        kept = b""
    if re.fullmatch(rb"[0-9a-f]{32}\n", kept):
        return kept.decode().strip()
    token = secrets.token_hex(16)
    own = file.with_name(f"{file.name}.{token}")
    try:
        own.write_text(f"{token}\n", encoding="utf-8", newline="\n")
        own.replace(file)
    except OSError:
        own.unlink(missing_ok=True)
        raise
    return token


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
