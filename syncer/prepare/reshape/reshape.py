"""Reshape one artifact: leave rows out, sort, change the format."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from syncer.errors import PrepareError
from syncer.model.objects import FieldSchema
from syncer.model.spec import UploadFormat
from syncer.prepare.artifact import Artifact
from syncer.prepare.engine import DEFAULT_MEMORY
from syncer.prepare.reshape.converting import UnconvertibleError
from syncer.prepare.reshape.evening import Readable, readable, untouched
from syncer.prepare.reshape.numbers import Leaving, leaving
from syncer.prepare.reshape.space import check_space, space_to_reshape
from syncer.prepare.reshape.suppression import find_suppressed, write_digests
from syncer.prepare.reshape.work import Work, described, on_disk
from syncer.prepare.reshape.writing import as_parquet, as_text
from syncer.prepare.stopping import Stop

AUTO_ROWS: Final = 1_000_000
"""The vendor guide: Parquet is for more rows than that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reshaped:
    """The artifact to upload, and what became of the given one's rows.

    `artifact` is the given one itself where nothing had to change; else it is a new private file, and the given one is
    still the caller's to discard. A new one's `rows` are those given, less `suppressed` and `left_out`; they may be
    none, and a JSONL file of no rows has no bytes, which the API does not take.
    `kept_format` says, for a plan to show, why `auto` made no Parquet of a file that is large enough; "" otherwise.
    """

    artifact: Artifact
    suppressed: int
    left_out: int
    kept_format: str = ""


def reshape(
    artifact: Artifact,
    *,
    leave_out: Path | None = None,
    suppress: Path | None = None,
    match_column: str | None = None,
    sort: bool = False,
    to: UploadFormat | None = None,
    schema: Mapping[str, FieldSchema] | None = None,
    name: str = "",
    work_dir: Path,
    memory_limit: int = DEFAULT_MEMORY,
    stop: Stop | None = None,
) -> Reshaped:
    """Make the artifact that is left of another one. The same input gives the same bytes.

    `leave_out` is a text file of row numbers, from 1, ascending, one a line; `suppress` a list of hashes as
    `suppression` reads it. `match_column` is the artifact's column that holds the match key; suppressing and sorting
    need it. `to` converts to Parquet, `auto` only what has more than `AUTO_ROWS` rows left and survives it. `schema`
    has the object's fields, which decide on the columns' types; a field that it lacks has its column's declared type.
    `name` is what errors call the file.

    Raises PrepareError for a malformed list, before anything else; for a value that a demanded format cannot hold
    (column and row, never the value); for a disk or memory that is too small. Raises SourceError when a remote artifact
    cannot be read, Interrupted when `stop` says so. Nothing is left in `work_dir` then.
    """
    if match_column is None and (sort or suppress is not None):
        raise ValueError("sorting and suppressing need the match key's column")
    work = Work(
        artifact=artifact,
        file=described(artifact, name),
        key=match_column,
        work_dir=work_dir,
        memory_limit=memory_limit,
        stop=stop,
    )
    convert = _may_convert(work, to)
    with ExitStack() as scratch:
        listed = None
        if suppress is not None:
            listed = scratch.enter_context(work.scratch())
            write_digests(suppress, listed)
        if not (convert or sort or leave_out or listed):
            return Reshaped(artifact=artifact, suppressed=0, left_out=0)
        check_space(work_dir, space_to_reshape(artifact, sort=sort, to="parquet" if convert else None), work.file.path)
        work = replace(work, file=scratch.enter_context(on_disk(work)))
        rows = artifact.rows
        if rows is not None and artifact.format != "parquet" and not (convert or sort or listed):
            source = untouched(work, rows)
        else:
            source = readable(work, scratch)
            work.check_rows(source.rows, source.rows if rows is None else rows)
        gone = _leaving(work, source, leave_out, listed, scratch)
        return _reshaped(work, source, gone, sort=sort, to=to if convert else None, schema=schema or {})


def _may_convert(work: Work, to: UploadFormat | None) -> bool:
    """Whether the artifact may become Parquet. Raises PrepareError for a format that nothing is converted to."""
    rows, own = work.artifact.rows, work.artifact.format
    if to in (None, own) or (own == "parquet" and to == "auto"):
        return False
    if to == "auto":
        return rows is None or rows > AUTO_ROWS
    if to != "parquet":
        raise PrepareError(
            f"{work.file.path} is {own}, and cannot be made {to}",
            where=work.file.path,
            why="files are only ever converted to Parquet",
            next_step=f"set prepare.format to parquet, to auto, or to {own}",
        )
    return True


def _leaving(work: Work, source: Readable, leave_out: Path | None, listed: Path | None, scratch: ExitStack) -> Leaving:
    suppressed = None
    if listed is not None:
        suppressed = scratch.enter_context(work.scratch())
        find_suppressed(work, source, work.key or "", listed, suppressed)
    return leaving(leave_out, suppressed)


def _refused(work: Work, error: UnconvertibleError) -> PrepareError:
    path, own = work.file.path, work.artifact.format
    if error.row is None:
        return PrepareError(f"{path} cannot be written as Parquet: {error}", where=path, next_step="rename one of them")
    return PrepareError(
        f"{path} cannot be made Parquet: {error}",
        where=f"{path}, row {error.row}",
        why="a Parquet column holds values of its type only, and nothing is rounded, guessed or left out",
        next_step=f"set prepare.format to {own}, or on_invalid to quarantine where the API would refuse the row",
    )


def _reshaped(
    work: Work,
    source: Readable,
    gone: Leaving,
    *,
    sort: bool,
    to: UploadFormat | None,
    schema: Mapping[str, FieldSchema],
) -> Reshaped:
    left, kept_format, artifact = source.rows - gone.count, "", work.artifact
    changes = sort or gone.count > 0
    if to == "parquet" or (to == "auto" and left > AUTO_ROWS) or (changes and artifact.format == "parquet"):
        try:
            artifact = as_parquet(work, source, gone, sort=sort, schema=schema)
        except UnconvertibleError as error:
            if to != "auto":
                raise _refused(work, error) from error
            kept_format = f"it stays {artifact.format}, because Parquet cannot hold it: {error}"
    if changes and artifact is work.artifact:
        artifact = as_text(work, source, gone, sort=sort)
    return Reshaped(artifact=artifact, suppressed=gone.suppressed, left_out=gone.left_out, kept_format=kept_format)
