"""Metadata: which objects there are, and what fields they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from syncer.emulator.envelope import not_found
from syncer.emulator.models import FieldMetadata, Ingestion, ObjectDetail, ObjectPage, ObjectSummary

if TYPE_CHECKING:
    from syncer.emulator.catalogue import ObjectDefinition
    from syncer.emulator.routing import Call


def list_objects(call: Call) -> ObjectPage:
    items = [ObjectSummary(**_summary(name, each)) for name, each in call.world.catalogue.items()]
    return ObjectPage(items=items)


def get_object(call: Call) -> ObjectDetail:
    name = call.path["objectName"]
    definition = call.world.catalogue.get(name)
    if definition is None:
        raise not_found("object", name)
    fields = [
        FieldMetadata(
            name=field,
            type=each.type,
            required=each.required,
            nullable=not each.required,
            enum_values=list(each.values) or None,
        )
        for field, each in definition.fields.items()
    ]
    return ObjectDetail(**_summary(name, definition), description=definition.description, fields=fields)


def _summary(name: str, definition: ObjectDefinition) -> dict[str, Any]:
    title = definition.display_name or name
    object_type = definition.type or ("event" if definition.mode == "append" else "profile")
    return {
        "object_name": name,
        "display_name": title,
        "plural_display_name": definition.plural_display_name or title,
        "object_type": object_type,
        "active_version": 1,
        "primary_profile_root": object_type == "profile",
        "match_key": definition.match_key,
        "ingestion": Ingestion(
            single=definition.single,
            json_batch=definition.json_batch,
            file_import=definition.file_import,
            default_write_mode=definition.mode,
        ),
    }
