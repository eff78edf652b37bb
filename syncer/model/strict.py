"""What the models of spec documents have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], Field(strict=False)]


def _as_whole_number(value: object) -> object:
    """Agree with JSON Schema, to which 3.0 is an integer and `true` is not 1."""
    if isinstance(value, bool):
        raise ValueError("expected a whole number")  # noqa: TRY004 - pydantic turns only ValueError into a problem of the field
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_as_whole_number)


class Strict(BaseModel):
    """Unknown keys are errors, nothing is coerced, and a loaded value never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True, defer_build=True)
