"""The keyed hash that is sent instead of a value: HMAC-SHA256 (RFC 2104) of its UTF-8 text, in hex."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Final

from syncer.errors import PrepareError
from syncer.model.spec import Spec
from syncer.settings import MASK_KEY, MaskKey

_BLOCK: Final = 64
_INNER, _OUTER = 0x36, 0x5C


def masking(key: MaskKey) -> Callable[[str], str]:
    """Return what hashes a text. The empty text stays empty: it hides nothing, and its hash would be everybody's."""
    secret = key.secret_bytes
    return lambda text: hmac.digest(secret, text.encode(), "sha256").hex() if text else text


def pads(key: MaskKey) -> tuple[bytes, bytes]:
    """Return the inner and the outer block: HMAC is `sha256(outer + sha256(inner + text))`."""
    secret = key.secret_bytes
    block = (hashlib.sha256(secret).digest() if len(secret) > _BLOCK else secret).ljust(_BLOCK, b"\0")
    return bytes(byte ^ _INNER for byte in block), bytes(byte ^ _OUTER for byte in block)


def masked_columns(spec: Spec) -> tuple[str, ...]:
    """Return the source columns that a key is needed for."""
    return tuple(name for name, column in spec.mapping.items() if column.mask is not None)


def check_key(spec: Spec, key: MaskKey | None) -> None:
    """Raise PrepareError if the spec masks a column and there is no key."""
    names = masked_columns(spec)
    if names and key is None:
        raise PrepareError(
            f"there is no key to mask {', '.join(map(repr, names))} with",
            where=f"spec {spec.name}",
            why=f"{MASK_KEY} is not set, and nothing is sent unmasked",
            next_step=f"export {MASK_KEY}=…  (make one once, and keep it: openssl rand -hex 32)",
        )
