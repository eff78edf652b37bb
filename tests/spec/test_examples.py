"""The examples under specs/: valid, complete, and true to what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from syncer.model.templates import date_as_glob
from syncer.spec.document import read_document
from syncer.spec.load import load_project, spec_files, validate_documents
from syncer.spec.schema import load_schema

ROOT = Path(__file__).parents[2]


def test_the_examples_are_valid() -> None:
    """Every example passes the schema, the models and the rules, without a warning."""
    assert validate_documents(ROOT, environ={}) == []
    project = load_project(ROOT, environ={})
    assert 5 <= len(project.specs) <= 8
    assert project.warnings == ()


def test_the_smallest_example_is_the_smallest_spec() -> None:
    """One example holds nothing but what every spec needs."""
    document = read_document(ROOT / "specs" / "suppressions.yaml", "")
    assert sorted(document.value) == ["mapping", "source", "target", "version"]


def test_every_key_is_shown() -> None:
    """Each key that a spec may have stands in one of the examples, and nearly all in the richest."""
    used = {file.stem: set(_keys(read_document(file, path).value)) for file, path in spec_files(ROOT)}
    schema = load_schema()
    known = {(key,) for key in schema["properties"]} | {
        (section, key)
        for section, definition in schema["properties"].items()
        for branch in (definition, *definition.get("anyOf", ()))
        if "$ref" in branch
        for key in schema["$defs"][branch["$ref"].rpartition("/")[2]]["properties"]
    }
    assert known - used["crm-profiles"] == {("list", "add_to")}
    assert ("list", "add_to") in used["spring-event"]


def _keys(document: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        *((key,) for key in document),
        *((section, key) for section, below in document.items() if isinstance(below, dict) for key in below),
    ]


def test_local_examples_have_their_data() -> None:
    """What an example that is not suspended reads is in the repository."""
    for loaded in load_project(ROOT, environ={}).specs:
        if loaded.spec.suspend:
            continue
        for uri in loaded.spec.source.uris:
            assert list(ROOT.glob(date_as_glob(uri))), uri


def test_the_data_is_of_nobody() -> None:
    """Addresses in the examples are of example.com, and nothing is large."""
    for file in (ROOT / "specs" / "data").rglob("*"):
        if file.suffix == ".csv":
            for line in file.read_text(encoding="utf-8").splitlines():
                assert "@" not in line or "@example.com" in line or line.startswith("mila@,")
        assert file.is_dir() or file.stat().st_size < 50_000
