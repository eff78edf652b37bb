"""The JSON Schemas (draft 2020-12) of a spec and of a file of tests beside one, generated from the models and shipped.

`python -m syncer.spec.schema` writes the files again after a change of the models; a test proves that they are current.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pydantic import BaseModel

SCHEMA_FILE: Final = Path(__file__).with_name("schema.json")
TESTS_SCHEMA_FILE: Final = Path(__file__).with_name("tests.schema.json")


def generate() -> dict[str, Any]:
    """Build the schema of a spec from the models."""
    from syncer.model.spec import Spec

    return _generated(Spec, "urn:syncer:spec:1", "syncer spec")


def generate_tests() -> dict[str, Any]:
    """Build the schema of a file of tests from the models."""
    from syncer.model.spec_tests import FileOfTests

    return _generated(FileOfTests, "urn:syncer:tests:1", "tests of a syncer spec")


def _generated(model: type[BaseModel], name: str, title: str) -> dict[str, Any]:
    from pydantic.json_schema import GenerateJsonSchema

    class WithoutTitles(GenerateJsonSchema):
        """A title that repeats the key ("Max Invalid") only hides the description in an editor."""

        def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - pydantic's hook
            return False

    body = model.model_json_schema(by_alias=True, mode="validation", schema_generator=WithoutTitles)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": name, **body, "title": title}


def dumps(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def schema_text() -> str:
    """Return the shipped schema of a spec as it stands in the file."""
    return SCHEMA_FILE.read_text(encoding="utf-8")


def schema_text_of_tests() -> str:
    """Return the shipped schema of a file of tests as it stands in the file."""
    return TESTS_SCHEMA_FILE.read_text(encoding="utf-8")


@cache
def load_schema() -> dict[str, Any]:
    """Return the shipped schema of a spec, parsed."""
    schema: dict[str, Any] = json.loads(schema_text())
    return schema


if __name__ == "__main__":
    for file, schema in ((SCHEMA_FILE, generate()), (TESTS_SCHEMA_FILE, generate_tests())):
        file.write_text(dumps(schema), encoding="utf-8", newline="\n")
