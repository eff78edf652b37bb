"""Judge an artifact as the API will: which rows it rejects, and in which words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from syncer.errors import PrepareError
from syncer.model.files import Compression, SourceFile, SourceFormat
from syncer.model.objects import FieldSchema
from syncer.model.spec import FieldType
from syncer.prepare.artifact import private_file
from syncer.prepare.engine import DEFAULT_MEMORY
from syncer.prepare.judge import csv_engine, csv_exact, jsonl, parquet
from syncer.prepare.judge.checks import checks_of
from syncer.prepare.judge.judgement import Judgement, Tally, create_private
from syncer.prepare.judge.work import Work
from syncer.prepare.layout import check_columns
from syncer.prepare.reading import cannot_read
from syncer.prepare.stopping import Stop


def judge(
    path: Path,
    *,
    file_format: SourceFormat,
    compression: Compression | None,
    columns: Collection[str],
    field_map: Mapping[str, str],
    source_fields: Mapping[str, FieldType],
    schema: Mapping[str, FieldSchema],
    rejects: Path | None,
    name: str = "",
    work_dir: Path,
    memory_limit: int = DEFAULT_MEMORY,
    stop: Stop | None = None,
) -> Judgement:
    """Judge every row of the file that would be uploaded, by the mapping that would be sent with it.

    `columns` are the artifact's own names, which reasons may show. `schema` has the object's fields; where it lacks
    one, the column's declared type is judged. The rejected rows are written to `rejects`, if given, in row order and
    the API's own format; what was there before goes. `name` is what errors call the file, its own path where it is
    left out. The caller discards the judgement when it has no more use for the row numbers.

    Raises PrepareError when the API would fail the whole job (or nothing can be written), SourceError when the file
    cannot be read, Interrupted when `stop` says so. Nothing is left in `work_dir` or at `rejects` then.
    """
    file = _as_file(path, file_format, compression, name)
    checks = checks_of(field_map, source_fields, schema)
    with _outputs(file, work_dir, rejects) as numbers:
        work = Work(
            file=file,
            checks=checks,
            names=frozenset((*columns, *field_map)),
            numbers=numbers,
            rejects=rejects,
            work_dir=work_dir,
            memory_limit=memory_limit,
            stop=stop,
        )
        tally = _judge(work)
    if not tally.invalid:
        _remove(numbers, rejects)
        return Judgement(rows=tally.rows, invalid=0, reasons=(), rejects=None, numbers=None)
    return Judgement(rows=tally.rows, invalid=tally.invalid, reasons=tally.reasons(), rejects=rejects, numbers=numbers)


def _judge(work: Work) -> Tally:
    if work.file.format == "parquet":
        return parquet.judge(work)
    if work.file.format == "jsonl":
        return jsonl.judge(work)
    header = csv_exact.header_of(work)
    check_columns(work.file.path, header, work.mapped)
    tally = csv_engine.judge(work, header)
    return csv_exact.judge(work, header) if tally is None else tally


def _as_file(path: Path, file_format: SourceFormat, compression: Compression | None, name: str) -> SourceFile:
    """Describe the artifact in the words of this layer's readers."""
    try:
        status = path.stat()
    except OSError as error:
        raise cannot_read(name or str(path), error) from error
    return SourceFile(
        path=name or str(path),
        location=str(path),
        size=status.st_size,
        modified=datetime.fromtimestamp(status.st_mtime, UTC),
        fingerprint="",
        format=file_format,
        compression=compression,
    )


@contextmanager
def _outputs(file: SourceFile, work_dir: Path, rejects: Path | None) -> Iterator[Path]:
    """Make the private files to write to and give that for the row numbers; an error removes them all."""
    with private_file(work_dir, file) as numbers:
        try:
            _create(rejects)
            yield numbers
        except BaseException:
            _remove(rejects)
            raise


def _create(rejects: Path | None) -> None:
    if rejects is None:
        return
    try:
        create_private(rejects)
    except OSError as error:
        raise PrepareError(
            "the rejected rows cannot be written down",
            where=str(rejects),
            why=error.strerror or type(error).__name__,
            next_step="check that rejects.store can be written to",
        ) from error


def _remove(*paths: Path | None) -> None:
    for path in paths:
        if path is not None:
            path.unlink(missing_ok=True)
