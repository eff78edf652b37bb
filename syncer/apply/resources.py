"""Lists and audiences: created once per resolved name, joined by whatever resolves to the same name later.

The API's status payload does not tell the id of a list that a job created, so it is looked up by name afterwards and
recorded. An audience cannot be found by name at all: the log alone proves that it was created.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncer.apply.context import Stop, Tools
from syncer.errors import ApiError, NotFound, Refused, Waiting
from syncer.model.events import AudienceUse, Claimed, ListUse, Submitted
from syncer.model.log import Log
from syncer.model.spec import ListByName, Spec
from syncer.model.templates import Values, render

if TYPE_CHECKING:
    from syncer.api.models import ListInfo

NAME_LENGTH = 200
NO_LOOKUP = frozenset((404, 405, 501))
"""The HTTP statuses of an API, or a part of one, that has no lists to look through."""
_LOCK_PATIENCE = 0.2


@dataclass(frozen=True, slots=True)
class Names:
    """What the templates of a spec resolved to for one import. Frozen in its first claim."""

    batch: str | None
    list_name: str | None
    audience: str | None


def resolve_names(spec: Spec, values: Values, earlier: Claimed | None) -> Names:
    """Fill the spec's templates, or take what an earlier claim of the same work froze."""
    if earlier is not None:
        return Names(
            earlier.batch,
            earlier.list_use.name if earlier.list_use else None,
            earlier.audience.name if earlier.audience else None,
        )
    create = spec.list_options.create if spec.list_options else None
    return Names(
        render(spec.batch.value, values) if spec.batch else None,
        render(create, values) if create else None,
        render(spec.audience.create, values) if spec.audience else None,
    )


class Creators:
    """Lets one import at a time of this run find out whether a list or audience of a name exists, and create it."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._guard = threading.Lock()
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)

    @contextmanager
    def hold(self, names: Names) -> Iterator[Callable[[], None]]:
        """Hold both names, always in the same order, so that no two imports wait for each other.

        Gives what lets go of them early: an import that creates nothing need not keep others waiting.
        """
        kinds = (("audience", names.audience), ("list", names.list_name))
        with ExitStack() as held:
            for label in sorted(f"{kind} {name}" for kind, name in kinds if name is not None):
                with self._guard:
                    lock = self._locks[label]
                while not lock.acquire(timeout=_LOCK_PATIENCE):
                    self._stop.check()
                held.callback(lock.release)
            yield held.close


def creates_something(held: Claimed) -> bool:
    """Whether the claimed import's job makes a list or an audience."""
    return any(use is not None and use.create for use in (held.list_use, held.audience))


def resolve_list(tools: Tools, spec: Spec, name: str | None) -> ListUse | None:
    """Decide whether this import creates its list or joins one.

    Raises Refused for a name that the API cannot take, a list of that name that the log does not know, or one whose id
    is needed and cannot be looked up; and Waiting when another job is creating it.
    """
    options = spec.list_options
    if options is None:
        return None
    if isinstance(options.add_to, ListByName):
        found = _looked_up(tools, options.add_to.name)
        if found is None:
            raise NotFound(
                f"there is no list named {options.add_to.name!r}",
                where=f"spec {spec.name}",
                next_step="write the list's id into list.add_to, or create it with list.create",
            )
        return ListUse(name=options.add_to.name, id=found.list_id)
    if options.add_to is not None:
        return ListUse(id=options.add_to)
    if name is None:
        return None
    return _created_list(tools, tools.store.read(), _checked_name(spec, "list", name))


def _created_list(tools: Tools, log: Log, name: str) -> ListUse:
    known = log.list_id(tools.workspace, name)
    if known is not None:
        return ListUse(name=name, id=known)
    makers = log.list_makers(tools.workspace, name)
    _wait_for_maker(log, makers, f"list {name!r}")
    made = any(log.is_completed(maker) for maker in makers)
    found = _looked_up(tools, name) if made else _looked_up_if_possible(tools, name)
    if found is None:
        return ListUse(name=name, create=True)
    if not makers:
        raise Refused(
            f"a list named {name!r} exists, and no import recorded here made it",
            why="adding to a list that somebody else made must be asked for",
            next_step=f"to add to it, write `list: {{add_to: {found.list_id}}}` in the spec",
        )
    return ListUse(name=name, id=found.list_id)


def _looked_up(tools: Tools, name: str) -> ListInfo | None:
    """Return the list of this name. Raises Refused where the API has no lists to look through: its id is needed."""
    try:
        return tools.api.find_list(name)
    except ApiError as error:
        if error.status not in NO_LOOKUP:
            raise
        raise Refused(
            f"the id of the list {name!r} is not known, and this API's lists cannot be looked through",
            why=f"GET /lists answers with HTTP {error.status}",
            next_step="write the list's id, which the vendor's console shows, in the spec: `list: {add_to: lst_…}`",
        ) from error


def _looked_up_if_possible(tools: Tools, name: str) -> ListInfo | None:
    """Return the list of this name; one that cannot be looked for counts as absent, and `recorded_list` warns of it."""
    try:
        return tools.api.find_list(name)
    except ApiError as error:
        if error.status not in NO_LOOKUP:
            raise
        return None


def resolve_audience(tools: Tools, spec: Spec, name: str | None) -> AudienceUse | None:
    """Decide whether this import creates its audience. Raises as `resolve_list` does."""
    if name is None:
        return None
    _checked_name(spec, "audience", name)
    log = tools.store.read()
    makers = log.audience_makers(tools.workspace, name)
    _wait_for_maker(log, makers, f"audience {name!r}")
    return AudienceUse(name=name, create=not any(log.is_completed(maker) for maker in makers))


def recorded_list(tools: Tools, given: Submitted) -> tuple[ListUse | None, str]:
    """After a job completed: return its list with the id, and a warning when the id could not be found out."""
    use = given.list_use
    if use is None or not use.create or use.name is None:
        return use, ""
    try:
        found = tools.api.find_list(use.name)
    except ApiError as error:
        if error.status not in NO_LOOKUP:
            raise
        return use, (
            f"the API's lists cannot be looked through (HTTP {error.status}), so the id of {use.name!r} is not known; "
            "before the next import write it in the spec: `list: {add_to: lst_…}`"
        )
    if found is None:
        return use, f"the list {use.name!r} that the job was to create is not found by its name"
    return ListUse(name=use.name, id=found.list_id, create=True), ""


def _checked_name(spec: Spec, kind: str, name: str) -> str:
    if not 1 <= len(name) <= NAME_LENGTH:
        raise Refused(
            f"the {kind} name has {len(name)} characters, and the API takes 1 to {NAME_LENGTH}",
            where=f"spec {spec.name}",
            next_step=f"shorten {kind}.create in the spec",
        )
    return name


def _wait_for_maker(log: Log, makers: list[Submitted], what: str) -> None:
    at_work = next((maker for maker in makers if log.is_open(maker)), None)
    if at_work is not None:
        raise Waiting(
            f"job {at_work.job} of spec {at_work.spec} is creating the {what}",
            next_step="when it has ended, run: syncer apply",
        )
