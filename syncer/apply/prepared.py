"""Make what an import uploads, in a private folder that is removed with all it holds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from syncer.apply.checking import check_rows, fields_of
from syncer.apply.context import Tools
from syncer.apply.private import private_folder
from syncer.apply.progress import Step
from syncer.apply.rejects import deposited, quarantine_file
from syncer.apply.repairs import kept_artifact
from syncer.apply.rules import life_of
from syncer.errors import PrepareError
from syncer.model.events import ArtifactFacts, Claimed
from syncer.model.files import SourceFile
from syncer.model.spec import Spec
from syncer.plan import PlannedImport
from syncer.source.pins import Held

if TYPE_CHECKING:
    from syncer.prepare.artifact import Artifact
    from syncer.prepare.making import Made


@dataclass(frozen=True, slots=True)
class Prepared:
    """One claimed import with its parts: everything the calls to the API are made from. `seconds` it took to make."""

    item: PlannedImport
    spec: Spec
    made: Made
    version: Held
    seconds: float

    @property
    def parts(self) -> tuple[Artifact, ...]:
        return self.made.parts

    def facts(self, number: int, digest: str) -> ArtifactFacts:
        """Say for the log what one part is; the first one speaks for the rows that did not leave, too."""
        artifact, made, spec = self.parts[number - 1], self.made, self.spec
        is_first = number == 1
        return ArtifactFacts(
            digest=digest,
            size=artifact.size,
            columns=artifact.columns,
            file_name=artifact.file_name,
            rows=artifact.rows,
            invalid=made.invalid if len(self.parts) == 1 else None,
            suppressed=made.suppressed if is_first and spec.suppress is not None else None,
            quarantined=made.quarantined if is_first and spec.on_invalid == "quarantine" else None,
            held_back=made.reasons if is_first and made.quarantined else None,
        )


@contextmanager
def prepared(tools: Tools, item: PlannedImport, spec: Spec, held: Claimed) -> Iterator[Prepared]:
    """Prepare the import for the time of the block.

    Raises PrepareError (of which ChecksFailed), also when parts of it were imported that are not the same any more,
    and SourceError.
    """
    tools.reporter.step(item, Step.PREPARING)
    began = tools.clock()
    folder = private_folder(tools.work_dir / f"{item.import_id}-{item.generation}")
    try:
        with _kept_rows(tools, item, spec) as rejects:
            made, version = _made(tools, item, spec, held, folder=folder, rejects=rejects)
            _check_reproduced(tools, item, made.parts)
        yield Prepared(item, spec, made, version, (tools.clock() - began).total_seconds())
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _made(
    tools: Tools, item: PlannedImport, spec: Spec, held: Claimed, *, folder: Path, rejects: Path | None
) -> tuple[Made, Held]:
    from syncer.prepare.making import Made, Means, make

    if item.repairs:
        artifact, kept = kept_artifact(tools, item, spec, held)
        return Made(parts=(artifact,)), kept
    version = tools.sources.pin(item.file, spec.source, stop=tools.stop.raising)
    means = Means(
        work_dir=folder,
        memory_limit=tools.memory_limit,
        stop=tools.stop.raising,
        mask_key=tools.mask_key,
        fields=lambda: fields_of(tools, item.object),
        suppress=tools.root / spec.suppress.keys if spec.suppress is not None else None,
        judging="rewritten",
        rejects=rejects,
        accept=lambda rows, invalid: check_rows(item, spec, rows, invalid),
    )
    return make(_readable(item.file, version, tools), spec, means, batch_value=held.batch), version


@contextmanager
def _kept_rows(tools: Tools, item: PlannedImport, spec: Spec) -> Iterator[Path | None]:
    """Give the path for the rows to be held back, None where none are; they are kept if the block ends well.

    What an earlier attempt held back stays until then: parts of the file may have been imported without these rows.
    """
    if item.repairs or spec.on_invalid != "quarantine":
        yield None
        return
    target = quarantine_file(tools.rejects_dir, item.spec, item.import_id, item.generation)
    private_folder(target.parent)
    partial = target.with_suffix(".partial")
    try:
        yield partial
        if partial.exists():
            partial.replace(target)
            deposited(tools, target)
        else:
            target.unlink(missing_ok=True)
    except OSError as error:
        raise PrepareError(
            f"the rows to hold back cannot be kept: {error.strerror or error}", where=str(target)
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _readable(file: SourceFile, version: Held, tools: Tools) -> SourceFile:
    """Give the file the way in which its bytes are read: by its path on this disk, or held to a store's version."""
    if version.location is not None:
        return file
    return replace(file, opener=lambda: version.open(stop=tools.stop.raising))


def _check_reproduced(tools: Tools, item: PlannedImport, parts: tuple[Artifact, ...]) -> None:
    """Raise PrepareError unless the parts are those of which some were imported: else rows are lost or sent twice."""
    life = life_of(tools, tools.store.read(), item)
    if life is None or not life.is_partial:
        return
    done = life.completed_parts
    for given in life.permits:
        if given.part not in done:
            continue
        source = parts[0].content
        same = (given.parts or 1) == len(parts) and given.artifact.digest == parts[given.part - 1].digest
        if not same or (given.content and source and given.content != source):
            raise PrepareError(
                f"{item.file.path} cannot be gone on with: part {given.part} of {given.parts or 1} was imported, "
                "and made again it is another one",
                where=f"spec {item.spec}, import {item.import_id}, job {given.job}",
                why="the spec, what it refers to, or this version of syncer prepares the file in another way since",
                next_step=f"bring back what changed since {given.time:%Y-%m-%d %H:%M} UTC, or close the import: "
                f"syncer forget {item.import_id} --reason TEXT",
            )
