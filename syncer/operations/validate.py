"""Check specs and settings: offline against the schema and the rules, online against the platform's objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncer.errors import ApiError, NotFound, Problem
from syncer.model.objects import ObjectSchema
from syncer.operations.connect import open_api
from syncer.operations.facts import check_names
from syncer.plan import Filters
from syncer.spec.load import Project, load_project, spec_files, validate_documents
from syncer.spec.online import check_against

if TYPE_CHECKING:
    from syncer.api.client import ImportApi


@dataclass(frozen=True)
class Validation:
    """How many specs were checked, and what is wrong or worth a look. `online` says that the platform was asked."""

    specs: int
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    online: bool


def validate(
    root: Path,
    *,
    environ: Mapping[str, str],
    overrides: Mapping[str, Any] | None = None,
    online: bool = False,
    names: Sequence[str] = (),
) -> Validation:
    """Check everything, or only the named specs. Problems are returned, not raised; the API's errors are raised."""
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
    count = len(names) if names else len(project.specs)
    return Validation(count, tuple(problems), tuple(warnings), online=online)


def _against_platform(project: Project, api: ImportApi, names: Sequence[str]) -> tuple[list[Problem], list[Problem]]:
    schemas: dict[str, ObjectSchema | None] = {}
    known: tuple[str, ...] | None = None
    problems: list[Problem] = []
    warnings: list[Problem] = []
    for loaded in project.specs:
        if names and loaded.spec.name not in names:
            continue
        target = loaded.spec.target.object
        if target not in schemas:
            schemas[target] = _schema(api, target)
        if schemas[target] is None and known is None:
            known = _known_objects(api)
        found = check_against(loaded, schemas[target], known or ())
        problems += found.errors
        warnings += found.warnings
    return problems, warnings


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
