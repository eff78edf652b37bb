"""What the Metadata API says about an object, as far as a spec can be held against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

WriteMode = Literal["upsert", "append"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSchema:
    """One field. `type` is the API's own word; `enum` holds the accepted values, empty when any will do."""

    type: str
    required: bool = False
    nullable: bool = True
    enum: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSchema:
    """One object. None means that the API did not say."""

    name: str
    write_mode: WriteMode | None = None
    file_import: bool | None = None
    match_key: str | None = None
    fields: Mapping[str, FieldSchema] = field(default_factory=dict)
