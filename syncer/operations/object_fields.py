"""What is known of the objects' fields: from the platform where it can be asked, else from the committed snapshots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from syncer.errors import ApiError
from syncer.model.objects import FieldSchema
from syncer.operations.connect import has_credentials, open_api
from syncer.operations.snapshots import read_snapshots
from syncer.spec.load import Project

Origin = Literal["", "platform", "snapshot"]


@dataclass(frozen=True, slots=True)
class KnownFields:
    """An object's fields and who told them, "" where nobody did."""

    fields: Mapping[str, FieldSchema]
    origin: Origin


NOTHING = KnownFields({}, "")


def known_fields(project: Project, environ: Mapping[str, str], objects: Iterable[str]) -> dict[str, KnownFields]:
    """Return the fields of those objects that are known. Raises InvalidInput for a snapshot that cannot be read."""
    wanted = sorted(set(objects))
    known = _from_platform(project, environ, wanted)
    return {**_from_snapshots(project.root, (name for name in wanted if name not in known)), **known}


def _from_snapshots(root: Path, names: Iterable[str]) -> dict[str, KnownFields]:
    kept = read_snapshots(root, names)
    return {name: KnownFields(schema.fields, "snapshot") for name, schema in kept.items() if schema.fields}


def _from_platform(project: Project, environ: Mapping[str, str], names: Iterable[str]) -> dict[str, KnownFields]:
    if not names or not has_credentials(project.root, environ):
        return {}
    known: dict[str, KnownFields] = {}
    with open_api(project.root, project.settings, environ) as api:
        for name in names:
            try:
                fields = api.get_object(name).schema.fields
            except ApiError:
                continue
            if fields:
                known[name] = KnownFields(fields, "platform")
    return known
