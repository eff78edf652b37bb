"""The keyed hash that is sent instead of a value: HMAC-SHA256 (RFC 2104) of its UTF-8 text, in hex."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from syncer.errors import PrepareError
from syncer.model.spec import Spec

VARIABLE: Final = "SYNCER_MASK_KEY"
_BLOCK: Final = 64
_INNER, _OUTER = 0x36, 0x5C
_KNOWN_TEXT: Final = b"syncer mask key"


@dataclass(frozen=True, slots=True)
class MaskKey:
    """The project's key. It is kept out of every message, and stands in no file and no log."""

    secret: bytes = field(repr=False)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> MaskKey | None:
        """Take `SYNCER_MASK_KEY`, without white space around it; an empty one counts as absent."""
        text = environ.get(VARIABLE, "").strip()
        return cls(text.encode()) if text else None

    @property
    def fingerprint(self) -> str:
        """Eight hex digits that tell two keys apart and give neither away."""
        return hashlib.sha256(hmac.digest(self.secret, _KNOWN_TEXT, "sha256")).hexdigest()[:8]

    @property
    def pads(self) -> tuple[bytes, bytes]:
        """The inner and the outer block: HMAC is `sha256(outer + sha256(inner + text))`."""
        key = hashlib.sha256(self.secret).digest() if len(self.secret) > _BLOCK else self.secret
        block = key.ljust(_BLOCK, b"\0")
        return bytes(byte ^ _INNER for byte in block), bytes(byte ^ _OUTER for byte in block)

    def masked(self, text: str) -> str:
        """Hash a text. The empty text stays empty: it hides nothing, and its hash would be one and the same for all."""
        return hmac.digest(self.secret, text.encode(), "sha256").hex() if text else text


def masks(spec: Spec) -> bool:
    """Whether preparing the spec's files takes a key."""
    return any(column.mask is not None for column in spec.mapping.values())


def check_key(spec: Spec, key: MaskKey | None) -> None:
    """Raise PrepareError if the spec masks a column and there is no key."""
    if key is None and masks(spec):
        names = [name for name, column in spec.mapping.items() if column.mask is not None]
        raise PrepareError(
            f"there is no key to mask {', '.join(map(repr, names))} with",
            where=f"spec {spec.name}",
            why=f"{VARIABLE} is not set, and nothing is sent unmasked",
            next_step=f"export {VARIABLE}=…  (make one with: openssl rand -hex 32)",
        )
