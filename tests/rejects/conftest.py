"""An emulator and a project beside it for each test, and a file of which two rows were rejected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncer.emulator.options import Options
from syncer.emulator.testing import Emulator, running
from tests.rejects.ward import Ward

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def options() -> Options:
    """How the emulator is set up; a test overrides this with its own."""
    return Options()


@pytest.fixture
def objects() -> str:
    """Objects that the emulator has besides its own, as YAML."""
    return ""


@pytest.fixture
def emulator(tmp_path: Path, options: Options, objects: str) -> Iterator[Emulator]:
    own = tmp_path / "objects.yaml"
    own.write_text(objects, encoding="utf-8")
    with running(tmp_path / "emulator", objects=own if objects else None, options=options) as emulator:
        yield emulator


@pytest.fixture
def ward(tmp_path: Path, emulator: Emulator) -> Ward:
    return Ward(tmp_path / "project", emulator)


@pytest.fixture
def sick(ward: Ward) -> Ward:
    """One import into an object that appends, of which one row came in and two were rejected."""
    ward.begin()
    return ward
