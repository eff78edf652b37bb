"""Rejected rows are private data: on this machine they are kept no longer than the settings say."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from syncer.operations import folders
from syncer.spec.load import Project


def remove_outdated(project: Project, now: datetime) -> int:
    """Remove files of rejected rows that are older than `rejects.retain`, and return how many they were.

    The log keeps their counts and reasons. What cannot be removed stays, and is tried again by the next run.
    """
    settings, removed = project.settings, 0
    oldest = now.timestamp() - settings.rejects.retain.total_seconds()
    for path in folders.rejects(project.root, settings).glob("*/*.jsonl"):
        with suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()
                removed += 1
    return removed
