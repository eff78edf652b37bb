"""A message about specs that failed, are degraded or have recovered: plain text, short enough for a chat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from syncer.render.layout import counted, shorten, shown
from syncer.render.next_step import next_step_line

MOST_SPECS = 20
MOST_CAUSES = 3
_LONGEST = 400
_ORDER = ("failed", "degraded", "recovered")


class Cause(Protocol):
    """One thing that is wrong."""

    @property
    def text(self) -> str: ...
    @property
    def next_step(self) -> str: ...


class Item(Protocol):
    """One spec's news."""

    @property
    def name(self) -> str: ...
    @property
    def owner(self) -> str | None: ...
    @property
    def kind(self) -> str: ...
    @property
    def causes(self) -> Sequence[Cause]: ...


def title(items: Sequence[Item], workspace: str) -> str:
    """Return one line: "syncer: crm-contacts failed (prod)", "syncer: 2 specs failed, 1 recovered (prod)"."""
    if len(items) == 1:
        told = f"{shown(items[0].name)} {_verb(items[0].kind)}"
    else:
        counts = [(kind, sum(1 for item in items if item.kind == kind)) for kind in _ORDER]
        parts = [(kind, count) for kind, count in counts if count]
        (first, count), *others = parts
        told = ", ".join([f"{counted(count, 'spec')} {first}", *(f"{more} {kind}" for kind, more in others)])
    return f"syncer: {told} ({shown(workspace)})"


def body(items: Sequence[Item], *, run: str, link: str) -> str:
    """Return the reasons and the next command of each spec, the worst first, and where to read on.

    Many specs with one and the same cause are told together. No row of a file is ever in it.
    """
    ordered = sorted(items, key=lambda item: _ORDER.index(item.kind))
    alike: dict[tuple[str, tuple[tuple[str, str], ...]], list[Item]] = {}
    for item in ordered:
        causes = tuple((cause.text, cause.next_step) for cause in item.causes)
        alike.setdefault((item.kind, causes), []).append(item)
    groups = list(alike.items())
    lines: list[str] = []
    for (kind, causes), members in groups[:MOST_SPECS]:
        lines += _group(kind, causes, members)
    if len(groups) > MOST_SPECS:
        lines.append(f"and {len(groups) - MOST_SPECS} more: syncer status")
    lines.append(f"Run {run}" + (f": {link}" if link else ""))
    return "\n".join(lines)


def _group(kind: str, causes: Sequence[tuple[str, str]], members: Sequence[Item]) -> Iterator[str]:
    names = ", ".join(_named(item) for item in members[:MOST_SPECS])
    rest = f" and {len(members) - MOST_SPECS} more" if len(members) > MOST_SPECS else ""
    yield f"{kind}: {names}{rest}"
    for text, next_step in causes[:MOST_CAUSES]:
        yield f"  {shorten(shown(text), _LONGEST)}"
        if next_step:
            yield f"  {shown(next_step_line(next_step))}"
    if len(causes) > MOST_CAUSES:
        yield f"  and {counted(len(causes) - MOST_CAUSES, 'more cause')}"


def _named(item: Item) -> str:
    return shown(item.name) + (f" (owner: {shown(item.owner)})" if item.owner else "")


def _verb(kind: str) -> str:
    return "is degraded" if kind == "degraded" else kind if kind == "failed" else "has recovered"
