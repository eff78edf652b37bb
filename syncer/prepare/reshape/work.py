"""What every step of a reshaping needs to know, and its private files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from syncer.errors import PrepareError
from syncer.model.files import SourceFile
from syncer.prepare.artifact import BLOCK_BYTES, Artifact, private_file
from syncer.prepare.engine import connected, explained, run
from syncer.prepare.stopping import Stop, check
from syncer.prepare.transforms import sql


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """An artifact on this disk, in the shape that this layer's readers know, and what may be taken for it.

    `key` is the match key's column; `memory_limit` is in bytes.
    """

    artifact: Artifact
    file: SourceFile
    key: str | None
    work_dir: Path
    memory_limit: int
    stop: Stop | None

    @property
    def columns(self) -> tuple[str, ...]:
        return self.artifact.columns

    @property
    def has_namesakes(self) -> bool:
        """Whether column names differ only in letter case, which the engine does not tell apart."""
        return len({name.casefold() for name in self.columns}) < len(self.columns)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Give an empty private file for the time of the block."""
        with private_file(self.work_dir, self.file) as path:
            try:
                yield path
            finally:
                path.unlink(missing_ok=True)

    def execute(
        self, statement: str, values: Sequence[object], *, threads: int | None = None, memory_share: float = 1
    ) -> list[tuple[Any, ...]]:
        """Run one statement on an engine of its own. Raises duckdb.Error for what the engine refuses."""
        memory = int(self.memory_limit * memory_share)
        with connected(self.work_dir, memory_limit=memory, threads=threads) as connection:
            sql.set_up(connection, ())
            return run(connection, statement, values, stop=self.stop)

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Turn what the engine refuses into a PrepareError."""
        import duckdb

        try:
            yield
        except duckdb.Error as error:
            raise explained(self.file, error) from error

    def check_rows(self, found: int, expected: int) -> None:
        """Raise PrepareError unless every row is accounted for."""
        if found != expected:
            raise PrepareError(
                f"{self.file.path}: {found} rows were written where {expected} belong",
                where=self.file.path,
                why="the engine reads the prepared file in another way than it was written",
                next_step="import it without prepare.sort, prepare.format and suppress, and report this",
            )


def described(artifact: Artifact, name: str) -> SourceFile:
    """Describe an artifact as this layer's readers know files; `name` is what errors call it."""
    return SourceFile(
        path=name or artifact.file_name,
        location=str(artifact.path or ""),
        size=artifact.size,
        modified=datetime.fromtimestamp(0, UTC),
        fingerprint="",
        format=artifact.format,
        compression=artifact.compression,
    )


@contextmanager
def on_disk(work: Work) -> Iterator[SourceFile]:
    """Give the artifact as a file on this disk; one of a store is copied, privately and for the time of the block.

    Raises SourceError when the store does not give it, PrepareError when it cannot be written.
    """
    if work.artifact.path is not None:
        yield work.file
        return
    with work.scratch() as path:
        with work.artifact.open() as stored, path.open("wb", buffering=0) as copy:
            while block := stored.read(BLOCK_BYTES):
                check(work.stop)
                copy.write(block)
        yield replace(work.file, location=str(path))
