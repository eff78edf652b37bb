"""The JSON Schema: current, a schema of its draft, and of one mind with the models."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from pydantic import ValidationError

from syncer.model.spec import Spec
from syncer.spec.document import read_document
from syncer.spec.explain import schema_faults
from syncer.spec.load import spec_files
from syncer.spec.schema import (
    SCHEMA_FILE,
    TESTS_SCHEMA_FILE,
    dumps,
    generate,
    generate_tests,
    load_schema,
    schema_text,
    schema_text_of_tests,
)

ROOT = Path(__file__).parents[2]
SCAFFOLD = ROOT / "syncer" / "scaffold" / "root"
EXAMPLES = [read_document(file, path).value for file, path in spec_files(ROOT)]
STOCK = Draft202012Validator(load_schema(), format_checker=FormatChecker(formats=["date"]))

REPLACEMENTS: list[Any] = [
    *(None, True, False, 0, 1, -1, 3, 3.0, 1.5, 10**30, 101),
    *("", "x", "a b", "csv", "import", "10m", "0s", "99999999999w", "5GB", "5 GB", "0GB", "0.5%", "101%", "2026-11-01"),
    *("2026-02-30", "yes", "send", "datetime", "UTC", "é" * 300),
    *([], ["x"], ["x", "y"], [""], [1], {}, {"create": "x"}, {"to": "x"}, {"name": "x"}, {"field": "x"}, {"x": 1}),
    *({"until": "2026-12-01"}, {"attempts": 2.0}, {"uri": []}, {"": "x"}, {"": {"to": "x"}}),
]
KEYS = [
    "name",
    "to",
    "type",
    "uri",
    "create",
    "add_to",
    "list",
    "list_options",
    "version",
    "csv",
    "unknown",
    "",
    "timezone",
]


def accepted_by_models(document: object) -> bool:
    try:
        Spec.model_validate(document, by_alias=True, by_name=False)
    except ValidationError:
        return False
    return True


def paths(value: object, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(path for key, item in below for path in paths(item, (*here, key)))]


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """Draw an example in which one to three places were replaced, removed or added."""
    document = copy.deepcopy(draw(st.sampled_from(EXAMPLES)))
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from([path for path in paths(document) if path]))
        holder = document
        for step in way:
            holder = holder[step]
        change = draw(st.sampled_from(("replace", "remove", "add")))
        if change == "remove":
            del holder[last]
        elif change == "replace" or not isinstance(holder, dict):
            holder[last] = copy.deepcopy(draw(st.sampled_from(REPLACEMENTS)))
        else:
            holder[draw(st.sampled_from(KEYS))] = copy.deepcopy(draw(st.sampled_from(REPLACEMENTS)))
        if not [path for path in paths(document) if path]:
            return document
    return document


def test_the_shipped_schema_is_current() -> None:
    """The committed files are what the models generate; `python -m syncer.spec.schema` writes them."""
    assert schema_text() == dumps(generate())
    assert schema_text_of_tests() == dumps(generate_tests())


def test_the_schema_is_valid_itself() -> None:
    """The file is a schema of draft 2020-12 whose every key says what it is for, with its default."""
    schema = load_schema()
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["version", "source", "target", "mapping"]
    assert schema["properties"]["retry"]["default"] == {"attempts": 3}
    assert "list" in schema["properties"]
    assert all("description" in key or "$ref" in key for key in schema["properties"].values())


def test_the_schema_is_found_by_the_examples() -> None:
    """Each example's first line leads an editor to the schema."""
    for file, _ in spec_files(ROOT):
        first = file.read_text(encoding="utf-8").splitlines()[0]
        assert first.startswith("# yaml-language-server: $schema=")
        assert (file.parent / first.partition("=")[2]).resolve() == SCHEMA_FILE.resolve()


def test_files_of_tests_have_a_schema_of_their_own() -> None:
    """Their first line leads to it; it takes what ships, and no key that the loader refuses."""
    schema = json.loads(schema_text_of_tests())
    Draft202012Validator.check_schema(schema)
    judge = Draft202012Validator(schema, format_checker=FormatChecker(formats=["date"]))
    shipped = {
        ROOT / "specs" / "newsletter-signups.tests.yaml": TESTS_SCHEMA_FILE,
        SCAFFOLD / "specs" / "example.tests.yaml": SCAFFOLD / "specs" / ".tests.schema.json",
    }
    for file, named in shipped.items():
        first = file.read_text(encoding="utf-8").splitlines()[0]
        assert first.startswith("# yaml-language-server: $schema=")
        assert (file.parent / first.partition("=")[2]).resolve() == named.resolve()
        document = read_document(file, file.name).value
        assert judge.is_valid(document)
        (test, *_) = document["tests"]
        assert not judge.is_valid({"tests": [{**test, "expects": {}}]})
        assert not judge.is_valid({**document, "version": 1})
    assert not judge.is_valid({})


@settings(max_examples=200)
@given(mutated())
def test_schema_and_models_agree(document: object) -> None:
    """What the models accept the schema accepts, and nothing else."""
    accepted = accepted_by_models(document)
    assert (not schema_faults(document)) == accepted
    assert STOCK.is_valid(document) == accepted


@pytest.mark.parametrize("text", ["10m\n", "\n10m", "10m ", "\u0661\u0660m"])
def test_patterns_hold_for_the_whole_text(text: str) -> None:
    """A line break after a duration is refused by both, although `$` in Python would let it pass."""
    document = {**EXAMPLES[-1], "expect_every": text}
    assert schema_faults(document)
    assert not accepted_by_models(document)


@settings(max_examples=60)
@given(mutated())
def test_every_refusal_is_explained(document: object) -> None:
    """No document makes the explanation raise, and its words are not the libraries' own."""
    for fault in schema_faults(document):
        assert "Input should" not in fault.message
        assert "is not valid under any of the given schemas" not in fault.message
        json.dumps(fault.keys)
