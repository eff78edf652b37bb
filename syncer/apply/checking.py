"""Hold an artifact against its spec's checks before anything of it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from syncer.apply.context import Tools
from syncer.errors import ApiError, ChecksFailed
from syncer.model.files import SourceFile
from syncer.model.objects import FieldSchema
from syncer.model.spec import Spec
from syncer.plan import PlannedImport
from syncer.values import format_percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncer.prepare.artifact import Artifact


def check_rows(
    tools: Tools, item: PlannedImport, spec: Spec, artifact: Artifact, *, file: SourceFile, work_dir: Path
) -> int | None:
    """Judge every row of what would be uploaded, where the spec's checks ask for it; return how many are invalid.

    None means that nobody looked. Raises ChecksFailed when the file may not be sent, and PrepareError for a file that
    the API would refuse as a whole.
    """
    if not _is_asked_for(spec):
        return None
    from syncer.prepare.judge.judge import judge

    with on_disk(artifact, file, work_dir) as path:
        found = judge(
            path,
            file_format=artifact.format,
            compression=artifact.compression,
            columns=artifact.columns,
            field_map=artifact.field_map,
            source_fields=artifact.source_fields,
            schema=_fields(tools, item.object),
            rejects=None,
            work_dir=work_dir,
            memory_limit=tools.memory_limit,
            stop=tools.stop.raising,
        )
    found.discard()
    over = over_limit(spec, found.rows, found.invalid)
    if over:
        raise ChecksFailed(
            f"{item.file.path} was not sent: {found.invalid} of its {found.rows} rows would be rejected",
            where=item.file.path,
            why=over,
            next_step=f"see which rows, and why: syncer check {item.spec}",
        )
    return found.invalid


def over_limit(spec: Spec, rows: int, invalid: int) -> str:
    """Name the check of the spec that a file with so many invalid rows does not pass, or ""."""
    return next(_not_passed(spec, rows, invalid), "")


def _not_passed(spec: Spec, rows: int, invalid: int) -> Iterator[str]:
    checks = spec.checks
    if checks.min_rows is not None and rows < checks.min_rows:
        yield f"checks.min_rows is {checks.min_rows}"
    if checks.max_invalid is not None and invalid > checks.max_invalid * rows:
        yield f"checks.max_invalid is {format_percent(checks.max_invalid)}"
    if spec.on_invalid == "abort" and invalid:
        yield "on_invalid is abort"


def _is_asked_for(spec: Spec) -> bool:
    return spec.checks.max_invalid is not None or spec.checks.min_rows is not None or spec.on_invalid == "abort"


@contextmanager
def on_disk(artifact: Artifact, file: SourceFile, work_dir: Path) -> Iterator[Path]:
    """Give the artifact's bytes as a file: its own, or a private copy of what would pass from store to platform."""
    from syncer.prepare.copying import copied

    if artifact.path is not None:
        yield artifact.path
    else:
        with copied(file, work_dir) as (local, _):
            yield Path(local.location)


def _fields(tools: Tools, name: str) -> Mapping[str, FieldSchema]:
    """Ask for the object's fields; where the token may not read them, the mapping's types are judged alone."""
    try:
        return tools.api.get_object(name).schema.fields
    except ApiError as error:
        if error.status in (403, 404):
            return {}
        raise
