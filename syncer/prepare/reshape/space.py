"""Whether the work folder's disk holds what a preparation writes there. All sizes are estimates, in bytes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from syncer.errors import NoRoom
from syncer.model.files import Compression, SourceFile, SourceFormat
from syncer.prepare.artifact import Artifact
from syncer.values import format_size

GZIP_RATIO: Final = 8
"""How many times its gzip the text of a table usually is."""
PARQUET_RATIO: Final = 4
"""How many times a Parquet file its values are in memory, and CSV is such a file, at least."""
SPILL_RATIO: Final = 2
"""Measured: a sort of 4.4 GB of CSV spills 8.2 GB."""
REFUSED_SHARE: Final = 0.1
RESERVE: Final = 64 << 20


def check_space(work_dir: Path, needed_bytes: int, what: str = "the file") -> None:
    """Raise NoRoom unless so many bytes and a small reserve are free where `work_dir` is, or will be made."""
    needed, free = needed_bytes + RESERVE, shutil.disk_usage(_existing(work_dir)).free
    if needed > free:
        raise NoRoom(
            f"there is not enough disk space to prepare {what}",
            where=str(work_dir),
            why=f"about {format_size(needed)} are needed, and {format_size(free)} are free",
            next_step="free disk space, or set prepare.temp_dir in syncer.yaml to a larger disk",
        )


def space_to_project(file: SourceFile) -> int:
    """Estimate what projecting takes: the artifact, no larger than the file, and a copy of a file from a store."""
    return file.size * (2 if file.opener is not None else 1)


def space_to_judge(artifact: Artifact) -> int:
    """Estimate what judging takes: a verdict on every row, and the refused rows as JSON."""
    return int(_plain(artifact.size, artifact.format, artifact.compression) * REFUSED_SHARE)


def space_to_reshape(artifact: Artifact, *, sort: bool, to: SourceFormat | None = None) -> int:
    """Estimate what reshaping takes beside the artifact itself: the new one, and what a sort spills."""
    plain = _plain(artifact.size, artifact.format, artifact.compression)
    becomes_parquet = to == "parquet" and artifact.format != "parquet"
    written = plain // PARQUET_RATIO if becomes_parquet else artifact.size
    if sort and artifact.compression is not None and not becomes_parquet:
        written += plain  # the engine's output, before it is compressed
    return written + (plain * SPILL_RATIO if sort else 0)


def _plain(size: int, kind: SourceFormat, compression: Compression | None) -> int:
    if kind == "parquet":
        return size * PARQUET_RATIO
    return size * GZIP_RATIO if compression is not None else size


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())
