"""The folders that syncer makes inside a project, all under `.syncer/`, private and invisible to git."""

from __future__ import annotations

from pathlib import Path

from syncer.errors import SyncerError
from syncer.model.identity import digest
from syncer.settings import Settings

PRIVATE = ".syncer"


def private(root: Path) -> Path:
    """Return `.syncer/`, made for its owner alone and ignored by git."""
    folder = root / PRIVATE
    try:
        if not (folder / ".gitignore").exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise SyncerError(
            f"the private folder cannot be made: {error.strerror or error}",
            where=folder.as_posix(),
            next_step=f"make it writable: chmod u+rwx {root.as_posix()}",
        ) from error
    return folder


def fingerprint_cache(root: Path) -> Path:
    """Return the file of remembered fingerprints. Losing it costs time and nothing else."""
    return root / PRIVATE / "cache" / "fingerprints.json"


def content_cache(root: Path) -> Path:
    """Return the file of remembered content digests of remote files. Losing it costs time and nothing else."""
    return root / PRIVATE / "cache" / "contents.json"


def sample_cache(root: Path) -> Path:
    """Return the file of remembered samples of source files. Losing it costs time and nothing else."""
    return root / PRIVATE / "cache" / "samples.json"


def state(root: Path, settings: Settings) -> Path:
    return root / settings.state.dir


def rejects(root: Path, settings: Settings) -> Path:
    """Return the folder of rejected rows. Where they are kept elsewhere they pass through it, and stay while needed."""
    store = settings.rejects.store
    return root / (f"{PRIVATE}/rejects" if "://" in store else store)


def repairs(root: Path) -> Path:
    """Return the folder of the rows of repairs under way, which are on this machine alone."""
    return root / PRIVATE / "repairs"


def work(root: Path, settings: Settings) -> Path:
    """Return the folder for artifacts under way: this project's own, also in a `prepare.temp_dir` that many share.

    Runs of one project on two state folders may work side by side, so the state goes into the name.
    """
    name = digest([str(root.resolve()), settings.state.dir])[:12]
    return root / (settings.prepare.temp_dir or PRIVATE) / f"syncer-work-{name}"
