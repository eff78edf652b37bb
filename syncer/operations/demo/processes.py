"""The demo's child processes: syncer itself, as a person would run it, and the emulator beside it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import syncer
from syncer.apply.context import Stop
from syncer.errors import SyncerError

TOKEN: Final = "demo-token"  # noqa: S105 - the emulator takes any
_READY: Final = "syncer emulator ready: "
_LOOK_SECONDS: Final = 0.02
_LAST_SECONDS: Final = 10

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


def run_syncer(arguments: tuple[str, ...], root: Path, environ: Mapping[str, str], stop: Stop) -> int:
    """Run one command in the workspace, on the same streams as this process, and return its exit code.

    Raises Interrupted when `stop` is set meanwhile; the command has ended by then.
    """
    with _running(arguments, root, environ) as child:
        while child.poll() is None:
            stop.wait(_LOOK_SECONDS)
        return child.returncode


@contextmanager
def emulator(data: Path, environ: Mapping[str, str], stop: Stop) -> Iterator[str]:
    """Serve `data` on a free port until the block ends, however it ends; gives the base URL.

    Raises SyncerError when the emulator does not come up, Interrupted when `stop` is set before it does.
    """
    data.mkdir(parents=True, exist_ok=True)
    arguments = ("emulate", "--port", "0", "--data", str(data))
    with (
        (data / "log.txt").open("wb") as log,
        _running(arguments, data, environ, stdout=subprocess.PIPE, stderr=log) as child,
    ):
        yield _base_url(child, data, stop)


@contextmanager
def _running(
    arguments: tuple[str, ...],
    folder: Path,
    environ: Mapping[str, str],
    *,
    stdout: int | None = None,
    stderr: IO[bytes] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Start syncer, and end it with the block."""
    child = subprocess.Popen(  # noqa: S603 - this very program
        [sys.executable, "-m", "syncer", *arguments],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
    )
    try:
        yield child
    finally:
        _end(child)


def _base_url(child: subprocess.Popen[bytes], data: Path, stop: Stop) -> str:
    """Read the line that tells where it listens. An emulator that ends instead closes the stream, which ends this."""
    lines: list[bytes] = []
    stream = child.stdout
    reader = threading.Thread(target=lambda: lines.append(stream.readline() if stream else b""), daemon=True)
    reader.start()
    while reader.is_alive():
        stop.check()
        reader.join(_LOOK_SECONDS)
    line = lines[0].decode("utf-8", "replace").strip() if lines else ""
    if not line.startswith(_READY):
        raise SyncerError("the emulator did not start", where=str(data / "log.txt"))
    return line.removeprefix(_READY)


def _end(child: subprocess.Popen[bytes]) -> None:
    try:
        child.terminate()
        child.wait(_LAST_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    if child.stdout is not None:
        child.stdout.close()
