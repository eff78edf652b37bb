"""Check specs and settings: offline against the schema and the rules, online against the platform's objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncer.errors import ApiError, InvalidInput, NotFound, Problem
from syncer.model.objects import ObjectSchema
from syncer.operations.connect import open_api
from syncer.operations.facts import check_names
from syncer.operations.snapshots import PULL, path_of, read_snapshot
from syncer.plan import Filters
from syncer.spec.load import LoadedSpec, Project, load_project, spec_files, validate_documents
from syncer.spec.online import check_against

if TYPE_CHECKING:
    from syncer.api.client import ImportApi


@dataclass(frozen=True)
class Validation:
    """How many specs were checked, and what is wrong or worth a look.

    `online` says that the platform was asked, `by_snapshot` how many specs were held against a committed snapshot.
    """

    specs: int
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    online: bool
    by_snapshot: int = 0


def validate(
    root: Path,
    *,
    environ: Mapping[str, str],
    overrides: Mapping[str, Any] | None = None,
    online: bool = False,
    names: Sequence[str] = (),
) -> Validation:
    """Check everything, or only the named specs. Problems are returned, not raised; the API's errors are raised.

    Unless the platform is asked, specs are held against the committed snapshots of their objects, where there are any.
    """
    problems = validate_documents(root, environ=environ, overrides=overrides)
    if problems:
        return Validation(sum(1 for _ in spec_files(root)), tuple(problems), (), online=False)
    project = load_project(root, environ=environ, overrides=overrides)
    check_names(project, Filters(specs=tuple(names)))
    warnings = list(project.warnings)
    if online:
        with open_api(root, project.settings, environ) as api:
            problems, more = _against_platform(project, api, names)
        warnings += more
        by_snapshot = 0
    else:
        problems, more, by_snapshot = _against_snapshots(project, names)
        warnings += more
    count = len(names) if names else len(project.specs)
    return Validation(count, tuple(problems), tuple(warnings), online=online, by_snapshot=by_snapshot)


def _against_platform(project: Project, api: ImportApi, names: Sequence[str]) -> tuple[list[Problem], list[Problem]]:
    schemas: dict[str, ObjectSchema | None] = {}
    known: tuple[str, ...] | None = None
    problems: list[Problem] = []
    warnings: list[Problem] = []
    for loaded in _chosen(project, names):
        target = loaded.spec.target.object
        if target not in schemas:
            schemas[target] = _schema(api, target)
        if schemas[target] is None and known is None:
            known = _known_objects(api)
        found = check_against(loaded, schemas[target], known or ())
        problems += found.errors
        warnings += found.warnings
    return problems, warnings


def _chosen(project: Project, names: Sequence[str]) -> Iterator[LoadedSpec]:
    yield from (loaded for loaded in project.specs if not names or loaded.spec.name in names)


def _against_snapshots(project: Project, names: Sequence[str]) -> tuple[list[Problem], list[Problem], int]:
    """Return problems, warnings, and how many specs have an object with a snapshot. A broken one is told once."""
    problems: dict[Problem, None] = {}
    warnings: list[Problem] = []
    held = 0
    for loaded in _chosen(project, names):
        try:
            target = read_snapshot(project.root, loaded.spec.target.object)
        except InvalidInput as error:
            problems |= dict.fromkeys(error.problems)
            continue
        if target is not None:
            found = check_against(loaded, target)
            problems |= dict.fromkeys(_by_snapshot(problem, target.name) for problem in found.errors)
            warnings += found.warnings
            held += 1
    return list(problems), warnings, held


def _by_snapshot(problem: Problem, name: str) -> Problem:
    """Say who says so: the platform may have learnt a field since."""
    says = f"as {path_of(name)} has it; if the platform has changed since: {PULL}"
    return replace(problem, hint=f"{problem.hint}; {says}" if problem.hint else says)


def _known_objects(api: ImportApi) -> tuple[str, ...]:
    """Return the objects' names for a suggestion: an API that does not list them leaves it out."""
    try:
        return tuple(info.name for info in api.list_objects())
    except ApiError:
        return ()


def _schema(api: ImportApi, name: str) -> ObjectSchema | None:
    try:
        return api.get_object(name).schema
    except NotFound:
        return None
