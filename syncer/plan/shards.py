"""Split what is pending among jobs that run side by side, so that no two of them touch one object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from syncer.plan.types import Plan, PlannedImport


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A share of the pending work: all of it that is for these objects. `rows` is None where they are not all known."""

    objects: tuple[str, ...]
    files: int
    bytes: int
    rows: int | None


def shards(plan: Plan, count: int) -> tuple[Shard, ...]:
    """Return at most `count` shares, the largest first; together they hold each runnable import once.

    Specs that depend on each other stay together, because a run holds back what depends on work that it leaves out.
    Shares are balanced by rows where all are known, else by bytes.
    """
    items: dict[str, list[PlannedImport]] = {}
    for item in plan.runnable:
        items.setdefault(item.object, []).append(item)
    groups = [_share([name for name in group if name in items], items) for group in _connected(plan, items)]
    by_rows = all(group.rows is not None for group in groups)

    def weight(shard: Shard) -> int:
        return (shard.rows or 0) if by_rows else shard.bytes

    piles: list[list[Shard]] = [[] for _ in range(min(count, len(groups)))]
    for group in sorted(groups, key=lambda each: (-weight(each), each.objects)):
        min(piles, key=lambda pile: (sum(map(weight, pile)), len(pile))).append(group)
    made = [_share([name for group in pile for name in group.objects], items) for pile in piles]
    return tuple(sorted(made, key=lambda each: (-weight(each), each.objects)))


def _share(names: Iterable[str], items: Mapping[str, list[PlannedImport]]) -> Shard:
    objects = tuple(sorted(names))
    own = [item for name in objects for item in items[name]]
    rows = [item.rows.rows for item in own if item.rows is not None]
    return Shard(
        objects=objects,
        files=len(own),
        bytes=sum(item.file.size for item in own),
        rows=sum(rows) if len(rows) == len(own) else None,
    )


def _connected(plan: Plan, pending: Iterable[str]) -> list[set[str]]:
    """Return the pending objects in groups: those of specs that depend on each other, through others too, are one."""
    pending = set(pending)
    by_name = {spec.name: spec for spec in plan.specs}
    groups = [{name} for name in pending]
    for spec in plan.specs:
        linked = {spec.object, *(by_name[name].object for name in spec.depends_on if name in by_name)}
        touched = [group for group in groups if group & linked]
        groups = [group for group in groups if not group & linked] + [linked.union(*touched)]
    return [group for group in groups if group & pending]
