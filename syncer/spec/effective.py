"""A spec's own document laid over the project's defaults: one value, and for each part of it the file it came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from syncer.errors import Problem
from syncer.settings import merge
from syncer.spec.document import Document
from syncer.spec.explain import existing
from syncer.spec.fault import Fault
from syncer.spec.yaml_values import Keys

TESTS: Final = "tests"
"""The key of a spec that may stand in a file of its own."""
_PLACEHOLDERS: Final[Mapping[str, Any]] = {
    "version": 1,
    "name": "placeholder",
    "source": {"uri": "placeholder.csv"},
    "uri": "placeholder.csv",
    "target": {"object": "placeholder"},
    "object": "placeholder",
    "mapping": {"placeholder": "placeholder"},
    "to": "placeholder",
    "create": "placeholder",
    "field": "placeholder",
    "keys": "placeholder",
}


@dataclass(frozen=True)
class Effective:
    """One spec before it is a `Spec`. `stem` is the name that it has when it gives none; `beside` holds its tests."""

    own: Document
    settings: Document
    defaults: Mapping[str, Any]
    stem: str
    beside: Document | None = None

    def value(self) -> dict[str, Any]:
        """Return the merged document; it always has a name."""
        merged = merge(self.defaults, self.own.value) if self.defaults else dict(self.own.value)
        merged.setdefault("name", self.stem)
        if self.beside is not None:
            merged[TESTS] = self.beside.value[TESTS]
        return merged

    def locate(self, *keys: str | int, of_key: bool = False) -> tuple[int, int]:
        """Return line and column, from 1, in the spec's own file, or of the nearest level above what is not there."""
        return self.own.locate(keys, of_key=of_key)

    def problem(self, fault: Fault) -> Problem:
        """Give the fault its file, line and column: those of `syncer.yaml` where the value is a default."""
        if self.beside is not None and fault.keys[:1] == (TESTS,):
            keys = existing(self.beside.value, fault.keys)
            return self.beside.problem(keys, fault.message, fault.hint, of_key=fault.of_key and keys == fault.keys)
        own = existing(self.own.value, fault.keys)
        shared = existing(self.defaults, fault.keys)
        if len(shared) > len(own):
            return self.settings.problem(("defaults", *shared), fault.message, fault.hint, of_key=fault.of_key)
        of_key = fault.of_key and own == fault.keys
        return self.own.problem(own, fault.message, fault.hint, of_key=of_key)


def repaired(value: Mapping[str, Any], faults: Iterable[Fault]) -> dict[str, Any]:
    """Return a copy without what is broken, and with stand-ins for what must be there.

    Rules that do not rest on the broken parts can then be checked in the same go.
    """
    repair: dict[str, Any] = _copy(value)
    for fault in sorted(faults, key=lambda fault: len(fault.keys), reverse=True):
        if not fault.absent:
            _remove(repair, fault.keys)
    _fill(repair, ("version", "name", "source", "target", "mapping"))
    for section, needs in (
        ("source", "uri"),
        ("target", "object"),
        ("audience", "create"),
        ("batch", "field"),
        ("suppress", "keys"),
    ):
        _fill(repair.get(section), (needs,))
    for column in repair["mapping"].values():
        _fill(column, ("to",))
    return repair


def _copy(value: Any) -> Any:  # noqa: ANN401 - any part of a YAML document
    if isinstance(value, Mapping):
        return {key: _copy(below) for key, below in value.items()}
    return [_copy(below) for below in value] if isinstance(value, list) else value


def _remove(value: Any, keys: Keys) -> None:  # noqa: ANN401 - any part of a YAML document
    """Take out the innermost mapping entry on the way to `keys`; a broken item takes its list along."""
    innermost: tuple[dict[str | int, Any], str | int] | None = None
    for step in keys:
        if not isinstance(value, dict) or step not in value:
            break
        innermost = (value, step)
        value = value[step]
    if innermost is not None:
        holder, key = innermost
        del holder[key]


def _fill(mapping: object, needed: Iterable[str]) -> None:
    if isinstance(mapping, dict):
        for key in needed:
            if not mapping.get(key):
                mapping[key] = _PLACEHOLDERS[key]
