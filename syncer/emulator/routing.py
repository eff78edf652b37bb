"""The shape of a route; the table in `routes` is made of these."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

if TYPE_CHECKING:
    from syncer.emulator.auth import Caller
    from syncer.emulator.faults import Fault
    from syncer.emulator.world import World

PREFIX = "/public/v1"


@dataclass(slots=True)
class Call:
    """One authenticated request to an API route.

    `body` and `query` are instances of the route's models. What is put into `after_commit` runs once the handler's
    transaction is in the data file.
    """

    world: World
    caller: Caller
    path: dict[str, str]
    body: Any
    query: Any
    origin: str
    fault: Fault | None
    after_commit: list[Callable[[], None]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Route:
    """A JSON endpoint behind a token. `handler` gives the answer's `data`, or raises RefusalError.

    A route with a `request` model that is not a read is a write: it runs in one transaction of the store, together with
    the record of its Idempotency-Key.
    """

    method: str
    path: str
    summary: str
    scope: str
    endpoint_class: str
    handler: Callable[[Call], BaseModel]
    response: type[BaseModel]
    request: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    idempotent: bool = False


@dataclass(frozen=True, slots=True)
class PlainRoute:
    """An endpoint with rules of its own: presigned files, tokens, health, the control endpoints. No bearer token.

    `operation` is what its OpenAPI operation has beside the summary and the path's parameters.
    """

    method: str
    path: str
    summary: str
    handler: Callable[[World, Request, dict[str, str], Fault | None], Awaitable[Response]]
    documented: bool = True
    operation: Mapping[str, Any] = field(default_factory=dict)


AnyRoute = Route | PlainRoute


def path_pattern(path: str) -> re.Pattern[str]:
    """`/lists/{listId}/members` as a pattern with named groups; a parameter is one whole segment part without `/`."""
    parts = re.split(r"\{(\w+)\}", path)
    return re.compile(
        "".join(f"(?P<{part}>[^/]+)" if index % 2 else re.escape(part) for index, part in enumerate(parts))
    )


class DroppedError(Exception):
    """The connection is to be cut without an answer."""
