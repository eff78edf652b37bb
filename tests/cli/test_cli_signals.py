"""Ctrl-C and `kill` while something is running, with real processes and signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from syncer.emulator.options import Options
from syncer.emulator.testing import Emulator

RunCli = Callable[..., Any]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signals")

_STUBBORN = """
import sys, threading
from syncer.apply.context import Stop
from syncer.cli.signals import stopping
with stopping(Stop()):
    print("ready", flush=True)
    while True:
        threading.Event().wait(1)
"""


@contextmanager
def started(*arguments: str, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as child:
        try:
            yield child
        finally:
            child.kill()


@pytest.fixture
def options() -> Options:
    """Jobs run until the emulator's clock is moved."""
    return Options(job_seconds=3_600)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_run_is_continued(
    cli: RunCli, project: Path, emulator: Emulator, number: signal.Signals, code: int
) -> None:
    """A signal ends the run with its code while the job goes on; the next run records that same job."""
    with started("-m", "syncer", "apply", cwd=project) as child:
        assert child.stderr is not None
        assert any("running" in line for line in child.stderr)
        child.send_signal(number)
        out, err = child.communicate(timeout=30)

    assert child.returncode == code
    assert "stopping" in err
    assert "1 interrupted" in out

    emulator.clock.advance(3_600)
    resumed = cli("apply")

    assert resumed.code == 0
    assert "1 completed" in resumed.out
    assert emulator.query("SELECT count(*) FROM jobs") == [(1,)]


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    """Whoever asks twice does not wait for what was begun."""
    with started("-c", _STUBBORN, cwd=tmp_path) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline() == "ready\n"
        child.send_signal(signal.SIGTERM)
        assert any("stopping" in line for line in child.stderr)
        child.send_signal(signal.SIGINT)

        assert child.wait(30) == 130


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_emulator_ends_when_it_is_told_to(tmp_path: Path, number: signal.Signals) -> None:
    """`syncer emulate` prints one line when it is ready, and a signal is its ordinary end."""
    with started("-m", "syncer", "emulate", "--data", str(tmp_path / "data"), cwd=tmp_path) as child:
        assert child.stdout is not None
        ready = child.stdout.readline()
        child.send_signal(number)
        out, err = child.communicate(timeout=30)

    assert ready.startswith("syncer emulator ready: http://127.0.0.1:")
    assert (child.returncode, out, err) == (0, "", "")
