"""Who asks Azure Blob Storage, and where it is: adlfs finds both."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from syncer.errors import SourceError
from syncer.source.stores.base import Place, RetryableError
from syncer.source.stores.failures import Kind, failed
from syncer.source.stores.silence import silence

if TYPE_CHECKING:
    from syncer.settings import Connection

API_VERSION: Final = "2021-12-02"
_SCOPE: Final = "https://storage.azure.com/.default"
_SIGNED_SECONDS: Final = 6 * 3600
_SPARE_SECONDS: Final = 300
"""What proves who one is is renewed so long before it ends."""


class AzureAccess:
    """The account and the credentials of one container. Thread-safe. Its queries are passwords."""

    def __init__(self, place: Place, connection: Connection | None, environ: Mapping[str, str]) -> None:
        self._place = place
        self.anonymous = connection.anonymous if connection else False
        silence("adlfs", "azure", "msal")
        account = _account(place, connection) or environ.get("AZURE_STORAGE_ACCOUNT_NAME", "")
        text = environ.get("AZURE_STORAGE_CONNECTION_STRING", "")
        if not account and not text:
            raise _no_account(place)
        self._key: Any = None
        self._token: Any = None
        self._sas = ""
        url = ""
        if not self.anonymous:
            url, _, self._sas = self._from_adlfs(account, text, environ).partition("?")
        base = (connection.endpoint_url if connection else None) or _host(place) or url
        if not base:
            base = f"https://{account}.blob.core.windows.net"
        self.base = f"{base.rstrip('/')}/{quote(place.bucket, safe='$')}"
        self._lock = threading.Lock()
        self._renewed_until = 0.0
        self._bearer = ""

    def _from_adlfs(self, account: str, text: str, environ: Mapping[str, str]) -> str:
        from adlfs import AzureBlobFileSystem

        try:
            fs = AzureBlobFileSystem(
                account_name=account or None,
                account_key=environ.get("AZURE_STORAGE_ACCOUNT_KEY"),
                sas_token=environ.get("AZURE_STORAGE_SAS_TOKEN"),
                connection_string=text or None,
                anon=False,
                use_listings_cache=False,
                skip_instance_cache=True,
            )
        except ValueError as error:
            raise failed(Kind.WRONG_CREDENTIALS, self._place, "opened", detail="they are malformed") from error
        client = fs.service_client
        named = str(client.account_name or "")
        if text and account and named and named != account:
            raise SourceError(
                f"container {self._place.bucket} cannot be opened: the credentials are another account's",
                where=str(self._place),
                why=f"AZURE_STORAGE_CONNECTION_STRING is of account {named}, and account {account} is asked for",
                next_step=f"give credentials for {account}, or unset AZURE_STORAGE_CONNECTION_STRING",
            )
        self._key = client.credential if hasattr(client.credential, "account_key") else None
        self._token = fs.sync_credential
        return str(client.url)

    def query(self) -> str:
        """Return what is added to a URL's query, or ""."""
        if self._key is None:
            return self._sas
        with self._lock:
            if time.time() > self._renewed_until - _SPARE_SECONDS:
                self._sas, self._renewed_until = self._signed(), time.time() + _SIGNED_SECONDS
            return self._sas

    def headers(self, doing: str) -> dict[str, str]:
        """Return the headers that prove who asks. Raises SourceError, or RetryableError where no token could be had."""
        from azure.core.exceptions import AzureError, ClientAuthenticationError
        from azure.identity import CredentialUnavailableError

        headers = {"x-ms-version": API_VERSION}
        if self._token is None:
            return headers
        with self._lock:
            if time.time() > self._renewed_until - _SPARE_SECONDS:
                try:
                    token = self._token.get_token(_SCOPE)
                except CredentialUnavailableError as error:
                    raise failed(Kind.NO_CREDENTIALS, self._place, doing) from error
                except ClientAuthenticationError as error:
                    raise failed(Kind.WRONG_CREDENTIALS, self._place, doing, detail="no token is given") from error
                except AzureError as error:
                    raise RetryableError(f"no token could be had ({type(error).__name__})") from None
                self._bearer, self._renewed_until = token.token, token.expires_on
        return {**headers, "Authorization": f"Bearer {self._bearer}"}

    def _signed(self) -> str:
        from azure.storage.blob import ContainerSasPermissions, generate_container_sas

        return generate_container_sas(
            self._key.account_name,
            self._place.bucket,
            account_key=self._key.account_key,
            permission=ContainerSasPermissions(read=True, list=True),
            expiry=datetime.now(UTC) + timedelta(seconds=_SIGNED_SECONDS),
        )


def _account(place: Place, connection: Connection | None) -> str:
    if place.account:
        return place.account.partition(".")[0]
    return (connection.account if connection else None) or ""


def _host(place: Place) -> str:
    """Return the URL of an account that was named by its host: Azure has other clouds than the public one."""
    if "." not in place.account:
        return ""
    return "https://" + place.account.replace(".dfs.", ".blob.", 1)


def _no_account(place: Place) -> SourceError:
    set_it = (
        f"set `account` on connection {place.name} in syncer.yaml" if place.name else "name a connection with `account`"
    )
    return SourceError(
        f"container {place.bucket} cannot be opened: no storage account is named",
        where=str(place),
        why="a container's name means nothing without its account",
        next_step=f"{set_it}, or give AZURE_STORAGE_ACCOUNT_NAME or AZURE_STORAGE_CONNECTION_STRING",
    )
