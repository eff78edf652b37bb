"""One run at a time on a folder of this machine.

A courtesy between runs, not what makes imports safe: the second run says at once what it waits for. The lock is the
operating system's, so it ends with the process that held it, however that died.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from syncer.errors import SyncerError, Waiting

PATIENCE = 0.5
"""Seconds that a run waits for the folder: longer than `is_held` has it while it looks."""


class RunLock:
    """The lock file of a folder, and beside it a note of who holds it."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / ".run.lock"
        self._note = folder / ".run.holder"

    @contextlib.contextmanager
    def hold(self, description: str) -> Iterator[None]:
        """Hold the folder, which must exist. Raises Waiting, naming the holder, when another run has it."""
        import filelock

        lock = filelock.FileLock(self._file)
        try:
            lock.acquire(timeout=PATIENCE)
        except filelock.Timeout:
            raise Waiting(
                "another run is at work on this state folder",
                where=self._holder(),
                next_step="wait until it has ended, then run: syncer apply",
            ) from None
        except OSError as error:
            raise SyncerError(
                f"the state folder cannot be locked: {error.strerror or error}",
                where=self._file.as_posix(),
                why="two runs on one folder would get into each other's way",
                next_step="make room or mend the disk, then run: syncer apply",
            ) from error
        try:
            with contextlib.suppress(OSError):  # who holds it is a courtesy
                self._note.write_text(description, encoding="utf-8")
            yield
        finally:
            with contextlib.suppress(OSError):
                self._note.unlink(missing_ok=True)
            lock.release()

    def is_held(self) -> bool:
        """Whether a run holds the folder now. Leaves no trace.

        A run that ended well took its note away, so most plans need no look at the lock, nor its library.
        """
        if not self._note.exists():
            return False
        import filelock

        try:
            with filelock.FileLock(self._file, blocking=False):
                return False
        except (filelock.Timeout, OSError):  # what cannot be asked may be held
            return True

    def _holder(self) -> str:
        try:
            return self._note.read_text(encoding="utf-8")
        except OSError:
            return "it has not said who it is"
