"""A project to be operator of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.operator.desk import Desk

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A project with one spec and one pending file."""
    made = Desk(tmp_path / "project")
    made.file("a.csv", "a@example.com", "b@example.com")
    return made
