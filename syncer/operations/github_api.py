"""The few calls of GitHub's REST API that syncer needs, with the token that a job is given."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
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
_GONE = 410
_TOO_MANY = 429
_PATIENCE = 120
"""Seconds that all waits for a passing limit may take together: GitHub mostly asks for 60 at a time."""
_LONGEST_DATE = 11
"""Digits of a time in seconds: what is longer is none."""


class MayNotWriteError(SyncerError):
    """The token may not do that: a job from a fork, one without the permission, or a repository without issues."""


class RateLimitedError(SyncerError):
    """GitHub takes no more calls of this token for a while. Nothing is wrong with its rights."""


@dataclass(frozen=True, kw_only=True)
class GitHub:
    """One repository's API. `url` is GITHUB_API_URL, `repository` OWNER/NAME.

    `permission` is what a job needs for the calls that are made here, as workflows name it. `sleep` waits, in seconds,
    where GitHub says when to come back and that is soon.
    """

    url: str
    repository: str
    token: str = field(repr=False)
    permission: str
    sleep: Callable[[float], None] = field(repr=False)
    _connections: Connections = field(repr=False)
    _waits: list[int] = field(repr=False, default_factory=list)

    @classmethod
    def from_environ(
        cls,
        environ: Mapping[str, str],
        *,
        permission: str = "pull-requests",
        sleep: Callable[[float], None] = time.sleep,
    ) -> Self:
        """Take all of it from a job's environment. Raises UsageError for what is missing there."""
        from syncer.api.address import BadAddressError, parse_address
        from syncer.api.connections import Connections

        missing = [name for name in ("GITHUB_TOKEN", "GITHUB_REPOSITORY") if not environ.get(name)]
        if missing:
            raise UsageError(
                f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set",
                why="GitHub is written to with the token that it gives each job",
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
            permission=permission,
            sleep=sleep,
            _connections=Connections(timeout=_TIMEOUT),
        )

    def comments(self, number: int) -> Iterator[dict[str, Any]]:
        """Yield the comments of an issue or pull request, oldest first."""
        return self._paged(f"issues/{number}/comments?")

    def add_comment(self, number: int, body: str) -> None:
        self._call("POST", f"issues/{number}/comments", {"body": body})

    def edit_comment(self, comment: int, body: str) -> None:
        self._call("PATCH", f"issues/comments/{comment}", {"body": body})

    def open_issues(self) -> Iterator[dict[str, Any]]:
        """Yield the open issues, oldest first, and among them, as GitHub lists both, the open pull requests."""
        return self._paged("issues?state=open&sort=created&direction=asc&")

    def closed_issues(self) -> Iterator[dict[str, Any]]:
        """Yield the closed issues and pull requests, those that changed last first; a page is asked for when needed."""
        return self._paged("issues?state=closed&sort=updated&direction=desc&")

    def add_issue(self, title: str, body: str, labels: Sequence[str]) -> int:
        """Open an issue and return its number. GitHub makes the labels that the repository does not have."""
        return int(self._call("POST", "issues", {"title": title, "body": body, "labels": list(labels)})["number"])

    def edit_issue(self, number: int, **changes: str) -> None:
        """Change some of title, body, state and state_reason."""
        self._call("PATCH", f"issues/{number}", changes)

    def close(self) -> None:
        self._connections.close()

    def _paged(self, path: str) -> Iterator[dict[str, Any]]:
        for page in count(1):
            found = self._call("GET", f"{path}per_page={_PAGE}&page={page}")
            yield from found
            if len(found) < _PAGE:
                return

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Call and return the answer's JSON. What a limit held back is asked again, once it may be and if that is soon.

        Nothing of a request was done then, so that a comment or an issue may be posted again as well.
        """
        while True:
            answer = self._answered(method, path, body)
            if not self._waited_for(answer):
                return self._content(answer, f"{method} {path.partition('?')[0]}")

    def _waited_for(self, answer: _Answer) -> bool:
        """Wait as long as GitHub asks for, and say whether there was patience left for that."""
        wait = answer.wait
        if wait is None or sum(self._waits) + wait > _PATIENCE:
            return False
        self._waits.append(max(wait, 1))  # also what asks for no wait at all comes to an end
        self.sleep(wait)
        return True

    def _answered(self, method: str, path: str, body: Mapping[str, Any] | None) -> _Answer:
        """Send a request; one that may be repeated is, where nobody answered or GitHub failed.

        A comment or an issue is never posted twice for a lost answer: the next run finds it by its marker.
        """
        tries = 1 if method == "POST" else _TRIES
        for left in reversed(range(tries)):
            answer = self._send(method, path, body, last=left == 0)
            if answer and (answer.status < 500 or left == 0):  # noqa: PLR2004 - HTTP: then it is the server's fault
                return answer
        raise AssertionError("the last try returns or raises")

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None, *, last: bool) -> _Answer | None:
        """Return what GitHub answered; None when nobody answered and there are tries left."""
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
            return _Answer(
                answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()
            )
        except NETWORK_ERRORS as error:
            if not last:
                return None
            raise SyncerError(
                "GitHub does not answer", where=self.url, why=type(error).__name__, next_step="run the job again"
            ) from error

    def _content(self, answer: _Answer, where: str) -> Any:  # noqa: ANN401 - JSON
        """Return the answer's JSON, or raise what it refuses with."""
        if 200 <= answer.status < 300:  # noqa: PLR2004 - HTTP: success
            try:
                return json.loads(answer.body)
            except ValueError as error:
                raise SyncerError("GitHub's answer is no JSON", where=where) from error
        refused, where = f"GitHub refused: {answer.said or 'no reason given'}", f"{where}: {answer.status}"
        if answer.is_for_now:
            raise RateLimitedError(
                refused,
                where=where,
                why="GitHub limits how much one token may ask for and write",
                next_step=f"run it again {answer.later}: what is done by then is not done twice",
            )
        if answer.status == _GONE:
            raise MayNotWriteError(refused, where=where, next_step="switch issues on in the repository's settings")
        if answer.status in _FORBIDDEN:
            raise MayNotWriteError(
                refused,
                where=where,
                why="a job from a fork gets a token that only reads; others need the permission",
                next_step=f"give the job: permissions: {{{self.permission}: write}}",
            )
        raise SyncerError(refused, where=where)


