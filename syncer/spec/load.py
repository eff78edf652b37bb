"""From a folder to a `Project`: find it, read everything in it, and report every problem of every file at once."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from syncer.errors import InvalidInput, Problem, UsageError
from syncer.model.spec import Spec
from syncer.settings import MaskKey, Settings, environment
from syncer.spec.beside import Beside, is_beside
from syncer.spec.configuration import SETTINGS_FILE, read_settings
from syncer.spec.document import Document, read_document
from syncer.spec.effective import Effective, repaired
from syncer.spec.explain import model_faults, schema_faults
from syncer.spec.fault import Fault
from syncer.spec.rules import spec_faults
from syncer.spec.rules.project import Named, project_faults, shared_sources
from syncer.spec.rules.sources import source_notes
from syncer.spec.yaml_values import describe

SPECS_FOLDER: Final = "specs"


@dataclass(frozen=True)
class LoadedSpec:
    """A valid spec and where it came from.

    `path` is relative to the project, with forward slashes. `digest` is the SHA-256 of the effective spec, defaults and
    computed name included, whatever its layout in the file.
    """

    spec: Spec
    path: str
    digest: str
    effective: Effective = field(repr=False, compare=False)

    def locate(self, *keys: str | int, of_key: bool = False) -> tuple[int, int]:
        """Return line and column, from 1, of a value such as `locate("mapping", "email")`, or of its key.

        What the file does not hold is found at the nearest level above it.
        """
        return self.effective.locate(*keys, of_key=of_key)

    def problem(self, fault: Fault) -> Problem:
        """Give a finding about this spec its file, line and column."""
        return self.effective.problem(fault)


@dataclass(frozen=True)
class Project:
    """Everything that people declared. `specs` are sorted by path; `warnings` are findings that do not forbid a run.

    `mask_key` is the one thing of it that no file declares: it is the environment's.
    """

    root: Path
    settings: Settings
    specs: tuple[LoadedSpec, ...]
    warnings: tuple[Problem, ...] = ()
    mask_key: MaskKey | None = None


def find_project(start: Path) -> Path:
    """Return the nearest folder, from `start` upward, that holds `syncer.yaml` or `specs/`. Raises UsageError."""
    folder = start.resolve()
    for candidate in (folder, *folder.parents):
        if (candidate / SETTINGS_FILE).is_file() or (candidate / SPECS_FOLDER).is_dir():
            return candidate
    raise UsageError(
        f"no syncer project in {folder} or any folder above it",
        why=f"a project has a {SETTINGS_FILE} or a {SPECS_FOLDER}/ folder",
        next_step="cd into the project, or begin one: syncer init",
    )


def load_project(
    root: Path,
    *,
    environ: Mapping[str, str],
    overrides: Mapping[str, Any] | None = None,
) -> Project:
    """Load settings and specs. Raises InvalidInput with every problem of every file, in the order of the files."""
    reading = _Reading(root, environ, overrides, thorough=False)
    if reading.problems or reading.settings is None:
        raise InvalidInput(reading.sorted_problems())
    mask_key = MaskKey.from_environ(environment(root, environ))
    return Project(root, reading.settings, tuple(reading.loaded), tuple(reading.warnings), mask_key)


def validate_documents(
    root: Path,
    *,
    environ: Mapping[str, str],
    overrides: Mapping[str, Any] | None = None,
) -> list[Problem]:
    """Return every problem, with the JSON Schema asked about every spec, also those that the models accept."""
    return _Reading(root, environ, overrides, thorough=True).sorted_problems()


def spec_files(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files of specs under `specs/` with their project-relative paths, sorted by path.

    Hidden files and the tests beside specs are left out. Symlinked folders are followed, each real folder once.
    """
    yield from ((file, path) for file, path in _yaml_files(root) if not is_beside(path))


def _yaml_files(root: Path) -> list[tuple[Path, str]]:
    found: list[tuple[str, Path]] = []
    visited: set[str] = set()
    for folder, below, names in os.walk(root / SPECS_FOLDER, followlinks=True):
        real = os.path.realpath(folder)
        if real in visited:
            below.clear()
            continue
        visited.add(real)
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in names:
            if name.lower().endswith((".yaml", ".yml")) and not name.startswith("."):
                file = Path(folder, name)
                found.append((file.relative_to(root).as_posix(), file))
    return [(file, path) for path, file in sorted(found)]


