"""A remote, an emulator, and git that knows nothing of the machine that it runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncer.emulator.options import Options
from syncer.emulator.testing import Emulator, running
from tests.git.clones import Project, Remote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _plain_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("CI", "GITHUB_ACTIONS", "EMAIL", "GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "no-gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def options() -> Options:
    """How the emulator is set up; a test overrides this with its own."""
    return Options()


@pytest.fixture
def emulator(tmp_path: Path, options: Options) -> Iterator[Emulator]:
    with running(tmp_path / "emulator", options=options) as emulator:
        yield emulator


@pytest.fixture
def project(tmp_path: Path, emulator: Emulator) -> Project:
    return Project(Remote.made(tmp_path / "remote.git"), emulator, tmp_path)
