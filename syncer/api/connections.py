"""Sockets: verified TLS, the environment's proxies, timeouts. No redirect is followed here and nothing is retried.

Thread-safe: connections are pooled for each address and proxy, and any number of threads may use them.
"""

from __future__ import annotations

import http.client
import logging
import ssl
import threading
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from syncer.api.address import Address, proxy_for
from syncer.api.watchful import PlainPool, TlsPool
from syncer.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BLOCK_BYTES: Final = 1 << 20  # measured: as fast as curl from this size on, at a third of the CPU of 8 KiB blocks

NETWORK_ERRORS: Final = (HTTPError, OSError, http.client.HTTPException)
"""What a broken, refused or silent connection raises."""

_POOL_SIZE: Final = 16


def _is_not_a_request_line(record: logging.LogRecord) -> bool:
    return record.levelno > logging.DEBUG


# urllib3 logs each request line at DEBUG, and a presigned URL's query is a password.
logging.getLogger("urllib3.connectionpool").addFilter(_is_not_a_request_line)


class Connections:
    """Connections, made on first use. `timeout` bounds connecting, each stall of writing, and reading, in seconds."""

    def __init__(self, *, timeout: float) -> None:
        self.timeout = timeout
        self._lock = threading.Lock()
        self._managers: dict[tuple[str, str | None], urllib3.PoolManager] = {}

    def send(
        self,
        method: str,
        address: Address,
        *,
        headers: Mapping[str, str],
        body: bytes | Iterator[memoryview] | None = None,
        answer_timeout: float | None = None,
    ) -> urllib3.BaseHTTPResponse:
        """Send one request and give its answer with the body unread, whatever its status.

        Raises one of NETWORK_ERRORS when there is no answer. `answer_timeout` replaces the read timeout for this
        request.
        """
        pool = self._manager(address).connection_from_host(address.host, address.port, scheme=address.scheme)
        return pool.urlopen(
            method,
            address.target,
            body=body,  # type: ignore[arg-type] # the stubs do not know that http.client sends any buffer
            headers=dict(headers),
            retries=False,
            redirect=False,
            preload_content=False,
            timeout=urllib3.Timeout(connect=self.timeout, read=answer_timeout or self.timeout),
        )

    def close(self) -> None:
        """Close every connection that is not in use."""
        with self._lock:
            for manager in self._managers.values():
                # Clearing alone leaves sockets to the garbage collector, and a kept error's traceback holds on to them.
                for key in manager.pools.keys():  # noqa: SIM118 -- urllib3's container cannot be iterated over
                    manager.pools[key].close()
                manager.clear()
            self._managers.clear()

    def _manager(self, address: Address) -> urllib3.PoolManager:
        key = (address.scheme, proxy_for(address))
        with self._lock:
            if key not in self._managers:
                self._managers[key] = _make_manager(*key, timeout=self.timeout)
            return self._managers[key]


def _make_manager(scheme: str, proxy: str | None, *, timeout: float) -> urllib3.PoolManager:
    # The default context is the system's trust store and honours SSL_CERT_FILE and SSL_CERT_DIR.
    context = ssl.create_default_context() if scheme == "https" else None
    if proxy is None:
        manager = urllib3.PoolManager(maxsize=_POOL_SIZE, ssl_context=context, timeout=timeout)
    else:
        url, credentials = _split_proxy(proxy)
        headers = urllib3.make_headers(proxy_basic_auth=credentials) if credentials else None
        manager = urllib3.ProxyManager(
            url,
            proxy_headers=headers,
            proxy_ssl_context=ssl.create_default_context() if url.startswith("https:") else None,
            maxsize=_POOL_SIZE,
            ssl_context=context,
            timeout=timeout,
        )
    manager.pool_classes_by_scheme = {"http": PlainPool, "https": TlsPool}
    return manager


def _split_proxy(proxy: str) -> tuple[str, str]:
    """Take the credentials out of a proxy's URL. Raises Refused for a kind of proxy that is not spoken."""
    parts = urlsplit(proxy)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Refused(
            f"the environment names a proxy of a kind that is not supported ({parts.scheme or 'no scheme'})",
            next_step="Set HTTPS_PROXY to an http:// or https:// proxy, or list the host in NO_PROXY.",
        )
    host = parts.netloc.rpartition("@")[2]
    credentials = ":".join(unquote(part) for part in (parts.username, parts.password or "") if part is not None)
    return f"{parts.scheme}://{host}", credentials if parts.username is not None else ""
