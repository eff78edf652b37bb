"""A git server over HTTP on loopback: a bare repository, tokens, and a rule on main that one of them may bypass."""

from __future__ import annotations

import base64
import os
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.loopback import Handler, serving

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

    def environ(self, handler: Handler, user: str) -> dict[str, str]:
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


def handler_of(server: GitServer) -> type[Handler]:
    class GitHandler(Handler):
        def _serve(self) -> None:
            body = self.body()
            user = server.who(self.headers.get("Authorization", ""))
            if user is None:
                self.answer(401, headers={"WWW-Authenticate": 'Basic realm="GitHub"'})
                return
            if self.path.endswith("/git-receive-pack"):
                server.pushed.append(user)
            answer = subprocess.run(
                ["git", "http-backend"], input=body, env=server.environ(self, user), stdout=subprocess.PIPE, check=True
            )
            head, _, content = answer.stdout.partition(b"\r\n\r\n")
            headers = dict(BytesHeaderParser().parsebytes(head).items())
            self.answer(int(headers.pop("Status", "200").split()[0]), content, headers)

        do_GET = do_POST = _serve  # noqa: N815 - the names that the library calls

    return GitHandler


@contextmanager
def git_served(remote: Remote, tokens: dict[str, str]) -> Iterator[GitServer]:
    """Serve the repository on a free port of this machine; `tokens` name their bearers, who are `job` and `app`."""
    git = GitServer(remote, tokens)
    with serving(handler_of(git)) as place:
        git.url = f"http://{place}"
        yield git
