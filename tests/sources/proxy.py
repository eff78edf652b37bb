"""A wire to a store that breaks on purpose: it passes HTTP on, but for what a test does to the ranges of reads."""

from __future__ import annotations

import contextlib
import http.client
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

Act = Literal["pass", "cut", "busy", "drop"]
"""What becomes of a request: passed on, answered by half, answered 503, or not answered at all."""


@dataclass(slots=True)
class Wire:
    """Where the store is to be found, and which ranges were asked for, by the first byte of each."""

    url: str
    on_range: Callable[[int], Act | None] = lambda _: "pass"
    ranges: Counter[int] = field(default_factory=Counter)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    upstream: tuple[str, int]
    wire: Wire

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that was cut off, or killed, is what tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._pass_on()

    def do_HEAD(self) -> None:
        self._pass_on()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _pass_on(self) -> None:
        act = self._decided()
        if act == "drop":
            self.close_connection = True
        elif act == "busy":
            self.send_response_only(503)
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._answer(*self._asked(), by_half=act == "cut")

    def _decided(self) -> Act:
        asked = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if asked is None:
            return "pass"
        start = int(asked[1])
        self.server.wire.ranges[start] += 1
        return self.server.wire.on_range(start) or "pass"

    def _asked(self) -> tuple[int, list[tuple[str, str]], bytes]:
        with contextlib.closing(http.client.HTTPConnection(*self.server.upstream)) as connection:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes, *, by_half: bool) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                self.send_header(name, value)
        length = next((value for name, value in headers if name.lower() == "content-length"), str(len(body)))
        self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if by_half else body)
        self.close_connection = by_half


@contextmanager
def wire_to(endpoint_url: str) -> Iterator[Wire]:
    """Serve a store's requests on another port until the block ends."""
    parts = urlsplit(endpoint_url)
    assert parts.hostname is not None
    assert parts.port is not None
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.upstream = (parts.hostname, parts.port)
        server.wire = Wire(f"http://127.0.0.1:{server.server_address[1]}{parts.path}")
        thread = threading.Thread(target=server.serve_forever, name="wire", daemon=True)
        thread.start()
        try:
            yield server.wire
        finally:
            server.shutdown()
            thread.join()
