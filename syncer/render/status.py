"""Where every spec stands, in every format."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from syncer.model.repairs import Account
from syncer.render.json_text import json_text
from syncer.render.layout import columns, counted, moment, number, shown
from syncer.render.markdown import code, escaped, table
from syncer.render.rejects import account_document
from syncer.render.style import PLAIN, Style

_RIGHT = frozenset({3, 4, 5, 6})
_HEADER = ("spec", "object", "state", "imported", "pending", "rejected rows", "still open", "last import (UTC)")
_BAD = frozenset({"failing", "stale"})
_GOOD = frozenset({"ok"})
_STATE = 2


class Standing(Protocol):
    """One spec's standing, as `syncer.operations.status` computes it."""

    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def object(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def imported(self) -> int: ...
    @property
    def pending(self) -> int: ...
    @property
    def rejects(self) -> Account: ...
    @property
    def last_import(self) -> datetime | None: ...
    @property
    def last_run(self) -> str | None: ...
    @property
    def owner(self) -> str | None: ...


def status_text(specs: Sequence[Standing], *, style: Style = PLAIN) -> str:
    """Return one aligned line a spec, and below it why, where the state alone does not say it."""
    header, *lines = columns([_HEADER, *(_cells(each) for each in specs)], right=_RIGHT)
    shown_lines = [style.dim(header)]
    for each, line in zip(specs, lines, strict=True):
        shown_lines.append(_coloured(each, line, style))
        if each.state not in _GOOD:
            owner = f" (owner: {shown(each.owner)})" if each.owner and each.state in _BAD else ""
            shown_lines.append(f"    {shown(each.reason)}{owner}")
    return "\n".join([*shown_lines, "", summary(specs)])


def summary(specs: Sequence[Standing]) -> str:
    """Count the states: "3 specs: 2 ok, 1 pending."."""
    states = [each.state for each in specs]
    found = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    return f"{counted(len(specs), 'spec')}: {found}." if specs else "No specs."


def _cells(each: Standing) -> tuple[str, ...]:
    last = moment(each.last_import) if each.last_import else "never"
    counts = map(number, (each.imported, each.pending, each.rejects.rejected, each.rejects.open))
    return shown(each.name), shown(each.object), each.state, *counts, last


def _coloured(each: Standing, line: str, style: Style) -> str:
    if each.state in _BAD:
        return style.red(line)
    return line if each.state in _GOOD else style.yellow(line)


def status_json(specs: Sequence[Standing]) -> str:
    return json_text(
        {
            "specs": [
                {
                    "name": each.name,
                    "path": each.path,
                    "object": each.object,
                    "state": each.state,
                    "reason": each.reason,
                    "imported": each.imported,
                    "pending": each.pending,
                    "rejected_rows": each.rejects.rejected,
                    "rejects": account_document(each.rejects),
                    "last_import": each.last_import.isoformat() if each.last_import else None,
                    "last_run": each.last_run,
                    "owner": each.owner,
                }
                for each in specs
            ]
        }
    )


def status_markdown(specs: Sequence[Standing]) -> str:
    rows = []
    for each in specs:
        name, target, state, *rest = _cells(each)
        why = "" if each.state in _GOOD else escaped(each.reason)
        rows.append((code(name), code(target), f"**{state}**" if each.state in _BAD else state, *rest, why))
    return "\n".join([f"**{summary(specs)}**", "", *table((*_HEADER, "why"), rows, right=_RIGHT)])
