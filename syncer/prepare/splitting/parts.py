"""What parts of every format share: how many there are, what they are called, and what cannot be a part."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from syncer.errors import PrepareError
from syncer.model.files import stem_of
from syncer.prepare.artifact import Artifact
from syncer.prepare.reshape.work import Work
from syncer.values import format_size

SLACK: Final = 16
"""Where a part's size is only estimated, parts are planned a sixteenth below the limit."""


def parts_of(size: int, room: int) -> int:
    """Return how many parts of at most `room` bytes it takes, at least one."""
    return max(1, -(-size // room))


def part_of(artifact: Artifact, number: int, path: Path, *, rows: int, size: int, digest: str) -> Artifact:
    """Describe a part. `number` is its place, from 1."""
    stem = stem_of(artifact.file_name)
    return replace(
        artifact,
        path=path,
        owned=True,
        copied=False,
        opener=None,
        size=size,
        digest=digest,
        rows=rows,
        file_name=f"{stem}.part-{number:04d}{artifact.file_name.removeprefix(stem)}",
    )


def row_too_large(work: Work, row: int, limit: int) -> PrepareError:
    """Explain that a row does not fit into a part, by its number in the artifact, from 1."""
    return PrepareError(
        f"row {row} of {work.file.path} is larger than a part may be",
        where=f"{work.file.path}, row {row}",
        why=f"a part has at most {format_size(limit)}, and a row is never cut",
        next_step="raise prepare.split, or look for a quote that is never closed",
    )


def header_too_large(work: Work, limit: int) -> PrepareError:
    """Explain that a part would hold nothing but the header."""
    return PrepareError(
        f"the header of {work.file.path} leaves no room for rows",
        where=work.file.path,
        why=f"each part begins with it, and has at most {format_size(limit)}",
        next_step="raise prepare.split",
    )