@contextlib.contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep the cycle collector away from short-lived YAML nodes, none of them in a cycle: a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Reading:
    """One pass over a project. `thorough` asks the JSON Schema about specs that the models accept, too."""

    def __init__(
        self, root: Path, environ: Mapping[str, str], overrides: Mapping[str, Any] | None, *, thorough: bool
    ) -> None:
        self._thorough = thorough
        self.settings, self._settings_document, self.problems = read_settings(
            root, environ=environ, overrides=overrides
        )
        self.loaded: list[LoadedSpec] = []
        self.warnings: list[Problem] = []
        self._named: list[Named] = []
        self._effective: dict[str, Effective] = {}
        with _collector_paused():
            files = _yaml_files(root)
            self._beside = Beside((file, path) for file, path in files if is_beside(path))
            for file, path in files:
                if not is_beside(path):
                    self._read(read_document(file, path), Path(path).stem)
        self._beside.check_taken()
        self.problems += self._beside.problems
        self._compare()

    def sorted_problems(self) -> list[Problem]:
        """Return them by file, line and column, with `syncer.yaml` first; a default's problem is told once."""
        unique: dict[tuple[str, int, int, str], Problem] = {}
        for problem in self.problems:
            unique.setdefault((problem.path, problem.line, problem.column, problem.message), problem)
        return sorted(
            unique.values(),
            key=lambda p: (p.path != SETTINGS_FILE, p.path.startswith("specs/"), p.path, p.line, p.column),
        )

    def _read(self, document: Document, stem: str) -> None:
        beside = self._beside.take(document)
        self.problems += document.problems
        if document.value is None:
            return
        if not isinstance(document.value, dict):
            self.problems.append(document.problem((), f"expected a mapping, found {describe(document.value)}"))
            return
        effective = Effective(document, self._settings_document, self._defaults(), stem, beside)
        value = effective.value()
        self._named.append(Named.of(document.path, value, given="name" in document.value))
        self._effective[document.path] = effective
        spec, faults = check(value, self.settings, thorough=self._thorough)
        if spec is not None and not faults and not document.problems:
            self.loaded.append(LoadedSpec(spec, document.path, digest(spec), effective))
            return
        taken = {(p.line, p.column) for p in document.problems}
        found = [effective.problem(_about_stem(fault, document.value)) for fault in faults]
        self.problems += [p for p in found if p.path != document.path or (p.line, p.column) not in taken]

    def _defaults(self) -> Mapping[str, Any]:
        if self.settings is not None:
            return self.settings.defaults
        raw = self._settings_document.value
        defaults = raw.get("defaults") if isinstance(raw, dict) else None
        return defaults if isinstance(defaults, dict) else {}

    def _compare(self) -> None:
        for path, fault in project_faults(self._named):
            self.problems.append(self._effective[path].problem(fault))
        for path, fault in shared_sources([(loaded.path, loaded.spec) for loaded in self.loaded]):
            self.warnings.append(self._effective[path].problem(fault))
        for loaded in self.loaded:
            notes = [loaded.problem(fault) for fault in source_notes(loaded.spec.source)]
            self.warnings += [note for note in notes if note.path == loaded.path]  # a default suits other specs


def check(
    value: Mapping[str, Any], settings: Settings | None, *, thorough: bool = False
) -> tuple[Spec | None, list[Fault]]:
    """Hold an effective spec against the models, the schema and the rules of a single spec.

    On the good path only the models and the rules are asked. What is broken is left out before the rules are asked, so
    that one go tells as much as can be known without echoes.
    """
    spec, faults = _model(value)
    if faults or thorough:
        faults = schema_faults(value) or faults
    if spec is not None and not faults:
        return spec, list(spec_faults(spec, settings))
    mended, _ = _model(repaired(value, faults))
    if mended is not None:
        rules = list(spec_faults(mended, settings))
        faults += [fault for fault in rules if not any(fault.echoes(known.broken) for known in faults)]
    return None, [fault for fault in faults if fault.message]


def _model(value: Mapping[str, Any]) -> tuple[Spec | None, list[Fault]]:
    try:
        return Spec.model_validate(value, by_alias=True, by_name=False), []
    except ValidationError as error:
        return None, model_faults(error, value)


def _about_stem(fault: Fault, own: Mapping[str, Any]) -> Fault:
    """Say of a computed name that it comes from the file's name."""
    if fault.keys != ("name",) or "name" in own:
        return fault
    return Fault((), f"the file's name gives no valid spec name: {fault.message}", "give `name`, or rename the file")


def digest(spec: Spec) -> str:
    """Return the SHA-256 of the spec in canonical JSON: every default written out, keys sorted."""
    canonical = json.dumps(spec.model_dump(mode="json", by_alias=True), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
