"""Connections whose requests can be broken off while their answer is awaited."""

from __future__ import annotations

from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from syncer.source.stores.breaker import awaits


class _Breakable(HTTPConnection):
    def getresponse(self) -> Any:  # noqa: ANN401 - urllib3's own answer
        awaits(self.sock)
        return super().getresponse()


class _PlainConnection(_Breakable):
    pass


class _TlsConnection(_Breakable, HTTPSConnection):
    pass


class PlainPool(HTTPConnectionPool):
    """Connections over plain TCP."""

    ConnectionCls = _PlainConnection


class TlsPool(HTTPSConnectionPool):
    """Connections over TLS."""

    ConnectionCls = _TlsConnection
