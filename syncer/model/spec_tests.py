"""Tests of a spec: rows of a made-up source file, and what must become of them. They send nothing and shape nothing."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, JsonValue

from syncer.model.strict import WHOLE, Strict, Text, Texts
from syncer.values import Day

Row = dict[Text, JsonValue]
Count = Annotated[int, Field(ge=0), WHOLE]


class RejectedRow(Strict):
    """One row that the API must be expected to reject."""

    row: Annotated[int, Field(ge=1), WHOLE] = Field(description="The row's number in the source file, from 1")
    field: Text | None = Field(None, description="The destination field that is at fault, or its source column")
    error: Text | None = Field(None, description="What the reason must contain, such as invalid email format")


class Expectation(Strict):
    """What must come out. What is not named here is not looked at."""

    rows: Annotated[tuple[Row, ...], Field(strict=False)] | None = Field(
        None,
        description="The rows that are sent, in order: each mapped field and value; batch and constants if named",
    )
    rejected: Count | Annotated[tuple[RejectedRow, ...], Field(strict=False)] | None = Field(
        None, description="Rows that the API will reject: how many, or which and why"
    )
    suppressed: Count | None = Field(None, description="How many rows stay here because their match key is listed")
    quarantined: Count | None = Field(None, description="How many rows on_invalid: quarantine holds back")
    refused: Text | None = Field(None, description="The file is refused, and the error contains this")


class ObjectField(Strict):
    """What the object asks of one destination field. The short form `field: email` means `{type: email}`."""

    type: Text = Field(description="The field's type as the platform calls it, such as email or integer")
    required: bool = Field(default=False, description="Whether a null is rejected")
    enum: Texts = Field((), description="The accepted values; any, when there are none")


def _expand_short_form(value: object) -> object:
    return {"type": value} if isinstance(value, str) else value


class SpecTest(Strict):
    """One made-up source file and what must become of it."""

    name: Text = Field(description="What is tested, in words")
    rows: Annotated[tuple[Row, ...], Field(strict=False)] | None = Field(
        None, description="The source file's rows: column to value. CSV holds text, so numbers are quoted there"
    )
    file: Text | None = Field(None, description="The source file instead of rows; its path is relative to this file")
    expect: Expectation = Field(description="What must come out")
    fields: dict[
        Text, Annotated[ObjectField, BeforeValidator(_expand_short_form, json_schema_input_type=Text | ObjectField)]
    ] = Field({}, description="The object's fields as rows are judged by them; others have the type that is mapped")
    suppress: Texts = Field((), description="Match keys that the suppress list has in this test, in plain text")
    mask_key: Text = Field("test", description="Stands for SYNCER_MASK_KEY, which a test never sees")
    date: Day | None = Field(None, description="What {date} is in templates. Default: 2000-01-01")


class FileOfTests(Strict):
    """What a file of tests beside a spec holds."""

    tests: Annotated[tuple[SpecTest, ...], Field(strict=False)] = Field(
        description="Made-up source files and what must become of them; `syncer test` runs them"
    )
