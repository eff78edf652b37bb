"""S3 and stores that speak its protocol, through s3fs.

s3fs knows the credentials, signs every request and speaks for the first page of a listing and for single objects. The
many pages of a long listing and the ranges of a read are plain GETs of URLs that it signed: its own parser takes twenty
times as long for a page, and its event loop is one thread for all reads.

An ETag tells versions apart only together with the size, and a stricter word (the version id) holds a read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from syncer.errors import SourceError
from syncer.source.stores.base import (
    CONNECT_SECONDS,
    READ_SECONDS,
    Listed,
    ObjectChangedError,
    Place,
    RetryableError,
)
from syncer.source.stores.breaker import Breaker
from syncer.source.stores.failures import Kind, failed
from syncer.source.stores.http import Http, Reply
from syncer.source.stores.patience import ATTEMPTS, parsed, patiently
from syncer.source.stores.s3_page import Page, error_code, read_page
from syncer.source.stores.s3_refusals import GONE, UNTOLD, answered, explained, is_busy, refused
from syncer.source.stores.silence import silence

if TYPE_CHECKING:
    import s3fs

    from syncer.settings import Connection

LARGEST_PAGE: Final = 1000
SIGNED_SECONDS: Final = 3600
UNVERSIONED: Final = ("", "null")
_COLD: Final = ("GLACIER", "DEEP_ARCHIVE")
_RESTORED: Final = 'ongoing-request="false"'


class S3Store:
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
        self._anonymous = connection.anonymous if connection else False
        self._requester = {"RequestPayer": "requester"} if connection and connection.requester_pays else {}
        self._fs = _filesystem(connection, environ)
        self._http = Http(environ, environ.get("AWS_CA_BUNDLE", ""))

    def pages(self, prefix: str, *, after: str = "") -> Iterator[list[Listed]]:
        query: dict[str, Any] = {"Prefix": prefix, "MaxKeys": self._page_keys}
        answer = self._listing("listed", **query, **({"StartAfter": after} if after else {}))
        yield [_listed(entry) for entry in answer.get("Contents", ()) if not entry["Key"].endswith("/")]
        token = answer.get("NextContinuationToken")
        while token:
            page = patiently(partial(self._page, {**query, "ContinuationToken": token}), self.place, "listed")
            yield page.listed
            token = page.next_token

    def folders(self, prefix: str) -> list[str]:
        names: list[str] = []
        token: dict[str, str] = {}
        while True:
            answer = self._listing("listed", Prefix=prefix, Delimiter="/", **token)
            names += [entry["Prefix"] for entry in answer.get("CommonPrefixes", ())]
            if not answer.get("NextContinuationToken"):
                return names
            token = {"ContinuationToken": answer["NextContinuationToken"]}

    def look(self, key: str) -> Listed | None:
        try:
            head = self._fs.call_s3("head_object", Bucket=self.place.bucket, Key=key, **self._requester)
        except FileNotFoundError:
            self._ask_bucket(key)
            return None
        except Exception as error:
            if answered(error)[0] in UNTOLD:
                self._ask_bucket(key)
            raise self._explained(error, "read") from error
        one, version = _listed({"Key": key, "Size": head["ContentLength"], **head}), head.get("VersionId") or ""
        restored = _RESTORED in head.get("Restore", "")
        return one._replace(version="" if version in UNVERSIONED else version, cold="" if restored else one.cold)

    def read(self, listed: Listed, start: int, into: memoryview, *, breaker: Breaker | None = None) -> None:
        asked = {"Key": listed.key, **({"VersionId": listed.version} if listed.version else {})}
        headers = {"Range": f"bytes={start}-{start + len(into) - 1}", "If-Match": f'"{listed.held}"'}
        reply = self._http.get(self._signed("get_object", "read", asked), headers, into, breaker=breaker)
        if reply.status == HTTPStatus.FORBIDDEN and asked.pop("VersionId", ""):
            # Naming a version takes a right of its own (s3:GetObjectVersion); the ETag holds the read as well.
            reply = self._http.get(self._signed("get_object", "read", asked), headers, into, breaker=breaker)
        whole = reply.status == HTTPStatus.OK and len(into) == listed.size
        if reply.status != HTTPStatus.PARTIAL_CONTENT and not whole:
            raise self._refused(reply, "read")
        if reply.headers.get("etag", "").strip('"') not in ("", listed.held) or reply.length != len(into):
            raise ObjectChangedError(listed.key)

    def close(self) -> None:
        self._http.close()
        session = getattr(self._fs, "_s3creator", None)  # it is there once anything was asked
        if session is not None:
            self._fs.close_session(self._fs.loop, session)

    def _ask_bucket(self, key: str) -> None:
        """Let a listing say what a look's answer has no body for: that the bucket is missing, or who is not known."""
        self._listing("read", Prefix=key, MaxKeys=1)

    def _page(self, query: Mapping[str, Any]) -> Page:
        reply = self._http.get(self._signed("list_objects_v2", "listed", {**query, "EncodingType": "url"}), {})
        if reply.status != HTTPStatus.OK:
            raise self._refused(reply, "listed")
        return parsed(lambda body: read_page(body, s3_object), reply.body)

    def _listing(self, doing: str, **query: str | int) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = self._fs.call_s3(
                "list_objects_v2", Bucket=self.place.bucket, **query, **self._requester
            )
        except Exception as error:
            raise self._explained(error, doing) from error
        if "Name" not in answer:  # somebody else's page, such as a login, is read as an answer without anything in it
            raise failed(Kind.UNREACHABLE, self.place, doing, detail="its answer cannot be read")
        return answer

    def _signed(self, method: str, doing: str, arguments: Mapping[str, Any]) -> str:
        """Return a URL that carries the right to this one request. It is a password: it goes into no message."""
        from fsspec.asyn import sync

        bucket = {"Bucket": self.place.bucket, **arguments, **self._requester}
        try:
            client = sync(self._fs.loop, self._fs.set_session)
            url: str = sync(
                self._fs.loop, client.generate_presigned_url, method, Params=bucket, ExpiresIn=SIGNED_SECONDS
            )
        except Exception as error:
            raise self._explained(error, doing) from error
        return url

    def _refused(self, reply: Reply, doing: str) -> Exception:
        code = error_code(reply.body) or str(int(reply.status))
        if doing == "read" and code in GONE:
            return ObjectChangedError(code)
        if is_busy(code):
            return RetryableError(f"it answers {code}")
        return refused(code, self.place, doing, anonymous=self._anonymous)

    def _explained(self, error: Exception, doing: str) -> SourceError:
        return explained(error, self.place, doing, anonymous=self._anonymous)


