"""The JSON Schema of a spec (draft 2020-12), generated from the models and shipped as `schema.json`.

`python -m syncer.spec.schema` writes the file again after a change of the models; a test proves that it is current.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

SCHEMA_FILE: Final = Path(__file__).with_name("schema.json")


def generate() -> dict[str, Any]:
    """Build the schema from the models."""
    from pydantic.json_schema import GenerateJsonSchema

    from syncer.model.spec import Spec

    class WithoutTitles(GenerateJsonSchema):
        """A title that repeats the key ("Max Invalid") only hides the description in an editor."""

        def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - pydantic's hook
            return False

    body = Spec.model_json_schema(by_alias=True, mode="validation", schema_generator=WithoutTitles)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:syncer:spec:1",
        **body,
        "title": "syncer spec",
    }


def dumps(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def schema_text() -> str:
    """Return the shipped schema as it stands in the file."""
    return SCHEMA_FILE.read_text(encoding="utf-8")


@cache
def load_schema() -> dict[str, Any]:
    """Return the shipped schema, parsed."""
    schema: dict[str, Any] = json.loads(schema_text())
    return schema


if __name__ == "__main__":
    SCHEMA_FILE.write_text(dumps(generate()), encoding="utf-8", newline="\n")
