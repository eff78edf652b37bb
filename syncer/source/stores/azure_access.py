"""Who asks Azure Blob Storage, and where it is: adlfs finds both."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class _Account:
    """What adlfs found: the account's URL, and at most one of a key, a shared access signature and tokens."""

    url: str
    key: Any = field(default=None, repr=False)
    sas: str = field(default="", repr=False)
    tokens: Any = None


class AzureAccess:
    """The account and the credentials of one container. Thread-safe. Its queries are passwords."""

    def __init__(self, place: Place, connection: Connection | None, environ: Mapping[str, str]) -> None:
        self._place = place
        self.anonymous = connection.anonymous if connection else False
        self._account = _found(place, connection, environ)
        self.base = f"{self._account.url.rstrip('/')}/{quote(place.bucket, safe='$')}"
        self._lock = threading.Lock()
        self._proof = ""
        self._proves_until = 0.0

    @property
    def signs(self) -> bool:
        """Whether the requests are signed here, with a key that may do everything."""
        return not self.anonymous and self._account.key is not None

    def query(self, doing: str) -> str:
        """Return what is added to a URL's query, or "". Raises SourceError for a key that is none."""
        if not self.signs:
            return "" if self.anonymous else self._account.sas
        with self._lock:
            if self._is_old():
                self._proof, self._proves_until = self._signed(doing), time.time() + _SIGNED_SECONDS
            return self._proof

    def headers(self, doing: str) -> dict[str, str]:
        """Return the headers that prove who asks. Raises SourceError, or RetryableError where no token could be had."""
        headers = {"x-ms-version": API_VERSION}
        if self.anonymous or self._account.tokens is None:
            return headers
        with self._lock:
            if self._is_old():
                self._proof, self._proves_until = self._token(doing)
            return {**headers, "Authorization": f"Bearer {self._proof}"}

    def close(self) -> None:
        """Close what tokens are asked through."""
        if self._account.tokens is not None:
            self._account.tokens.close()

    def _is_old(self) -> bool:
        return time.time() > self._proves_until - _SPARE_SECONDS

    def _signed(self, doing: str) -> str:
        from azure.core.exceptions import AzureError
        from azure.storage.blob import ContainerSasPermissions, generate_container_sas

        try:
            return generate_container_sas(
                self._account.key.account_name,
                self._place.bucket,
                account_key=self._account.key.account_key,
                permission=ContainerSasPermissions(read=True, list=True),
                expiry=datetime.now(UTC) + timedelta(seconds=_SIGNED_SECONDS),
            )
        except (AzureError, ValueError):
            raise failed(Kind.WRONG_CREDENTIALS, self._place, doing, detail="the key is malformed") from None

    def _token(self, doing: str) -> tuple[str, float]:
        from azure.core.exceptions import AzureError, ClientAuthenticationError

        try:
            token = self._account.tokens.get_token(_SCOPE)
        except ClientAuthenticationError as error:
            # The chain has one error for having no credentials and for having some that are refused.
            refused = "Authentication failed" in str(error)
            kind = Kind.WRONG_CREDENTIALS if refused else Kind.NO_CREDENTIALS
            raise failed(kind, self._place, doing, detail="no token is given") from error
        except AzureError as error:
            raise RetryableError(f"no token could be had: {type(error).__name__}") from error
        return token.token, token.expires_on


def _found(place: Place, connection: Connection | None, environ: Mapping[str, str]) -> _Account:
    """Let adlfs take what the environment has for the account. Raises SourceError where none is named."""
    from adlfs import AzureBlobFileSystem

    silence("adlfs", "azure", "msal")
    text = environ.get("AZURE_STORAGE_CONNECTION_STRING")
    asked = _named(place, connection)
    name = asked or environ.get("AZURE_STORAGE_ACCOUNT_NAME")
    if not name and not text:
        raise _no_account(place)
    try:
        fs = AzureBlobFileSystem(
            account_name=name,
            account_key=environ.get("AZURE_STORAGE_ACCOUNT_KEY"),
            sas_token=environ.get("AZURE_STORAGE_SAS_TOKEN"),
            connection_string=text,
            anon=connection.anonymous if connection else False,
            use_listings_cache=False,
            skip_instance_cache=True,
        )
    except ValueError:  # its text may hold the connection string
        raise failed(Kind.WRONG_CREDENTIALS, place, "opened", detail="they are malformed") from None
    client = fs.service_client
    if text and asked and (client.account_name or asked) != asked:
        raise _another_account(place, client.account_name, asked)
    url, _, sas = client.url.partition("?")
    endpoint = (connection.endpoint_url if connection else None) or ("" if text else _host(place)) or url
    key = client.credential if hasattr(client.credential, "account_key") else None
    return _Account(endpoint, key, sas, fs.sync_credential)


def _named(place: Place, connection: Connection | None) -> str | None:
    if place.account:
        return place.account.partition(".")[0]
    return connection.account if connection else None


def _host(place: Place) -> str:
    """Return the URL of an account that was named by its host: Azure has other clouds than the public one."""
    return "https://" + place.account.replace(".dfs.", ".blob.", 1) if "." in place.account else ""


def _no_account(place: Place) -> SourceError:
    named = (
        f"set `account` on connection {place.name} in syncer.yaml"
        if place.name
        else "name a connection that has `account`"
    )
    return SourceError(
        f"container {place.bucket} cannot be opened: no storage account is named",
        where=str(place),
        why="a container is found only through its account",
        next_step=f"{named}, or give AZURE_STORAGE_ACCOUNT_NAME or AZURE_STORAGE_CONNECTION_STRING",
    )


def _another_account(place: Place, known: str, asked: str) -> SourceError:
    return SourceError(
        f"container {place.bucket} cannot be opened: the credentials are another account's",
        where=str(place),
        why=f"AZURE_STORAGE_CONNECTION_STRING is of account {known}, and account {asked} is asked for",
        next_step=f"give credentials for {asked}, or unset AZURE_STORAGE_CONNECTION_STRING",
    )
