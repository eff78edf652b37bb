"""The rows of a repair held against the list of people who must not be sent: they may have been erased since."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from syncer.model.spec import Spec
from syncer.operations.preparation import suppress_list
from syncer.prepare.artifact import Artifact
from syncer.prepare.making import match_column
from syncer.prepare.repair import Repaired, repair_layout
from syncer.spec.load import Project


def suppressed(project: Project, spec: Spec, path: Path, made: Repaired, batch: str | None) -> tuple[Repaired, int]:
    """Take the rows out of the repair at `path` whose match key is listed; return what is left, and how many they were.

    Raises PrepareError for a list that cannot be read.
    """
    listed = suppress_list(project.root, spec)
    if listed is None:
        return made, 0
    from syncer.prepare.reshape.reshape import reshape

    artifact = _artifact(spec, path, made, batch)
    with tempfile.TemporaryDirectory(prefix="syncer-repair-") as folder:
        shaped = reshape(
            artifact,
            suppress=listed,
            match_column=match_column(spec, artifact),
            name="the rows of the repair",
            work_dir=Path(folder),
            memory_limit=project.settings.prepare.memory_limit,
        )
        left = shaped.artifact
        if left.path is not None and left is not artifact:
            shutil.copyfile(left.path, path)
    rows = made.rows - shaped.suppressed
    return Repaired(format=made.format, rows=rows, size=left.size, digest=left.digest), shaped.suppressed


def _artifact(spec: Spec, path: Path, made: Repaired, batch: str | None) -> Artifact:
    layout = repair_layout(spec, batch)
    return Artifact(
        path=path,
        owned=True,
        format=made.format,
        compression=None,
        size=made.size,
        digest=made.digest,
        rows=made.rows,
        columns=layout.columns,
        file_name=path.name,
        source_fields=layout.source_fields,
        field_map=layout.field_map,
    )
