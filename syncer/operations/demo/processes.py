"""The demo's child processes: syncer itself, as a person would run it, and the emulator beside it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import syncer
from syncer.errors import SyncerError

TOKEN: Final = "demo-token"  # noqa: S105 - the emulator takes any
_READY: Final = "syncer emulator ready: "
_READY_SECONDS: Final = 60
_LAST_SECONDS: Final = 10
_COMMAND_SECONDS: Final = 300

# What would make the demo's commands do something else than on anybody's machine.
_FOREIGN_PREFIXES: Final = ("SYNCER_", "GITHUB_", "EXPERITURE_")
_FOREIGN_NAMES: Final = frozenset({"CI", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "PYTHONWARNINGS"})


def clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of every child: the outer one without settings, secrets, CI and proxies, and a token."""
    kept = {
        name: value
        for name, value in environ.items()
        if name.upper() not in _FOREIGN_NAMES and not name.upper().startswith(_FOREIGN_PREFIXES)
    }
    own = str(Path(syncer.__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, (own, kept.get("PYTHONPATH"))))
    return {**kept, "PYTHONPATH": path, "EXPERITURE_API_KEY": TOKEN}


def run_syncer(arguments: tuple[str, ...], root: Path, environ: Mapping[str, str]) -> int:
    """Run one command in the workspace, on the same streams as this process, and return its exit code."""
    ran = subprocess.run(  # noqa: S603 - this very program
        [sys.executable, "-m", "syncer", *arguments],
        cwd=root,
        env=environ,
        stdin=subprocess.DEVNULL,
        timeout=_COMMAND_SECONDS,
        check=False,
    )
    return ran.returncode


@contextmanager
def emulator(data: Path, environ: Mapping[str, str]) -> Iterator[str]:
    """Serve `data` on a free port until the block ends, however it ends; gives the base URL.

    Raises SyncerError when the emulator does not come up.
    """
    data.mkdir(parents=True, exist_ok=True)
    with (data / "log.txt").open("wb") as log:
        child = subprocess.Popen(  # noqa: S603 - this very program
            [sys.executable, "-m", "syncer", "emulate", "--port", "0", "--data", str(data)],
            cwd=data,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        try:
            yield _base_url(child, data)
        finally:
            _end(child)


def _base_url(child: subprocess.Popen[bytes], data: Path) -> str:
    """Read the line that tells where it listens; one that does not come in time is as good as none."""
    lines: list[bytes] = []
    stream = child.stdout
    reader = threading.Thread(target=lambda: lines.append(stream.readline() if stream else b""), daemon=True)
    reader.start()
    reader.join(_READY_SECONDS)
    line = lines[0].decode("utf-8", "replace").strip() if lines else ""
    if not line.startswith(_READY):
        raise SyncerError("the emulator did not start", where=str(data / "log.txt"))
    return line.removeprefix(_READY)


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(_LAST_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    if child.stdout is not None:
        child.stdout.close()
