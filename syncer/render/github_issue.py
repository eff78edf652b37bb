"""The one issue of a spec that fails or is overdue: its title, its text, and the few comments it gets."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final

from syncer.render.layout import moment, shorten
from syncer.render.markdown import code, escaped, table
from syncer.render.next_step import next_step_lines
from syncer.render.status import Standing

CAUSE: Final = re.compile(r"^<!-- cause:([0-9a-f]+) -->$", re.MULTILINE)
RUN: Final = "<!-- run -->"
"""What stands below it changes with every run, and is no reason to write."""

_ABOUT = (
    "The run that finds it recovered closes this issue. Closed as not planned, it stays closed until the cause is "
    "another one. This text is written anew when something changes: notes belong in comments."
)
_VERBS = {"failing": "fails", "stale": "is overdue"}
_LONGEST_REASON = 2_000
_MENTION = re.compile(r"@[A-Za-z0-9-]+(/[A-Za-z0-9._-]+)?")


def marker(key: str, spec: str) -> str:
    """Return the hidden first line by which the spec's issue is known again."""
    return f"<!-- syncer:issue:{key}:{spec} -->"


def cause(each: Standing) -> str:
    """Return a digest of what is wrong. Words with digits do not count: a time, an attempt, the next day's file."""
    words = [word for word in each.reason.split() if not any(map(str.isdigit, word))]
    return sha256(" ".join([each.state, *words]).encode()).hexdigest()[:12]


def title(each: Standing) -> str:
    return f"syncer: {each.name} {_VERBS[each.state]}"


def body(each: Standing, *, key: str, run_url: str) -> str:
    """Return the issue's text; `run_url` is the page of the run that writes it, or "".

    The standing's texts are shown as they are but for their markup: secrets must be out of them already.
    """
    facts = [
        ("spec", f"{code(each.name)} in {code(each.path)}"),
        ("object", code(each.object)),
        ("owner", _owner(each.owner)),
        ("last import", f"{moment(each.last_import)} UTC" if each.last_import else "never"),
    ]
    lines = [
        marker(key, each.name),
        f"<!-- cause:{cause(each)} -->",
        _headline(each),
        "",
        *table(("", ""), [(name, value) for name, value in facts if value]),
        "",
        *next_step_lines(f"what is in the way: syncer plan --spec={each.name}"),
        *next_step_lines(f"what happened before: syncer history {each.name}"),
    ]
    if each.rejects.open:
        lines += next_step_lines(f"rejected rows: syncer rejects list --spec={each.name}")
    lines += [
        _ABOUT,
        RUN,
        *([f"\n<sub>{_run(run_url)} wrote this.</sub>"] if run_url else []),
    ]
    return "\n".join(lines)


def another_cause(each: Standing, *, run_url: str) -> str:
    return _signed(f"Now: {_headline(each)}", run_url)


def recovered(each: Standing, *, run_url: str) -> str:
    """Say what the spec's standing is now, and which import it owes that to."""
    last = "Nothing was imported yet."
    if each.last_import:
        last = f"The last import was at {moment(each.last_import)} UTC, by run {code(each.last_run or 'unknown')}."
    return _signed(f"Recovered: {code(each.name)} is {each.state} ({escaped(_short(each.reason))}). {last}", run_url)


def gone(spec: str, *, run_url: str) -> str:
    return _signed(f"The project declares no spec {code(spec)} any more: nothing is imported for it.", run_url)


def duplicate(number: int, *, run_url: str) -> str:
    return _signed(f"A duplicate of #{number}: two runs opened an issue at the same time. That one goes on.", run_url)


def _headline(each: Standing) -> str:
    return f"**{code(each.name)} {_VERBS[each.state]}**: {escaped(_short(each.reason))}"


def _short(reason: str) -> str:
    return shorten(reason, _LONGEST_REASON)


def _owner(owner: str | None) -> str:
    """Let a GitHub name be a mention: whoever owns the spec is told by GitHub. Anything else is only shown."""
    return owner if owner and _MENTION.fullmatch(owner) else escaped(owner or "")


def _run(run_url: str) -> str:
    return f"[This run]({run_url})"


def _signed(text: str, run_url: str) -> str:
    return f"{text}\n\n<sub>{_run(run_url)} said so.</sub>" if run_url else text
