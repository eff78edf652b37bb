"""The rejects store where it is no folder of this machine: any place that fsspec can write to.

Rows are private data, so a file is put there whole, under the name that the log tells, and nothing is ever listed or
overwritten with something else: the same job's rows are the same file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncer.errors import SyncerError
from syncer.source.stores.silence import silence

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    from syncer.settings import Connection

_CLOUDS = {"s3": "s3", "gs": "gs", "gcs": "gs", "az": "az", "abfs": "az", "abfss": "az"}


class Deposit:
    """One URL below which files of rejected rows are kept. Nothing is asked of it before the first file."""

    def __init__(self, url: str, connection: Connection | None, environ: Mapping[str, str]) -> None:
        self.url = url.rstrip("/")
        self._connection = connection
        self._environ = environ
        self._opened: tuple[AbstractFileSystem, str] | None = None

    def address(self, name: str) -> str:
        """Return the URL of a file, as the log and people are told it."""
        return f"{self.url}/{name}"

    def put(self, local: Path, name: str) -> str:
        """Copy a file there, whole or not at all, and return its URL. Raises SyncerError."""
        store, base = self._open("written")
        target = f"{base}/{name}"
        try:
            if self._protocol not in _CLOUDS:
                store.makedirs(target.rpartition("/")[0], exist_ok=True)
            store.put_file(str(local), target)
            kept = store.info(target)["size"]
        except Exception as error:  # noqa: BLE001 - every library has errors of its own
            raise self._failed("written", error) from None
        if kept != local.stat().st_size:
            raise SyncerError(f"{self.address(name)} holds {kept} bytes of {local.stat().st_size}", where=self.url)
        return self.address(name)

    def get(self, name: str, local: Path) -> bool:
        """Copy a file from there to a private one; False when there is none. Raises SyncerError."""
        store, base = self._open("read")
        partial = local.with_suffix(".partial")
        try:
            if not store.exists(f"{base}/{name}"):
                return False
            partial.touch(mode=0o600)
            store.get_file(f"{base}/{name}", str(partial))
            partial.replace(local)
        except Exception as error:  # noqa: BLE001 - every library has errors of its own
            raise self._failed("read", error) from None
        finally:
            partial.unlink(missing_ok=True)
        return True

    @property
    def _protocol(self) -> str:
        return self.url.partition("://")[0]

    def _open(self, doing: str) -> tuple[AbstractFileSystem, str]:
        if self._opened is None:
            from fsspec.core import url_to_fs

            silence("s3fs", "gcsfs", "google", "adlfs", "azure", "msal")
            try:
                self._opened = url_to_fs(
                    self.url, skip_instance_cache=True, use_listings_cache=False, **self._options()
                )
            except Exception as error:  # noqa: BLE001 - every library has errors of its own
                raise self._failed(doing, error) from None
        return self._opened

    def _options(self) -> dict[str, Any]:
        """Say what the connection says, in the words of the library that speaks with its store."""
        cloud, connection = _CLOUDS.get(self._protocol), self._connection
        if cloud == "az":
            account = connection.account if connection else None
            named = {"account_name": account or self._environ.get("AZURE_STORAGE_ACCOUNT_NAME")}
            text = self._environ.get("AZURE_STORAGE_CONNECTION_STRING")
            return {"connection_string": text} if text else named
        if connection is None:
            return {}
        if cloud == "s3":
            region = {"client_kwargs": {"region_name": connection.region}} if connection.region else {}
            return {"profile": connection.profile, "endpoint_url": connection.endpoint_url, **region}
        if cloud == "gs":
            return {"endpoint_url": connection.endpoint_url, "token": "anon" if connection.anonymous else None}
        return {}

    def _failed(self, doing: str, error: Exception) -> SyncerError:
        """Explain without the library's own words, which may hold what was sent."""
        who = "the connection's" if self._connection is not None else "the default"
        return SyncerError(
            f"the rejects store cannot be {doing}",
            where=self.url,
            why=f"{type(error).__name__}, with {who} settings",
            next_step="check rejects.store and rejects.connection in syncer.yaml, and the right to write there",
        )
