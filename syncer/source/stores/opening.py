"""Open the store of a place; which libraries that needs is decided here, when it is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from syncer.errors import SourceError
from syncer.source.stores.base import ObjectStore, Place

if TYPE_CHECKING:
    from syncer.settings import Connection


def open_store(place: Place, connection: Connection | None, environ: Mapping[str, str]) -> ObjectStore:
    """Return the store, with the connection's settings and the credentials of its cloud's standard chain.

    Nothing is asked of the store yet. Raises SourceError when no account, or no credentials at all, can be found.
    """
    if place.protocol == "s3":
        from syncer.source.stores.s3 import S3Store

        return S3Store(place, connection, environ)
    if place.protocol == "gs":
        from syncer.source.stores.gcs import GcsStore

        return GcsStore(place, connection, environ)
    if place.protocol in ("az", "abfs", "abfss"):
        from syncer.source.stores.azure import AzureStore

        return AzureStore(place, connection, environ)
    raise SourceError(
        f"{place.protocol}:// is no store that can be read",
        where=str(place),
        next_step="use s3://, gs://, az://, abfs:// or abfss:// in source.uri",
    )
