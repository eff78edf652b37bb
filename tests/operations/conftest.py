"""An emulator and a project beside it for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncer.emulator.options import Options
from syncer.emulator.testing import Emulator, running
from tests.apply.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def options() -> Options:
    """How the emulator is set up; a test overrides this with its own."""
    return Options()


@pytest.fixture
def emulator(tmp_path: Path, options: Options) -> Iterator[Emulator]:
    with running(tmp_path / "emulator", options=options) as emulator:
        yield emulator


@pytest.fixture
def workspace(tmp_path: Path, emulator: Emulator) -> Workspace:
    return Workspace(tmp_path / "project", emulator)
