"""The layers of the package, as the import-linter contracts in pyproject.toml draw them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]


def lint_imports(project: Path) -> tuple[int, str]:
    """Check the contracts of the project in a folder; its exit code and what it printed."""
    command = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    ran = subprocess.run(
        [sys.executable, "-c", command, "--no-cache", "--no-logo"],
        cwd=project,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return ran.returncode, ran.stdout + ran.stderr


def test_every_contract_is_kept() -> None:
    """No module imports across or against the layers, the plan is pure, and the emulator stands alone."""
    status, output = lint_imports(ROOT)

    assert status == 0, output
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken." in output
    assert {contract["id"] for contract in CONTRACTS} == {"layers", "pure-plan", "independent-emulator"}


def test_every_module_has_its_row() -> None:
    """Each package and module directly under syncer/ is named in the contract once."""
    (layers,) = (contract for contract in CONTRACTS if contract["id"] == "layers")
    named = [name for row in layers["layers"] for name in re.findall(r"\w+", row)]
    found = [
        path.stem for path in (ROOT / "syncer").iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()
    ]

    assert sorted(named) == sorted(set(found) - {"__init__"})
    assert layers["exhaustive"] is True


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("errors", "import syncer.model", "A module imports only the rows below"),
        ("source/planted", "import syncer.prepare", "A module imports only the rows below"),
        ("model/planted", "import urllib3", "A plan is computed without files"),
        ("emulator/planted", "import syncer.prepare", "The emulator shares no code"),
    ],
)
def test_a_wrong_import_is_found(tmp_path: Path, module: str, line: str, broken: str) -> None:
    """One import against the layers, direct or through another module, breaks the contract that forbids it."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "syncer", tmp_path / "syncer", ignore=shutil.ignore_patterns("__pycache__"))
    if module == "model/planted":  # reaches the plan through a module that the plan may import
        with (tmp_path / "syncer/plan/__init__.py").open("a", encoding="utf-8") as plan:
            plan.write("\nimport syncer.model.planted\n")
    with (tmp_path / f"syncer/{module}.py").open("a", encoding="utf-8") as planted:
        planted.write(f"\n{line}\n")

    status, output = lint_imports(tmp_path)

    assert status == 1, output
    assert re.search(rf"^{broken}.* BROKEN$", output, re.MULTILINE), output
