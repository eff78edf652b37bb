"""Records batches: up to 10,000 rows in one request, each with its own outcome.

A key that a record leaves out is not touched; an explicit null overwrites.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from syncer.emulator.envelope import REQUEST_SCHEMA, RefusalError, invalid, not_found
from syncer.emulator.identifiers import new_id
from syncer.emulator.models import RecordOutcome, RecordsAnswer, RecordsRequest
from syncer.emulator.object_tables import Stage
from syncer.emulator.rules import REQUIRED_MISSING, RejectedValueError, native_rule
from syncer.emulator.store import quoted

if TYPE_CHECKING:
    from syncer.emulator.catalogue import ObjectDefinition
    from syncer.emulator.routing import Call

_Record = dict[str, str | None]


def upsert_batch(call: Call) -> RecordsAnswer:
    return _write(call, "upsert")


def append_batch(call: Call) -> RecordsAnswer:
    return _write(call, "append")


def _write(call: Call, mode: str) -> RecordsAnswer:
    name = call.path["objectName"]
    definition = _target(call, name, mode)
    request: RecordsRequest = call.body
    _check_fields(name, definition, request)
    accepted: dict[int, _Record] = {}
    errors: dict[int, str] = {}
    for index, record in enumerate(request.records):
        try:
            accepted[index] = _accept(definition, record)
        except RejectedValueError as error:
            errors[index] = error.args[0]
    fresh = _merge(call, name, definition, accepted)
    results = [_outcome(index, errors, fresh) for index in range(len(request.records))]
    return RecordsAnswer(
        object_name=name,
        received=len(results),
        inserted=len(fresh),
        updated=len(accepted) - len(fresh),
        rejected=len(errors),
        results=results,
    )


def _target(call: Call, name: str, mode: str) -> ObjectDefinition:
    definition = call.world.catalogue.get(name)
    if definition is None:
        raise not_found("object", name)
    if not definition.json_batch or definition.mode != mode:
        raise invalid(f"{name} takes no {mode} batches", path="objectName", value=name)
    request: RecordsRequest = call.body
    if request.match_key is not None and request.match_key != definition.match_key:
        raise invalid(f"the match key of {name} is {definition.match_key}", path="matchKey", value=request.match_key)
    return definition


def _check_fields(name: str, definition: ObjectDefinition, request: RecordsRequest) -> None:
    for index, record in enumerate(request.records):
        for field in record:
            if field not in definition.fields:
                details = {"path": f"records.{index}", "value": field}
                raise RefusalError(422, REQUEST_SCHEMA, f"{name} has no field {field!r}", details=details)


def _accept(definition: ObjectDefinition, record: dict[str, Any]) -> _Record:
    accepted: _Record = {}
    for name, field in definition.fields.items():
        value = record.get(name)
        if value is None:
            if field.required:
                raise RejectedValueError(f"{name}: {REQUIRED_MISSING}")
            if name in record:
                accepted[name] = None
            continue
        try:
            accepted[name] = native_rule(field)(value)
        except RejectedValueError as error:
            raise RejectedValueError(f"{name}: {error.args[0]}") from None
    return accepted


def _merge(call: Call, name: str, definition: ObjectDefinition, accepted: dict[int, _Record]) -> set[int]:
    """Write the accepted records, inside the request's transaction; give the indexes of those that were new."""
    batch_id = new_id("bat", call.world.clock.timestamp())
    if definition.match_key is None:
        _load(call, name, definition, accepted, batch_id)
        return set(accepted)
    key = definition.match_key
    known = _known_keys(call, name, key, [str(record[key]) for record in accepted.values()])
    fresh: set[int] = set()
    latest: dict[str | None, tuple[int, _Record]] = {}
    for index, record in accepted.items():
        identity = record[key]
        if identity not in known and identity not in latest:
            fresh.add(index)
        earlier = latest[identity][1] if identity in latest else {}
        latest[identity] = (index, earlier | record)
    _load(call, name, definition, dict(latest.values()), batch_id)
    return fresh


def _known_keys(call: Call, table: str, key: str, wanted: list[str]) -> set[str]:
    column = f"{quoted(key)}::VARCHAR"
    sql = f"SELECT {column} FROM {quoted(table)} WHERE {column} IN (SELECT unnest(?::VARCHAR[]))"  # noqa: S608 - quoted
    return {value for (value,) in call.world.store.read(sql, [wanted])}


def _load(call: Call, table: str, definition: ObjectDefinition, records: dict[int, _Record], batch_id: str) -> None:
    """Merge records, those that have the same fields together."""
    groups: dict[tuple[str, ...], dict[int, _Record]] = {}
    for index, record in records.items():
        groups.setdefault(tuple(sorted(record)), {})[index] = record
    with call.world.store.write() as cursor:
        for fields, group in groups.items():
            stage = Stage(cursor, definition, fields)
            stage.load([index + 1 for index in group], [[record[each] for each in fields] for record in group.values()])
            stage.merge(table, batch_id)


def _outcome(index: int, errors: dict[int, str], fresh: set[int]) -> RecordOutcome:
    if index in errors:
        return RecordOutcome(index=index, status="rejected", error=errors[index])
    return RecordOutcome(index=index, status="inserted" if index in fresh else "updated", error=None)
