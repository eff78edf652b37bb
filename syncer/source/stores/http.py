"""Plain GETs of signed URLs: pooled, with proxies and certificates as the environment has them, and nothing decoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from syncer.source.stores.base import CONNECT_SECONDS, READ_SECONDS, RetryableError

if TYPE_CHECKING:
    import urllib3

CONNECTIONS: Final = 32
LARGEST_ANSWER: Final = 1 << 26
"""A page of a listing has about half a megabyte; what is far larger is none."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: `length` bytes went into the caller's buffer, or `body` holds what there was no buffer for."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)
    length: int = 0


class Http:
    """GETs and HEADs for one store. Thread-safe. The URLs are passwords: they are in no error and no log."""

    def __init__(self, environ: Mapping[str, str], certificates: str = "") -> None:
        self._environ = environ
        self._certificates = certificates
        self._pools: dict[str, urllib3.PoolManager] = {}

    def get(self, url: str, headers: Mapping[str, str], into: memoryview | None = None) -> Reply:
        """Send one GET. A 2xx fills `into`; every other answer, and one without a buffer, is read whole.

        Raises RetryableError when there is no answer, or when it ends before the buffer is full.
        """
        return self._ask("GET", url, headers, into)

    def head(self, url: str, headers: Mapping[str, str]) -> Reply:
        """Send one HEAD. Raises RetryableError when there is no answer."""
        return self._ask("HEAD", url, headers, None)

    def close(self) -> None:
        for pool in self._pools.values():
            pool.clear()

    def _ask(self, method: str, url: str, headers: Mapping[str, str], into: memoryview | None) -> Reply:
        from urllib3.exceptions import HTTPError

        try:
            response = self._pool(url).request(
                method,
                url,
                headers={"Accept-Encoding": "identity", **headers},
                preload_content=False,
                decode_content=False,
                redirect=False,
            )
            known = {name.lower(): value for name, value in response.headers.items()}
            try:
                if into is not None and 200 <= response.status < 300:  # noqa: PLR2004 - HTTP's successes
                    return Reply(response.status, known, length=_filled(response, into))
                return Reply(response.status, known, body=response.read(LARGEST_ANSWER) or b"")
            finally:
                # What was not read to its end cannot be used for another request.
                response.release_conn() if response.closed or not response.length_remaining else response.close()
        except (HTTPError, OSError) as error:
            raise RetryableError(f"no answer ({type(error).__name__})") from None

    def _pool(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        proxy = _proxy(parts.scheme, parts.hostname or "", self._environ)
        if proxy not in self._pools:
            self._pools[proxy] = _pool(proxy, self._certificates)
        return self._pools[proxy]


def _filled(response: urllib3.BaseHTTPResponse, into: memoryview) -> int:
    length = 0
    while length < len(into):
        block = response.read(min(1 << 20, len(into) - length))
        if not block:
            raise RetryableError("the answer was cut off")
        into[length : length + len(block)] = block
        length += len(block)
    return length + len(response.read(1))


def _pool(proxy: str, certificates: str) -> urllib3.PoolManager:
    import urllib3

    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
    options: dict[str, Any] = {"maxsize": CONNECTIONS, "retries": False, "timeout": timeout}
    if certificates:
        options["ca_certs"] = certificates
    return urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)


def _proxy(scheme: str, host: str, environ: Mapping[str, str]) -> str:
    """Return the proxy for a host, or "". The variables are those that every HTTP client of the clouds reads."""
    from urllib import request

    known = {name.lower(): value for name, value in environ.items() if name.lower().endswith("_proxy")}
    proxies = {name.removesuffix("_proxy"): value for name, value in known.items()}
    if request.proxy_bypass_environment(host, proxies):  # type: ignore[attr-defined] # public, but not in the stubs
        return ""
    return proxies.get(scheme) or proxies.get("all") or ""
