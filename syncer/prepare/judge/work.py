"""What one judgement needs to know, whatever the format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from syncer.model.files import SourceFile
from syncer.prepare.judge.checks import Check
from syncer.prepare.stopping import Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The artifact, in the shape that this layer's readers know, what its columns are held against, and the outputs.

    `names` are the columns that a reason for people may name. `numbers` and, where it is wanted, `rejects` are empty
    private files. `memory_limit` is in bytes.
    """

    file: SourceFile
    checks: tuple[Check, ...]
    names: frozenset[str]
    numbers: Path
    rejects: Path | None
    work_dir: Path
    memory_limit: int
    stop: Stop | None

    @property
    def mapped(self) -> list[str]:
        """The mapped columns, in the order of the mapping."""
        return [check.column for check in self.checks]
