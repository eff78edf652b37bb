"""Every error that syncer raises on purpose.

A command fails with exactly one of these; anything else that reaches the command line is a bug and is reported as one.
The type says how the process exits and whether trying again can help::

    SyncerError                1   something failed
    ├── UsageError            64   the command line was wrong
    ├── InvalidInput          65   specs or settings are wrong; carries every Problem found
    ├── Refused                4   a safety rail held before anything was sent
    ├── Conflict               5   a stale plan, or a state log that contradicts itself
    │   └── PermitRefused      5   the log moved: this run may not start that job
    ├── SourceError            1   a source file is missing, unreadable or changed while it was read
    ├── PrepareError           1   a source file cannot become an artifact (it is not what its spec says)
    │   ├── ChecksFailed       3   it does not pass its spec's checks: nothing of it was sent
    │   └── NoRoom             1   this machine has not enough disk space or memory for it; the file may be fine
    ├── Waiting               75   another run holds the work, or this run detached
    ├── Interrupted      130/143   a signal asked the run to stop
    └── ApiError               1   the Import Jobs API answered with an error
        ├── AuthError          6   401 or 403
        ├── NotFound           1   404
        ├── RequestRejected    1   400, 413, 422 and other answers that the same request gets again
        ├── Unavailable        1   429, 5xx, 409 or the network, after every retry
        └── UploadFailed       1   the presigned PUT; `expired` tells whether a fresh URL is needed
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in one file, at a place that an editor can jump to.

    `line` and `column` count from 1. `source_line` is the offending line as it stands in the file; `hint` is what to do
    about it ("did you mean 'mapping'?").
    """

    path: str
    line: int
    column: int
    message: str
    source_line: str = ""
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}" + (f" ({self.hint})" if self.hint else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A safety rail that holds the whole run back: `setting` names what holds, `override` the one-off way past it."""

    spec: str
    setting: str
    reason: str
    override: str

    def __str__(self) -> str:
        return f"spec {self.spec}: {self.reason} ({self.setting})"


class SyncerError(Exception):
    """Something failed, and a person is told what, where, why and which command to run next.

    `what` is one line. `where` names places (spec, import id, job id, correlation id), `why` the cause, and
    `next_step` one command or action. None of them may hold a token, a presigned URL or the contents of a row.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str = "", why: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.why = why
        self.next_step = next_step

    def __str__(self) -> str:
        return self.what


class UsageError(SyncerError):
    """The command line asks for something that does not exist or contradicts itself."""

    exit_code = 64


class InvalidInput(SyncerError):
    """Specs or settings are wrong. `problems` holds all of them, of all files, in the order of the files."""

    exit_code = 65

    def __init__(self, problems: list[Problem], what: str = "") -> None:
        count = len(problems)
        super().__init__(what or f"{count} problem{'s' if count != 1 else ''} in the specs or settings")
        self.problems = problems


class Refused(SyncerError):
    """A safety rail held: nothing was sent. The message names the setting and the one-off override.

    `refusals` holds all of them where the plan has rails that hold the run; else it is empty.
    """

    exit_code = 4

    def __init__(
        self, what: str, *, where: str = "", why: str = "", next_step: str = "", refusals: tuple[Refusal, ...] = ()
    ) -> None:
        super().__init__(what, where=where, why=why, next_step=next_step)
        self.refusals = refusals


class Conflict(SyncerError):
    """A saved plan is stale, or the state log cannot be believed as it stands."""

    exit_code = 5


class PermitRefused(Conflict):
    """The log moved since it was read, so the claim or permit that was asked for is not given. Nothing was written."""


class SourceError(SyncerError):
    """A source file is missing, unreadable, too large, or changed while it was read."""


class PrepareError(SyncerError):
    """A source file cannot become an artifact: a mapped column is missing, or the bytes are not what they should be."""


class ChecksFailed(PrepareError):
    """A file does not pass the checks of its spec: nothing of it was sent."""

    exit_code = 3


class NoRoom(PrepareError):
    """This machine has not enough disk space or memory to prepare a file; on another one, or later, it may work."""


class Waiting(SyncerError):
    """Another run holds the work, or this run left its jobs running. Running the same command later continues."""

    exit_code = 75


class Interrupted(SyncerError):
    """A signal asked the run to stop; everything that was begun is in the log and the next run continues it."""

    def __init__(self, what: str, *, signal_number: int, next_step: str = "") -> None:
        super().__init__(what, next_step=next_step)
        self.signal_number = signal_number


class ApiError(SyncerError):
    """The Import Jobs API answered with an error, or did not answer.

    `status` is the HTTP status (0 when there was no answer), `code` the `CDP_ETL.…` code or "", and `correlation_id`
    what the vendor's support asks for, or "".
    """

    def __init__(
        self,
        what: str,
        *,
        status: int = 0,
        code: str = "",
        correlation_id: str = "",
        where: str = "",
        why: str = "",
        next_step: str = "",
    ) -> None:
        super().__init__(what, where=where, why=why, next_step=next_step)
        self.status = status
        self.code = code
        self.correlation_id = correlation_id


class AuthError(ApiError):
    """No token, a token that is not accepted, or one that lacks a scope. Every import of the run would fail alike."""

    exit_code = 6


class NotFound(ApiError):
    """The job, list or object does not exist in this workspace."""


class RequestRejected(ApiError):
    """The request is wrong, and the same request will be answered in the same way again."""


class Unavailable(ApiError):
    """The API could not be reached or was busy, and every retry failed. Whether a write took effect is not known."""


class UploadFailed(ApiError):
    """The presigned PUT did not deliver the file. `expired`: only a new job's URL can be uploaded to.

    `overdue` says that the URL is past its own date too, so that a fresh one is all that is missing.
    """

    def __init__(
        self,
        what: str,
        *,
        status: int = 0,
        expired: bool = False,
        overdue: bool = False,
        why: str = "",
        next_step: str = "",
    ) -> None:
        super().__init__(what, status=status, why=why, next_step=next_step)
        self.expired = expired
        self.overdue = overdue
