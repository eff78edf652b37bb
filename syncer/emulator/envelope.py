"""What every answer of the API looks like, and the errors that it can carry.

Success is `{"success": true, "data": …, "correlationId": …}`; failure has an `error` with a `CDP_ETL.<DOMAIN>.<ISSUE>`
code instead of the data. A handler raises `RefusalError`; only `app` turns it into bytes.
"""

from __future__ import annotations

from typing import Any

REQUEST_INVALID = "CDP_ETL.VALIDATION.REQUEST_INVALID"
REQUEST_SCHEMA = "CDP_ETL.VALIDATION.REQUEST_SCHEMA"
UNAUTHORIZED = "CDP_ETL.AUTH.UNAUTHORIZED"
TOKEN_INVALID = "CDP_ETL.AUTH.TOKEN_INVALID"  # noqa: S105 - an error code, not a secret
TOKEN_EXPIRED = "CDP_ETL.AUTH.TOKEN_EXPIRED"  # noqa: S105 - an error code, not a secret
FORBIDDEN = "CDP_ETL.AUTH.FORBIDDEN"
NOT_FOUND = "CDP_ETL.NOT_FOUND"
METHOD_NOT_ALLOWED = "CDP_ETL.VALIDATION.METHOD_NOT_ALLOWED"
RATE_LIMITED = "CDP_ETL.RATE.LIMITED"
UNHANDLED = "CDP_ETL.INTERNAL.UNHANDLED_EXCEPTION"
INVALID_STATE = "CDP_ETL.IMPORT.INVALID_STATE"
UPLOAD_MISSING = "CDP_ETL.IMPORT.UPLOAD_MISSING"
MAPPING_MISSING = "CDP_ETL.IMPORT.MAPPING_MISSING"
SOURCE_UNREADABLE = "CDP_ETL.IMPORT.SOURCE_UNREADABLE"
SIZE_MISMATCH = "CDP_ETL.IMPORT.SIZE_MISMATCH"
LIST_UNAVAILABLE = "CDP_ETL.IMPORT.LIST_UNAVAILABLE"


class RefusalError(Exception):
    """A request that the API answers with an error.

    `details` is the `{"path": …, "value": …}` of the envelope; `headers` go out with the answer (`Retry-After`,
    `Allow`).
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: dict[str, Any] | None = None,
        remediation: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.remediation = remediation
        self.headers = headers or {}


def invalid(message: str, *, path: str = "", value: object = None, remediation: str = "") -> RefusalError:
    """A 400: malformed, missing or contradictory. `path` names the place in the body, dotted."""
    details = {"path": path, "value": value} if path else None
    return RefusalError(400, REQUEST_INVALID, message, details=details, remediation=remediation)


def not_found(kind: str, name: str) -> RefusalError:
    """A 404 for a job, list, audience or object."""
    return RefusalError(404, NOT_FOUND, f"no {kind} {name!r} in this workspace", details={"path": kind, "value": name})


def success(data: object, correlation_id: str) -> dict[str, Any]:
    return {"success": True, "data": data, "correlationId": correlation_id}


def failure(refusal: RefusalError, correlation_id: str) -> dict[str, Any]:
    error: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
    if refusal.details is not None:
        error["details"] = refusal.details
    if refusal.remediation:
        error["remediation"] = refusal.remediation
    return {"success": False, "correlationId": correlation_id, "error": error}
