"""The committed snapshots of the objects' schemas: `schemas/<object>.json`, written by `syncer schema pull`.

A snapshot tells what a run without credentials cannot ask for. It has no time in it and its order is fixed, so that it
changes only when the object does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import quote, unquote

from pydantic import Field, ValidationError

from syncer.errors import InvalidInput, Problem, SyncerError
from syncer.model.objects import FieldSchema, ObjectSchema, WriteMode
from syncer.model.strict import Strict, Text

FOLDER: Final = "schemas"
VERSION: Final = 1
PULL: Final = "syncer schema pull"


class _SnapshotField(Strict):
    type: Text
    required: bool = False
    nullable: bool = True
    enum: Annotated[tuple[str, ...], Field(strict=False)] = ()


class _Snapshot(Strict):
    v: Literal[1]
    object: Text
    write_mode: WriteMode | None = None
    file_import: bool | None = None
    match_key: Text | None = None
    fields: dict[Text, _SnapshotField]


def path_of(name: str) -> str:
    """Return where an object's snapshot is, relative to the project. Any name gives one file in the folder."""
    return f"{FOLDER}/{quote(name, safe='')}.json"


def names_of(root: Path) -> tuple[str, ...]:
    """Return the objects that have a snapshot, sorted."""
    return tuple(sorted(unquote(path.stem) for path in (root / FOLDER).glob("*.json")))


def read_snapshot(root: Path, name: str) -> ObjectSchema | None:
    """Return what the snapshot says of the object, None where there is none. Raises InvalidInput for a broken one."""
    path = path_of(name)
    try:
        text = (root / path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _broken(path, "cannot be read") from error
    try:
        kept = _Snapshot.model_validate_json(text)
    except ValidationError as error:
        raise _broken(path, _reason(text)) from error
    fields = {
        key: FieldSchema(type=field.type, required=field.required, nullable=field.nullable, enum=field.enum)
        for key, field in kept.fields.items()
    }
    return ObjectSchema(
        name=kept.object,
        write_mode=kept.write_mode,
        file_import=kept.file_import,
        match_key=kept.match_key,
        fields=fields,
    )


def read_snapshots(root: Path, names: Iterable[str]) -> Mapping[str, ObjectSchema]:
    """Return those of the named objects that have a snapshot. Raises InvalidInput for a broken one."""
    found = {name: read_snapshot(root, name) for name in sorted(set(names))}
    return {name: schema for name, schema in found.items() if schema is not None}


def write_snapshot(root: Path, name: str, schema: ObjectSchema) -> None:
    """Write the snapshot anew. Raises SyncerError when it cannot be written."""
    path = root / path_of(name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(snapshot_text(name, schema), encoding="utf-8", newline="\n")
    except OSError as error:
        raise SyncerError(
            f"the snapshot of {name} cannot be written: {error.strerror or error}", where=path_of(name)
        ) from error


def snapshot_text(name: str, schema: ObjectSchema) -> str:
    fields = {
        key: {
            "type": field.type,
            "required": field.required,
            "nullable": field.nullable,
            **({"enum": list(field.enum)} if field.enum else {}),
        }
        for key, field in sorted(schema.fields.items())
    }
    document = {
        "v": VERSION,
        "object": name,
        "write_mode": schema.write_mode,
        "file_import": schema.file_import,
        "match_key": schema.match_key,
        "fields": fields,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _reason(text: str) -> str:
    """Say what is wrong: another version, or no snapshot at all, such as one with conflict markers."""
    try:
        version = json.loads(text).get("v")
    except (ValueError, AttributeError):
        return "is not a snapshot of an object"
    if isinstance(version, int) and version > VERSION:
        return f"is of version {version}; this syncer reads version {VERSION}"
    return "is not a snapshot of an object"


def _broken(path: str, what: str) -> InvalidInput:
    return InvalidInput([Problem(path, 1, 1, what, hint=f"write it anew: {PULL}")])
