"""What dead runs and dead gits leave behind, and which of it is in the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from syncer.errors import SyncerError
from syncer.operations import folders
from syncer.operations.doctor.check import Check
from syncer.state.git import GitFailed, Repository
from syncer.state.git_store import OWN_REF, UNPUSHED, GitStore
from syncer.state.store import Store

_ABANDONED: Final = timedelta(minutes=10)
"""No command of git holds a lock for so long, unless it died."""
_LOCKED: Final = ("index", "HEAD", "packed-refs", "shallow", "config")


def check_unpushed(root: Path, store: Store) -> Check:
    """Look for what dead runs noted and could not push. While a run is at work, it is that run's own."""
    folder = root / folders.PRIVATE / UNPUSHED
    kept = sorted(each for each in folder.glob("*.jsonl") if _holds_something(each))
    if not kept or store.is_held():
        return Check(area="state", subject="unpushed events", status="ok", what="none are left on this machine")
    return Check(
        area="state",
        subject="unpushed events",
        status="warning",
        what="a run that died could not push what it had noted",
        where=", ".join(each.as_posix() for each in kept),
        why="the shared log does not know it yet",
        next_step="bring it in: syncer apply",
    )


def _holds_something(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:  # gone meanwhile
        return False


def check_locks(root: Path, store: Store, clock: Callable[[], datetime]) -> Check:
    """Look for a run at work, and for locks of git's that nobody holds any more and that stop everyone."""
    abandoned = [path for path in _git_locks(root, store) if _age(path, clock()) > _ABANDONED]
    if abandoned:
        names = " ".join(path.as_posix() for path in abandoned)
        return Check(
            area="state",
            subject="locks",
            status="warning",
            what=f"git was killed and left {len(abandoned)} lock file{'s' if len(abandoned) != 1 else ''} behind",
            where=names,
            why="git refuses to work as long as such a file is there",
            next_step=f"if no git is at work in this clone: rm {names}",
        )
    if store.is_held():
        return Check(area="state", subject="locks", status="ok", what="a run is at work here now; it holds the folder")
    return Check(area="state", subject="locks", status="ok", what="none are left over")


def _git_locks(root: Path, store: Store) -> Iterator[Path]:
    repository = Repository(root)
    refs = (OWN_REF, store.place.ref) if isinstance(store, GitStore) else ()
    for name in (*_LOCKED, *refs):
        try:
            path = root / repository.text("rev-parse", "--git-path", f"{name}.lock")
        except (GitFailed, SyncerError):  # no git, or no repository: then it has no locks either
            return
        if path.exists():
            yield path


def _age(path: Path, now: datetime) -> timedelta:
    try:
        return now - datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:  # gone meanwhile
        return timedelta(0)
