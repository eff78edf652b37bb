"""The rows of repairs under way: each in a private file of this clone, from its preparation to its import's end.

A file of rows has a description beside it, written last: without one the rows are nobody's. Nothing is imported because
it is kept here; the log says what was begun.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from syncer.apply.private import private_folder
from syncer.errors import SyncerError
from syncer.model.files import SourceFile
from syncer.model.identity import digest
from syncer.model.log import Lineage, Log
from syncer.model.repairs import refusal
from syncer.model.spec import Spec
from syncer.operations import folders
from syncer.plan.inputs import KeptRepair
from syncer.prepare.artifact import digest_of
from syncer.prepare.repair import Repaired
from syncer.spec.load import Project

_FORMAT_VERSION = 1
_ORPHANED = timedelta(days=1)
"""How old rows are that nobody will claim any more: their command has ended long ago."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows that are kept for a repair of this spec. `edited`: somebody mended them, so that only they have them."""

    spec: str
    edited: bool
    repair: KeptRepair


def kept_repairs(root: Path) -> list[Kept]:
    """Return what is kept in this clone. A description that cannot be read counts as none."""
    return [kept for about in sorted(folders.repairs(root).glob("*.json")) if (kept := _read(about)) is not None]


def _read(about: Path) -> Kept | None:
    rows = about.with_suffix(".rows")
    try:
        facts: Mapping[str, Any] = json.loads(about.read_text(encoding="utf-8"))
        if facts["v"] != _FORMAT_VERSION:
            return None
        file = SourceFile(
            path=facts["path"],
            location=str(rows.absolute()),
            size=facts["size"],
            modified=datetime.fromtimestamp(rows.stat().st_mtime, UTC),
            fingerprint=facts["fingerprint"],
            format=facts["format"],
            rows=facts["rows"],
            content=facts["fingerprint"],
        )
        repair = KeptRepair(file=file, repairs=facts["repairs"], preparation=facts["preparation"])
        return Kept(facts["spec"], facts["edited"], repair)
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextmanager
def room_for_rows(root: Path) -> Iterator[Path]:
    """Give an empty private file (0600) to write rows to; it is removed unless `keep` has taken it."""
    folders.private(root)
    folder = private_folder(folders.repairs(root))
    handle, name = tempfile.mkstemp(prefix="being-written-", dir=folder)
    os.close(handle)
    path = Path(name)
    try:
        yield path
    except OSError as error:
        raise SyncerError(
            f"the rows to send again cannot be kept: {error.strerror or error}",
            where=folder.as_posix(),
            next_step="make room or mend the disk, then run the same command again",
        ) from error
    finally:
        path.unlink(missing_ok=True)


def keep(rows: Path, made: Repaired, *, spec: Spec, path: str, repairs: str, preparation: str, edited: bool) -> None:
    """Keep the rows of `room_for_rows` for the repair of this path.

    Those that are kept for it already stay: a run may be sending them. They are told apart by their fingerprint.
    """
    facts = {
        "v": _FORMAT_VERSION,
        "spec": spec.name,
        "path": path,
        "repairs": repairs,
        "preparation": preparation,
        "edited": edited,
        "fingerprint": made.digest,
        "format": made.format,
        "rows": made.rows,
        "size": made.size,
    }
    name = digest([path, made.digest])[:16]
    own = rows.with_name(f"{repairs}-{name}.rows")
    if not own.is_file() or digest_of(own)[1] != made.digest:
        rows.replace(own)
    draft = own.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    draft.chmod(0o600)
    draft.replace(own.with_suffix(".json"))


def sweep(project: Project, log: Log, now: datetime) -> None:
    """Remove rows whose import has ended, and what nobody claimed within a day. What cannot be removed stays."""
    folder = folders.repairs(project.root)
    workspace = project.settings.api.workspace
    specs = {loaded.spec.name: loaded.spec for loaded in project.specs}
    for about in folder.glob("*.json"):
        kept = _read(about)
        spec = specs.get(kept.spec) if kept is not None else None
        if kept is not None and spec is not None and _is_over(kept, log, workspace, spec, now):
            _drop(about)
    for path in folder.glob("[!.]*"):
        with suppress(OSError):
            is_old = now.timestamp() - path.stat().st_mtime > _ORPHANED.total_seconds()
            if is_old and _read(path.with_suffix(".json")) is None:
                path.unlink()


def _is_over(kept: Kept, log: Log, workspace: str, spec: Spec, now: datetime) -> bool:
    file, lineage = kept.repair.file, Lineage(spec.lineage, workspace, spec.target.object)
    lives = log.generations(lineage, file.path)
    if any(life.open_permits for life in lives):
        return False
    if refusal(log, lineage, file.path, kept.repair.repairs, file.rows) is not None:
        return True
    own = next((life for life in reversed(lives) if life.fingerprint == file.fingerprint), None)
    if own is None:
        return now - file.modified > _ORPHANED
    has_failed = own.final_failure(kept.repair.preparation) is not None
    return has_failed or own.forgotten is not None or own.number < lives[-1].number


def _drop(about: Path) -> None:
    with suppress(OSError):
        about.unlink(missing_ok=True)
        about.with_suffix(".rows").unlink(missing_ok=True)