@dataclass(frozen=True, slots=True)
class _Answer:
    """One answer. The names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def said(self) -> str:
        """What GitHub said of a refusal, or nothing."""
        try:
            document = json.loads(self.body)
        except ValueError:
            return ""
        said = document.get("message") if isinstance(document, dict) else None
        return str(said)[:200] if said else ""

    @property
    def is_for_now(self) -> bool:
        """Whether this is a limit that passes. It comes with 403 too, and then says so in a header or in words."""
        if self.status != _TOO_MANY and self.status not in _FORBIDDEN:
            return False
        is_used_up = "retry-after" in self.headers or self.headers.get("x-ratelimit-remaining") == "0"
        return self.status == _TOO_MANY or is_used_up or "rate limit" in self.said.lower()

    @property
    def wait(self) -> int | None:
        """For how many seconds a limit holds, where GitHub says so; else None."""
        wait = self.headers.get("retry-after", "")
        return int(wait) if self.is_for_now and _is_number(wait) else None

    @property
    def later(self) -> str:
        """Say when a limit has passed."""
        if self.wait is not None:
            return f"in {self.wait} seconds"
        reset = self.headers.get("x-ratelimit-reset", "")
        if _is_number(reset) and self.headers.get("x-ratelimit-remaining") == "0":
            return f"after {datetime.fromtimestamp(int(reset), UTC):%H:%M:%S} UTC"
        return "in some minutes"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _LONGEST_DATE
