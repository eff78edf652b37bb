"""The wheel that users install: everything in it, nothing else, and it runs without the source tree."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

import syncer

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The project's wheel, built with the pinned backend and without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_the_whole_package(wheel: zipfile.ZipFile) -> None:
    """Every file under syncer/ is installed, the typing marker and data files too, and nothing beside the package."""
    source = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "syncer").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    installed = {name for name in wheel.namelist() if ".dist-info/" not in name}

    assert installed == source
    assert "syncer/py.typed" in installed


def test_the_metadata_says_what_it_is(wheel: zipfile.ZipFile) -> None:
    """Version, licence, console script and dependencies are those of the source tree."""
    info = f"syncer-{syncer.__version__}.dist-info"
    metadata = HeaderParser().parsestr(wheel.read(f"{info}/METADATA").decode())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    assert metadata["Version"] == syncer.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert len(metadata.get_all("Requires-Dist", [])) == len(project["dependencies"])
    assert f"{info}/licenses/LICENSE" in wheel.namelist()
    assert "syncer = syncer.__main__:main" in wheel.read(f"{info}/entry_points.txt").decode()


def test_the_installed_package_runs_alone(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    """Unpacked somewhere else, `python -m syncer --version` answers from there."""
    wheel.extractall(tmp_path / "site")

    ran = subprocess.run(
        [sys.executable, "-m", "syncer", "--version"],
        cwd=tmp_path / "site",
        check=True,
        capture_output=True,
        encoding="utf-8",
    )

    assert syncer.__version__ in ran.stdout
