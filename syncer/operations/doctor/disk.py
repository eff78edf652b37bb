"""Whether this machine's own folders can be read and written, and how much room there is."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from syncer.errors import SyncerError
from syncer.model.protocols import LOCAL_PROTOCOLS, protocol
from syncer.operations import folders
from syncer.operations.doctor.check import Check
from syncer.settings import Settings
from syncer.source.folders import Boundary, walk
from syncer.source.uris import parse
from syncer.spec.load import Project
from syncer.values import format_size

_PROBE = b"x" * 4096


def local_uris(project: Project) -> list[str]:
    """Return every local URI of the specs, each once."""
    uris = [uri for loaded in project.specs for uri in loaded.spec.source.uris if protocol(uri) in LOCAL_PROTOCOLS]
    return list(dict.fromkeys(uris))


def check_local(project: Project, uri: str) -> Iterator[Check]:
    """Find the first file of a local URI. Raises SourceError as a run would."""
    roots = [project.root / root for root in project.settings.allow.local_roots]
    first = next(walk(parse(uri, project.root), project.root, Boundary(project.root, roots)), None)
    what = f"found {first.path}" if first is not None else "the folder is there; no file in it matches yet"
    yield Check(area="disk", subject=uri, status="ok", what=what)


def check_folders(root: Path, settings: Settings) -> Iterator[Check]:
    """Write to the folders that a run writes to, and look how much room there is."""
    try:
        private = folders.private(root)
    except SyncerError as error:
        yield Check(
            area="disk",
            subject=folders.PRIVATE,
            status="failed",
            what=error.what,
            where=error.where,
            next_step=error.next_step,
        )
    else:
        yield _writable(folders.PRIVATE, private, f"chmod u+rwx {private.as_posix()}") or Check(
            area="disk", subject=folders.PRIVATE, status="ok", what="can be written to"
        )
    work = folders.work(root, settings).parent
    subject = f"prepare.temp_dir ({work.as_posix()})" if settings.prepare.temp_dir else "room for prepared files"
    yield _writable(subject, work, "name another folder: prepare.temp_dir in syncer.yaml") or _room(
        subject, work, settings.prepare.memory_limit
    )


def _writable(subject: str, folder: Path, mend: str) -> Check | None:
    """Return what is wrong with a folder that is to be written to, or is to be made, or None."""
    try:
        with tempfile.TemporaryFile(dir=_existing(folder)) as probe:
            probe.write(_PROBE)
            probe.flush()
    except OSError as error:
        return Check(
            area="disk",
            subject=subject,
            status="failed",
            what=f"cannot be written to: {error.strerror or type(error).__name__}",
            where=folder.as_posix(),
            next_step=f"give the user of this process the right to write there and room to do so; or: {mend}",
        )
    return None


def _room(subject: str, folder: Path, wanted: int) -> Check:
    """Compare the free room with the memory that preparing may take: what does not fit there goes to this disk."""
    free = shutil.disk_usage(_existing(folder)).free
    if free >= wanted:
        return Check(area="disk", subject=subject, status="ok", what=f"can be written to, {format_size(free)} free")
    return Check(
        area="disk",
        subject=subject,
        status="warning",
        what=f"only {format_size(free)} free",
        where=folder.as_posix(),
        why=f"rewritten files lie here until they are uploaded, and what {format_size(wanted)} of memory cannot hold",
        next_step="make room, or name a folder on a larger disk: prepare.temp_dir in syncer.yaml",
    )


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that is there."""
    return next((each for each in (folder, *folder.parents) if each.exists()), folder)
