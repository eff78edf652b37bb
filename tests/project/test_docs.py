"""What the documents point at is there: code and tests that an argument rests on, files and headings of links."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ARGUMENT = ROOT / "docs" / "exactly-once.md"
CITATION = re.compile(r"`([\w/.-]+\.py)(?:: ([\w.]+))?`")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
USES = re.compile(r"\buses: *(\S+)(?: +#(.*))?")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def citations() -> list[tuple[str, str]]:
    """Every `path.py` and `path.py: name` of the argument; a line break may stand within."""
    text = re.sub(r"\s+", " ", ARGUMENT.read_text("utf-8"))
    return sorted(set(CITATION.findall(text)))


def source_of(path: str) -> Path:
    """Tests are cited from the root, code from `syncer/`."""
    return ROOT / path if path.startswith("tests/") else ROOT / "syncer" / path


@cache
def names_in(path: Path) -> frozenset[str]:
    """Return all that a module defines at its top and in its classes, as `name` and `Class.name`."""
    found: set[str] = set()

    def visit(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                found.add(prefix + node.name)
            if isinstance(node, ast.ClassDef):
                visit(node.body, f"{prefix}{node.name}.")
            targets = list(node.targets) if isinstance(node, ast.Assign) else []
            if isinstance(node, ast.AnnAssign):
                targets.append(node.target)
            for target in targets:
                found.update(prefix + each.id for each in ast.walk(target) if isinstance(each, ast.Name))

    visit(ast.parse(path.read_text("utf-8")).body, "")
    return frozenset(found)


def documents() -> list[Path]:
    """Every Markdown file that people read; what tests hold outputs against is none."""
    places = (ROOT.glob("*.md"), (ROOT / "docs").rglob("*.md"), (ROOT / "specs").rglob("*.md"))
    return sorted(path for found in places for path in found)


def anchors(path: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    text = FENCE.sub("", path.read_text("utf-8"))
    headings = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(("path", "name"), citations())
def test_what_the_argument_rests_on_exists(path: str, name: str) -> None:
    """A function, a class or a test that docs/exactly-once.md names is where it says."""
    source = source_of(path)
    assert source.is_file()
    assert name == "" or name in names_in(source)


def test_the_argument_rests_on_code_and_on_tests() -> None:
    """The citations are found at all: a changed notation must not make the test above an empty one."""
    paths = [path for path, _ in citations()]
    assert sum(path.startswith("tests/") for path in paths) >= 20
    assert sum(not path.startswith("tests/") for path in paths) >= 30


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.name)
def test_links_within_the_repository_lead_somewhere(document: Path) -> None:
    """A link to a file or a heading finds it."""
    lost = []
    for link in LINK.findall(FENCE.sub("", document.read_text("utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []


def test_actions_in_documents_are_pinned() -> None:
    """What people copy names each foreign action by a full commit, and its release beside it."""
    used = [found for document in documents() for found in USES.findall(document.read_text("utf-8"))]
    foreign = [(action, release) for action, release in used if not action.startswith(("acme/", "./"))]

    assert len(foreign) >= 3
    wrong = [
        action
        for action, release in foreign
        if not re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", action) or not re.fullmatch(r" v\d+(\.\d+)*", release)
    ]
    assert wrong == []
