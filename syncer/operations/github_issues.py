"""One open issue for each spec that fails or is overdue, closed when it recovers.

What to do is decided from the standings and the issues that are there, so that nothing has to be remembered: a run that
is cut off, or whose answer was lost, leaves an issue that the next one finds by its marker.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any, Literal, Protocol

from syncer.operations.github_comment import is_ours
from syncer.operations.status import SpecStatus
from syncer.render import github_issue as text

BAD = frozenset({"failing", "stale"})
_RECOVERED = frozenset({"ok", "never", "blocked"})
_UNDECIDED = "pending"
_MARKER = re.compile(r"<!-- syncer:issue:(?P<key>\w+):(?P<spec>[A-Za-z0-9_-]+) -->$", re.MULTILINE)
_LOOKED_BACK = 300
"""So many closed issues and pull requests are looked at, those that changed last: a page has 100."""
_OPENED_AT_ONCE = 20
"""GitHub stops a token that writes much in a minute. When a whole store is down, later runs open the others."""


class Issues(Protocol):
    """Where the issues are: `syncer.operations.github_api.GitHub`."""

    def open_issues(self) -> Iterator[dict[str, Any]]: ...

    def closed_issues(self) -> Iterator[dict[str, Any]]: ...

    def add_issue(self, title: str, body: str, labels: Sequence[str]) -> int: ...

    def edit_issue(self, number: int, **changes: str) -> None: ...

    def add_comment(self, number: int, body: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """An issue of ours. `set_aside` is when a person closed it as not planned or as a duplicate, else None."""

    number: int
    spec: str
    body: str
    created: datetime
    set_aside: datetime | None = None

    @property
    def cause(self) -> str:
        """The cause that its text was written for; "" when somebody took that line out."""
        found = text.CAUSE.search(self.body)
        return found[1] if found else ""


@dataclass(frozen=True, slots=True)
class Known:
    """Every open issue of each spec, oldest first, and the newest closed one."""

    open: Mapping[str, Sequence[Issue]]
    closed: Mapping[str, Issue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do. `number` is 0 for an issue that is still to be opened; empty texts are left as they are."""

    deed: Literal["close", "edit", "open"]
    spec: str
    number: int = 0
    title: str = ""
    body: str = ""
    comment: str = ""


def look_up(github: Issues, specs: Sequence[SpecStatus], *, key: str, author: str = "") -> Known:
    """Find the issues that carry our marker with this key and that a bot, or the login `author`, wrote.

    Labels tell nothing: people take them off. An issue about a former name is the spec's own. Closed issues are looked
    at only where a spec might need a new one.
    """
    names = {former: each.name for each in specs for former in each.formerly}
    opened: dict[str, list[Issue]] = {}
    for issue in _ours(github.open_issues(), names, key, author):
        opened.setdefault(issue.spec, []).append(issue)
    for issues in opened.values():
        issues.sort(key=lambda issue: issue.number)
    closed: dict[str, Issue] = {}
    if any(each.state in BAD and each.name not in opened for each in specs):
        for issue in _ours(islice(github.closed_issues(), _LOOKED_BACK), names, key, author):
            if issue.spec not in closed or issue.number > closed[issue.spec].number:
                closed[issue.spec] = issue
    return Known(opened, closed)


def _ours(found: Iterator[dict[str, Any]], names: Mapping[str, str], key: str, author: str) -> Iterator[Issue]:
    for each in found:
        body = str(each.get("body") or "").replace("\r\n", "\n")
        mark = _MARKER.match(body)
        if mark and mark["key"] == key and "pull_request" not in each and is_ours(each.get("user") or {}, author):
            was_set_aside = each.get("state_reason") in ("not_planned", "duplicate") and each.get("closed_at")
            yield Issue(
                number=each["number"],
                spec=names.get(mark["spec"], mark["spec"]),
                body=body,
                created=datetime.fromisoformat(each["created_at"]),
                set_aside=datetime.fromisoformat(each["closed_at"]) if was_set_aside else None,
            )


