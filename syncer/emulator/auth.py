"""Who is calling: tokens from the emulator's own token endpoint, and static ones for development.

Issued tokens are RS256 JWTs, judged by the emulator's clock, with scopes. The key pair lives in the data file, so
tokens outlive a restart. It is made when the first token is asked for.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from syncer.emulator.envelope import FORBIDDEN, TOKEN_EXPIRED, TOKEN_INVALID, UNAUTHORIZED, RefusalError
from syncer.emulator.options import SCOPES

if TYPE_CHECKING:
    from syncer.emulator.clock import Clock
    from syncer.emulator.options import Options
    from syncer.emulator.store import Store

_ISSUER = "syncer-emulator"
_AUDIENCE = "cdp-public-api"
_JWT_PARTS = 3
_KEY_BITS = 2048


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose request it is, and what the token allows."""

    subject: str
    scopes: frozenset[str]


class Auth:
    """Issues and checks tokens."""

    def __init__(self, store: Store, clock: Clock, options: Options) -> None:
        self._store = store
        self._clock = clock
        self._options = options
        self._lock = threading.Lock()
        self._key: rsa.RSAPrivateKey | None = None

    def caller(self, authorization: str | None, scope: str) -> Caller:
        """The caller behind an Authorization header. Raises RefusalError: 401, or 403 if the token lacks `scope`."""
        kind, _, token = (authorization or "").partition(" ")
        if kind.lower() != "bearer" or not token or token != token.strip():
            raise _unauthorized(UNAUTHORIZED, "send a token: `Authorization: Bearer <token>`")
        caller = self._static(token) or self._issued(token)
        if scope not in caller.scopes:
            details = {"path": "scope", "value": scope}
            raise RefusalError(403, FORBIDDEN, f"the token lacks the scope {scope}", details=details)
        return caller

    def issue(self, client_id: str, scopes: frozenset[str]) -> str:
        """A fresh token for a client."""
        now = int(self._clock.timestamp())
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": client_id,
            "iat": now,
            "exp": now + self._options.token_seconds,
            "jti": secrets.token_hex(16),
            "scope": " ".join(sorted(scopes)),
        }
        return jwt.encode(claims, self._private_key(), algorithm="RS256")

    def knows_client(self, client_id: str, client_secret: str) -> bool:
        if not self._options.clients:
            return bool(client_id and client_secret) and not self._options.strict_auth
        expected = self._options.clients.get(client_id)
        return expected is not None and secrets.compare_digest(expected.encode(), client_secret.encode())

    def _static(self, token: str) -> Caller | None:
        if token in self._options.tokens:
            scopes = self._options.tokens[token]
            return Caller(_user(token), frozenset(SCOPES if scopes is None else scopes))
        if not self._options.strict_auth and token.count(".") != _JWT_PARTS - 1:
            return Caller(_user(token), frozenset(SCOPES))
        return None

    def _issued(self, token: str) -> Caller:
        options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "require": ["sub", "exp", "scope"]}
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._private_key().public_key(),
                algorithms=["RS256"],
                audience=_AUDIENCE,
                issuer=_ISSUER,
                options=options,  # type: ignore[arg-type]  # a plain dict is what pyjwt documents
            )
        except jwt.InvalidTokenError as error:
            raise _unauthorized(TOKEN_INVALID, "the token was not issued here, or was changed") from error
        if self._clock.timestamp() >= claims["exp"]:
            raise _unauthorized(TOKEN_EXPIRED, "the token has expired")
        return Caller(_user(claims["sub"]), frozenset(str(claims["scope"]).split()))

    def _private_key(self) -> rsa.RSAPrivateKey:
        with self._lock:
            if self._key is None:
                self._key = self._stored_key()
            return self._key

    def _stored_key(self) -> rsa.RSAPrivateKey:
        stored = self._store.recall("token_key")
        if stored is not None:
            loaded = serialization.load_pem_private_key(stored.encode(), password=None)
            if isinstance(loaded, rsa.RSAPrivateKey):
                return loaded
        key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self._store.remember("token_key", pem.decode())
        return key


def _user(name: str) -> str:
    return f"usr_{hashlib.sha256(name.encode()).hexdigest()[:26].upper()}"


def _unauthorized(code: str, message: str) -> RefusalError:
    return RefusalError(401, code, message, headers={"WWW-Authenticate": "Bearer"})
