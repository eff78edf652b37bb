"""What each cloud's listing says, read as far as a test server does not say it: golden answers of the real ones."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from syncer.source.stores import azure_page, gcs_page, s3_page
from syncer.source.stores.base import Listed
from syncer.source.stores.s3 import s3_object

MD5_BASE64, MD5_HEX = "CY9rzUYh03PK3k6DJie09g==", "098f6bcd4621d373cade4e832627b4f6"  # of b"test"

AZURE = """\ufeff<?xml version="1.0" encoding="utf-8"?>
<EnumerationResults ServiceEndpoint="https://acme.blob.core.windows.net/" ContainerName="exports"><Blobs>
<Blob><Name>plain.csv</Name><Properties><Last-Modified>Mon, 23 Nov 2026 17:39:06 GMT</Last-Modified>
<Etag>0x8DE0001</Etag><Content-Length>4</Content-Length><Content-MD5>CY9rzUYh03PK3k6DJie09g==</Content-MD5>
<BlobType>BlockBlob</BlobType><AccessTier>Hot</AccessTier></Properties><OrMetadata /></Blob>
<Blob><Name>archived.csv</Name><Properties><Last-Modified>Mon, 23 Nov 2026 17:39:06 GMT</Last-Modified>
<Etag>0x8DE0002</Etag><Content-Length>4</Content-Length><Content-MD5 /><BlobType>BlockBlob</BlobType>
<AccessTier>Archive</AccessTier></Properties></Blob>
<Blob><Name>log.csv</Name><Properties><Last-Modified>Mon, 23 Nov 2026 17:39:06 GMT</Last-Modified>
<Etag>0x8DE0003</Etag><Content-Length>9</Content-Length><Content-MD5>CY9rzUYh03PK3k6DJie09g==</Content-MD5>
<BlobType>AppendBlob</BlobType></Properties></Blob>
<Blob><Name>real-folder</Name><Properties><Last-Modified>Mon, 23 Nov 2026 17:39:06 GMT</Last-Modified>
<Etag>0x8DE0004</Etag><ResourceType>directory</ResourceType><Content-Length>0</Content-Length>
<BlobType>BlockBlob</BlobType></Properties></Blob>
<Blob><Name>old-folder</Name><Properties><Last-Modified>Mon, 23 Nov 2026 17:39:06 GMT</Last-Modified>
<Etag>0x8DE0005</Etag><Content-Length>0</Content-Length><BlobType>BlockBlob</BlobType></Properties>
<Metadata><hdi_isfolder>true</hdi_isfolder></Metadata></Blob>
<Blob><Name Encoded="true">odd%01%EF%BF%BE.csv</Name><Properties>
<Last-Modified>Mon, 23 Nov 2026 17:39:06 GMT</Last-Modified><Etag>0x8DE0006</Etag>
<Content-Length>0</Content-Length><BlobType>BlockBlob</BlobType></Properties></Blob>
<BlobPrefix><Name>dt=1/</Name></BlobPrefix></Blobs><NextMarker>2!80!abc</NextMarker></EnumerationResults>
"""


def test_a_page_of_azure() -> None:
    """Folders are no files, an archived blob is told, and only a block blob's MD5 is of its content."""
    page = azure_page.read_page(AZURE.encode())

    moment = datetime(2026, 11, 23, 17, 39, 6, tzinfo=UTC)
    assert page.listed == [
        Listed("plain.csv", 4, moment, f"md5:{MD5_HEX}", "0x8DE0001"),
        Listed("archived.csv", 4, moment, "etag:0x8DE0002:4", "0x8DE0002", cold="Archive"),
        Listed("log.csv", 9, moment, "etag:0x8DE0003:9", "0x8DE0003"),
        Listed("odd\x01\ufffe.csv", 0, moment, "etag:0x8DE0006:0", "0x8DE0006"),
    ]
    assert page.folders == ["dt=1/"]
    assert page.next_marker == "2!80!abc"


HEAD = {
    "content-length": "4",
    "last-modified": "Mon, 23 Nov 2026 17:39:06 GMT",
    "etag": '"0x8DE0001"',
    "x-ms-blob-type": "BlockBlob",
    "content-md5": MD5_BASE64,
    "x-ms-access-tier": "Archive",
    "x-ms-version-id": "2026-11-23T17:39:06.1234567Z",
}


def test_a_look_at_a_blob() -> None:
    """The headers tell what a listing does, and the version too."""
    moment = datetime(2026, 11, 23, 17, 39, 6, tzinfo=UTC)
    expected = Listed(
        "k", 4, moment, f"md5:{MD5_HEX}", "0x8DE0001", version="2026-11-23T17:39:06.1234567Z", cold="Archive"
    )

    assert azure_page.read_head("k", HEAD) == expected


