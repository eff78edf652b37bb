"""Run the tests that specs bring along: made-up source files through the real preparation, offline."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import SecretStr

from syncer.errors import ChecksFailed, PrepareError, SourceError, UsageError
from syncer.model.files import SourceFile
from syncer.model.objects import FieldSchema
from syncer.model.spec import Spec
from syncer.model.spec_tests import ObjectField, SpecTest
from syncer.model.templates import Values, render
from syncer.operations.spec_tests_compare import Difference, differences, refusal_differences
from syncer.settings import MaskKey
from syncer.source.formats import format_of
from syncer.spec.effective import TESTS
from syncer.spec.fault import Fault
from syncer.spec.load import LoadedSpec, Project, load_project

if TYPE_CHECKING:
    from syncer.prepare.making import Means

DEFAULT_DAY: Final = date(2000, 1, 1)
STAND_IN: Final = "test"
"""What `{import}` and `{run}` are in the templates of a test."""
_FINGERPRINT: Final = "sha256:" + "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecTestOutcome:
    """One test that was run. `path` and `line` say where it stands; without differences it has passed."""

    spec: str
    name: str
    path: str
    line: int
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        return not self.differences


@dataclass(frozen=True, slots=True)
class Tested:
    """Every test that was run, in the order of the specs and then of their tests; `specs` is how many have any."""

    outcomes: tuple[SpecTestOutcome, ...]
    specs: int

    @property
    def exit_code(self) -> int:
        return 0 if all(outcome.passed for outcome in self.outcomes) else 1


def run_tests(
    root: Path,
    *,
    environ: Mapping[str, str],
    overrides: Mapping[str, Any] | None = None,
    names: Sequence[str] = (),
) -> Tested:
    """Run the tests of the named specs, of all without names. Nothing is sent, asked or kept.

    Raises UsageError for a spec that there is none of, InvalidInput for specs or tests that are wrong.
    """
    project = load_project(root, environ=environ, overrides=overrides)
    known = {loaded.spec.name for loaded in project.specs}
    for name in names:
        if name not in known:
            raise UsageError(f"there is no spec {name!r}", why=f"specs: {', '.join(sorted(known)) or 'none'}")
    chosen = [each for each in project.specs if each.spec.tests and (not names or each.spec.name in names)]
    return Tested(tuple(outcome for loaded in chosen for outcome in _outcomes(project, loaded)), len(chosen))


def _outcomes(project: Project, loaded: LoadedSpec) -> Iterator[SpecTestOutcome]:
    for number, test in enumerate(loaded.spec.tests):
        place = loaded.problem(Fault((TESTS, number), ""))
        with tempfile.TemporaryDirectory(prefix="syncer-test-") as folder:
            found = tuple(_Running(project, loaded, test, Path(folder)).differences())
        yield SpecTestOutcome(
            spec=loaded.spec.name, name=test.name, path=place.path, line=place.line, differences=found
        )


@dataclass(frozen=True, slots=True)
class _Running:
    project: Project
    loaded: LoadedSpec
    test: SpecTest
    folder: Path

    def differences(self) -> Iterator[Difference]:
        from syncer.prepare.tracing import trace

        spec, expect = self.loaded.spec, self.test.expect
        try:
            file = self._file()
            traced = trace(file, spec, self._means(spec), batch_value=self._batch_value(spec, file))
        except (PrepareError, SourceError) as error:
            yield from refusal_differences(expect, error.what + (f" ({error.why})" if error.why else ""))
        else:
            yield from differences(expect, spec, traced)

    def _file(self) -> SourceFile:
        """Write the made-up file, or find the one that stands beside the spec."""
        from syncer.prepare.made_up import write_rows

        spec, test, declared = self.loaded.spec, self.test, self.loaded.spec.source.format
        if test.file is not None:
            beside = self.loaded.problem(Fault((TESTS,), "")).path
            path = (self.project.root / beside).parent / test.file
            _check_inside(path, test.file, self.project)
            file_format, compression = format_of(test.file, declared)
        else:
            file_format, compression = format_of(spec.source.uris[0], declared)[0], None
            path = self.folder / f"{spec.name}.{file_format}"
            write_rows(test.rows or (), spec, file_format, path)
        return SourceFile(
            path=path.name,
            location=str(path),
            size=path.stat().st_size,
            modified=datetime(2000, 1, 1, tzinfo=UTC),
            fingerprint="",
            format=file_format,
            compression=compression,
        )

    def _means(self, spec: Spec) -> Means:
        from syncer.prepare.making import Means

        test, suppress = self.test, None
        if spec.suppress is not None:
            suppress = self.folder / "suppressed.txt"
            digests = (hashlib.sha256(key.encode()).hexdigest() for key in test.suppress)
            suppress.write_text("".join(f"{digest}\n" for digest in digests), "utf-8")
        return Means(
            work_dir=self.folder / "work",
            memory_limit=self.project.settings.prepare.memory_limit,
            mask_key=MaskKey(secret=SecretStr(test.mask_key)),
            fields=lambda: {name: _field(asked) for name, asked in test.fields.items()},
            suppress=suppress,
            accept=self._accept,
        )

    def _accept(self, rows: int, invalid: int) -> None:  # noqa: ARG002 - what preparation tells
        """Refuse as an import does what on_invalid says; shares and numbers of rows are no matter of a few made up."""
        if self.loaded.spec.on_invalid == "abort" and invalid:
            raise ChecksFailed(f"{invalid} of the rows would be rejected", why="on_invalid is abort")

    def _batch_value(self, spec: Spec, file: SourceFile) -> str | None:
        if spec.batch is None:
            return None
        day = self.test.date or DEFAULT_DAY
        named = replace(file, fingerprint=_FINGERPRINT)
        return render(spec.batch.value, Values(spec.name, day, named, STAND_IN, STAND_IN))


def _field(asked: ObjectField) -> FieldSchema:
    return FieldSchema(type=asked.type, required=asked.required, nullable=not asked.required, enum=asked.enum)


def _check_inside(path: Path, name: str, project: Project) -> None:
    """Raise SourceError unless the file is there, in the project or another folder that it may read."""
    roots = [(project.root / root).resolve() for root in project.settings.allow.local_roots]
    if not any(path.resolve().is_relative_to(root) for root in roots):
        raise SourceError(f"{name} is outside the project", next_step="put the file beside the spec")
    if not path.is_file():
        raise SourceError(f"there is no file {name}", next_step="its path is relative to the tests")
