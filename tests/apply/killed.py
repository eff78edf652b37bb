"""A run in a process of its own, to be killed."""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from syncer.apply.progress import Silent
from syncer.operations.apply import apply

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

if sys.platform == "win32":
    _context = multiprocessing.get_context("spawn")
else:  # a server that has imported everything once forks a clean child in milliseconds
    _context = multiprocessing.get_context("forkserver")
    _context.set_forkserver_preload([__name__, "duckdb", "filelock", "syncer.api.client", "syncer.apply.schedule"])


def start_run(root: Path, environ: dict[str, str]) -> BaseProcess:
    """Begin `apply` in another process; it exits with the run's exit code."""
    process = _context.Process(target=_run, args=(str(root), environ), daemon=True)
    process.start()
    return process


def _run(root: str, environ: dict[str, str]) -> None:
    _, outcome = apply(Path(root), environ=environ, reporter=lambda _: Silent())
    sys.exit(outcome.exit_code)
