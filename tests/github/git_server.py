"""A git server over HTTP on loopback: a bare repository, tokens, and a rule on main that one of them may bypass."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.git.clones import Remote

REPOSITORY = "acme/imports"
RULE = """
while read -r _ _ ref; do
    if [ "$ref" = refs/heads/main ] && [ "$REMOTE_USER" != app ]; then
        echo "GH013: Repository rule violations found for $ref: changes must be made through a pull request." >&2
        exit 1
    fi
done
"""
"""Told as GitHub tells it. git's own backend hands the name of whoever pushes to the hook."""


@dataclass
class GitServer:
    """Serves acme/imports. `tokens` are whose password is what; `pushed` is who pushed, in order, taken or not."""

    remote: Remote
    tokens: dict[str, str]
    url: str = ""
    pushed: list[str] = field(default_factory=list)

    def protects_main(self) -> None:
        """Let the app alone push to main."""
        self.remote.hook("pre-receive", RULE)

    def who(self, authorization: str) -> str | None:
        """Whose token it is, as git sends it: any name, and the token as the password."""
        kind, _, credentials = authorization.partition(" ")
        if kind.lower() != "basic":
            return None
        token = base64.b64decode(credentials).decode().partition(":")[2]
        return self.tokens.get(token)

    def environ(self, handler: BaseHTTPRequestHandler, user: str) -> dict[str, str]:
        """Return what git's backend asks to know of a request (RFC 3875)."""
        target = urlsplit(handler.path)
        return {
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_TRANSLATED": str(self.remote.path) + target.path.removeprefix(f"/{REPOSITORY}"),
            "QUERY_STRING": target.query,
            "REQUEST_METHOD": handler.command,
            "CONTENT_TYPE": handler.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": handler.headers.get("Content-Length", "0"),
            "HTTP_CONTENT_ENCODING": handler.headers.get("Content-Encoding", ""),
            "HTTP_GIT_PROTOCOL": handler.headers.get("Git-Protocol", ""),
            "REMOTE_USER": user,
            "REMOTE_ADDR": "127.0.0.1",
        }


def handler_of(server: GitServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            user = server.who(self.headers.get("Authorization", ""))
            if user is None:
                self._send(401, b"", {"WWW-Authenticate": 'Basic realm="GitHub"'})
                return
            if self.path.endswith("/git-receive-pack"):
                server.pushed.append(user)
            answer = subprocess.run(
                ["git", "http-backend"], input=body, env=server.environ(self, user), stdout=subprocess.PIPE, check=True
            )
            head, _, content = answer.stdout.partition(b"\r\n\r\n")
            headers = dict(BytesHeaderParser().parsebytes(head).items())
            self._send(int(headers.pop("Status", "200").split()[0]), content, headers)

        def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _answer  # noqa: N815 - the names that the library calls

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    return Handler


@contextmanager
def serving(remote: Remote, tokens: dict[str, str]) -> Iterator[GitServer]:
    """Serve the repository on a free port of this machine; `tokens` name their bearers, who are `job` and `app`."""
    git = GitServer(remote, tokens)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(git))
    server.daemon_threads = True
    git.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield git
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
