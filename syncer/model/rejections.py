"""Reasons for which rows were rejected, of several files together. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from syncer.model.events import Rejection


def joined(rejections: Iterable[Rejection]) -> tuple[Rejection, ...]:
    """Add up equal reasons, the most frequent first; `first_row` is the smallest of theirs."""
    found: dict[str, Rejection] = {}
    for each in rejections:
        known = found.get(each.reason)
        count, first = (known.count, known.first_row) if known is not None else (0, each.first_row)
        found[each.reason] = Rejection(
            reason=each.reason, count=count + each.count, first_row=min(first, each.first_row)
        )
    return tuple(sorted(found.values(), key=lambda each: (-each.count, each.first_row, each.reason)))
