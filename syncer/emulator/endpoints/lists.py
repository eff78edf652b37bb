"""Lists and their members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncer.emulator.clock import rfc3339
from syncer.emulator.envelope import invalid
from syncer.emulator.models import (
    ListAnswer,
    ListCreate,
    ListPage,
    ListPatch,
    Member,
    MemberPage,
    MembersAnswer,
    MembersRequest,
    Page,
)

if TYPE_CHECKING:
    from syncer.emulator.lists import StaticList
    from syncer.emulator.routing import Call


def create(call: Call) -> ListAnswer:
    request: ListCreate = call.body
    _check_name_is_free(call, request.name)
    return _answer(call.world.lists.get(call.world.lists.create(request.name, request.description)))


def list_all(call: Call) -> ListPage:
    query: Page = call.query
    items, total = call.world.lists.page(query.page, query.page_size)
    return ListPage(items=[_answer(each) for each in items], page=query.page, page_size=query.page_size, total=total)


def get(call: Call) -> ListAnswer:
    return _answer(_list(call))


def change(call: Call) -> ListAnswer:
    kept = _list(call)
    request: ListPatch = call.body
    name = request.name if "name" in request.model_fields_set else kept.name
    description = request.description if "description" in request.model_fields_set else kept.description
    if name != kept.name:
        _check_name_is_free(call, name)
    call.world.lists.rename(kept.id, name, description)
    return _answer(_list(call))


def delete(call: Call) -> ListAnswer:
    gone = _list(call)
    call.world.lists.delete(gone.id)
    return _answer(gone).model_copy(update={"status": "deleted"})


def members(call: Call) -> MemberPage:
    query: Page = call.query
    found, total = call.world.lists.members(_list(call).id, query.page, query.page_size)
    items = [Member(contact_key=key, added_at=rfc3339(added)) for key, added in found]
    return MemberPage(items=items, page=query.page, page_size=query.page_size, total=total)


def upsert_members(call: Call) -> MembersAnswer:
    target = _list(call)
    keys = _keys(call.body)
    added = call.world.lists.add(target.id, keys)
    return _members_answer(call, requested=len(keys), added=added, removed=0)


def remove_members(call: Call) -> MembersAnswer:
    target = _list(call)
    keys = _keys(call.body)
    removed = call.world.lists.remove(target.id, keys)
    return _members_answer(call, requested=len(keys), added=0, removed=removed)


def _keys(request: MembersRequest) -> list[str]:
    if request.normalization_mode is None:
        return request.contact_keys
    keys = [key.strip().lower() for key in request.contact_keys]
    if not all(keys):
        raise invalid("a contact key is empty once it is trimmed", path="contactKeys")
    return keys


def _members_answer(call: Call, *, requested: int, added: int, removed: int) -> MembersAnswer:
    kept = _list(call)
    return MembersAnswer(
        list_id=kept.id, requested=requested, added=added, removed=removed, member_count=kept.member_count
    )


def _list(call: Call) -> StaticList:
    return call.world.lists.get(call.path["listId"])


def _check_name_is_free(call: Call, name: str) -> None:
    if call.world.lists.named(name) is not None:
        raise invalid("a list of that name exists", path="name", value=name)


def _answer(each: StaticList) -> ListAnswer:
    return ListAnswer(
        id=each.id,
        name=each.name,
        description=each.description,
        member_count=each.member_count,
        created_at=rfc3339(each.created_at),
    )
