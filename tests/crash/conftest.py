"""One emulator a test; the projects of a sweep stand side by side in front of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncer.emulator.testing import Emulator, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    with running(tmp_path / "emulator") as emulator:
        yield emulator
