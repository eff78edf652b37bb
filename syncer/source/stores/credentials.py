"""Find out whether a connection has credentials at all, without asking any bucket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from syncer.errors import SourceError
from syncer.source.stores.base import Place, RetryableError
from syncer.source.stores.failures import Kind, failed
from syncer.source.stores.silence import silence

if TYPE_CHECKING:
    from syncer.settings import Connection

_NO_BUCKET: Final = "*"
_AZURE: Final = ("az", "abfs", "abfss")
_BROKEN: Final = ("CredentialRetrievalError", "SSOTokenLoadError", "ConfigParseError")


def find_credentials(name: str, connection: Connection, environ: Mapping[str, str]) -> str:
    """Return where the connection's credentials come from, as far as its cloud tells, else "".

    For S3 the chain is only searched; for the other clouds a token may be asked for. Raises SourceError when none are
    found, they are malformed, or the connection lacks what they belong to.
    """
    family = connection.protocol.lower()
    place = Place("az" if family in _AZURE else family, _NO_BUCKET, name)
    if connection.anonymous:
        return "anonymous"
    if place.protocol == "s3":
        return _s3(place, connection)
    try:
        if place.protocol == "gs":
            from syncer.source.stores.gcs_access import GcsAccess

            GcsAccess(place, connection, environ).headers("opened")
            return ""
        if place.protocol == "az":
            from syncer.source.stores.azure_access import AzureAccess

            AzureAccess(place, connection, environ).headers("opened")
            return ""
    except RetryableError as error:
        raise failed(Kind.UNREACHABLE, place, "opened", detail=error.why) from error
    raise SourceError(
        f"{connection.protocol}:// is no store that can be read",
        where=f"connection {name}",
        next_step="write s3, gs, az, abfs or abfss as its protocol in syncer.yaml",
    )


def _s3(place: Place, connection: Connection) -> str:
    import botocore.session
    from botocore.exceptions import BotoCoreError

    silence("botocore")
    try:
        found = botocore.session.Session(profile=connection.profile).get_credentials()
    except BotoCoreError as error:
        kind = type(error).__name__
        raise failed(
            Kind.WRONG_CREDENTIALS if kind in _BROKEN else Kind.NO_CREDENTIALS, place, "opened", detail=kind
        ) from error
    if found is None:
        raise failed(Kind.NO_CREDENTIALS, place, "opened")
    return str(found.method)
