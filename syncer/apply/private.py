"""Folders for what nobody else may see: rejected rows and artifacts hold personal data."""

from __future__ import annotations

from pathlib import Path

from syncer.errors import SyncerError

PRIVATE_MODE = 0o700


def private_folder(folder: Path) -> Path:
    """Make the folder, and those above it that are missing, for its owner alone; git ignores what is in it.

    Folders above it that were there before are left as they are, because they may be anybody's. Raises SyncerError.
    """
    try:
        _make(folder)
    except OSError as error:
        raise SyncerError(
            f"private files cannot be kept: {error.strerror or error}",
            where=folder.as_posix(),
            why="what is prepared or rejected holds personal data and is kept nowhere else",
            next_step="make room or mend the disk, then run: syncer apply",
        ) from error
    return folder


def _make(folder: Path) -> None:
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=PRIVATE_MODE, exist_ok=True)
    folder.chmod(PRIVATE_MODE)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
