"""The calls of the contract: what each does in words, where it goes, and the scope that its token needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from syncer.errors import RequestRejected


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `action` completes "could not …"; `path` is a template whose holes are percent-encoded path segments.

    `scope` is "" where the vendor does not name the one that is needed.
    """

    action: str
    method: str
    path: str
    scope: str = ""

    def fill(self, segments: dict[str, str]) -> str:
        """Give the path with its holes filled. Raises RequestRejected for a value that cannot be one path segment."""
        for hole, value in segments.items():
            if value in {"", ".", ".."}:
                raise RequestRejected(f"could not {self.action}: {value!r} is not a possible {hole}")
        return self.path.format(**{hole: quote(value, safe="") for hole, value in segments.items()})


_IMPORTS_READ: Final = "cdp:imports:read"
_IMPORTS_WRITE: Final = "cdp:imports:write"
_METADATA_READ: Final = "cdp:metadata:read"
_LISTS_READ: Final = "cdp:lists:read"
_LISTS_WRITE: Final = "cdp:lists:write"

INIT_JOB: Final = Call("create the import job", "POST", "/import-jobs", _IMPORTS_WRITE)
SET_MAPPING: Final = Call("set the job's mapping", "POST", "/import-jobs/{job_id}/mapping", _IMPORTS_WRITE)
START_JOB: Final = Call("start the import job", "POST", "/import-jobs/{job_id}/start", _IMPORTS_WRITE)
GET_JOB: Final = Call("read the job's state", "GET", "/import-jobs/{job_id}", _IMPORTS_READ)
GET_ERRORS: Final = Call("ask for the job's rejected rows", "GET", "/import-jobs/{job_id}/errors", _IMPORTS_READ)

LIST_OBJECTS: Final = Call("list the objects", "GET", "/metadata/objects", _METADATA_READ)
GET_OBJECT: Final = Call("read the object's fields", "GET", "/metadata/objects/{object_name}", _METADATA_READ)

LIST_LISTS: Final = Call("look through the lists", "GET", "/lists", _LISTS_READ)
GET_LIST: Final = Call("read the list", "GET", "/lists/{list_id}", _LISTS_READ)
GET_MEMBERS: Final = Call("read the list's members", "GET", "/lists/{list_id}/members", _LISTS_READ)
CREATE_LIST: Final = Call("create the list", "POST", "/lists", _LISTS_WRITE)
UPDATE_LIST: Final = Call("change the list", "PATCH", "/lists/{list_id}", _LISTS_WRITE)
DELETE_LIST: Final = Call("delete the list", "DELETE", "/lists/{list_id}", _LISTS_WRITE)
ADD_MEMBERS: Final = Call("add members to the list", "POST", "/lists/{list_id}/members:upsert", _LISTS_WRITE)
REMOVE_MEMBERS: Final = Call("remove members from the list", "POST", "/lists/{list_id}/members:remove", _LISTS_WRITE)

PREVIEW_AUDIENCE: Final = Call(
    "preview the audience", "POST", "/audiences/{audience_id}/preview", "cdp:audiences:preview"
)
UPSERT_BATCH: Final = Call("upsert the records", "POST", "/records/{object_name}/upsert-batch")
APPEND_BATCH: Final = Call("append the records", "POST", "/records/{object_name}/append-batch")

GET_TOKEN: Final = Call("get an access token", "POST", "(token endpoint)")
UPLOAD_FILE: Final = Call("upload the file", "PUT", "(presigned upload)")
DOWNLOAD_ERRORS: Final = Call("download the rejected rows", "GET", "(presigned download)")
