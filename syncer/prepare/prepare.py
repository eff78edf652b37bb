"""Make the artifact of one source file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from syncer.model.files import SourceFile
from syncer.model.spec import Spec
from syncer.prepare import csv_engine, csv_exact, jsonl, parquet
from syncer.prepare.artifact import Artifact, Output, announced_name, digest_of, private_file
from syncer.prepare.columns import left_out, warnings, watches_new, without
from syncer.prepare.copying import copied
from syncer.prepare.csv_guard import Guard
from syncer.prepare.decide import decide
from syncer.prepare.engine import DEFAULT_MEMORY
from syncer.prepare.layout import Layout, check_columns, layout_of
from syncer.prepare.reshape.space import check_space, space_to_project
from syncer.prepare.rows import count_csv
from syncer.prepare.shape import Shape, shape_of
from syncer.prepare.stopping import Progress, Stop
from syncer.settings import MaskKey

CONTENT = "sha256:"


def prepare(
    file: SourceFile,
    spec: Spec,
    *,
    batch_value: str | None,
    work_dir: Path,
    memory_limit: int = DEFAULT_MEMORY,
    progress: Progress | None = None,
    stop: Stop | None = None,
    mask_key: MaskKey | None = None,
) -> Artifact:
    """Make what is uploaded for this file: a temporary file in `work_dir`, or the source itself where nothing changes.

    The same bytes, spec, batch value and mask key give the same artifact, byte for byte. Memory is bounded by
    `memory_limit` whatever the file's size. The caller makes sure that the source does not change meanwhile, and
    discards the artifact. `progress` is told the source bytes read. A remote file (`file.opener`) is copied to
    `work_dir` only if it has to be rewritten.

    Raises PrepareError when the file cannot become an artifact (nothing is guessed, and no row is shown), SourceError
    when it cannot be read, Interrupted when `stop` says so. Nothing is left in `work_dir` then.
    """
    shape = shape_of(file, spec)
    decision = decide(spec, file, shape)
    told: tuple[str, ...] = ()
    if shape.columns is not None:
        missing = left_out(spec, file.path, shape.columns)
        told, spec = warnings(spec, file.path, shape.columns, missing), without(spec, missing)
        check_columns(file.path, shape.columns, spec.mapping)
    work = _Work(file, spec, work_dir, memory_limit, progress, stop, told)
    layout = layout_of(spec, shape.columns or (), batch_value, mask_key)
    if decision.action == "passthrough":
        passed = _passed(work, shape, layout)
        if passed is not None:
            return passed
    check_space(work_dir, space_to_project(file), file.path)
    if file.opener is None:
        content = file.fingerprint if file.fingerprint.startswith(CONTENT) else ""
        return replace(_rewritten(work, shape, layout), content=content)
    with copied(file, work_dir, stop=stop) as (local, content):
        return replace(_rewritten(replace(work, file=local), shape, layout), content=content)


@dataclass(frozen=True, slots=True)
class _Work:
    file: SourceFile
    spec: Spec
    work_dir: Path
    memory_limit: int
    progress: Progress | None
    stop: Stop | None
    warnings: tuple[str, ...]


def _passed(work: _Work, shape: Shape, layout: Layout) -> Artifact | None:
    """Hand on the source itself, or None where a closer look shows that it may not pass by itself."""
    file, rows = work.file, work.file.rows
    digest = file.fingerprint if file.fingerprint.startswith(CONTENT) else file.content or ""
    if work.spec.prepare.mode != "passthrough" and file.format == "csv":
        clean = _clean(work)
        if clean is None:
            return None
        rows, digest = clean
    if file.opener is None and not digest:
        _, digest = digest_of(Path(file.location), stop=work.stop)
    return Artifact(
        path=Path(file.location) if file.opener is None else None,
        owned=False,
        opener=file.opener,
        format=file.format,
        compression=file.compression,
        size=file.size,
        digest=digest,
        content=digest,
        rows=rows,
        columns=shape.columns or (),
        file_name=announced_name(file),
        source_fields=layout.source_fields,
        field_map=layout.field_map,
        warnings=work.warnings,
    )


def _clean(work: _Work) -> tuple[int, str] | None:
    """Return rows and digest of a CSV file, or None if it is not plain or a row has more cells than the columns."""
    sha, guard = hashlib.sha256(), Guard(",")
    count = count_csv(work.file, work.spec, stop=work.stop, stored=sha.update, plain=guard.feed)
    if count.ragged or guard.result() is None:
        return None
    if work.progress is not None:
        work.progress(work.file.size)
    return count.rows, f"{CONTENT}{sha.hexdigest()}"


def _rewritten(work: _Work, shape: Shape, layout: Layout) -> Artifact:
    file, told = work.file, work.warnings
    with private_file(work.work_dir, file) as path:
        if file.format == "parquet":
            rows, (size, digest) = _parquet(work, shape, layout, path)
        elif file.format == "csv":
            rows, (size, digest) = _csv(work, shape, layout, path)
        else:
            rows, (size, digest), layout, told = _jsonl(work, layout, path)
    return Artifact(
        path=path,
        owned=True,
        format=file.format,
        compression=file.compression,
        size=size,
        digest=digest,
        rows=rows,
        columns=layout.columns,
        file_name=announced_name(file),
        source_fields=layout.source_fields,
        field_map=layout.field_map,
        warnings=told,
    )


_Made = tuple[int, tuple[int, str]]


def _parquet(work: _Work, shape: Shape, layout: Layout, path: Path) -> _Made:
    names = shape.columns or ()
    rows = parquet.project(work.file, layout, names, path, memory_limit=work.memory_limit, stop=work.stop)
    if work.progress is not None:
        work.progress(work.file.size)
    return rows, digest_of(path, stop=work.stop)


def _csv(work: _Work, shape: Shape, layout: Layout, path: Path) -> _Made:
    rows = csv_engine.project(
        work.file,
        work.spec,
        layout,
        shape,
        path,
        memory_limit=work.memory_limit,
        stop=work.stop,
        progress=work.progress,
    )
    if rows is not None:
        return rows, digest_of(path, stop=work.stop)
    with path.open("wb") as raw:
        output = Output(raw, work.file.compression)
        rows = csv_exact.project(work.file, work.spec, layout, output, stop=work.stop, progress=work.progress)
        output.finish()
    return rows, (output.size, output.digest)


def _jsonl(work: _Work, layout: Layout, path: Path) -> tuple[int, tuple[int, str], Layout, tuple[str, ...]]:
    spec, place = work.spec, work.file.path
    with path.open("wb") as raw:
        output = Output(raw, work.file.compression)
        found = jsonl.project(
            work.file, layout, output, every_key=watches_new(spec), stop=work.stop, progress=work.progress
        )
        output.finish()
    if not found.keys:  # no line is an object: that is for the rows to tell
        return found.rows, (output.size, output.digest), layout, ()
    missing = left_out(spec, place, sorted(found.keys))
    told = warnings(spec, place, sorted(found.keys) if watches_new(spec) else (), missing)
    kept = tuple(one for one in layout.kept if one.column not in missing)
    return found.rows, (output.size, output.digest), Layout(layout.added, kept), told
