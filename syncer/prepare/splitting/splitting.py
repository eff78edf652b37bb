"""Cut one artifact into parts."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Final

from syncer.errors import PrepareError
from syncer.prepare.artifact import Artifact
from syncer.prepare.engine import DEFAULT_MEMORY
from syncer.prepare.reshape.space import check_space
from syncer.prepare.reshape.work import Work, described
from syncer.prepare.splitting.parquet import parquet_parts
from syncer.prepare.splitting.text import text_parts
from syncer.prepare.stopping import Stop

DEFAULT_PART_BYTES: Final = 5_000_000_000
"""The vendor guide asks for parts of 5 to 8 GB, and a plain S3 PUT ends at 5 GiB."""


def split(
    artifact: Artifact,
    *,
    limit: int = DEFAULT_PART_BYTES,
    name: str = "",
    work_dir: Path,
    memory_limit: int = DEFAULT_MEMORY,
    stop: Stop | None = None,
    match_column: str | None = None,
) -> tuple[Artifact, ...]:
    """Return the artifact itself where it has at most `limit` bytes, else its parts in the order of their rows.

    A part is a private file of the artifact's format and compression, named like `orders.part-0001.csv.gz`; its `rows`
    are exact. A JSONL part does not list columns that none of its rows has, except `match_column`: mapped, they would
    fail its job. The given artifact is still the caller's to discard. `name` is what errors call it. Memory does not
    grow with the file: text takes no more than a few of its longest rows, Parquet `memory_limit` bytes.

    Raises PrepareError for a row that is larger than a part may be (its number, never what is in it), a header that
    leaves no room, text whose rows cannot be told apart, rows that are not as many as the artifact says, and a disk
    that is too small; SourceError when a remote artifact cannot be read; Interrupted when `stop` says so. Nothing is
    left in `work_dir` then.
    """
    if artifact.size <= limit:
        return (artifact,)
    work = Work(
        artifact=artifact,
        file=described(artifact, name),
        key=match_column,
        work_dir=work_dir,
        memory_limit=memory_limit,
        stop=stop,
    )
    check_space(work_dir, space_to_split(artifact), work.file.path)
    parts: list[Artifact] = []
    cut = parquet_parts if artifact.format == "parquet" else text_parts
    try:
        with closing(cut(work, limit)) as made:
            parts.extend(made)
        _check_rows(work, parts)
    except BaseException:
        for part in parts:
            part.discard()
        raise
    return tuple(parts)


def space_to_split(artifact: Artifact) -> int:
    """Estimate what splitting takes, in bytes: the parts, and a copy of a Parquet file from a store."""
    return artifact.size * (2 if artifact.path is None and artifact.format == "parquet" else 1)


def _check_rows(work: Work, parts: list[Artifact]) -> None:
    found, expected = sum(part.rows or 0 for part in parts), work.artifact.rows
    if expected is not None and found != expected:
        raise PrepareError(
            f"{work.file.path} was cut into parts of {found} rows in all, and has {expected}",
            where=work.file.path,
            why="a blank line, or a line that does not end as the others do, may be taken for a row or for none",
            next_step="use prepare.mode: rewrite",
        )