@pytest.mark.parametrize("header", [{"x-ms-meta-hdi_isfolder": "true"}, {"x-ms-resource-type": "directory"}])
def test_a_look_at_a_folder(header: dict[str, str]) -> None:
    """A folder is nothing that can be read."""
    assert azure_page.read_head("k", {**HEAD, **header}) is None


def test_a_page_of_gcs() -> None:
    """A composite object has no MD5: its CRC and size tell it; the time is that of the content, not of its labels."""
    common = {"timeCreated": "2026-11-23T17:39:06.787Z", "updated": "2026-12-01T00:00:00Z", "storageClass": "ARCHIVE"}
    items = [
        {"name": "plain.csv", "size": "4", "generation": "17", "md5Hash": MD5_BASE64, "crc32c": "yZRlqg==", **common},
        {"name": "joined.csv", "size": "4", "generation": "18", "crc32c": "yZRlqg==", **common},
        {"name": "folder/", "size": "0", "generation": "19", "crc32c": "AAAAAA==", **common},
    ]
    answer = {"kind": "storage#objects", "items": items, "prefixes": ["dt=1/"], "nextPageToken": "CgFh"}

    page = gcs_page.read_page(json.dumps(answer).encode())

    moment = datetime(2026, 11, 23, 17, 39, 6, 787000, tzinfo=UTC)
    assert page.listed == [
        Listed("plain.csv", 4, moment, f"md5:{MD5_HEX}", "17", version="17"),
        Listed("joined.csv", 4, moment, "crc32c:yZRlqg==:4", "18", version="18"),
    ]
    assert page.folders == ["dt=1/"]
    assert page.next_token == "CgFh"
    assert gcs_page.read_object(json.dumps(items[0]).encode()) == page.listed[0]


@pytest.mark.parametrize("namespace", ["", ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'])
@pytest.mark.parametrize("encoded", [True, False])
def test_a_page_of_s3(namespace: str, *, encoded: bool) -> None:
    """Keys come encoded or not, with the namespace or without; archived classes are told."""
    key, encoding = ("a+b%2B%C3%BC.csv", "<EncodingType>url</EncodingType>") if encoded else ("a b+ü.csv", "")
    body = f"""<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult{namespace}><Name>exports</Name><IsTruncated>true</IsTruncated>{encoding}
<Contents><Key>{key}</Key><LastModified>2026-11-23T17:39:06.000Z</LastModified><ETag>&quot;abc-2&quot;</ETag>
<Size>4</Size><StorageClass>GLACIER</StorageClass></Contents>
<Contents><Key>folder/</Key><LastModified>2026-11-23T17:39:06.000Z</LastModified><ETag>&quot;d&quot;</ETag>
<Size>0</Size><StorageClass>STANDARD</StorageClass></Contents>
<NextContinuationToken>1/2+3=</NextContinuationToken></ListBucketResult>"""

    page = s3_page.read_page(body.encode(), s3_object)

    moment = datetime(2026, 11, 23, 17, 39, 6, tzinfo=UTC)
    assert page.listed == [Listed("a b+ü.csv", 4, moment, "etag:abc-2:4", "abc-2", cold="GLACIER")]
    assert page.next_token == "1/2+3="


READERS = {
    "s3": lambda body: s3_page.read_page(body, s3_object),
    "gs": gcs_page.read_page,
    "gs-object": gcs_page.read_object,
    "az": azure_page.read_page,
}


@pytest.mark.parametrize("cloud", READERS)
@pytest.mark.parametrize("body", [b"", b"<html>Log in</html>", b"[1, 2]", b"<a>", b"\xff\xfe", b'{"items": 1}'])
def test_what_is_no_listing_is_not_an_empty_one(cloud: str, body: bytes) -> None:
    """An answer that is somebody else's is an error."""
    with pytest.raises(ValueError, match=r"."):
        READERS[cloud](body)


def test_codes_of_refusals() -> None:
    """A refusal's own word is found in its body or its headers, and is never more than a word."""
    assert s3_page.error_code(b"<Error><Code>NoSuchKey</Code></Error>") == "NoSuchKey"
    assert s3_page.error_code(b"<Error><Code>http://x?sig=1</Code></Error>") == ""
    assert azure_page.error_code({"x-ms-error-code": "BlobNotFound"}, b"") == "BlobNotFound"
    assert azure_page.error_code({}, b"<Error><Code>BlobArchived</Code></Error>") == "BlobArchived"
    assert gcs_page.error_reason(b'{"error": {"errors": [{"reason": "forbidden"}]}}') == "forbidden"
    for body in (b"Not Found", b'{"error": "invalid_grant"}', b'{"error": {"errors": []}}', b"[]", b"\xff"):
        assert gcs_page.error_reason(body) == ""
    assert gcs_page.error_reason(b'{"error": {"errors": [{"reason": "a secret, perhaps"}]}}') == ""