def decide(specs: Sequence[SpecStatus], known: Known, *, key: str, run_url: str, all_specs: bool) -> list[Step]:
    """Return what to do, in this order: close, edit, open. Nothing, when nothing is new since the last run.

    `specs` are all that the project declares only if `all_specs`: then an issue of any other spec is closed.
    """
    steps: list[Step] = []
    for each in specs:
        steps += _of_spec(each, known, key, run_url)
    if all_specs:
        left = known.open.keys() - {each.name for each in specs}
        steps += [
            Step(deed="close", spec=spec, number=issue.number, comment=text.gone(spec, run_url=run_url))
            for spec in sorted(left)
            for issue in known.open[spec]
        ]
    return sorted(steps, key=lambda step: ("close", "edit", "open").index(step.deed))


def _of_spec(each: SpecStatus, known: Known, key: str, run_url: str) -> Iterator[Step]:
    kept = next(iter(known.open.get(each.name, ())), None)
    if kept is None:
        if each.state in BAD and not _is_set_aside(each, known.closed.get(each.name)):
            body = text.body(each, key=key, run_url=run_url)
            yield Step(deed="open", spec=each.name, title=text.title(each), body=body)
        return
    for issue in known.open[each.name][1:]:
        comment = text.duplicate(kept.number, run_url=run_url)
        yield Step(deed="close", spec=each.name, number=issue.number, comment=comment)
    if each.state in BAD:
        yield from _edit(each, kept, key, run_url)
    elif _has_recovered(each, kept):
        comment = text.recovered(each, run_url=run_url)
        yield Step(deed="close", spec=each.name, number=kept.number, comment=comment)


def _edit(each: SpecStatus, issue: Issue, key: str, run_url: str) -> Iterator[Step]:
    """Write the text anew where it says something else; another cause is told in a comment too, for its followers.

    The title is left alone as long as the cause and the spec's name are the same: a person may have found a better one.
    """
    body = text.body(each, key=key, run_url=run_url)
    if _compared(body) == _compared(issue.body):
        return
    step = Step(deed="edit", spec=each.name, number=issue.number, body=body)
    if not issue.body.startswith(text.marker(key, each.name)):
        step = replace(step, title=text.title(each))
    if issue.cause != text.cause(each):
        step = replace(step, title=text.title(each), comment=text.another_cause(each, run_url=run_url))
    yield step


def _compared(body: str) -> str:
    return body.partition(text.RUN)[0].rstrip()


def _is_set_aside(each: SpecStatus, closed: Issue | None) -> bool:
    """Whether a person has closed an issue about just this, and nothing was imported since."""
    if closed is None or closed.set_aside is None or closed.cause != text.cause(each):
        return False
    return each.last_import is None or each.last_import <= closed.set_aside


def _has_recovered(each: SpecStatus, issue: Issue) -> bool:
    """Tell work that goes on from work that was only let in again: a pending file is no proof before it is imported."""
    if each.state == _UNDECIDED:
        return each.last_import is not None and each.last_import > issue.created
    return each.state in _RECOVERED


def carry_out(github: Issues, steps: Sequence[Step], *, labels: Sequence[str]) -> Iterator[Step]:
    """Do each step and yield it with its issue's number; of the new issues, as many as GitHub takes at once.

    A comment comes before the change that it is about: cut off in between, a run says it once more rather than never.
    """
    opened = 0
    for step in steps:
        if step.deed == "open":
            opened += 1
            if opened > _OPENED_AT_ONCE:
                return
            number = github.add_issue(step.title, step.body, labels)
            yield replace(step, number=number)
            continue
        if step.comment:
            github.add_comment(step.number, step.comment)
        if step.deed == "close":
            github.edit_issue(step.number, state="closed", state_reason="completed")
        else:
            github.edit_issue(step.number, body=step.body, **({"title": step.title} if step.title else {}))
        yield step
