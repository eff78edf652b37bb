"""The committed pins: complete, hashed, of one mind, and free of any registry's address."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
BOTH = pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])


def entries(name: str) -> list[str]:
    """Each pin with its hashes, as one line without comments."""
    text = (ROOT / name).read_text("utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def pins(name: str) -> dict[str, str]:
    """The pinned version of each distribution."""
    found: dict[str, str] = {}
    for entry in entries(name):
        requirement = Requirement(entry.partition(" --hash")[0])
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", entry
        found[canonicalize_name(requirement.name)] = specifier.version
    return found


def declared(*groups: str) -> list[Requirement]:
    """What pyproject.toml asks for: the package's dependencies and those of the groups."""
    texts = [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"]]
    for group in groups:
        texts += [text for text in PROJECT["dependency-groups"][group] if isinstance(text, str)]
    return [Requirement(text) for text in texts]


@BOTH
def test_every_pin_has_hashes_and_no_address(name: str) -> None:
    """A file is installed only if its hash is known, from whichever registry it is told to use."""
    text = (ROOT / name).read_text("utf-8")

    assert "://" not in text
    assert not re.search(r"^\s*(-i|--(extra-)?index-url|--find-links|-f)\b", text, re.MULTILINE)
    assert all("--hash=sha256:" in entry for entry in entries(name))


@pytest.mark.parametrize(
    ("name", "groups"), [("requirements.txt", ["build"]), ("requirements-dev.txt", ["build", "dev"])]
)
def test_pins_satisfy_what_is_declared(name: str, groups: list[str]) -> None:
    """Every declared dependency is pinned at a version that its range allows: the pins were renewed with the ranges."""
    pinned = pins(name)

    wrong = [
        str(requirement)
        for requirement in declared(*groups)
        if not requirement.specifier.contains(pinned.get(canonicalize_name(requirement.name), "0"))
    ]
    assert wrong == []


def test_both_files_agree() -> None:
    """The tests run on the very versions that a user's environment gets."""
    user, developer = pins("requirements.txt"), pins("requirements-dev.txt")

    assert user.items() <= developer.items()


def imported_packages(folder: Path) -> Iterator[str]:
    """The top-level name of every absolute import, inside functions too."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0]


@pytest.mark.parametrize(("folder", "groups"), [("syncer", []), ("tests", ["dev"])])
def test_every_import_is_declared(folder: str, groups: list[str]) -> None:
    """Nothing is imported that is there only because something else happens to need it."""
    own = {"syncer", "tests", "_typeshed"}  # _typeshed is the type checker's own
    allowed = {canonicalize_name(requirement.name) for requirement in declared(*groups)}
    allowed.add(canonicalize_name("pydantic-core"))  # pydantic's other half, at the one version that pydantic asks for
    distributions = packages_distributions()

    undeclared = {
        name
        for name in set(imported_packages(ROOT / folder)) - own - set(sys.stdlib_module_names)
        if not allowed & {canonicalize_name(found) for found in distributions.get(name, [])}
    }
    assert undeclared == set()
