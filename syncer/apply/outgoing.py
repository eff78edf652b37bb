"""Whether a prepared file goes as record batches, and everything that is made ready for it before the permit."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from syncer.apply.checking import fields_of
from syncer.apply.context import Tools
from syncer.apply.prepared import Prepared
from syncer.apply.progress import Step
from syncer.apply.record import MappedJob
from syncer.errors import Refused, SyncerError
from syncer.model.effort import FEW_ROWS
from syncer.model.events import Claimed
from syncer.model.spec import Spec
from syncer.plan import PlannedImport
from syncer.source.pins import changed_while_read

if TYPE_CHECKING:
    from syncer.prepare.artifact import Artifact
    from syncer.prepare.records.batches import RecordRows, Survey

SMALL_BYTES: Final = 32_000_000
"""Past this size a file whose rows nobody has counted is not looked through only to learn that they are many."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A prepared file whose rows are ready to go as record batches. `digest` is that of its artifact."""

    prepared: Prepared
    rows: RecordRows
    survey: Survey
    digest: str


def check_allowed(tools: Tools, item: PlannedImport, spec: Spec) -> None:
    """Raise Refused for a spec that asks for record batches where they would not be safe; nothing was sent then."""
    why = hindrance(tools, item, spec)
    if spec.target.via == "records" and why:
        raise _refused(item, why)


def hindrance(tools: Tools, item: PlannedImport, spec: Spec) -> str:
    """Say why rows of this spec may not go as record batches, or ""."""
    mode = tools.write_modes.get(item.object)
    if mode == "append":
        return f"object {item.object} appends, and a batch that is sent again would be there twice"
    if mode is None:
        return f"it is not known whether object {item.object} appends; a batch that is sent again may be there twice"
    options = {"list": spec.list_options, "audience": spec.audience, "auto_profile": spec.auto_profile}
    return next((f"{name} needs an import job" for name, given in options.items() if given), "")


def outgoing(tools: Tools, prepared: Prepared) -> Outgoing | None:
    """Return the file as records where it is to go as such, None where an import job takes it.

    Raises Refused where the spec insists on records and there can be none, PrepareError for a file that no job would
    take either, and SourceError when it changed meanwhile.
    """
    item, via, parts = prepared.item, prepared.spec.target.via, prepared.parts
    if via == "import":
        return None
    why = hindrance(tools, item, prepared.spec)
    if not why and len(parts) > 1:
        why = f"it is sent in {len(parts)} parts, each of which needs an import job"
    if via == "records":
        if why:
            raise _refused(item, why)
        found = _surveyed(tools, prepared)
        found.rows.check_size(found.survey)
        return found
    if why:
        tools.reporter.step(item, Step.PREPARING, f"by an import job: {why}")
    return None if why or _is_large(parts[0]) else _if_small(tools, prepared)


def ready(going: Outgoing, held: Claimed, attempt: int) -> MappedJob:
    """Return the file as what is permitted: its id is made from the import's, since the API has no such job."""
    prepared, item = going.prepared, going.prepared.item
    facts = prepared.facts(1, going.digest)
    return MappedJob(
        item=item,
        held=held,
        attempt=attempt,
        via="records",
        job=f"records-{item.import_id}-{item.generation}-{attempt}",
        artifact=msgspec.structs.replace(facts, rows=going.survey.rows),
        content=prepared.parts[0].content or going.digest,
        version=prepared.version.version,
        correlation_id="",
        seconds={"prepare": prepared.seconds},
        warnings=prepared.made.warnings,
    )


def _is_large(artifact: Artifact) -> bool:
    return artifact.size > SMALL_BYTES if artifact.rows is None else artifact.rows >= FEW_ROWS


def _if_small(tools: Tools, prepared: Prepared) -> Outgoing | None:
    """Return the file as records if one batch takes all of them, and it is not a lone one."""
    from syncer.prepare.records.batches import FEWEST_ROWS, MOST_BYTES

    found = _surveyed(tools, prepared)
    survey = found.survey
    fits = survey.records >= FEWEST_ROWS and survey.rows < FEW_ROWS and survey.longest < MOST_BYTES
    return found if fits else None


def _surveyed(tools: Tools, prepared: Prepared) -> Outgoing:
    """Bring the artifact to this disk, where nobody changes it between two readings, and go through its rows."""
    from syncer.prepare.records.batches import RecordRows

    item = prepared.item
    folder = tools.work_dir / f"{item.import_id}-{item.generation}"
    artifact = _own(tools, prepared, folder)
    rows = RecordRows(
        artifact=artifact,
        schema=fields_of(tools, item.object),
        name=item.file.path,
        work_dir=folder,
        memory_limit=tools.memory_limit,
        stop=tools.stop.raising,
    )
    survey = rows.survey()
    prepared.version.verify(stop=tools.stop.raising)
    return Outgoing(prepared, rows, survey, artifact.digest)


def _own(tools: Tools, prepared: Prepared, folder: Path) -> Artifact:
    """Return the artifact as a private file of this run, with its digest."""
    artifact = prepared.parts[0]
    if artifact.owned:
        return artifact
    sha = hashlib.sha256()
    try:
        handle, name = tempfile.mkstemp(prefix="records-", dir=folder)
        with artifact.open() as stored, os.fdopen(handle, "wb") as copy:
            while block := stored.read(1 << 20):
                tools.stop.check()
                sha.update(block)
                copy.write(block)
    except OSError as error:
        raise SyncerError(
            f"{prepared.item.file.path} cannot be read or copied: {error.strerror or error}", where=str(folder)
        ) from error
    digest = f"sha256:{sha.hexdigest()}"
    if artifact.digest not in ("", digest):
        raise changed_while_read(prepared.item.file.path)
    return replace(artifact, path=Path(name), owned=True, opener=None, digest=digest)


def _refused(item: PlannedImport, why: str) -> Refused:
    return Refused(
        f"{item.file.path} is not sent as record batches",
        where=f"spec {item.spec}, target.via: records",
        why=why,
        next_step="have it sent by import jobs: target.via: import",
    )
