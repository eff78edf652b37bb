"""Azure Blob Storage, through adlfs.

adlfs knows the account and the credentials. The requests themselves are plain: the SDK tries for a minute before it
says that nobody answers, and takes five times as long for a page.

A read is held to the blob's ETag, or to its version where the account keeps versions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

from syncer.source.stores.azure_access import AzureAccess
from syncer.source.stores.azure_page import Page, error_code, read_head, read_page
from syncer.source.stores.base import Listed, ObjectChangedError, Place, RetryableError
from syncer.source.stores.breaker import Breaker
from syncer.source.stores.failures import Kind, failed
from syncer.source.stores.http import Http, Reply
from syncer.source.stores.patience import parsed, patiently

if TYPE_CHECKING:
    from syncer.settings import Connection

LARGEST_PAGE: Final = 5000
_BUSY: Final = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
_GONE: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.PRECONDITION_FAILED)
_NETWORK_TOO: Final = "AuthorizationFailure"
_KINDS: Final[Mapping[str, Kind]] = {
    "ContainerNotFound": Kind.NO_BUCKET,
    "ContainerBeingDeleted": Kind.NO_BUCKET,
    "InvalidResourceName": Kind.NO_BUCKET,
    "OutOfRangeInput": Kind.NO_BUCKET,
    "AuthenticationFailed": Kind.WRONG_CREDENTIALS,
    "InvalidAuthenticationInfo": Kind.WRONG_CREDENTIALS,
    "KeyBasedAuthenticationNotPermitted": Kind.WRONG_CREDENTIALS,
    "AuthorizationFailure": Kind.NO_PERMISSION,
    "AuthorizationPermissionMismatch": Kind.NO_PERMISSION,
    "AuthorizationProtocolMismatch": Kind.NO_PERMISSION,
    "AuthorizationResourceTypeMismatch": Kind.NO_PERMISSION,
    "AuthorizationServiceMismatch": Kind.NO_PERMISSION,
    "AuthorizationSourceIPMismatch": Kind.NO_PERMISSION,
    "InsufficientAccountPermissions": Kind.NO_PERMISSION,
    "AccountIsDisabled": Kind.NO_PERMISSION,
    "NoAuthenticationInformation": Kind.NOT_PUBLIC,
    "PublicAccessNotPermitted": Kind.NOT_PUBLIC,
    "BlobArchived": Kind.COLD,
}


class AzureStore:
    """One container. See `base.ObjectStore` for the contract."""

    def __init__(
        self,
        place: Place,
        connection: Connection | None,
        environ: Mapping[str, str],
        *,
        page_keys: int = LARGEST_PAGE,
    ) -> None:
        self.place = place
        self._page_keys = page_keys
        self._access = AzureAccess(place, connection, environ)
        self._http = Http(environ, environ.get("REQUESTS_CA_BUNDLE", ""))

    def pages(self, prefix: str, *, after: str = "") -> Iterator[list[Listed]]:  # noqa: ARG002 - Azure begins at the first
        for page in self._pages({"prefix": prefix, "include": "metadata"}):
            yield page.listed

    def folders(self, prefix: str) -> list[str]:
        pages = self._pages({"prefix": prefix, "delimiter": "/"})
        return list(dict.fromkeys(folder for page in pages for folder in page.folders))

    def look(self, key: str) -> Listed | None:
        def ask() -> Listed | None:
            reply = self._checked(self._http.head(self._url("read", key), self._access.headers("read")), "read")
            return None if reply.status == HTTPStatus.NOT_FOUND else parsed(partial(read_head, key), reply.headers)

        return patiently(ask, self.place, "read")

    def read(self, listed: Listed, start: int, into: memoryview, *, breaker: Breaker | None = None) -> None:
        held = {} if listed.version else {"If-Match": f'"{listed.held}"'}
        headers = {**self._access.headers("read"), **held, "Range": f"bytes={start}-{start + len(into) - 1}"}
        url = self._url("read", listed.key, versionid=listed.version)
        reply = self._checked(self._http.get(url, headers, into, breaker=breaker), "read")
        whole = reply.status == HTTPStatus.OK and len(into) == listed.size
        if reply.length != len(into) or (reply.status != HTTPStatus.PARTIAL_CONTENT and not whole):
            raise ObjectChangedError(listed.key)

    def close(self) -> None:
        self._http.close()
        self._access.close()

    def _pages(self, query: Mapping[str, str]) -> Iterator[Page]:
        marker = ""
        while True:
            page = patiently(partial(self._page, {**query, "marker": marker}), self.place, "listed")
            yield page
            marker = page.next_marker
            if not marker:
                return

    def _page(self, query: Mapping[str, str]) -> Page:
        url = self._url("listed", restype="container", comp="list", maxresults=str(self._page_keys), **query)
        reply = self._checked(self._http.get(url, self._access.headers("listed")), "listed")
        if reply.status != HTTPStatus.OK:
            raise failed(Kind.NO_BUCKET, self.place, "listed")
        return parsed(read_page, reply.body)

    def _url(self, doing: str, key: str = "", **query: str) -> str:
        path = f"/{quote(key, safe='/~')}" if key else ""
        own = urlencode({name: value for name, value in query.items() if value}, quote_via=quote)
        return f"{self._access.base}{path}?{'&'.join(piece for piece in (own, self._access.query(doing)) if piece)}"

    def _checked(self, reply: Reply, doing: str) -> Reply:
        """Return the answer; a 404 and a 412 are answers too, as long as the container exists."""
        if reply.status < HTTPStatus.MULTIPLE_CHOICES:
            return reply
        code = error_code(reply.headers, reply.body)
        kind = _KINDS.get(code, Kind.OTHER)
        if reply.status in _GONE and kind is Kind.OTHER:
            return reply
        if reply.status in _BUSY or reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise RetryableError(f"it answers {code or reply.status}")
        if reply.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            kind = self._kind_of_refusal(kind, code)
        network = ", which the account's network rules give too" if code == _NETWORK_TOO else ""
        raise failed(kind, self.place, doing, detail=f"its code is {code or int(reply.status)}{network}")

    def _kind_of_refusal(self, kind: Kind, code: str) -> Kind:
        if self._access.anonymous:
            return Kind.NOT_PUBLIC
        # What was signed here asked for no more than it needs: it is the signature that is wrong.
        return Kind.WRONG_CREDENTIALS if code == _NETWORK_TOO and self._access.signs else kind
