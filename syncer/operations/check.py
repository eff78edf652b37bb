"""Predict which rows of a file the API would reject, without sending anything."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from syncer.apply.checking import over_limit
from syncer.apply.private import private_folder
from syncer.errors import SourceError, SyncerError, UsageError
from syncer.model.events import Rejection
from syncer.model.files import SourceFile
from syncer.model.identity import digest
from syncer.model.spec import Spec
from syncer.operations import folders
from syncer.operations.connect import open_sources, utc_now
from syncer.operations.object_fields import NOTHING, KnownFields, Origin, known_fields
from syncer.operations.plan import reconcile
from syncer.operations.preparation import suppress_list
from syncer.operations.stores import open_store
from syncer.plan import Filters
from syncer.source.found import NothingKnown
from syncer.source.sources import Sources, Wanted
from syncer.spec.load import Project, load_project

EXIT_OVER_LIMIT = 3
SAMPLE_BATCH = "check"
"""Stands for the batch value, which only an import has; every value is valid text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCheck:
    """What would become of one file's rows.

    `rows` are those of the source file; `suppressed` ones are not judged and never leave, `invalid` ones would be
    rejected, and of these `quarantined` ones would be held back. `warnings` say what is unexpected about its columns.
    `problem` says why the file cannot be prepared at all; the counts are 0 then. `rejects` is the private file of the
    rows that would be rejected, in the API's own format, relative to the project; None where there are none.
    `fields_from` says who told the object's fields: the platform, or its committed snapshot; where it is "", only the
    types that the mapping declares are judged. `over` names the check of the spec that the file does not pass, or "".
    """

    spec: str
    path: str
    rows: int = 0
    invalid: int = 0
    suppressed: int = 0
    quarantined: int = 0
    reasons: tuple[Rejection, ...] = ()
    rejects: Path | None = None
    fields_from: Origin = ""
    warnings: tuple[str, ...] = ()
    problem: str = ""
    over: str = ""

    @property
    def fields_known(self) -> bool:
        return self.fields_from != ""


@dataclass(frozen=True, slots=True)
class Checked:
    """Every file that was looked at, in the plan's order, and sources that could not be listed."""

    files: tuple[FileCheck, ...]
    problems: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """1 when a file or source cannot be read, 3 when one does not pass its spec's checks, else 0."""
        if self.problems or any(file.problem for file in self.files):
            return 1
        return EXIT_OVER_LIMIT if any(file.over for file in self.files) else 0


def check(
    root: Path,
    *,
    environ: Mapping[str, str],
    overrides: Mapping[str, Any] | None = None,
    names: Sequence[str] = (),
    file: str = "",
    clock: Callable[[], datetime] = utc_now,
) -> Checked:
    """Check the pending files of the named specs (of all, without names), or one `file` as the one named spec's.

    The file is prepared as for an import and every row judged as the API would. It may be any path or URL, pending or
    not. Raises UsageError for a spec that there is none of, or a file without exactly one spec.
    """
    project = load_project(root, environ=environ, overrides=overrides)
    specs = {loaded.spec.name: loaded.spec for loaded in project.specs}
    with ExitStack() as opened:
        sources = opened.enter_context(open_sources(root, project.settings, environ))
        work_dir = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="syncer-check-")))
        if file:
            chosen, problems = _one_file(specs, names, file, sources)
        else:
            chosen, problems = _pending(project, names, sources, clock)
        fields = known_fields(project, environ, {specs[name].target.object for name, _ in chosen})
        judging = Judging(project, sources, fields, work_dir)
        return Checked(tuple(judging.checked(specs[name], each) for name, each in chosen), problems)


_Chosen = tuple[list[tuple[str, SourceFile]], tuple[str, ...]]


def _one_file(specs: Mapping[str, Spec], names: Sequence[str], file: str, sources: Sources) -> _Chosen:
    if len(names) != 1 or names[0] not in specs:
        raise UsageError(
            "a file is checked by the mapping of one spec",
            why=f"specs: {', '.join(sorted(specs)) or 'none'}",
            next_step=f"syncer check SPEC --file {file}",
        )
    spec = specs[names[0]]
    source = spec.source.model_copy(update={"uri": file, "ready": None, "identity": "path"})
    (found,) = sources.find_all([Wanted(source=source, known=NothingKnown())])
    if found.problem is not None:
        raise found.problem
    if not found.files:
        raise SourceError(f"there is no file {file}", next_step="check the path; relative ones start at the project")
    return [(spec.name, each) for each in found.files], ()


def _pending(project: Project, names: Sequence[str], sources: Sources, clock: Callable[[], datetime]) -> _Chosen:
    store = open_store(project.root, project.settings, only_read=True)
    filters = Filters(specs=tuple(names))
    made = reconcile(project, store, sources, filters=filters, now=clock(), ask=lambda: None)
    return [(item.spec, item.file) for item in made.runnable if item.job is None], made.problems


@dataclass(frozen=True, slots=True)
class Judging:
    """What files are prepared and judged with, as for an import, and without sending anything.

    `keep` writes the rows that would be rejected to a private file. `lists` is the folder that the paths of suppress
    lists count from; None is the project's.
    """

    project: Project
    sources: Sources
    fields: Mapping[str, KnownFields]
    work_dir: Path
    keep: bool = True
    lists: Path | None = None

    def checked(self, spec: Spec, file: SourceFile) -> FileCheck:
        """Return what would become of the file's rows; one that cannot be prepared has the reason in `problem`."""
        try:
            return self._judged(spec, file)
        except SyncerError as error:
            problem = error.what + (f" ({error.why})" if error.why else "")
            return FileCheck(spec=spec.name, path=file.path, problem=problem)

    def _judged(self, spec: Spec, file: SourceFile) -> FileCheck:
        from syncer.prepare.making import Means, make

        root, known = self.project.root.absolute(), self.fields.get(spec.target.object, NOTHING)
        held = self.sources.pin(file, spec.source)
        readable = file if held.location is not None else replace(file, opener=held.open)
        means = Means(
            work_dir=self.work_dir,
            memory_limit=self.project.settings.prepare.memory_limit,
            mask_key=self.project.mask_key,
            fields=lambda: known.fields,
            suppress=suppress_list(self.lists or root, spec),
            judging="always",
            rejects=self._rejects(root, spec, file) if self.keep else None,
        )
        made = make(readable, spec, means, batch_value=SAMPLE_BATCH if spec.batch is not None else None)
        made.discard()
        held.verify()
        rows = (made.judged or 0) + made.suppressed
        return FileCheck(
            spec=spec.name,
            path=file.path,
            rows=rows,
            invalid=made.rejected,
            suppressed=made.suppressed,
            quarantined=made.quarantined,
            reasons=made.reasons,
            rejects=made.rejects and made.rejects.relative_to(root),
            fields_from=known.origin,
            warnings=made.warnings,
            over=over_limit(spec, rows, made.rejected),
        )

    @staticmethod
    def _rejects(root: Path, spec: Spec, file: SourceFile) -> Path:
        folder = private_folder(folders.private(root) / "checks" / spec.name)
        return folder / f"{digest(file.path)[:16]}.jsonl"
