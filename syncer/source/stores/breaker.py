"""Break off the requests that a reader has under way: a store that hangs holds up nobody who has stopped reading."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any, Final


class Breaker:
    """Breaks off the requests of one reader, from any thread: each fails at once, and so does every later one.

    A request that has no connection yet fails when it has one, or when its time to connect is over.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: dict[int, Any] = {}
        self._broken = False

    def break_off(self) -> None:
        with self._lock:
            self._broken = True
            for sock in self._sockets.values():
                _hang_up(sock)

    def hold(self, sock: object) -> None:
        """Take note of the socket on which this thread waits for an answer. Raises OSError once all is broken off."""
        with self._lock:
            if self._broken:
                raise ConnectionAbortedError("the read was given up")
            self._sockets[threading.get_ident()] = sock

    def let_go(self) -> None:
        """Forget this thread's socket, before it may carry anything else."""
        with self._lock:
            self._sockets.pop(threading.get_ident(), None)


def _hang_up(sock: Any) -> None:  # noqa: ANN401 - a socket, a TLS socket, or urllib3's TLS within TLS
    plain = sock if isinstance(sock, socket.socket) else getattr(sock, "socket", None)
    if isinstance(plain, socket.socket):
        with contextlib.suppress(OSError):  # the other side was faster
            # The plain call even for TLS, whose own would take the session away from the thread that reads.
            socket.socket.shutdown(plain, socket.SHUT_RDWR)


_asking: Final = threading.local()
"""The breaker of the request that each thread has under way: the pool tells nobody which connection it takes."""


@contextlib.contextmanager
def breakable(breaker: Breaker | None) -> Iterator[None]:
    """Let the breaker break off what this thread asks within the block."""
    if breaker is None:
        yield
        return
    _asking.breaker = breaker
    try:
        yield
    finally:
        del _asking.breaker
        breaker.let_go()


def awaits(sock: object) -> None:
    """Tell the breaker of this thread's request, where it has one, on which socket the answer is awaited."""
    breaker: Breaker | None = getattr(_asking, "breaker", None)
    if breaker is not None:
        breaker.hold(sock)
