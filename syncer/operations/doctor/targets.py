"""Whether the objects and lists that the specs write into exist, and are what the specs take them for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from syncer.errors import ApiError, NotFound, Problem
from syncer.model.spec import ListByName
from syncer.operations.doctor.check import BAD_SPEC, Check, failed_by
from syncer.operations.doctor.visit import LATER, Visit, lacks_scope
from syncer.spec.fault import Fault
from syncer.spec.load import LoadedSpec
from syncer.spec.online import check_against

if TYPE_CHECKING:
    from syncer.api.models import ObjectInfo

_WRITES = {
    "upsert": "takes file imports and merges rows",
    "append": "takes file imports and only appends: rows that are imported twice are there twice",
}


def check_objects(
    visit: Visit, specs: Sequence[LoadedSpec], objects: tuple[ObjectInfo, ...] | ApiError
) -> Iterator[Check]:
    """Hold each spec against its object, as `syncer validate --online` does.

    `objects` is what listing them was answered.
    """
    by_object: dict[str, list[LoadedSpec]] = {}
    for loaded in specs:
        by_object.setdefault(loaded.spec.target.object, []).append(loaded)
    known = () if isinstance(objects, ApiError) else tuple(each.name for each in objects)
    for name, users in by_object.items():
        yield _object(visit, name, users, known)


def _object(visit: Visit, name: str, users: Sequence[LoadedSpec], known: Sequence[str]) -> Check:
    subject = f"object {name}"
    told = visit.ask(lambda: visit.api.get_object(name))
    if lacks_scope(told):
        return Check(area="api", subject=subject, status="skipped", what="the token may not read the objects")
    if isinstance(told, ApiError) and not isinstance(told, NotFound):
        return failed_by("api", subject, told, otherwise=LATER)
    schema = None if isinstance(told, ApiError) else told.schema
    problems = [problem for loaded in users for problem in check_against(loaded, schema, known).errors]
    if problems:
        what = "does not exist" if schema is None else "is not what the specs take it for"
        return _wrong(subject, what, problems, "mend the specs, or check api.base_url and the token's workspace")
    mode = schema.write_mode if schema is not None else None
    if mode is None:
        return Check(
            area="api",
            subject=subject,
            status="warning",
            what="the API does not tell whether it appends or merges",
            why="a changed file of an object that appends is refused only where that is known",
            next_step="ask the vendor, and write source.on_change in the spec",
        )
    return Check(area="api", subject=subject, status="ok", what=_WRITES[mode])


def check_lists(visit: Visit, specs: Sequence[LoadedSpec]) -> Iterator[Check]:
    """Look for every list that a spec adds to."""
    users: dict[str | ListByName, list[LoadedSpec]] = {}
    for loaded in specs:
        options = loaded.spec.list_options
        if options is not None and options.add_to is not None:
            users.setdefault(options.add_to, []).append(loaded)
    for wanted, loaded_specs in users.items():
        yield _list(visit, wanted, loaded_specs)


def _list(visit: Visit, wanted: str | ListByName, users: Sequence[LoadedSpec]) -> Check:
    by_name = isinstance(wanted, ListByName)
    subject = f"list {wanted.name!r}" if isinstance(wanted, ListByName) else f"list {wanted}"
    api = visit.api
    found = visit.ask(lambda: api.find_list(wanted.name) if isinstance(wanted, ListByName) else api.get_list(wanted))
    if lacks_scope(found):
        return Check(area="api", subject=subject, status="skipped", what="the token may not read the lists")
    if found is None or isinstance(found, NotFound):
        message = f"there is no {subject}" if by_name else f"there is no list of the id {wanted}"
        fault = Fault(("list", "add_to"), message, "create it in the vendor's console, or with `list: {create: …}`")
        return _wrong(subject, "does not exist", [loaded.problem(fault) for loaded in users], "name a list that exists")
    if isinstance(found, ApiError):
        return failed_by("api", subject, found, otherwise=LATER)
    return Check(area="api", subject=subject, status="ok", what=f"exists ({found.list_id})")


def _wrong(subject: str, what: str, problems: Sequence[Problem], next_step: str) -> Check:
    return Check(
        area="api",
        subject=subject,
        status="failed",
        what=what,
        next_step=next_step,
        problems=tuple(problems),
        exit_code=BAD_SPEC,
    )
