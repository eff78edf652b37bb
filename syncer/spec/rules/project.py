"""Rules between specs: names are unique, renames lead somewhere, dependencies exist and end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from syncer.model.spec import Spec
from syncer.spec.fault import Fault, did_you_mean
from syncer.spec.yaml_values import Keys

_DEVICES: Final = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}


@dataclass(frozen=True, slots=True)
class Named:
    """What other specs can say about a spec, known as far as it can be read even while the spec itself is broken."""

    path: str
    name: str
    formerly: tuple[str, ...]
    depends_on: tuple[str, ...]
    named_by: Keys

    @classmethod
    def of(cls, path: str, value: Mapping[str, object], *, given: bool) -> Named:
        """Read what there is to read. `given` says that the name stands in the file; else it is the file's stem."""

        def names(key: str) -> tuple[str, ...]:
            found = value.get(key)
            return tuple(str(item) for item in found) if isinstance(found, list | tuple) else ()

        name = value.get("name")
        by: Keys = ("name",) if given else ()
        return cls(path, name if isinstance(name, str) else "", names("formerly"), names("depends_on"), by)


def project_faults(specs: Sequence[Named]) -> Iterator[tuple[str, Fault]]:
    """Yield the path of a spec and what is wrong with it among the others."""
    yield from _names(specs)
    yield from _former_names(specs)
    yield from _dependencies(specs)


def _names(specs: Sequence[Named]) -> Iterator[tuple[str, Fault]]:
    first: dict[str, Named] = {}
    for spec in specs:
        folded = spec.name.casefold()
        if folded in _DEVICES:
            yield (
                spec.path,
                Fault(spec.named_by, f"{spec.name!r} cannot be a file's name on Windows", "choose another name"),
            )
        other = first.setdefault(folded, spec)
        if spec.name and other is not spec:
            same = "" if other.name == spec.name else " (case does not count: logs are files of one folder)"
            message = f"the name {spec.name!r} is taken by {other.path}{same}"
            yield spec.path, Fault(spec.named_by, message, "give one of the two another `name`")


def _former_names(specs: Sequence[Named]) -> Iterator[tuple[str, Fault]]:
    living = {spec.name.casefold(): spec for spec in specs}
    claimed: dict[str, Named] = {}
    for spec in specs:
        for number, former in enumerate(spec.formerly):
            keys: Keys = ("formerly", number)
            folded = former.casefold()
            alive = living.get(folded)
            other = claimed.setdefault(folded, spec)
            if folded == spec.name.casefold():
                yield spec.path, Fault(keys, f"{former!r} is this spec's own name", "list the names that it had before")
            elif alive is not None:
                message = f"{former!r} is the name of a living spec, {alive.path}"
                yield spec.path, Fault(keys, message, "a spec's history can follow one spec only")
            elif other is not spec:
                message = f"the history of {former!r} is claimed by {other.path} too"
                yield spec.path, Fault(keys, message, "a spec's history can follow one spec only")
            elif former in spec.formerly[:number]:
                yield spec.path, Fault(keys, f"{former!r} stands twice", "remove one of the two")


def _dependencies(specs: Sequence[Named]) -> Iterator[tuple[str, Fault]]:
    living = {spec.name: spec for spec in specs if spec.name}
    renamed = {former: spec.name for spec in specs for former in spec.formerly}
    for spec in specs:
        for number, needed in enumerate(spec.depends_on):
            if needed not in living:
                known = did_you_mean(needed, living, otherwise=f"known: {', '.join(sorted(living)[:10])}")
                hint = f"it is called {renamed[needed]!r} now" if needed in renamed else known
                yield spec.path, Fault(("depends_on", number), f"no spec is called {needed!r}", hint)
            elif needed in spec.depends_on[:number]:
                yield spec.path, Fault(("depends_on", number), f"{needed!r} stands twice", "remove one of the two")
    for cycle in _cycles(living):
        spec = living[cycle[0]]
        number = spec.depends_on.index(cycle[1])
        message = f"depends_on goes in a circle: {' -> '.join(cycle)}"
        yield spec.path, Fault(("depends_on", number), message, "remove one of these dependencies")


def _cycles(living: Mapping[str, Named]) -> Iterator[tuple[str, ...]]:
    """Yield each circle once, from its first name in the alphabet. Walks without recursion: chains may be long."""
    done: set[str] = set()
    for start in sorted(living):
        trail: list[str] = []
        stack: list[tuple[str, int]] = [(start, 0)]
        while stack:
            name, depth = stack.pop()
            del trail[depth:]
            if name in trail:
                circle = trail[trail.index(name) :]
                first = circle.index(min(circle))
                yield (*circle[first:], *circle[:first], circle[first])
                continue
            if name in done:
                continue
            done.add(name)
            trail.append(name)
            stack += [(needed, len(trail)) for needed in reversed(living[name].depends_on) if needed in living]


def shared_sources(specs: Sequence[tuple[str, Spec]]) -> Iterator[tuple[str, Fault]]:
    """Yield what is allowed but looks like a slip: two specs that import the same files into the same object."""
    readers: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path, spec in specs:
        for number, uri in enumerate(spec.source.uris):
            earlier = readers[(uri, spec.target.object)]
            if earlier and path not in earlier:
                keys: Keys = ("source", "uri") if isinstance(spec.source.uri, str) else ("source", "uri", number)
                message = f"{earlier[0]} imports the same files into {spec.target.object!r}"
                yield path, Fault(keys, message, "they will be imported once for each of the two specs")
            earlier.append(path)
