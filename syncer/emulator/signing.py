"""Presigned URLs: whoever holds one may do one thing until it expires, without a token.

They look like S3's (`X-Amz-Date`, `X-Amz-Expires`, `X-Amz-Signature`); the signature is an HMAC over method, path and
expiry, with a secret that lives in the data file.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncer.emulator.clock import Clock
    from syncer.emulator.store import Store

_DATE_FORMAT = "%Y%m%dT%H%M%SZ"


class SignatureRefusedError(Exception):
    """The signature is missing, wrong or expired. `args[0]` says which."""


class Signer:
    """Signs and checks the URLs of one data folder."""

    def __init__(self, store: Store, clock: Clock) -> None:
        secret = store.recall("signing_secret")
        if secret is None:
            secret = secrets.token_hex(32)
            store.remember("signing_secret", secret)
        self._secret = bytes.fromhex(secret)
        self._clock = clock

    def query(self, method: str, path: str, seconds: int) -> str:
        """The query string that allows `method` on `path` for `seconds` from now."""
        date = self._clock.now().strftime(_DATE_FORMAT)
        signature = self._sign(method, path, date, str(seconds))
        return urlencode({"X-Amz-Date": date, "X-Amz-Expires": seconds, "X-Amz-Signature": signature})

    def check(self, method: str, path: str, query: Mapping[str, str]) -> None:
        """Raise SignatureRefusedError unless `query` allows `method` on `path` now."""
        date, seconds = query.get("X-Amz-Date", ""), query.get("X-Amz-Expires", "")
        expected = self._sign(method, path, date, seconds)
        if not hmac.compare_digest(expected.encode(), query.get("X-Amz-Signature", "").encode()):
            raise SignatureRefusedError("the signature does not match the request")
        signed_at = datetime.strptime(date, _DATE_FORMAT).replace(tzinfo=UTC)
        if self._clock.now() >= signed_at + timedelta(seconds=int(seconds)):
            raise SignatureRefusedError("the request has expired")

    def _sign(self, method: str, path: str, date: str, seconds: str) -> str:
        message = f"{method}\n{path}\n{date}\n{seconds}".encode()
        return hmac.new(self._secret, message, hashlib.sha256).hexdigest()
