"""Server processes: free ports, readiness by asking, and an end together with the tests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.servers import launcher

START_SECONDS = 60  # a loaded machine may take long; a server that failed is noticed at once
ATTEMPTS = 3


class NotStartedError(RuntimeError):
    """A server ended or did not answer in time; the text holds the end of what it printed."""


@dataclass(frozen=True)
class Recipe:
    """How to start a server; `leftovers` are the files that it makes outside its folder and does not remove."""

    command: Sequence[str]
    environ: Mapping[str, str] = field(default_factory=dict)
    leftovers: Sequence[Path] = ()


def free_ports(count: int) -> list[int]:
    """Find ports of 127.0.0.1 that are free now, each another one."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def listening(port: int) -> bool:
    """Tell whether something accepts connections on a port of 127.0.0.1."""
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(
    recipe: Callable[[Path, list[int]], Recipe], ready: Callable[[int], bool] = listening, *, ports: int = 1
) -> Iterator[list[int]]:
    """Run a server until the block, or this process, ends; yields its ports once `ready` says that the first answers.

    `recipe` gets an empty folder of the server's own and as many free ports as asked for. Should another process take
    a port first, the server is started again with others. Raises NotStartedError when it does not start at all.
    """
    for attempt in range(1, ATTEMPTS + 1):
        chosen = free_ports(ports)
        folder = Path(tempfile.mkdtemp(prefix="server-"))
        with _launched(folder, recipe(folder, chosen)) as process:
            try:
                _wait(partial(ready, chosen[0]), process, folder)
            except NotStartedError:
                if attempt == ATTEMPTS:
                    raise
                continue
            yield chosen
            return


@contextmanager
def _launched(folder: Path, recipe: Recipe) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [
            sys.executable,
            "-I",
            "-S",
            launcher.__file__,
            str(folder),
            *map(str, recipe.leftovers),
            "--",
            *recipe.command,
        ],
        stdin=subprocess.PIPE,
        env={**os.environ, **recipe.environ},
        start_new_session=True,  # Ctrl-C is for the tests; the servers end with them
    )
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(START_SECONDS)
        launcher.remove(folder, recipe.leftovers)


def _wait(ready: Callable[[], bool], process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        ended = process.poll()
        if ended is not None or time.monotonic() > deadline:
            how = "does not answer" if ended is None else f"ended with {ended}"
            raise NotStartedError(f"{process.args!r} {how}: {(folder / 'log').read_text('utf-8', 'replace')[-2000:]}")
        time.sleep(0.02)
