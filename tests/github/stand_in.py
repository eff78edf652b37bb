"""A stand-in for the part of GitHub's REST API that comments and issues need, on loopback, with its limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.github.stand_in_issues import IssuesStandIn
from tests.loopback import Handler, serving

TOKEN = "ghs_stand-in-token-of-a-job"
LOGIN = "github-actions[bot]"


class GitHubStandIn:
    """Comments and issues of acme/imports. `writable` is what the token may do, `headers` are sent with every answer.

    `loses` answers of POST requests are lost: what they ask for is done, and the connection ends without a word.
    """

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.issues = IssuesStandIn(LOGIN)
        self.headers: dict[str, str] = {}
        self.refusal = (403, "Resource not accessible by integration")
        self.loses = 0
        self.requests: list[str] = []
        self.writable = True
        self.failures = 0
        self.url = ""

    def add(self, body: str, *, login: str = "ann", kind: str = "User", number: int = 7) -> dict[str, Any]:
        comment = {"id": len(self.comments) + 1, "body": body, "user": {"login": login, "type": kind}, "n": number}
        self.comments.append(comment)
        return comment

    def environ(self) -> dict[str, str]:
        return {"GITHUB_API_URL": self.url, "GITHUB_REPOSITORY": "acme/imports", "GITHUB_TOKEN": TOKEN}

    def answer(self, method: str, target: str, token: str, body: str) -> tuple[int, Any]:
        """Answer one request as GitHub documents it."""
        parts = urlsplit(target)
        steps = parts.path.removeprefix("/repos/acme/imports/issues").strip("/").split("/")
        self.requests.append(f"{method} {parts.path}")
        if self.failures:
            self.failures -= 1
            return 502, {"message": "Server Error"}
        if token != f"Bearer {TOKEN}":
            return 401, {"message": "Bad credentials"}
        if method == "GET":
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            page, size = int(query["page"]), int(query["per_page"])
            of_one = [comment for comment in self.comments if steps[0] and comment["n"] == int(steps[0])]
            found = of_one if steps[0] else self.issues.listed(query)
            return 200, found[(page - 1) * size : page * size]
        if not self.writable:
            return self.refusal[0], {"message": self.refusal[1]}
        if len(steps) == 1:
            return self.issues.write(steps[0], json.loads(body))
        return self._write(method, steps, json.loads(body)["body"])

    def _write(self, method: str, steps: list[str], text: str) -> tuple[int, Any]:
        if len(text) > 65_536:
            return 422, {"message": "body is too long (maximum is 65536 characters)"}
        if method == "POST":
            return 201, self.add(text, login=LOGIN, kind="Bot", number=int(steps[0]))
        comment = self.comments[int(steps[1]) - 1]
        comment["body"] = text
        return 200, comment


@contextmanager
def standing_in() -> Iterator[GitHubStandIn]:
    """Serve it on a free port of this machine."""
    github = GitHubStandIn()

    class GitHubHandler(Handler):
        def _serve(self) -> None:
            body = self.body().decode()
            status, document = github.answer(self.command, self.path, self.headers.get("Authorization", ""), body)
            if self.command == "POST" and github.loses:
                github.loses -= 1
                self.close_connection = True
                return
            self.answer(status, json.dumps(document).encode(), github.headers)

        do_GET = do_POST = do_PATCH = _serve  # noqa: N815 - the names that the library calls

    with serving(GitHubHandler) as place:
        github.url = f"http://{place}"
        yield github
