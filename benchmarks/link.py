"""A shaped link on loopback: a TCP forwarder whose connections each have a delay and a bandwidth.

    python benchmarks/link.py TARGET_HOST TARGET_PORT --delay-ms 30 --megabytes-per-second 90

Prints its own port and runs until it is stopped. The delay is that of a round trip: every request is held back for so
long. The bandwidth is a connection's own, so that several connections together are faster than one, as between distant
networks; the kernel keeps to it and moves the bytes, so that the link takes hardly any of the processor. Linux only.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import socket
import sys
import threading
import time
from typing import Final

BLOCK: Final = 1 << 20
MAX_PACING_RATE: Final = 47
"""SO_MAX_PACING_RATE of Linux, which Python has no name for: bytes a second, kept to by the kernel's own clock."""


def _hold_back(near: socket.socket, far: socket.socket, delay: float) -> None:
    """Hand requests on, each after the delay."""
    with contextlib.suppress(OSError):
        while block := near.recv(1 << 16):
            time.sleep(delay)
            far.sendall(block)
    with contextlib.suppress(OSError):
        far.shutdown(socket.SHUT_RDWR)


def _hand_on(far: socket.socket, near: socket.socket) -> None:
    """Hand answers on, without a copy; the near socket is paced."""
    taken, given = os.pipe()
    fcntl.fcntl(given, fcntl.F_SETPIPE_SZ, BLOCK)
    with contextlib.suppress(OSError):
        while count := os.splice(far.fileno(), given, BLOCK):
            while count:
                count -= os.splice(taken, near.fileno(), count)
    os.close(taken)
    os.close(given)
    with contextlib.suppress(OSError):
        near.shutdown(socket.SHUT_RDWR)


def _join(near: socket.socket, target: tuple[str, int], delay: float, rate: int) -> None:
    near.setsockopt(socket.SOL_SOCKET, MAX_PACING_RATE, rate)
    with near, socket.create_connection(target) as far:
        for one in (near, far):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        asking = threading.Thread(target=_hold_back, args=(near, far, delay), daemon=True)
        asking.start()
        _hand_on(far, near)
        asking.join()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--delay-ms", type=float, default=30)
    parser.add_argument("--megabytes-per-second", type=float, default=90)
    options = parser.parse_args()
    target, rate = (options.host, options.port), int(options.megabytes_per_second * 1e6)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            near, _ = server.accept()
            threading.Thread(target=_join, args=(near, target, options.delay_ms / 1000, rate), daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
