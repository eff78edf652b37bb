"""Connections that notice an answer which arrives while the request is still being sent.

A server may refuse a large body early and stop reading. A client that only writes then meets a broken pipe, or fills
the buffers and stalls, and the reason is lost. These connections look for an answer before each block, and whenever
writing stalls; they then stop sending, which urllib3 takes as the moment to read the answer.
"""

from __future__ import annotations

import io
import socket
import ssl
from typing import Any, Final

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.wait import wait_for_read

_LOOK_SECONDS: Final = 0.25
_HUNG_UP: Final = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


class _Watchful(HTTPConnection):
    """Sends in the portions that the socket takes: the connection's timeout bounds each stall, not the whole."""

    _cut_short: bool = False

    def connect(self) -> None:
        self._cut_short = False
        super().connect()

    @property
    def is_connected(self) -> bool:
        # A connection whose request was cut short must not carry another one.
        return not self._cut_short and super().is_connected

    def send(self, data: Any) -> None:  # noqa: ANN401 -- http.client's own signature
        if self.sock is None or not isinstance(data, bytes | memoryview):
            super().send(data)
            return
        self._stop_if_answered()
        sock = self.sock
        patience = sock.gettimeout()
        portion = _LOOK_SECONDS if patience is None else min(_LOOK_SECONDS, patience)
        rest, stalled = memoryview(data), 0.0
        sock.settimeout(portion)
        try:
            while rest:
                try:
                    rest = rest[sock.send(rest) :]
                    stalled = 0.0
                except TimeoutError:
                    stalled += portion
                    self._stop_if_answered()
                    if patience is not None and stalled >= patience:
                        raise
        except _HUNG_UP as error:
            # The answer may have come before the connection was closed: after this error urllib3 goes on to read it.
            self._cut_short = True
            raise BrokenPipeError(*error.args) from error
        finally:
            sock.settimeout(patience)

    def _stop_if_answered(self) -> None:
        if self._answer_has_begun():
            self._cut_short = True
            raise BrokenPipeError("the server answered before the whole request was sent")

    def _answer_has_begun(self) -> bool:
        """Look, without waiting, whether the server has sent something or closed the connection."""
        sock = self.sock
        if not isinstance(sock, ssl.SSLSocket):
            # TLS inside a proxy's own TLS is no socket, and cannot be looked into.
            return isinstance(sock, socket.socket) and wait_for_read(sock, timeout=0.0)
        if not sock.pending() and not wait_for_read(sock, timeout=0.0):
            return False
        # What waits on a TLS socket may be the protocol's own (session tickets): only reading tells. The byte that was
        # read is given to the reader of the answer.
        patience = sock.gettimeout()
        sock.settimeout(0.0)
        try:
            first = sock.recv(1)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        except OSError:
            return True
        finally:
            sock.settimeout(patience)
        self.sock = _Replaying(sock, first)
        return True


class _Replaying:
    """A socket whose reader first sees bytes that were already taken from it."""

    def __init__(self, sock: socket.socket, taken: bytes) -> None:
        self._sock = sock
        self._taken = taken

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- everything else is the socket's own
        return getattr(self._sock, name)

    def makefile(self, *_args: object, **_kwargs: object) -> io.BufferedReader:
        return io.BufferedReader(_Replay(self._taken, self._sock.makefile("rb", buffering=0)))


class _Replay(io.RawIOBase):
    def __init__(self, taken: bytes, rest: io.RawIOBase) -> None:
        self._taken = taken
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 -- any writable buffer
        if self._taken:
            count = min(len(buffer), len(self._taken))
            buffer[:count], self._taken = self._taken[:count], self._taken[count:]
            return count
        return self._rest.readinto(buffer)

    def close(self) -> None:
        self._rest.close()
        super().close()


class _PlainConnection(_Watchful):
    pass


class _TlsConnection(_Watchful, HTTPSConnection):
    pass


class PlainPool(HTTPConnectionPool):
    """Connections over plain TCP."""

    ConnectionCls = _PlainConnection


class TlsPool(HTTPSConnectionPool):
    """Connections over TLS."""

    ConnectionCls = _TlsConnection
