"""Projects in a temporary folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

WriteProject = Callable[[Mapping[str, str | bytes]], Path]


@pytest.fixture
def write_project(tmp_path: Path) -> WriteProject:
    """Write files by their project-relative paths and return the project's root; `specs/` is there in any case."""

    def write(files: Mapping[str, str | bytes]) -> Path:
        (tmp_path / "specs").mkdir(exist_ok=True)
        for path, content in files.items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        return tmp_path

    return write
