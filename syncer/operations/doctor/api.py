"""Whether the API is there and accepts the token, and what the answers tell of the token and of the clocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Literal

from syncer.errors import ApiError, AuthError, SyncerError
from syncer.operations.doctor.check import Check, failed_by
from syncer.operations.doctor.scopes import check_scopes
from syncer.operations.doctor.targets import check_lists, check_objects
from syncer.operations.doctor.visit import LATER, Visit, is_refused
from syncer.spec.load import Project

if TYPE_CHECKING:
    from syncer.api.models import ObjectInfo

TOKEN: Final = "API token"  # noqa: S105 - what is looked at, not what it holds
_CHECK_ADDRESS: Final = "check api.base_url in syncer.yaml, this machine's network, and its proxy if it has one"
_REST: Final = "scopes, target objects and lists"
_TOO_FAR: Final = timedelta(seconds=60)
_SOON: Final = timedelta(hours=1)
_MINUTE: Final = timedelta(minutes=1)

Objects = tuple["ObjectInfo", ...]


def check_api(project: Project, environ: Mapping[str, str], clock: Callable[[], datetime]) -> Iterator[Check]:
    """Ask harmless GETs only; each check rests on the ones before it."""
    try:
        visit = Visit(project.root, project.settings, environ, clock)
    except SyncerError as error:
        yield failed_by("api", TOKEN if isinstance(error, AuthError) else project.settings.api.base_url, error)
        yield _skipped("the API was not asked")
        return
    with visit:
        objects = visit.ask(visit.api.list_objects)
        yield from _reached(visit, objects)
        yield from _clock_difference(visit)
        if _is_unusable(objects):
            yield _skipped("the API could not be asked")
            return
        yield _token(visit, objects)
        if is_refused(objects):
            yield _skipped("the token is not accepted")
            return
        yield from check_scopes(visit, project.specs, objects)
        yield from check_objects(visit, project.specs, objects)
        yield from check_lists(visit, project.specs)


def _is_unusable(outcome: Objects | ApiError) -> bool:
    """Whether what answered, if anything did, is not the API as it should be."""
    if not isinstance(outcome, ApiError) or is_refused(outcome):
        return False
    if outcome.status in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND):
        return not outcome.code  # a proxy's page, or another server's: the API's own refusals have a code
    return True


def _reached(visit: Visit, outcome: Objects | ApiError) -> Iterator[Check]:
    if not visit.asked:
        if isinstance(outcome, ApiError) and _is_unusable(outcome):
            yield failed_by("api", TOKEN, outcome, otherwise="check api.token_url in syncer.yaml, and the network")
        else:
            yield _of_api(visit, "skipped", "not asked: there is no token to ask with")
    elif isinstance(outcome, ApiError) and _is_unusable(outcome):
        yield failed_by("api", visit.base_url, outcome, otherwise=LATER if outcome.status else _CHECK_ADDRESS)
    else:
        over = "over TLS with a trusted certificate" if visit.base_url.startswith("https:") else "on this machine"
        yield _of_api(visit, "ok", f"answers {over}")


def _of_api(visit: Visit, status: Literal["ok", "skipped"], what: str) -> Check:
    return Check(area="api", subject=visit.base_url, status=status, what=what)


def _clock_difference(visit: Visit) -> Iterator[Check]:
    if visit.ahead is None or abs(visit.ahead) <= _TOO_FAR:
        return
    behind = "behind" if visit.ahead > timedelta(0) else "ahead of"
    yield Check(
        area="api",
        subject="this machine's clock",
        status="warning",
        what=f"is {abs(visit.ahead).total_seconds():.0f} seconds {behind} the API's",
        why="times in the log are wrong then, and stores refuse requests that seem to come from another time",
        next_step="set the clock, such as with: timedatectl set-ntp true",
    )


def _token(visit: Visit, outcome: Objects | ApiError) -> Check:
    if isinstance(outcome, ApiError) and is_refused(outcome):
        return failed_by("api", TOKEN, outcome)
    ends = visit.facts.expires_at
    if visit.renews:
        return _accepted("renews itself")
    if ends is None:
        return _accepted("does not tell when it expires")
    left = ends - visit.now()
    if left > _SOON:
        return _accepted(f"expires on {ends:%Y-%m-%d %H:%M} UTC")
    return Check(
        area="api",
        subject=TOKEN,
        status="warning",
        what=f"accepted; expires in {max(0, left // _MINUTE)} minutes",
        why="a run that is still at work then cannot go on",
        next_step=visit.hint,
    )


def _accepted(more: str) -> Check:
    return Check(area="api", subject=TOKEN, status="ok", what=f"accepted; {more}")


def _skipped(why: str) -> Check:
    return Check(area="api", subject=_REST, status="skipped", what=why)
