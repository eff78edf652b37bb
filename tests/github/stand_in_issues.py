"""Issues as GitHub's REST API documents them: listed with the pull requests, opened, edited, closed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

CHANGES = frozenset({"title", "body", "state", "state_reason"})


class IssuesStandIn:
    """The issues of one repository, by number from 1. `login` is whom the job's token speaks for."""

    def __init__(self, login: str) -> None:
        self.login = login
        self.all: list[dict[str, Any]] = []

    def add(
        self, title: str, body: str | None, *, login: str = "ann", kind: str = "User", **more: Any
    ) -> dict[str, Any]:
        """Open an issue as a person, or as whomever the login names; `more` are other members of the document."""
        now = _now()
        issue = {
            "number": len(self.all) + 1,
            "title": title,
            "body": body,
            "state": "open",
            "state_reason": None,
            "user": {"login": login, "type": kind},
            "labels": [],
            "created_at": now,
            "updated_at": now,
            "closed_at": None,
            **more,
        }
        self.all.append(issue)
        return issue

    def change(self, number: int, **changes: str) -> dict[str, Any]:
        """Edit, close or open again."""
        issue = self.all[number - 1]
        issue |= changes
        issue["updated_at"] = _now()
        if "state" in changes:
            issue["closed_at"] = issue["updated_at"] if changes["state"] == "closed" else None
        return issue

    def open(self) -> list[dict[str, Any]]:
        return [issue for issue in self.all if issue["state"] == "open"]

    def listed(self, query: dict[str, str]) -> list[dict[str, Any]]:
        """Return all that the query asks for, in its order."""
        found = [issue for issue in self.all if query["state"] == issue["state"]]
        by = f"{query['sort']}_at"
        return sorted(found, key=lambda issue: (issue[by], issue["number"]), reverse=query["direction"] == "desc")

    def write(self, number: str, document: dict[str, Any]) -> tuple[int, Any]:
        """Answer POST issues (no number) and PATCH issues/NUMBER."""
        if len(document.get("body") or "") > 65_536 or len(document.get("title") or "") > 256:
            return 422, {"message": "Validation Failed"}
        if number:
            assert document.keys() <= CHANGES
            return 200, self.change(int(number), **document)
        labels = [{"name": name} for name in document["labels"]]
        return 201, self.add(document["title"], document["body"], login=self.login, kind="Bot", labels=labels)


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
