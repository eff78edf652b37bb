"""The few calls of GitHub's REST API that syncer needs, with the token that a job is given."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from syncer.errors import SyncerError, UsageError

if TYPE_CHECKING:
    from syncer.api.connections import Connections

_PAGE = 100
_TIMEOUT = 30.0
_TRIES = 3
_FORBIDDEN = frozenset({403, 404})
"""HTTP: what a token without the right gets; GitHub hides with 404 what a token may not see."""


class MayNotWriteError(SyncerError):
    """The token may not do that: a job from a fork, or one without the permission."""


@dataclass(frozen=True, kw_only=True)
class GitHub:
    """One repository's API. `url` is GITHUB_API_URL, `repository` OWNER/NAME."""

    url: str
    repository: str
    token: str = field(repr=False)
    _connections: Connections = field(repr=False)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Take all of it from a job's environment. Raises UsageError for what is missing there."""
        from syncer.api.address import BadAddressError, parse_address
        from syncer.api.connections import Connections

        missing = [name for name in ("GITHUB_TOKEN", "GITHUB_REPOSITORY") if not environ.get(name)]
        if missing:
            raise UsageError(
                f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set",
                why="comments are written with the token that GitHub gives each job",
                next_step="give it to the step: env: {GITHUB_TOKEN: ${{ github.token }}}",
            )
        url = (environ.get("GITHUB_API_URL") or "https://api.github.com").rstrip("/")
        try:
            parse_address(url)
        except BadAddressError as error:
            raise UsageError(f"GITHUB_API_URL cannot be used: {error}") from None
        return cls(
            url=url,
            repository=quote(environ["GITHUB_REPOSITORY"]),
            token=environ["GITHUB_TOKEN"],
            _connections=Connections(timeout=_TIMEOUT),
        )

    def comments(self, number: int) -> Iterator[dict[str, Any]]:
        """Yield the comments of an issue or pull request, oldest first."""
        page = 1
        while True:
            found = self._call("GET", f"issues/{number}/comments?per_page={_PAGE}&page={page}")
            yield from found
            if len(found) < _PAGE:
                return
            page += 1

    def add_comment(self, number: int, body: str) -> None:
        self._call("POST", f"issues/{number}/comments", {"body": body})

    def edit_comment(self, comment: int, body: str) -> None:
        self._call("PATCH", f"issues/comments/{comment}", {"body": body})

    def close(self) -> None:
        self._connections.close()

    def _call(self, method: str, path: str, body: dict[str, str] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Call and return the answer's JSON. A request that may be repeated is, where nobody answered or GitHub failed.

        A comment is never posted twice for a lost answer: the next run finds it and edits it.
        """
        tries = 1 if method == "POST" else _TRIES
        for left in reversed(range(tries)):
            status, text = self._send(method, path, body, last=left == 0)
            if status and (status < 500 or left == 0):  # noqa: PLR2004 - HTTP: from here on it is the server's fault
                return _answer(status, text, f"{method} {path.partition('?')[0]}")
        raise AssertionError("the last try returns or raises")

    def _send(self, method: str, path: str, body: dict[str, str] | None, *, last: bool) -> tuple[int, bytes]:
        """Return status and body; status 0 when nobody answered and there are tries left."""
        from syncer.api.address import parse_address
        from syncer.api.connections import NETWORK_ERRORS

        try:
            answer = self._connections.send(
                method,
                parse_address(f"{self.url}/repos/{self.repository}/{path}"),
                headers={
                    "Accept": "application/vnd.github+json",
                    "Authorization": f"Bearer {self.token}",
                    "Content-Type": "application/json",
                    "User-Agent": "syncer",
                    "X-GitHub-Api-Version": "2022-11-28",
                },
                body=json.dumps(body).encode() if body is not None else None,
            )
            return answer.status, answer.read()
        except NETWORK_ERRORS as error:
            if not last:
                return 0, b""
            raise SyncerError(
                "GitHub does not answer", where=self.url, why=type(error).__name__, next_step="run the job again"
            ) from error


def _answer(status: int, text: bytes, where: str) -> Any:  # noqa: ANN401 - JSON
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP: success
        try:
            return json.loads(text)
        except ValueError as error:
            raise SyncerError("GitHub's answer is no JSON", where=where) from error
    if status in _FORBIDDEN:
        raise MayNotWriteError(
            f"GitHub refused: {_said(text) or 'no reason given'}",
            where=f"{where}: {status}",
            why="a job from a fork gets a token that only reads; others need the permission",
            next_step="give the job: permissions: {pull-requests: write}",
        )
    raise SyncerError(f"GitHub refused: {_said(text) or 'no reason given'}", where=f"{where}: {status}")


def _said(text: bytes) -> str:
    try:
        document = json.loads(text)
    except ValueError:
        return ""
    said = document.get("message") if isinstance(document, dict) else None
    return str(said)[:200] if said else ""
