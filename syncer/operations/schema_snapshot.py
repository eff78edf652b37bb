"""`syncer schema pull|diff`: keep the committed snapshots of the objects' schemas in step with the platform."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from syncer.errors import InvalidInput, NotFound, SyncerError
from syncer.model.drift import ObjectDrift, differences
from syncer.model.objects import ObjectSchema
from syncer.operations.connect import open_api
from syncer.operations.editor_schema import Freshness, freshness, refresh
from syncer.operations.snapshots import PULL, names_of, path_of, read_snapshot, write_snapshot
from syncer.spec.load import Project, load_project


@dataclass(frozen=True, slots=True, kw_only=True)
class Drifts:
    """Every object that was looked at, by name, and how the editors' copy of the specs' schema stands.

    `pulled` says that the snapshots were written, so that the differences are what changed in them.
    """

    objects: tuple[ObjectDrift, ...]
    editors: Freshness
    pulled: bool

    @property
    def differs(self) -> bool:
        return any(each.differs for each in self.objects)

    @property
    def missing(self) -> tuple[ObjectDrift, ...]:
        return tuple(each for each in self.objects if each.status == "gone")


def diff_schemas(
    root: Path, *, environ: Mapping[str, str], overrides: Mapping[str, Any] | None = None, names: Sequence[str] = ()
) -> Drifts:
    """Compare what the platform has now with the snapshots, for the named objects or all that specs write into.

    Raises what asking the platform raises, and InvalidInput for a snapshot that cannot be read. Writes nothing.
    """
    found = _asked(root, environ, overrides, names)
    return Drifts(objects=tuple(drift for drift, _ in found), editors=freshness(root), pulled=False)


def pull_schemas(
    root: Path, *, environ: Mapping[str, str], overrides: Mapping[str, Any] | None = None, names: Sequence[str] = ()
) -> Drifts:
    """Write the snapshots anew, and the editors' copy of the specs' schema where there is one.

    A snapshot that says the same already is left as it is, to the byte. One of an object that the platform does not
    know is left, too, and told. Nothing is written before all objects were asked about.
    """
    found = _asked(root, environ, overrides, names, mend=True)
    for drift, schema in found:
        if schema is not None and drift.differs:
            write_snapshot(root, drift.object, schema)
    return Drifts(objects=tuple(drift for drift, _ in found), editors=refresh(root), pulled=True)


_Found = list[tuple[ObjectDrift, ObjectSchema | None]]


def _asked(
    root: Path,
    environ: Mapping[str, str],
    overrides: Mapping[str, Any] | None,
    names: Sequence[str],
    *,
    mend: bool = False,
) -> _Found:
    project = load_project(root, environ=environ, overrides=overrides)
    targets = _targets(project)
    wanted = sorted(set(names) or targets)
    if not wanted:
        raise SyncerError("no spec writes into any object", next_step=f"name one: {PULL} profiles")
    found: _Found = []
    with open_api(root, project.settings, environ) as api:
        for name in wanted:
            try:
                schema: ObjectSchema | None = api.get_object(name).schema
            except NotFound:
                schema = None
            found.append((_drift(project, name, schema, targets.get(name, ()), mend=mend), schema))
    unused = [] if names else [name for name in names_of(root) if name not in targets]
    found += [(ObjectDrift(object=name, path=path_of(name), status="unused"), None) for name in unused]
    return found


def _drift(
    project: Project, name: str, schema: ObjectSchema | None, specs: tuple[str, ...], *, mend: bool
) -> ObjectDrift:
    path = path_of(name)
    if schema is None:
        return ObjectDrift(object=name, path=path, status="gone", specs=specs)
    before = _readable(project.root, name) if mend else read_snapshot(project.root, name)
    if before is None:
        return ObjectDrift(object=name, path=path, status="new", specs=specs)
    found = differences(before, schema, _filled(project, name))
    return ObjectDrift(object=name, path=path, status="changed" if found else "same", differences=found, specs=specs)


def _readable(root: Path, name: str) -> ObjectSchema | None:
    """Return the snapshot, None where it is broken: pulling is what mends it."""
    try:
        return read_snapshot(root, name)
    except InvalidInput:
        return None


def _targets(project: Project) -> dict[str, tuple[str, ...]]:
    """Return the objects that specs write into, each with its specs."""
    found: dict[str, tuple[str, ...]] = {}
    for loaded in project.specs:
        name = loaded.spec.target.object
        found[name] = (*found.get(name, ()), loaded.spec.name)
    return found


def _filled(project: Project, name: str) -> dict[str, tuple[str, ...]]:
    """Return the fields of an object that specs fill, each with these specs."""
    found: dict[str, tuple[str, ...]] = {}
    for spec in (loaded.spec for loaded in project.specs if loaded.spec.target.object == name):
        batch = (spec.batch.field,) if spec.batch is not None else ()
        for field in dict.fromkeys((*(column.to for column in spec.mapping.values()), *spec.constants, *batch)):
            found[field] = (*found.get(field, ()), spec.name)
    return found
