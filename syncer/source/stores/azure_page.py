"""Read what Azure Blob Storage says about blobs.

As with S3, the SDK's own parser takes five times as long as reading a page as the flat list that it is.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import unquote
from xml.etree import ElementTree as ET

from syncer.source.stores.base import Listed

_ARCHIVE = "Archive"


@dataclass(frozen=True, slots=True)
class Page:
    """The blobs of one page, folders left out, the folders one level below, and the marker of the next one, or ""."""

    listed: list[Listed]
    folders: list[str]
    next_marker: str


def read_page(body: bytes) -> Page:
    """Parse an EnumerationResults document. Raises ValueError for anything else."""
    try:
        root = ET.fromstring(body)  # noqa: S314 - expat itself refuses entities that grow without end
    except ET.ParseError as error:
        raise ValueError("the listing is not XML") from error
    if root.tag != "EnumerationResults":
        raise ValueError("the answer is not a listing")
    listed = [blob for blob in map(_listed, root.iter("Blob")) if blob is not None]
    folders = [_name(prefix) for prefix in root.iter("BlobPrefix")]
    return Page(listed, folders, root.findtext("NextMarker") or "")


def read_head(key: str, headers: Mapping[str, str]) -> Listed | None:
    """Read the headers (names in lower case) that answer a look at one blob; a folder is None."""
    if headers.get("x-ms-meta-hdi_isfolder") == "true" or headers.get("x-ms-resource-type") == "directory":
        return None
    properties = {
        "Content-Length": headers["content-length"],
        "Last-Modified": headers["last-modified"],
        "Etag": headers["etag"],
        "BlobType": headers.get("x-ms-blob-type", ""),
        "Content-MD5": headers.get("content-md5", ""),
        "AccessTier": headers.get("x-ms-access-tier", ""),
    }
    return _described(key, properties)._replace(version=headers.get("x-ms-version-id", ""))


def error_code(headers: Mapping[str, str], body: bytes) -> str:
    """Return Azure's code for a refusal, or ""."""
    match = re.search(rb"<Code>([A-Za-z0-9]{1,60})</Code>", body)
    return match[1].decode() if match else headers.get("x-ms-error-code", "")


def _listed(blob: ET.Element) -> Listed | None:
    name = _name(blob)
    properties = {child.tag: child.text or "" for child in blob.find("Properties") or ()}
    # Accounts with real folders list these too, and old tools left blobs that stand for them elsewhere.
    is_folder = properties.get("ResourceType") == "directory" or blob.findtext("Metadata/hdi_isfolder") == "true"
    if is_folder or name.endswith("/"):
        return None
    return _described(name, properties)


def _name(element: ET.Element) -> str:
    """Return a name; one with characters that XML cannot hold is percent-encoded, and says so."""
    name = element.find("Name")
    text = (name.text if name is not None else "") or ""
    return unquote(text) if name is not None and name.get("Encoded") == "true" else text


def _described(key: str, properties: Mapping[str, str]) -> Listed:
    etag, size = properties["Etag"].strip('"'), int(properties["Content-Length"])
    tier = properties.get("AccessTier", "")
    return Listed(
        key,
        size,
        parsedate_to_datetime(properties["Last-Modified"]),
        _fingerprint(properties, etag, size),
        etag,
        cold=tier if tier == _ARCHIVE else "",
    )


def _fingerprint(properties: Mapping[str, str], etag: str, size: int) -> str:
    """Prefer the MD5: unlike the ETag, metadata leaves it alone. So does appending, which is another kind of blob."""
    md5 = properties.get("Content-MD5", "")
    if md5 and properties.get("BlobType", "") == "BlockBlob":
        try:
            return f"md5:{base64.b64decode(md5, validate=True).hex()}"
        except binascii.Error as error:
            raise ValueError("an MD5 is not base64") from error
    return f"etag:{etag}:{size}"
