"""Read what Google Cloud Storage's JSON API says about objects."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import msgspec

from syncer.source.stores.base import Listed

T = TypeVar("T")

OBJECT_FIELDS = "name,size,generation,timeCreated,md5Hash,crc32c"
PAGE_FIELDS = f"items({OBJECT_FIELDS}),prefixes,nextPageToken"


class _Object(msgspec.Struct, rename="camel"):
    name: str
    size: str
    generation: str
    time_created: datetime
    md5_hash: str = ""
    crc32c: str = ""


class _Answer(msgspec.Struct, rename="camel"):
    items: list[_Object] = []
    prefixes: list[str] = []
    next_page_token: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """The objects of one page, folders left out, the folders one level below, and the token of the next one, or ""."""

    listed: list[Listed]
    folders: list[str]
    next_token: str


def read_page(body: bytes) -> Page:
    """Parse the answer to a listing. Raises ValueError for anything else."""
    answer = _decode(body, _Answer)
    listed = [_listed(item) for item in answer.items if not item.name.endswith("/")]
    return Page(listed, answer.prefixes, answer.next_page_token)


def read_object(body: bytes) -> Listed:
    """Parse the answer to a look at one object. Raises ValueError for anything else."""
    return _listed(_decode(body, _Object))


def error_reason(body: bytes) -> str:
    """Return the word for a refusal (`forbidden`, `userProjectMissing`), or "" where the answer has none."""
    try:
        errors = msgspec.json.decode(body)["error"]["errors"]
        reason = errors[0]["reason"]
    except (msgspec.DecodeError, UnicodeDecodeError, LookupError, TypeError):
        return ""
    return reason if isinstance(reason, str) and reason.isalnum() else ""


def _decode(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError("the answer is not what the JSON API says") from error


def _listed(item: _Object) -> Listed:
    size = int(item.size)
    return Listed(
        item.name, size, item.time_created, _fingerprint(item, size), item.generation, version=item.generation
    )


def _fingerprint(item: _Object, size: int) -> str:
    """Prefer what the content alone decides and other stores can tell too; composite objects have no MD5."""
    if item.md5_hash:
        try:
            return f"md5:{base64.b64decode(item.md5_hash, validate=True).hex()}"
        except binascii.Error as error:
            raise ValueError("an MD5 is not base64") from error
    return f"crc32c:{item.crc32c}:{size}"
