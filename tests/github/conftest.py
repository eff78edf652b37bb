"""A stand-in for GitHub's API, a project to plan, and a repository for workflows to run in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncer.cli import run
from syncer.emulator.testing import running
from tests.git.clones import Remote, git
from tests.github.acting import Runner
from tests.github.specs import SPEC
from tests.github.stand_in import GitHubStandIn, standing_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubStandIn]:
    with standing_in() as stand_in:
        for name, value in stand_in.environ().items():
            monkeypatch.setenv(name, value)
        yield stand_in


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two specs with two files each."""
    for name in ("crm", "shop"):
        (tmp_path / "specs").mkdir(exist_ok=True)
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "specs" / f"{name}.yaml").write_text(SPEC % (name, name), "utf-8")
        for number in (1, 2):
            (tmp_path / "in" / f"{name}-{number}.csv").write_text(f"email\n{name}{number}@example.com\n", "utf-8")
    (tmp_path / "syncer.yaml").write_text("api: {base_url: 'http://127.0.0.1:9/public/v1'}\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run `syncer ARGUMENTS`; returns exit code, stdout, stderr."""

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(list(arguments))
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, github: GitHubStandIn) -> Iterator[Runner]:
    """A clone of an empty repository, with the secret of an emulator and the stand-in for GitHub's API."""
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    remote = Remote.made(tmp_path / "remote.git")
    git(tmp_path, "clone", "--quiet", str(remote.path), str(tmp_path / "clone"))
    with running(tmp_path / "emulator") as emulator:
        runner = Runner(tmp_path / "clone", remote, emulator, tmp_path / "home")
        runner.secrets["EXPERITURE_API_KEY"] = emulator.token
        runner.reaches(github)
        yield runner
