"""Everything that a run will need, looked at side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from syncer.operations.connect import utc_now
from syncer.operations.doctor.api import check_api
from syncer.operations.doctor.check import AREAS, Area, Check, exit_code_of
from syncer.operations.doctor.disk import check_folders, check_local, local_uris
from syncer.operations.doctor.notify import check_nobody, check_target
from syncer.operations.doctor.specs import SUBJECT, check_specs
from syncer.operations.doctor.state import check_state
from syncer.operations.doctor.stores import check_bucket, check_credentials, patterns_by_place
from syncer.operations.doctor.together import Task, side_by_side
from syncer.settings import environment
from syncer.spec.load import Project
from syncer.spec.usable import load_usable

LONGEST_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Examination:
    """Every check, in the order of the areas."""

    checks: tuple[Check, ...]

    @property
    def exit_code(self) -> int:
        """0 when nothing failed, 6 when the token is a problem, else 65 for specs and settings, else 1."""
        return exit_code_of(self.checks)


def doctor(
    root: Path,
    *,
    environ: Mapping[str, str],
    overrides: Mapping[str, Any] | None = None,
    only: Sequence[Area] = (),
    clock: Callable[[], datetime] = utc_now,
    seconds: float = LONGEST_SECONDS,
) -> Examination:
    """Look at all areas, or some, and change nothing; the answer is there after about `seconds` at the latest.

    One thing being wrong keeps nothing else from being looked at, as far as it does not rest on it. Settings that
    cannot be used are told whatever was asked for.
    """
    project = load_usable(root, environ=environ, overrides=overrides)
    asked = [area for area in AREAS if not only or area in only]
    usable = len(project.specs) if project is not None else None
    specs = Task("specs", SUBJECT, partial(check_specs, root, environ, overrides, usable))
    tasks = [specs] if "specs" in asked or project is None else []
    for area in asked:
        tasks += _tasks(area, project, environ, clock) if project is not None else _untold(area)
    return Examination(tuple(side_by_side(tasks, seconds)))


def _tasks(area: Area, project: Project, environ: Mapping[str, str], clock: Callable[[], datetime]) -> Iterator[Task]:
    root, settings = project.root, project.settings
    variables = environment(root, environ)
    if area == "connections":
        yield from _connections(project, variables)
    elif area == "disk":
        yield Task(area, "this machine's folders", partial(check_folders, root, settings))
        yield from (Task(area, uri, partial(check_local, project, uri)) for uri in local_uris(project))
    elif area == "api":
        yield Task(area, settings.api.base_url, partial(check_api, project, environ, clock))
    elif area == "state":
        yield Task(area, "log", partial(check_state, root, settings, environ, clock))
    elif area == "notify":
        for name, target in settings.notify.items():
            yield Task(area, f"notify.{name}", partial(check_target, name, target, variables))
        if not settings.notify:
            yield Task(area, "messages", check_nobody)


def _connections(project: Project, variables: Mapping[str, str]) -> Iterator[Task]:
    connections = project.settings.connections
    places = patterns_by_place(project)
    for place, patterns in places.items():
        look = partial(check_bucket, place, patterns, connections.get(place.name), variables)
        yield Task("connections", str(place), look)
    used = {place.name for place in places}
    for name, connection in connections.items():
        if name not in used:
            look = partial(check_credentials, name, connection, variables)
            yield Task("connections", f"connection {name}", look)
    if not places and not connections:
        nothing = Check(
            area="connections",
            subject="object stores",
            status="skipped",
            what="no spec reads from one, and syncer.yaml names no connection",
        )
        yield Task("connections", nothing.subject, lambda: [nothing])


def _untold(area: Area) -> list[Task]:
    """Say that an area rests on settings which cannot be used."""
    if area == "specs":
        return []
    skipped = Check(area=area, subject=area, status="skipped", what="the settings cannot be used; mend them first")
    return [Task(area, area, lambda: [skipped])]
