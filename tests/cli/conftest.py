"""A project to run commands in, in this process, and an emulator for those that need the API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from syncer.cli import run
from syncer.emulator.options import Options
from syncer.emulator.testing import Emulator, running

SPEC = """\
version: 1
source: {uri: "in/*.csv"}
target: {object: profiles, match_key: email}
mapping: {email: email, name: first_name}
"""


@dataclass(frozen=True)
class Ran:
    """What one command printed, and its exit code."""

    code: int
    out: str
    err: str


RunCli = Callable[..., Ran]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One spec with one file: a good row and a bad one."""
    root = tmp_path / "project"
    (root / "specs").mkdir(parents=True)
    (root / "in").mkdir()
    (root / "specs" / "crm.yaml").write_text(SPEC, "utf-8")
    (root / "syncer.yaml").write_text("api: {base_url: 'http://127.0.0.1:9/public/v1'}\n", "utf-8")
    (root / "in" / "a.csv").write_text("email,name,secret\nada@example.com,Ada,x\nnobody,Bob,y\n", "utf-8")
    return root


@pytest.fixture
def cli(project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> RunCli:
    """Run `syncer ARGUMENTS` with the project as the current folder."""
    monkeypatch.chdir(project)

    def call(*arguments: str) -> Ran:
        capsys.readouterr()
        code = run(list(arguments))
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return call


@pytest.fixture
def options() -> Options:
    """How the emulator is set up; a test may override it."""
    return Options()


@pytest.fixture
def emulator(tmp_path: Path, project: Path, options: Options, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """The API behind the project's settings, with a token in the environment."""
    with running(tmp_path / "emulator", options=options) as server:
        settings = f"api: {{base_url: '{server.base_url}', poll: {{initial: 20ms, max: 50ms}}}}\n"
        (project / "syncer.yaml").write_text(settings, "utf-8")
        monkeypatch.setenv("EXPERITURE_API_KEY", server.token)
        yield server
