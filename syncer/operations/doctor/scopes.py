"""Which scopes the project's specs need, and which of them the token has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from syncer.api import endpoints
from syncer.errors import ApiError, NotFound, RequestRejected
from syncer.model.spec import ListByName, Spec
from syncer.operations.doctor.check import BAD_TOKEN, Check, Status
from syncer.operations.doctor.visit import Visit, lacks_scope
from syncer.spec.load import LoadedSpec

if TYPE_CHECKING:
    from syncer.api.models import ObjectInfo

_NO_JOB: Final = "imp_doctor"
"""A job that does not exist: only who may read jobs is told so."""

Ask = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Need:
    """A scope, what syncer does with it, and whether no run goes on without it."""

    scope: str
    purpose: str
    required: bool = True


def needs(specs: Sequence[Spec]) -> list[Need]:
    """Return what these specs need of the API."""
    found = [
        Need(endpoints.GET_JOB.scope, "to follow import jobs and fetch rejected rows"),
        Need(endpoints.INIT_JOB.scope, "to create and start import jobs"),
        Need(endpoints.LIST_OBJECTS.scope, "to know whether an object appends or merges", required=False),
    ]
    options = [spec.list_options for spec in specs if spec.list_options is not None]
    if any(each.create is not None or isinstance(each.add_to, ListByName) for each in options):
        found.append(Need(endpoints.LIST_LISTS.scope, "to find the id of a list by its name"))
    if options:
        purpose = "because imports create lists or add to them, for which the API may ask it"
        found.append(Need(endpoints.CREATE_LIST.scope, purpose, required=False))
    return found


def check_scopes(
    visit: Visit, specs: Sequence[LoadedSpec], objects: tuple[ObjectInfo, ...] | ApiError
) -> Iterator[Check]:
    """Tell each needed scope. Reading scopes are tried; of writing ones only the token itself tells."""
    api = visit.api
    tries: Mapping[str, Ask] = {
        endpoints.LIST_OBJECTS.scope: lambda: objects,
        endpoints.GET_JOB.scope: lambda: visit.ask(lambda: api.get_job(_NO_JOB)),
        endpoints.LIST_LISTS.scope: lambda: visit.ask(lambda: next(api.iter_lists(), None)),
    }
    for need in needs([loaded.spec for loaded in specs]):
        told = visit.facts.scopes
        outcome = tries[need.scope]() if need.scope in tries else None
        if need.scope in tries:
            yield _tried(need, outcome, told)
        elif told is None:
            what = "not known: the token does not tell its scopes, and only a write would show this one"
            yield _scope(need, "skipped", what)
        elif need.scope in told:
            yield _scope(need, "ok", "the token says that it has it")
        else:
            yield _missing(need)


def _tried(need: Need, outcome: object, told: frozenset[str] | None) -> Check:
    """Judge a scope by what a GET that needs it was answered; what the token says comes second."""
    if lacks_scope(outcome):
        return _missing(need)
    if not isinstance(outcome, ApiError) or isinstance(outcome, (NotFound, RequestRejected)):
        return _scope(need, "ok", "granted")
    if told is not None and need.scope not in told:
        return _missing(need)
    return _scope(need, "skipped", f"not known: {outcome.what}")


def _scope(need: Need, status: Status, what: str) -> Check:
    return Check(area="api", subject=f"scope {need.scope}", status=status, what=what)


def _missing(need: Need) -> Check:
    return Check(
        area="api",
        subject=f"scope {need.scope}",
        status="failed" if need.required else "warning",
        what="the token does not have it",
        why=f"it is needed {need.purpose}",
        next_step=f"give the API client {need.scope} in the vendor's console, and use a token issued after that",
        exit_code=BAD_TOKEN,
    )
