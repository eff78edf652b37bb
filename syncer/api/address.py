"""Which addresses syncer talks to: HTTPS, plain HTTP only on this machine, through the proxies of the environment."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """A URL taken apart. `target`, the path with its query as the request line has it, may hold a signature."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    target: str

    @property
    def origin(self) -> str:
        """The part that may be shown: scheme, host, and the port where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}")

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.host)

    def __repr__(self) -> str:
        return f"Address({self.origin})"


class BadAddressError(ValueError):
    """A URL cannot be used; the message says why in words that may be shown, and never holds the URL."""


def parse_address(url: str) -> Address:
    """Take a URL apart. Raises BadAddressError unless it is HTTPS, or HTTP to this very machine."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise BadAddressError("it is not a URL") from None
    if not host or any(mark.isspace() or not mark.isprintable() for mark in url):
        raise BadAddressError("it is not a URL")
    if parts.username is not None:
        raise BadAddressError("it has a user name or password in it")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if parts.scheme == "https":
        return Address("https", host, port or 443, target)
    if parts.scheme == "http" and is_loopback(host):
        return Address("http", host, port or 80, target)
    if parts.scheme == "http":
        raise BadAddressError("plain HTTP would show it to the network; only https:// is used, and http:// on loopback")
    raise BadAddressError("it does not begin with https://")


def is_loopback(host: str) -> bool:
    """Say whether the host name or address means this machine."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def proxy_for(address: Address) -> str | None:
    """Give the URL of the proxy that the environment or the system wants here, or None. Loopback is never proxied."""
    if address.is_loopback or proxy_bypass(f"{address.host}:{address.port}") or proxy_bypass(address.host):
        return None
    proxies = getproxies()
    proxy = proxies.get(address.scheme) or proxies.get("all")
    if not proxy:
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
