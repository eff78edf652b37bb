"""A strict server over a real socket: it answers after a script, and keeps what it was sent as it came off the wire."""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import socketserver
import ssl
import struct
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CORRELATION_ID = "0b2f7c1e-6f0a-4f5e-9a53-0d4a3c7e1b11"
_KEEP_BODIES_UP_TO = 4 << 20


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it arrived. `body` is empty for large ones, where `size` and `sha256` tell enough."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    size: int
    sha256: str
    connection: int

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name: str) -> str | None:
        values = self.all(name)
        assert len(values) <= 1, f"{name} was sent {len(values)} times"
        return values[0] if values else None

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of the script.

    `act`: `answer` reads the whole request first; `answer_early` answers after the head and reads nothing more;
    `answer_early_and_close` does so and closes both ways at once; `cut_before` resets the connection after the head;
    `cut_after` reads everything and closes without a word; `cut_within` closes half-way through the answer.
    """

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    act: Literal["answer", "answer_early", "answer_early_and_close", "cut_before", "cut_after", "cut_within"] = "answer"
    then: Callable[[], None] | None = None

    def encode(self) -> bytes:
        head = [f"HTTP/1.1 {self.status} Scripted", f"Content-Length: {len(self.body)}"]
        head += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join([*head, "", ""]).encode("latin-1") + self.body


def ok(data: object = None, *, status: int = 200, then: Callable[[], None] | None = None) -> Reply:
    envelope = {"success": True, "data": {} if data is None else data, "correlationId": CORRELATION_ID}
    return Reply(status, json.dumps(envelope).encode(), (("Content-Type", "application/json"),), then=then)


def failure(status: int, code: str, message: str = "it did not work", **more: Any) -> Reply:
    """`headers` are the answer's; everything else goes into the envelope's error."""
    headers = tuple((more.pop("headers", None) or {}).items())
    error = {"code": code, "message": message, **more}
    envelope = {"success": False, "correlationId": CORRELATION_ID, "error": error}
    return Reply(status, json.dumps(envelope).encode(), (("Content-Type", "application/json"), *headers))


@dataclass(slots=True)
class Script:
    """What is to be answered, in order, and what came."""

    replies: list[Reply] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    connections: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    repeat_last: bool = False

    def next(self, request_line: str) -> Reply:
        with self.lock:
            if self.repeat_last and len(self.replies) == 1:
                return self.replies[0]
            if self.replies:
                return self.replies.pop(0)
            self.unexpected.append(request_line)
            return Reply(418, b"nothing was scripted")


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            self._serve()

    def _serve(self) -> None:
        script = self.server.script
        with script.lock:
            script.connections += 1
            number = script.connections
        with self.request.makefile("rb") as reader:
            while self._exchange(reader, script, number):
                pass

    def _exchange(self, reader: Any, script: Script, number: int) -> bool:
        line = reader.readline().decode("latin-1").rstrip("\r\n")
        if not line:
            return False
        headers = []
        while head := reader.readline().decode("latin-1").rstrip("\r\n"):
            name, _, value = head.partition(":")
            headers.append((name, value.strip()))
        reply = script.next(line)
        if reply.act == "cut_before":
            self._reset()
            return False
        early = reply.act.startswith("answer_early")
        if early:
            self.request.sendall(reply.encode())
        size, body, digest = (0, b"", "") if early else _read_body(reader, headers)
        method, target, _ = line.split(" ")
        with script.lock:
            script.seen.append(Seen(method, target, tuple(headers), body, size, digest, number))
        if reply.then is not None:
            reply.then()
        return self._finish(reply)

    def _finish(self, reply: Reply) -> bool:
        if reply.act == "answer":
            self.request.sendall(reply.encode())
            return True
        if reply.act == "cut_within":
            self.request.sendall(reply.encode()[:-5])
        if reply.act == "answer_early":
            # Nothing is read and nothing closed until the client lets go: a client that only writes would hang here.
            self.server.released.wait(20)
        return False

    def _reset(self) -> None:
        self.request.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
        )


def _read_body(reader: Any, headers: list[tuple[str, str]]) -> tuple[int, bytes, str]:
    lengths = [value for name, value in headers if name.lower() == "content-length"]
    assert len(lengths) <= 1
    announced = int(lengths[0]) if lengths else 0
    digest, kept, read = hashlib.sha256(), bytearray(), 0
    while read < announced and (block := reader.read(min(1 << 20, announced - read))):
        digest.update(block)
        read += len(block)
        if announced <= _KEEP_BODIES_UP_TO:
            kept += block
    return read, bytes(kept), digest.hexdigest()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    script: Script
    released: threading.Event
    tls: ssl.SSLContext | None = None

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, peer = super().get_request()
        connection.settimeout(20)
        if self.tls is None:
            return connection, peer
        try:
            return self.tls.wrap_socket(connection, server_side=True), peer
        except OSError:
            connection.close()
            raise

    def handle_error(self, *_: Any) -> None:
        """Say nothing: what a client did shows in the script."""


class ScriptedServer:
    """Answers on a free loopback port until it is closed."""

    def __init__(self, certificate: Path | None = None) -> None:
        self.script = Script()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.script = self.script
        self._server.released = threading.Event()
        if certificate is not None:
            self._server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._server.tls.load_cert_chain(certificate)
        self.port: int = self._server.server_address[1]
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def seen(self) -> list[Seen]:
        return self.script.seen

    def will(self, *replies: Reply) -> None:
        """Add answers to the script."""
        self.script.replies += replies

    def always(self, reply: Reply) -> None:
        """Answer everything alike from now on."""
        self.script.replies, self.script.repeat_last = [reply], True

    def release(self) -> None:
        self._server.released.set()

    def check(self) -> None:
        """Assert that what came is exactly what was scripted."""
        assert self.script.unexpected == []
        assert self.script.repeat_last or self.script.replies == []

    def close(self) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
