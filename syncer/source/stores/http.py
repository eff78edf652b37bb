"""Plain requests for bytes: pooled, with proxies and certificates as the environment has them, and nothing decoded."""

from __future__ import annotations

import http.client
import io
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import SplitResult, unquote, urlsplit

from syncer.source.stores.base import CONNECT_SECONDS, READ_SECONDS, RetryableError
from syncer.source.stores.breaker import Breaker, breakable

if TYPE_CHECKING:
    import urllib3

CONNECTIONS: Final = 32
LARGEST_ANSWER: Final = 1 << 26
"""A page of a listing has a few megabytes; what is far larger is none."""
_WORDS: Final = {
    "NameResolutionError": "its host name is not known",
    "NewConnectionError": "no connection can be made",
    "ConnectTimeoutError": "no connection in time",
    "ReadTimeoutError": "it stopped answering",
    "TimeoutError": "it stopped answering",
    "SSLError": "its certificate is not accepted",
    "ProxyError": "the proxy does not let it through",
    "ProxySchemeUnknown": "the proxy in the environment is of a kind that is not supported",
    "ProtocolError": "the connection broke",
    "ConnectionResetError": "the connection broke",
    "ConnectionAbortedError": "the connection broke",
    "SSLEOFError": "the connection broke",
    "IncompleteRead": "the answer was cut off",
}


def _is_not_a_request_line(record: logging.LogRecord) -> bool:
    return record.levelno > logging.DEBUG


# urllib3 logs each request line at DEBUG, and a signed URL is a password.
logging.getLogger("urllib3.connectionpool").addFilter(_is_not_a_request_line)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, names of headers in lower case: `length` bytes went into the caller's buffer, or `body` holds it."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)
    length: int = 0


class Http:
    """GETs and HEADs for one store. Thread-safe. The URLs are passwords: they are in no error and no log.

    `certificates` names a file or folder of authorities to trust instead of the system's own.
    """

    def __init__(self, environ: Mapping[str, str], certificates: str = "") -> None:
        self._proxies = _proxies(environ)
        self._certificates = certificates
        self._managers: dict[str, urllib3.PoolManager] = {}
        self._lock = threading.Lock()

    def get(
        self, url: str, headers: Mapping[str, str], into: memoryview | None = None, *, breaker: Breaker | None = None
    ) -> Reply:
        """Send one GET. A 2xx fills `into`; every other answer, and one without a buffer, is read whole.

        An answer that is longer than the buffer has a `length` beyond it. Raises RetryableError when there is no
        answer, when it ends before the buffer is full, or when the breaker breaks it off.
        """
        return self._ask("GET", url, headers, into, breaker)

    def head(self, url: str, headers: Mapping[str, str]) -> Reply:
        """Send one HEAD. Raises RetryableError when there is no answer."""
        return self._ask("HEAD", url, headers, None, None)

    def close(self) -> None:
        """Close every connection that is not in use."""
        with self._lock:
            for manager in self._managers.values():
                # Clearing alone leaves sockets to the garbage collector, and a kept error's traceback holds on to them.
                for key in manager.pools.keys():  # noqa: SIM118 - urllib3's container cannot be iterated over
                    manager.pools[key].close()
                manager.clear()

    def _ask(
        self, method: str, url: str, headers: Mapping[str, str], into: memoryview | None, breaker: Breaker | None
    ) -> Reply:
        from urllib3.exceptions import HTTPError

        response = None
        try:
            with breakable(breaker):
                response = self._sent(method, url, {"Accept-Encoding": "identity", **headers})
                known = {name.lower(): value for name, value in response.headers.items()}
                if into is not None and 200 <= response.status < 300:  # noqa: PLR2004 - HTTP's successes
                    return Reply(response.status, known, length=_filled(response, into))
                return Reply(response.status, known, body=_whole(response))
        except (HTTPError, OSError, http.client.HTTPException) as error:
            raise RetryableError(_words(error)) from None
        finally:
            if response is not None:
                # What was not read to its end cannot be used for another request.
                response.release_conn() if response.closed or not response.length_remaining else response.close()

    def _sent(self, method: str, url: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        parts = urlsplit(url)
        proxy = self._proxy(parts)
        with self._lock:
            manager = self._managers.get(proxy)
            if manager is None:
                manager = self._managers[proxy] = _manager(proxy, self._certificates)
        pool = manager.connection_from_host(parts.hostname, parts.port, scheme=parts.scheme)
        # A key may have `..` in it: the path goes out as it was signed, and not as a file system's would be tidied.
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        return pool.urlopen(
            method,
            url if proxy and parts.scheme == "http" else path,
            headers=headers,
            retries=False,
            redirect=False,
            assert_same_host=False,  # the pool's host is the proxy where there is one
            preload_content=False,
            decode_content=False,
        )

    def _proxy(self, parts: SplitResult) -> str:
        from urllib import request

        if request.proxy_bypass_environment(parts.hostname, self._proxies):  # type: ignore[attr-defined] # public, but not in the stubs
            return ""
        proxy = self._proxies.get(parts.scheme) or self._proxies.get("all") or ""
        return proxy if "://" in proxy or not proxy else f"http://{proxy}"


def _proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the proxy for each scheme, and the hosts without one (`no`): the variables that all clouds' clients read.

    Of two spellings the one in lower case counts, and an empty one switches the proxy off.
    """
    by_rank = sorted(environ, key=str.islower)
    return {name.lower().removesuffix("_proxy"): environ[name] for name in by_rank if name.lower().endswith("_proxy")}


def _words(error: Exception) -> str:
    """Say what went wrong without the error's own text, which may hold the URL."""
    name = type(error).__name__
    return _WORDS.get(name, f"no answer: {name}")


def _filled(response: urllib3.BaseHTTPResponse, into: memoryview) -> int:
    # urllib3's own reading hands every byte on twice; below it, they go from the socket to where they belong.
    raw = cast("io.BufferedIOBase", response._fp)  # type: ignore[attr-defined]  # noqa: SLF001 - the answer itself
    length = 0
    while length < len(into):
        count = raw.readinto(into[length:])
        if not count:
            raise RetryableError("the answer was cut off")
        length += count
    return length + len(raw.read(1))


def _whole(response: urllib3.BaseHTTPResponse) -> bytes:
    body = response.read(LARGEST_ANSWER)
    if response.read(1) or response.length_remaining:
        raise RetryableError("the answer is far too long" if len(body) == LARGEST_ANSWER else "the answer was cut off")
    return body


def _manager(proxy: str, certificates: str) -> urllib3.PoolManager:
    import urllib3

    from syncer.source.stores.pools import PlainPool, TlsPool

    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
    options: dict[str, Any] = {"maxsize": CONNECTIONS, "timeout": timeout}
    if certificates:
        options["ca_cert_dir" if Path(certificates).is_dir() else "ca_certs"] = certificates
    manager = _through(proxy, options) if proxy else urllib3.PoolManager(**options)
    manager.pool_classes_by_scheme = {"http": PlainPool, "https": TlsPool}
    return manager


def _through(proxy: str, options: dict[str, Any]) -> urllib3.PoolManager:
    import urllib3

    parts = urlsplit(proxy)
    if parts.username is not None:
        credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        options["proxy_headers"] = urllib3.make_headers(proxy_basic_auth=credentials)
        proxy = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return urllib3.ProxyManager(proxy, **options)
