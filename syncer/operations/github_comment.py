"""One comment of a pull request that is edited and not repeated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol

from syncer.errors import UsageError

PLAN_FORMAT = 1


class Comments(Protocol):
    """Where the comments are: `syncer.operations.github_api.GitHub`."""

    def comments(self, number: int) -> Any: ...  # noqa: ANN401 - an iterator of JSON objects

    def add_comment(self, number: int, body: str) -> None: ...

    def edit_comment(self, comment: int, body: str) -> None: ...


def marker(key: str) -> str:
    """Return the hidden first line that tells this comment from all others."""
    return f"<!-- syncer:{key} -->"


def stick(github: Comments, number: int, body: str, *, key: str, author: str = "") -> str:
    """Post the comment or edit the one that is there, and return "posted", "edited" or "unchanged".

    Only a bot's comment is taken for ours, or that of the login `author`: anybody can write the marker, and could then
    change afterwards what syncer seems to say.
    """
    text = f"{marker(key)}\n{body}"
    for comment in github.comments(number):
        if str(comment.get("body") or "").startswith(marker(key)) and is_ours(comment.get("user") or {}, author):
            if comment["body"].replace("\r\n", "\n") == text:
                return "unchanged"
            github.edit_comment(comment["id"], text)
            return "edited"
    github.add_comment(number, text)
    return "posted"


def is_ours(user: dict[str, Any], author: str) -> bool:
    """Whether the login `author` wrote it, or any bot where none is named."""
    return bool(user.get("login") == author) if author else user.get("type") == "Bot"


def read_plan(path: Path) -> dict[str, Any]:
    """Read what `syncer plan -o json` printed. Raises UsageError when it is something else."""
    document = _read(path, "plan", "syncer plan -o json")
    if document.get("format_version") != PLAN_FORMAT or "specs" not in document:
        raise _is_none(path, "plan", "syncer plan -o json")
    return document


def read_recheck(path: Path) -> dict[str, Any]:
    """Read what `syncer check --against REF -o json` printed. Raises UsageError when it is something else."""
    command = "syncer check --against HEAD^1 -o json"
    document = _read(path, "check", command)
    if not {"against", "specs"} <= document.keys():
        raise _is_none(path, "check against a revision", command)
    return document


def _read(path: Path, what: str, command: str) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"the {what} cannot be read: {error.strerror}", where=str(path)) from error
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise _is_none(path, what, command)
    return document


def _is_none(path: Path, what: str, command: str) -> UsageError:
    return UsageError(
        f"{path.name} is no {what} in JSON, as this version prints it", next_step=f"make one: {command} > {path}"
    )


def read_validation(path: Path) -> dict[str, Any] | None:
    """Read what `syncer validate -o json` printed; None where it came to print nothing, or broke off."""
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) and "problems" in document else None


def read_changed(path: Path | None) -> frozenset[str] | None:
    """Read changed paths, a line each, as `git diff --name-only --relative` prints them. None: all count as changed."""
    if path is None:
        return None
    try:
        return frozenset(filter(None, path.read_text("utf-8").splitlines()))
    except OSError as error:
        raise UsageError(f"the changed paths cannot be read: {error.strerror}", where=str(path)) from error
