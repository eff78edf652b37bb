"""Read one page of an S3 listing.

The parser of the AWS SDKs builds a tree of typed values for every key; a page is a flat list, and taken as one it
costs a twentieth of the time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

from syncer.source.stores.base import Listed

_NAMESPACE = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Page:
    """The objects of one page, folders left out, and the token of the next one, or ""."""

    listed: list[Listed]
    next_token: str


def read_page(body: bytes, make: Callable[[str, int, datetime, str, str], Listed]) -> Page:
    """Parse a ListBucketResult, keys URL-encoded or not. Raises ValueError for anything else."""
    try:
        root = ET.fromstring(body)  # noqa: S314 - expat itself refuses entities that grow without end
    except ET.ParseError as error:
        raise ValueError("the listing is not XML") from error
    if not root.tag.endswith("ListBucketResult"):
        raise ValueError("the answer is not a listing")
    space = root.tag[: -len("ListBucketResult")]
    decode = unquote_plus if root.findtext(f"{space}EncodingType") == "url" else str
    names = [f"{space}{name}" for name in ("Key", "Size", "LastModified", "ETag", "StorageClass")]
    listed = []
    for entry in root.iter(f"{space}Contents"):
        texts = {child.tag: child.text or "" for child in entry}
        key, size, modified, etag, storage = (texts.get(name, "") for name in names)
        if not key.endswith("/"):
            when = datetime.fromisoformat(modified)
            listed.append(make(decode(key), int(size), when, etag.strip('"'), storage))
    return Page(listed, root.findtext(f"{space}NextContinuationToken") or "")


def error_code(body: bytes) -> str:
    """Return the code of an S3 error document, or "" for anything else."""
    match = re.search(rb"<Code>([A-Za-z0-9]{1,60})</Code>", body)
    return match[1].decode() if match else ""
