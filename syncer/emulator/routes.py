"""The table of routes. Routing, scopes, rate limit classes, idempotency and the OpenAPI document all come from it."""

# ruff: noqa: E501 - a table reads best with one route a line
from __future__ import annotations

from typing import TYPE_CHECKING

from syncer.emulator import models as m
from syncer.emulator.endpoints import audiences, control, files, import_jobs, lists, metadata, records, tokens
from syncer.emulator.routing import PREFIX, PlainRoute, Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel

    from syncer.emulator.routing import AnyRoute, Call

IMPORTS_READ, IMPORTS_WRITE = "cdp:imports:read", "cdp:imports:write"
METADATA_READ = "cdp:metadata:read"
LISTS_READ, LISTS_WRITE = "cdp:lists:read", "cdp:lists:write"
AUDIENCES_PREVIEW = "cdp:audiences:preview"


def _read(  # noqa: PLR0917 - a table reads best in columns
    path: str,
    summary: str,
    scope: str,
    handler: Callable[[Call], BaseModel],
    response: type[BaseModel],
    query: type[BaseModel] | None = None,
) -> Route:
    return Route("GET", PREFIX + path, summary, scope, _class_of(path, "read"), handler, response, query=query)


def _write(  # noqa: PLR0917 - a table reads best in columns
    method: str,
    path: str,
    summary: str,
    scope: str,
    handler: Callable[[Call], BaseModel],
    response: type[BaseModel],
    request: type[BaseModel] | None,
) -> Route:
    endpoint_class = _class_of(path, "write")
    return Route(method, PREFIX + path, summary, scope, endpoint_class, handler, response, request, idempotent=True)


def _class_of(path: str, kind: str) -> str:
    return f"{path.split('/')[1].replace('import-jobs', 'imports')}:{kind}"


_SIGNED = [
    {"name": name, "in": "query", "required": True, "schema": {"type": "string"}}
    for name in ("X-Amz-Date", "X-Amz-Expires", "X-Amz-Signature")
]
_PUT_FILE = {
    "parameters": _SIGNED,
    "requestBody": {"required": True, "content": {"application/octet-stream": {}}},
}
_GET_ERRORS = {"parameters": _SIGNED}
_TOKEN_FORM = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"const": "client_credentials"},
        "client_id": {"type": "string"},
        "client_secret": {"type": "string"},
        "scope": {"type": "string"},
    },
}
_TOKEN = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": _TOKEN_FORM} for kind in ("application/x-www-form-urlencoded", "application/json")
        },
    }
}

# fmt: off
ROUTES: tuple[AnyRoute, ...] = (
    _write("POST", "/import-jobs", "Initialize an import job", IMPORTS_WRITE, import_jobs.initialize, m.InitAnswer, m.InitRequest),
    _write("POST", "/import-jobs/{jobId}/mapping", "Set the mapping", IMPORTS_WRITE, import_jobs.set_mapping, m.MappingAnswer, m.MappingRequest),
    _write("POST", "/import-jobs/{jobId}/start", "Start the job", IMPORTS_WRITE, import_jobs.start, m.JobStatus, m.StartRequest),
    _read("/import-jobs/{jobId}", "State and row counts of a job", IMPORTS_READ, import_jobs.status, m.JobStatus),
    _read("/import-jobs/{jobId}/errors", "Where the rejected rows are", IMPORTS_READ, import_jobs.errors, m.ErrorsAnswer),
    _read("/metadata/objects", "All objects", METADATA_READ, metadata.list_objects, m.ObjectPage),
    _read("/metadata/objects/{objectName}", "One object and its fields", METADATA_READ, metadata.get_object, m.ObjectDetail),
    _write("POST", "/lists", "Create a list", LISTS_WRITE, lists.create, m.ListAnswer, m.ListCreate),
    _read("/lists", "All lists, a page at a time", LISTS_READ, lists.list_all, m.ListPage, m.Page),
    _read("/lists/{listId}", "One list", LISTS_READ, lists.get, m.ListAnswer),
    _write("PATCH", "/lists/{listId}", "Rename or describe a list", LISTS_WRITE, lists.change, m.ListAnswer, m.ListPatch),
    _write("DELETE", "/lists/{listId}", "Delete a list", LISTS_WRITE, lists.delete, m.ListAnswer, None),
    _read("/lists/{listId}/members", "Members of a list, a page at a time", LISTS_READ, lists.members, m.MemberPage, m.Page),
    _write("POST", "/lists/{listId}/members:upsert", "Add members", LISTS_WRITE, lists.upsert_members, m.MembersAnswer, m.MembersRequest),
    _write("POST", "/lists/{listId}/members:remove", "Remove members", LISTS_WRITE, lists.remove_members, m.MembersAnswer, m.MembersRequest),
    Route("POST", PREFIX + "/audiences/{audienceId}/preview", "Size and sample of an audience", AUDIENCES_PREVIEW, "audiences:read", audiences.preview, m.PreviewAnswer, m.PreviewRequest),
    _write("POST", "/records/{objectName}/upsert-batch", "Upsert 2 to 10,000 records", IMPORTS_WRITE, records.upsert_batch, m.RecordsAnswer, m.RecordsRequest),
    _write("POST", "/records/{objectName}/append-batch", "Append 2 to 10,000 records", IMPORTS_WRITE, records.append_batch, m.RecordsAnswer, m.RecordsRequest),
    PlainRoute("PUT", "/uploads/jobs/{jobId}/file", "Upload a job's file (presigned)", files.put_upload, operation=_PUT_FILE),
    PlainRoute("GET", "/error-files/{jobId}", "Download rejected rows (presigned)", files.get_error_file, operation=_GET_ERRORS),
    PlainRoute("POST", "/oauth/token", "Get a token (client credentials)", tokens.issue_token, operation=_TOKEN),
    PlainRoute("GET", "/healthz", "Is the emulator up", control.health),
    PlainRoute("POST", "/_emulator/clock", "Let time pass", control.advance_clock, documented=False),
    PlainRoute("POST", "/_emulator/faults", "Script faults", control.add_faults, documented=False),
    PlainRoute("DELETE", "/_emulator/faults", "Forget the script", control.clear_faults, documented=False),
)
# fmt: on
