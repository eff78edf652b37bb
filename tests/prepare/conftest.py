"""Fixtures of the preparation tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.prepare.files import MakeFile, source_file

if TYPE_CHECKING:
    from pathlib import Path

    from syncer.model.files import Compression, SourceFile, SourceFormat


@pytest.fixture
def make_file(tmp_path: Path) -> MakeFile:
    """Write a source file: `make_file(content)`, or with `name`, `file_format` and `compression`."""

    def make(
        content: bytes,
        name: str = "people.csv",
        file_format: SourceFormat = "csv",
        compression: Compression | None = None,
    ) -> SourceFile:
        return source_file(tmp_path / name, content, file_format, compression)

    return make


@pytest.fixture
def work_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder
