"""The objects that can be imported into: their fields, write mode and match key.

The built-in ones stand in `objects.yaml` beside this module. A file of the same format, YAML or JSON, adds objects and
replaces those of the same name; with `replace: true` it stands alone::

    replace: false
    objects:
      bookings:                     # letters, digits and underscores, a letter first
        type: event                 # any word; default: event for append, profile for upsert
        mode: append                # append | upsert
        matchKey: booking_id        # upsert only: a required field
        displayName: Booking        # and pluralDisplayName, description; optional
        fileImport: true            # and single, jsonBatch; default true
        fields:
          booking_id: {type: string, required: true}
          tier: {type: enum, values: [a, b]}
          nights: integer           # short for {type: integer}

Field types: string, email, integer, number, boolean, date, datetime, enum.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.alias_generators import to_camel

from syncer.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from pathlib import Path

FieldType = Literal["string", "email", "integer", "number", "boolean", "date", "datetime", "enum"]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,62}$")]

RESERVED_TABLES = frozenset(
    {"meta", "jobs", "lists", "list_members", "audiences", "audience_members", "requests", "idempotency_keys"}
)
"""Names of the emulator's own tables, which share the data file with the objects' tables."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


class FieldDefinition(_Part):
    """One field of an object. A field that is not required may be null."""

    type: FieldType
    required: bool = False
    values: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _values_belong_to_enums(self) -> Self:
        if (self.type == "enum") != bool(self.values):
            raise ValueError("`values` is what an enum needs, and nothing else has")
        if len(set(self.values)) != len(self.values):
            raise ValueError("`values` names one value twice")
        return self


def _expand(value: Any) -> Any:  # noqa: ANN401 - whatever stands in the file
    return {"type": value} if isinstance(value, str) else value


class ObjectDefinition(_Part):
    """One object, as a file declares it."""

    mode: Literal["append", "upsert"]
    type: str = ""
    match_key: str | None = None
    display_name: str = ""
    plural_display_name: str = ""
    description: str = ""
    single: bool = True
    json_batch: bool = True
    file_import: bool = True
    fields: dict[Name, Annotated[FieldDefinition, BeforeValidator(_expand)]] = Field(min_length=1)

    @model_validator(mode="after")
    def _match_key_identifies_rows(self) -> Self:
        if self.mode == "append" and self.match_key is not None:
            raise ValueError("an append object has no `matchKey`")
        if self.mode == "upsert":
            if self.match_key is None:
                raise ValueError("an upsert object needs a `matchKey`")
            if self.match_key not in self.fields or not self.fields[self.match_key].required:
                raise ValueError(f"`matchKey: {self.match_key}` is not a required field of the object")
        lowered = [name.lower() for name in self.fields]
        if len(set(lowered)) != len(lowered):
            raise ValueError("two fields differ in case only")
        return self


class ObjectsFile(_Part):
    """A whole file of objects."""

    replace: bool = False
    objects: dict[Name, ObjectDefinition] = Field(min_length=1)

    @field_validator("objects")
    @classmethod
    def _names_are_free(cls, objects: dict[str, ObjectDefinition]) -> dict[str, ObjectDefinition]:
        lowered = [name.lower() for name in objects]
        if taken := RESERVED_TABLES.intersection(lowered):
            raise ValueError(f"{', '.join(sorted(taken))}: reserved for the emulator's own tables")
        if len(set(lowered)) != len(lowered):
            raise ValueError("two objects differ in case only")
        return objects


Catalogue = dict[str, ObjectDefinition]
"""Objects by name, in the order in which they were declared."""


def load_catalogue(path: Path | None = None) -> Catalogue:
    """The built-in objects, extended or replaced by those of `path`. Raises InvalidInput with every problem of it."""
    built_in = ObjectsFile.model_validate(
        yaml.safe_load(files(__package__).joinpath("objects.yaml").read_text("utf-8"))
    )
    if path is None:
        return dict(built_in.objects)
    own = _read(path)
    return dict(own.objects) if own.replace else {**built_in.objects, **own.objects}


def _read(path: Path) -> ObjectsFile:
    try:
        node = yaml.compose(path.read_text("utf-8"), Loader=yaml.SafeLoader)
        document = yaml.safe_load(path.read_text("utf-8"))
        return ObjectsFile.model_validate(document)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(
            [Problem(str(path), 1, 1, f"cannot be read: {error}")], "the objects file is wrong"
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problem = Problem(str(path), line, column, f"not YAML: {getattr(error, 'problem', None) or error}")
        raise InvalidInput([problem], "the objects file is wrong") from error
    except ValidationError as error:
        problems = [_problem(path, node, each["loc"], each["msg"]) for each in error.errors()]
        raise InvalidInput(problems, "the objects file is wrong") from error


def _problem(path: Path, node: yaml.Node | None, location: tuple[int | str, ...], message: str) -> Problem:
    """One validation error at the deepest key of `location` that the file has."""
    place_node = node
    for step in location:
        found = _child(node, step)
        if found is None:
            break
        place_node, node = found
    mark = place_node.start_mark if place_node is not None else None
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    place = ".".join(str(step) for step in location)
    text = message.removeprefix("Value error, ")
    return Problem(str(path), line, column, f"{place}: {text}" if place else text)


def _child(node: yaml.Node | None, step: int | str) -> tuple[yaml.Node, yaml.Node] | None:
    """Where `step` stands in a node, and what it holds."""
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None
