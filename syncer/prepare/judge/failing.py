"""Say why the API would fail the whole job of an artifact."""

from __future__ import annotations

from syncer.errors import PrepareError
from syncer.model.files import SourceFile


def would_fail(file: SourceFile, why: str) -> PrepareError:
    return PrepareError(f"{file.path} would fail its import", where=file.path, why=why, next_step="correct the export")
