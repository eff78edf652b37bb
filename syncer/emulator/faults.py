"""Scripted faults: what goes wrong, at which request, and how often. Nothing here is random.

A fault is a JSON object, or the same as keyword arguments of `Faults.add`::

    {"match": "POST /import-jobs/*/start",   # method and path without /public/v1, as in fnmatch
     "nth": 2,                               # begins at the second matching request (default 1)
     "times": 3,                             # and hits three of them (default 1; 0: all that follow)
     "do": "status", "status": 503, "code": "CDP_ETL.INTERNAL.UNAVAILABLE", "retry_after": 2}

| do | what happens |
|---|---|
| status | answer `status` before the request takes effect |
| status_after | the request takes effect, then `status` is answered all the same |
| drop_before | the connection is cut before the request takes effect |
| drop_after | the request takes effect, and the connection is cut without an answer |
| cut_after_bytes | the connection is cut once `bytes` of the body were read (uploads) |
| delay | the request is handled after `seconds` of real time |
| job_fails | at a start: the job will fail with `code` and `message` |
| stick | at a start: the job stays `running` for `seconds` of the emulator's clock, or until a restart |
| lie | at a question for its state: a completed job's `counts`, such as `{"readRows": 7}`, replace the true ones |
| expire_upload | at an init or an upload: the job's upload URL is expired from now on |

Several faults may hit one request; at each, the first in order of the script that is due is taken, one a request.
"""

from __future__ import annotations

import threading
from fnmatch import fnmatchcase
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

CountName = Literal["readRows", "validRows", "invalidRows", "mergedInserts", "mergedUpdates"]
FaultKind = Literal[
    "status",
    "status_after",
    "drop_before",
    "drop_after",
    "cut_after_bytes",
    "delay",
    "job_fails",
    "stick",
    "lie",
    "expire_upload",
]


class Fault(BaseModel):
    """One line of the script; the module's docstring says what each key means."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    match: str = Field(pattern=r"^[A-Z*]+ /?\S+$")
    do: FaultKind
    nth: int = Field(1, ge=1)
    times: int = Field(1, ge=0)
    status: int = Field(500, ge=400, le=599)
    code: str = "CDP_ETL.INTERNAL.UNHANDLED_EXCEPTION"
    message: str = "a scripted fault"
    retry_after: int | None = Field(None, ge=0)
    seconds: float | None = Field(None, ge=0)
    bytes: int = Field(0, ge=0)
    counts: dict[CountName, int] = Field(default_factory=dict)


class Faults:
    """The script of one emulator. Safe to change while requests come in."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._script: list[Fault] = []
        self._seen: list[int] = []

    def add(self, **fault: Any) -> Fault:  # noqa: ANN401 - the keys of Fault, checked by it
        """Add one fault. Raises pydantic's ValidationError if it makes no sense."""
        parsed = Fault.model_validate(fault)
        with self._lock:
            self._script.append(parsed)
            self._seen.append(0)
        return parsed

    def clear(self) -> None:
        with self._lock:
            self._script.clear()
            self._seen.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that hits this request, if any. Every matching fault counts the request."""
        chosen: Fault | None = None
        with self._lock:
            for index, fault in enumerate(self._script):
                if not fnmatchcase(f"{method} {path}", fault.match):
                    continue
                self._seen[index] += 1
                over = self._seen[index] - fault.nth
                if chosen is None and over >= 0 and (fault.times == 0 or over < fault.times):
                    chosen = fault
        return chosen
