"""A service that takes messages, on loopback: what Apprise's `json://` speaks to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Heard:
    """One message as its readers see it."""

    title: str
    text: str
    kind: str


@dataclass
class Service:
    """Keeps what it was told. While it is `down` it takes nothing."""

    url: str = ""
    down: bool = False
    heard: list[Heard] = field(default_factory=list)

    def titles(self) -> list[str]:
        """Return the titles of all messages, oldest first."""
        return [each.title for each in self.heard]


@contextmanager
def listening() -> Iterator[Service]:
    """Run a service while the block runs."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if not service.down:
                service.heard.append(Heard(told["title"], told["message"], told["type"]))
            self.send_response(503 if service.down else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        service.url = f"json://127.0.0.1:{server.server_address[1]}/hook/s3cr3t-of-the-hook"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()
