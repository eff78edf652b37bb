"""An emulator for each test, and a client of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncer.emulator.options import Options
from syncer.emulator.testing import Emulator, running
from tests.emulator.driver import Api

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def options() -> Options:
    """How the emulator is set up; a test overrides this with its own."""
    return Options()


@pytest.fixture
def emulator(tmp_path: Path, options: Options) -> Iterator[Emulator]:
    with running(tmp_path / "data", options=options) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def shared_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One emulator for the many small cases of a module that do not mind each other's rows."""
    with running(tmp_path_factory.mktemp("shared")) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def shared_api(shared_emulator: Emulator) -> Iterator[Api]:
    api = Api(shared_emulator.base_url)
    with api.session:
        yield api


@pytest.fixture
def api(emulator: Emulator) -> Iterator[Api]:
    api = Api(emulator.base_url)
    with api.session:
        yield api
