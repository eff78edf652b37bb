"""The rows of a repair on their way out: prepared when the repair was begun, kept privately, and sent as they are."""

from __future__ import annotations

from pathlib import Path

from syncer.apply.context import Tools
from syncer.errors import SourceError
from syncer.model.events import Claimed
from syncer.model.log import Log
from syncer.model.repairs import repaired, repaired_life
from syncer.model.spec import Spec
from syncer.plan import PlannedImport
from syncer.prepare.artifact import Artifact, digest_of
from syncer.prepare.repair import repair_layout
from syncer.source.fingerprints import FileIdentity
from syncer.source.pins import Held, LocalPin


def frozen_names(tools: Tools, log: Log, item: PlannedImport) -> Claimed | None:
    """Return the claim of the import that the item repairs: its rows get the same tag and join the same list."""
    life = repaired_life(log, tools.lineage(item), item.file.path, item.repairs)
    return life.last_claim if life is not None else None


def kept_artifact(tools: Tools, item: PlannedImport, spec: Spec, held: Claimed) -> tuple[Artifact, Held]:
    """Take the kept rows as the artifact, and hold on to them while they are read.

    Raises SourceError when they are gone or were changed: then nothing is sent, and the rejected rows stay open.
    """
    path = Path(item.file.location)
    try:
        identity = FileIdentity.of(path.stat())
        size, digest = digest_of(path, stop=tools.stop.raising)
    except OSError as error:
        raise _lost(item, "gone") from error
    if digest != item.file.fingerprint:
        raise _lost(item, "changed")
    layout = repair_layout(spec, held.batch)
    artifact = Artifact(
        path=path,
        owned=False,
        format=item.file.format,
        compression=None,
        size=size,
        digest=digest,
        content=digest,
        rows=item.file.rows,
        columns=layout.columns,
        file_name=_announced_name(item),
        source_fields=layout.source_fields,
        field_map=layout.field_map,
    )
    return artifact, LocalPin(item.file.path, path, identity, digest.removeprefix("sha256:"))


def _announced_name(item: PlannedImport) -> str:
    """Return a file name for the API: `a-repair-1.csv` for the first repair of `data/a.csv`."""
    path, steps = item.file.path, ""
    while (found := repaired(path)) is not None:
        path, number = found
        steps = f"-repair-{number}{steps}"
    name = path.rsplit("/", 1)[-1]
    stem = name.split(".", 1)[0] or name
    return f"{stem}{steps}.{item.file.format}"


def _lost(item: PlannedImport, what: str) -> SourceError:
    return SourceError(
        f"the rows that were kept for {item.file.path} are {what}",
        where=item.file.location,
        why="what is sent must be what was prepared; nothing was sent, and the rejected rows are open still",
        next_step=f"begin the repair anew: syncer rejects repair {item.repairs}",
    )
