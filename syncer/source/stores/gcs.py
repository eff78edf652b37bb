"""Google Cloud Storage, through gcsfs.

gcsfs knows the endpoint and the credentials, and keeps their token fresh. The requests themselves are plain GETs of the
JSON API: each answer's own code is needed to say what is wrong, and one event loop is too slow for many ranges.

A read is held to the object's generation, which is never anything but one version's bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

from syncer.source.stores.base import Listed, ObjectChangedError, Place, RetryableError
from syncer.source.stores.breaker import Breaker
from syncer.source.stores.failures import Kind, failed
from syncer.source.stores.gcs_access import GcsAccess
from syncer.source.stores.gcs_page import (
    OBJECT_FIELDS,
    PAGE_FIELDS,
    Page,
    error_reason,
    read_object,
    read_page,
)
from syncer.source.stores.http import Http, Reply
from syncer.source.stores.patience import parsed, patiently

if TYPE_CHECKING:
    from syncer.settings import Connection

LARGEST_PAGE: Final = 1000
_BUSY: Final = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
_GONE: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.PRECONDITION_FAILED)


class GcsStore:
    """One bucket. See `base.ObjectStore` for the contract."""

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
        self._access = GcsAccess(place, connection, environ)
        self._http = Http(environ, environ.get("REQUESTS_CA_BUNDLE", ""))

    def pages(self, prefix: str, *, after: str = "") -> Iterator[list[Listed]]:
        begin = {"startOffset": after} if after else {}
        for page in self._pages({"prefix": prefix, **begin}):
            yield page.listed

    def folders(self, prefix: str) -> list[str]:
        pages = self._pages({"prefix": prefix, "delimiter": "/"})
        return list(dict.fromkeys(folder for page in pages for folder in page.folders))

    def look(self, key: str) -> Listed | None:
        def ask() -> Listed | None:
            reply = self._asked("read", _path(key), {"fields": OBJECT_FIELDS})
            if reply.status != HTTPStatus.NOT_FOUND:
                return parsed(read_object, reply.body)
            self._page(
                {"prefix": key, "maxResults": "1", "fields": "kind"}
            )  # tells a missing bucket from a missing key
            return None

        return patiently(ask, self.place, "read")

    def read(self, listed: Listed, start: int, into: memoryview, *, breaker: Breaker | None = None) -> None:
        query = {"alt": "media", "generation": listed.held}
        # Whoever takes gzip gets the stored bytes; for anyone else they are unpacked on the way, whatever the range.
        headers = {"Range": f"bytes={start}-{start + len(into) - 1}", "Accept-Encoding": "gzip"}
        reply = self._asked("read", _path(listed.key), query, headers, into, breaker=breaker)
        whole = reply.status == HTTPStatus.OK and len(into) == listed.size
        if reply.length != len(into) or (reply.status != HTTPStatus.PARTIAL_CONTENT and not whole):
            raise ObjectChangedError(listed.key)

    def close(self) -> None:
        self._http.close()

    def _pages(self, query: Mapping[str, str]) -> Iterator[Page]:
        asked = {**query, "fields": PAGE_FIELDS, "maxResults": str(self._page_keys)}
        while True:
            page = patiently(partial(self._page, asked), self.place, "listed")
            yield page
            if not page.next_token:
                return
            asked["pageToken"] = page.next_token

    def _page(self, query: Mapping[str, str]) -> Page:
        reply = self._asked("listed", "", query)
        if reply.status == HTTPStatus.NOT_FOUND:
            raise failed(Kind.NO_BUCKET, self.place, "listed")
        return parsed(read_page, reply.body)

    def _asked(
        self,
        doing: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        into: memoryview | None = None,
        *,
        breaker: Breaker | None = None,
    ) -> Reply:
        """Send one request below the bucket; a 404 and a 412 are answers too."""
        bucket = f"{self._access.base}b/{quote(self.place.bucket, safe='')}/o"
        url = f"{bucket}{path}?{urlencode({**query, **self._access.billed}, quote_via=quote)}"
        reply = self._http.get(url, {**self._access.headers(doing), **(headers or {})}, into, breaker=breaker)
        if reply.status < HTTPStatus.MULTIPLE_CHOICES or reply.status in _GONE:
            return reply
        raise self._refused(reply, doing)

    def _refused(self, reply: Reply, doing: str) -> Exception:
        if reply.status in _BUSY or reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return RetryableError(f"it answers {reply.status}")
        reason = error_reason(reply.body)
        detail = f"it answers {reply.status}{f', {reason}' if reason else ''}"
        if reply.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            refused = Kind.WRONG_CREDENTIALS if reply.status == HTTPStatus.UNAUTHORIZED else Kind.NO_PERMISSION
            return failed(Kind.NOT_PUBLIC if self._access.anonymous else refused, self.place, doing, detail=detail)
        if b"nvalid bucket name" in reply.body:
            return failed(Kind.NO_BUCKET, self.place, doing, detail="no bucket can have such a name")
        if b"requester pays" in reply.body:
            detail = "the requester pays here: set `requester_pays: true` and `project` on the connection"
        return failed(Kind.OTHER, self.place, doing, detail=detail)


def _path(key: str) -> str:
    return f"/{quote(key, safe='')}"
