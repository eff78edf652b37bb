"""One thing that was looked at, and what was found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from syncer.errors import AuthError, InvalidInput, Problem, SyncerError

Area = Literal["specs", "connections", "disk", "api", "state", "notify"]
Status = Literal["ok", "warning", "failed", "skipped"]

AREAS: Final[tuple[Area, ...]] = get_args(Area)
BAD_TOKEN: Final = AuthError.exit_code
BAD_SPEC: Final = InvalidInput.exit_code
_SELF: Final = ("; test it: syncer doctor", "test the connection: syncer doctor")
"""What the errors of stores advise everybody else to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was looked at (`subject`) and found (`what`, one line); of what is not well, why, and how to mend it.

    `problems` are those of files, each with its place. `exit_code` is what the process ends with if this failed.
    """

    area: Area
    subject: str
    status: Status
    what: str
    where: str = ""
    why: str = ""
    next_step: str = ""
    problems: tuple[Problem, ...] = ()
    exit_code: int = 1


def failed_by(area: Area, subject: str, error: SyncerError, *, what: str = "", otherwise: str = "") -> Check:
    """Make the check that ended with this error.

    `what` replaces the error's own first line, `otherwise` is how to mend it where the error does not say.
    """
    step = error.next_step
    for advice in _SELF:
        step = step.removesuffix(advice)
    known = BAD_TOKEN if isinstance(error, AuthError) else BAD_SPEC if isinstance(error, InvalidInput) else 1
    return Check(
        area=area,
        subject=subject,
        status="failed",
        what=what or error.what,
        where="" if error.where == subject else error.where,
        why=error.why,
        next_step=step or otherwise,
        exit_code=known,
    )


def exit_code_of(checks: Iterable[Check]) -> int:
    """Return 6 when the token is a problem, else 65 for specs and settings, else 1 when anything failed, else 0."""
    codes = {check.exit_code for check in checks if check.status == "failed"}
    return next((code for code in (BAD_TOKEN, BAD_SPEC, 1) if code in codes), 0)
