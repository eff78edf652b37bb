"""What S3's codes and its libraries' errors mean."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from syncer.errors import SourceError
from syncer.source.stores.base import Place
from syncer.source.stores.failures import Kind, failed

_KINDS: Final[Mapping[str, Kind]] = {
    "NoSuchBucket": Kind.NO_BUCKET,
    "InvalidBucketName": Kind.NO_BUCKET,
    "AccessDenied": Kind.NO_PERMISSION,
    "AllAccessDisabled": Kind.NO_PERMISSION,
    "AccountProblem": Kind.NO_PERMISSION,
    "403": Kind.NO_PERMISSION,
    "InvalidAccessKeyId": Kind.WRONG_CREDENTIALS,
    "SignatureDoesNotMatch": Kind.WRONG_CREDENTIALS,
    "ExpiredToken": Kind.WRONG_CREDENTIALS,
    "InvalidToken": Kind.WRONG_CREDENTIALS,
    "RequestTimeTooSkewed": Kind.WRONG_CREDENTIALS,
    "InvalidClientTokenId": Kind.WRONG_CREDENTIALS,
    "PermanentRedirect": Kind.ELSEWHERE,
    "AuthorizationHeaderMalformed": Kind.ELSEWHERE,
    "301": Kind.ELSEWHERE,
    "InvalidObjectState": Kind.COLD,
}
GONE: Final = ("PreconditionFailed", "NoSuchKey", "NoSuchVersion", "412", "404")
"""The version that a read is held to cannot be had any more."""
UNTOLD: Final = ("400", "403")
"""A look was refused; its answer has no body that would say why."""
_BUSY: Final = ("SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "OperationAborted", "429")
_BY_NAME: Final[Mapping[str, Kind]] = {
    "NoCredentialsError": Kind.NO_CREDENTIALS,
    "PartialCredentialsError": Kind.NO_CREDENTIALS,
    "ProfileNotFound": Kind.NO_CREDENTIALS,
    "TokenRetrievalError": Kind.NO_CREDENTIALS,
    "CredentialRetrievalError": Kind.WRONG_CREDENTIALS,
    "SSOTokenLoadError": Kind.WRONG_CREDENTIALS,
    "UnauthorizedSSOTokenError": Kind.WRONG_CREDENTIALS,
    "ParamValidationError": Kind.NO_BUCKET,  # only a bucket's name can be malformed
}


def refused(code: str, place: Place, doing: str, *, anonymous: bool) -> SourceError:
    """Say what a code means."""
    kind = _KINDS.get(code, Kind.OTHER)
    if kind is Kind.NO_PERMISSION and anonymous:
        kind = Kind.NOT_PUBLIC
    return failed(kind, place, doing, detail=f"its code is {code}")


def explained(error: Exception, place: Place, doing: str, *, anonymous: bool) -> SourceError:
    """Say what an error of s3fs or botocore means."""
    from botocore.exceptions import ConnectionError as NotConnected
    from botocore.exceptions import HTTPClientError

    code, operation = answered(error)
    name = type(error).__name__
    if operation.startswith("Assume"):  # the store was not even asked: there is no role to ask it as
        return failed(Kind.WRONG_CREDENTIALS, place, doing, detail=f"{operation} answers {code}")
    if is_busy(code):
        return failed(Kind.UNREACHABLE, place, doing, detail=f"it answers {code}")
    if code:
        return refused(code, place, doing, anonymous=anonymous)
    if name in _BY_NAME:
        return failed(_BY_NAME[name], place, doing, detail=name)
    no_answer = isinstance(error, (NotConnected, HTTPClientError, OSError))
    return failed(Kind.UNREACHABLE if no_answer else Kind.OTHER, place, doing, detail=name)


def is_busy(code: str) -> bool:
    """Whether the same request may well succeed later."""
    return code in _BUSY or (code.isdecimal() and int(code) >= HTTPStatus.INTERNAL_SERVER_ERROR)


def answered(error: BaseException) -> tuple[str, str]:
    """Return S3's code for a refusal and what was asked; s3fs raises a built-in error, and keeps the original in it."""
    for known in (error, error.__cause__):
        response = getattr(known, "response", None)
        if isinstance(response, dict):
            return str(response.get("Error", {}).get("Code", "")), str(getattr(known, "operation_name", ""))
    return "", ""