def _filesystem(connection: Connection | None, environ: Mapping[str, str]) -> s3fs.S3FileSystem:
    import s3fs

    silence("s3fs", "aiobotocore", "botocore")
    endpoint = connection.endpoint_url if connection else None
    region = connection.region if connection else None
    profile = connection.profile if connection else None
    config: dict[str, Any] = {
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": READ_SECONDS,
        "retries": {"total_max_attempts": ATTEMPTS, "mode": "standard"},
        "signature_version": "s3v4",
    }
    named = endpoint or environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL") or ""
    if named and "amazonaws.com" not in named:
        # Few stores beside Amazon's have a host name for each bucket, and all know the bucket as a path.
        config["s3"] = {"addressing_style": "path"}
    fs = s3fs.S3FileSystem(
        anon=connection.anonymous if connection else False,
        endpoint_url=endpoint,
        client_kwargs={"region_name": region} if region else {},
        config_kwargs=config,
        requester_pays=connection.requester_pays if connection else False,
        use_listings_cache=False,
        skip_instance_cache=True,
        **({"profile": profile} if profile else {}),
    )
    fs.retries = 1  # its own attempts would multiply those of botocore
    return fs


def _listed(entry: Mapping[str, Any]) -> Listed:
    modified: datetime = entry["LastModified"].astimezone(UTC)
    return s3_object(
        entry["Key"], entry["Size"], modified, entry["ETag"].strip('"'), entry.get("StorageClass", "STANDARD")
    )


def s3_object(key: str, size: int, modified: datetime, etag: str, storage_class: str) -> Listed:
    """Describe an object by what a listing's line holds; `etag` is without its quotes."""
    return Listed(
        key, size, modified, f"etag:{etag}:{size}", etag, cold=storage_class if storage_class in _COLD else ""
    )
