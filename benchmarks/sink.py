"""A server that takes one PUT after the other and keeps nothing; it prints its port and runs until it is stopped."""

from __future__ import annotations

import re
import socket
import sys
import threading

BLOCK = 1 << 20


def _take(connection: socket.socket) -> None:
    buffer = bytearray(BLOCK)
    with connection:
        while head := _head(connection):
            text, rest = head
            if b"100-continue" in text.lower():
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            length = re.search(rb"(?i)content-length: *([0-9]+)", text)
            if length is not None:
                left = int(length[1]) - len(rest)
                while left > 0 and (count := connection.recv_into(buffer, min(BLOCK, left))):
                    left -= count
            else:  # chunked, as a pipe of unknown length is sent
                while not rest.endswith(b"0\r\n\r\n"):
                    count = connection.recv_into(buffer)
                    rest = (rest + buffer[max(0, count - 8) : count])[-8:]
                    if not count:
                        return
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def _head(connection: socket.socket) -> tuple[bytes, bytes] | None:
    data = b""
    while b"\r\n\r\n" not in data:
        block = connection.recv(1 << 16)
        if not block:
            return None
        data += block
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def main() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            connection, _ = server.accept()
            threading.Thread(target=_take, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
