"""A project that tells a service of its own, beside an emulator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncer.emulator.options import Options
from syncer.emulator.testing import Emulator, running
from tests.apply.workspace import PEOPLE, Workspace
from tests.notify.service import Service, listening


@pytest.fixture
def service() -> Iterator[Service]:
    with listening() as service:
        yield service


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    with running(tmp_path / "emulator", options=Options()) as emulator:
        yield emulator


@pytest.fixture
def crm(tmp_path: Path, emulator: Emulator, service: Service) -> Workspace:
    """One spec with one good file; `ops` hears of everything."""
    workspace = Workspace(tmp_path / "project", emulator, {"OPS_URL": service.url})
    (workspace.root / "syncer.yaml").write_text("notify: {ops: {url_from: OPS_URL}}\n", encoding="utf-8")
    workspace.spec("crm", f"{PEOPLE}owner: crm-team\n")
    workspace.people("a.csv", "a@example.com")
    return workspace
