"""Ids as the API writes them: a prefix and a ULID (`imp_01HXYZ…`), which sorts by time."""

from __future__ import annotations

import secrets

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32
_LENGTH = 26


def new_id(prefix: str, timestamp: float) -> str:
    """An id that no other has: 48 bits of `timestamp` (seconds since 1970), then 80 random bits."""
    number = (int(timestamp * 1000) << 80) | secrets.randbits(80)
    digits = []
    for _ in range(_LENGTH):
        number, digit = divmod(number, 32)
        digits.append(_ALPHABET[digit])
    return f"{prefix}_{''.join(reversed(digits))}"
