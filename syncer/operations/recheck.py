"""Judge the last imported file of every changed spec as the spec was at a revision and as it is now.

Nothing is sent, and no row is kept. The file is the present one for both, and counts only while it is the version that
was imported.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from syncer.errors import InvalidInput, PrepareError, SourceError, SyncerError
from syncer.model.files import SourceFile
from syncer.model.log import Generation, Lineage, Log
from syncer.model.spec import Source, Spec
from syncer.operations.check import EXIT_OVER_LIMIT, FileCheck, Judging
from syncer.operations.connect import open_sources
from syncer.operations.facts import check_names
from syncer.operations.last_import import last_import, reached
from syncer.operations.object_fields import KnownFields, known_fields
from syncer.operations.preparation import check_means, preparation_of
from syncer.operations.project_at import Revision, load_project_at
from syncer.operations.stores import open_store
from syncer.plan import Filters
from syncer.settings import MASK_KEY, MaskKey, environment
from syncer.source.formats import format_of
from syncer.source.found import BY_PATH
from syncer.spec.load import LoadedSpec, Project, load_project


@dataclass(frozen=True, slots=True)
class ReasonChange:
    """How many rows would be rejected for one reason, before and after."""

    reason: str
    before: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecRecheck:
    """What becomes of the rows of a spec's last imported file, under the spec as it was and as it is.

    `path` is where the spec is declared, `file` the source file, "" where nothing was imported. `not_compared` says why
    the file was not judged; `before` and `after` are None then.
    """

    spec: str
    path: str
    file: str = ""
    not_compared: str = ""
    before: FileCheck | None = None
    after: FileCheck | None = None

    @property
    def difference(self) -> int | None:
        """How many rows more would be rejected now, None where the file was not judged or prepared both times."""
        if self.before is None or self.after is None or self.before.problem or self.after.problem:
            return None
        return self.after.invalid - self.before.invalid

    @property
    def reasons(self) -> tuple[ReasonChange, ...]:
        """The reasons whose rows are more or fewer now, those with most rows first."""
        counts: dict[str, list[int]] = {}
        for place, side in enumerate((self.before, self.after)):
            for each in side.reasons if side is not None else ():
                counts.setdefault(each.reason, [0, 0])[place] += each.count
        changed = [ReasonChange(reason, *both) for reason, both in counts.items() if both[0] != both[1]]
        return tuple(sorted(changed, key=lambda each: (-max(each.before, each.after), each.reason)))

    @property
    def exit_code(self) -> int:
        """1 where the file could be prepared before and cannot now, 3 where it does not pass the checks now, else 0."""
        if self.before is None or self.after is None:
            return 0
        if self.after.problem:
            return 0 if self.before.problem else 1
        return EXIT_OVER_LIMIT if self.after.over else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rechecked:
    """Every spec that prepares or judges rows otherwise than at a revision, in the order of their files.

    `new` counts specs that were not there. `problem` says why the specs of that revision cannot be read.
    """

    against: str
    commit: str
    specs: tuple[SpecRecheck, ...] = ()
    new: int = 0
    problem: str = ""

    @property
    def exit_code(self) -> int:
        """1 when something failed, 3 when a file does not pass its spec's checks, else 0, whatever the rows are."""
        codes = {spec.exit_code for spec in self.specs}
        return 1 if self.problem or 1 in codes else max(codes, default=0)


def recheck(
    root: Path,
    *,
    against: str,
    environ: Mapping[str, str],
    overrides: Mapping[str, Any] | None = None,
    names: Sequence[str] = (),
) -> Rechecked:
    """Compare the named specs (all, without names) with what they were at the revision `against`.

    A file that is gone, changed or out of reach is told, and fails nothing. Raises UsageError for a revision or spec
    that there is none of, or where the project is in no git repository; InvalidInput for specs that are wrong now.
    """
    project = load_project(root, environ=environ, overrides=overrides)
    # A mask's hash is 64 hexadecimal digits, whatever the key: to count rows any key will do.
    project = replace(project, mask_key=project.mask_key or MaskKey.from_environ({MASK_KEY: "any"}))
    check_names(project, Filters(specs=tuple(names)))
    revision = Revision.named(root, against)
    with ExitStack() as opened:
        scratch = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="syncer-check-")))
        whole = environment(root, environ)
        try:
            before = load_project_at(revision, scratch / "before", environ=whole, overrides=overrides)
        except InvalidInput as error:
            return Rechecked(against=against, commit=revision.commit, problem=_first_of(error))
        before = replace(before, mask_key=project.mask_key)
        pairs = list(_pairs(project, before, names))
        changed = [pair for pair in pairs if pair.is_changed]
        new = sum(1 for loaded in project.specs if not names or loaded.spec.name in names) - len(pairs)
        if not changed:
            return Rechecked(against=against, commit=revision.commit, new=new)
        sources = opened.enter_context(open_sources(root, project.settings, environ))
        log = open_store(root, project.settings, only_read=True).read()
        judging = Judging(project, sources, _fields(changed, before, environ), scratch, keep=False)
        compared = tuple(_Comparing(pair, log, judging).compared() for pair in changed)
        return Rechecked(against=against, commit=revision.commit, specs=compared, new=new)


def _first_of(error: InvalidInput) -> str:
    first = error.problems[0]
    more = f", and {len(error.problems) - 1} more" if len(error.problems) > 1 else ""
    return f"{first.path}:{first.line}:{first.column}: {first.message}{more}"


@dataclass(frozen=True, slots=True)
class _Pair:
    """One spec as it was and as it is, each with its project. `was_at` is the old one's, its root that of the list."""

    was: Spec
    was_at: Project
    now: LoadedSpec
    now_at: Project

    @property
    def is_changed(self) -> bool:
        """Whether anything differs that shapes what the platform is sent for a file."""
        return preparation_of(self.was_at, self.was) != preparation_of(self.now_at, self.now.spec)

    @property
    def objects(self) -> set[str]:
        return {self.was.target.object, self.now.spec.target.object}

    @property
    def lineages(self) -> Iterator[Lineage]:
        names = tuple(dict.fromkeys((*self.was.lineage, *self.now.spec.lineage)))
        for workspace in {project.settings.api.workspace for project in (self.was_at, self.now_at)}:
            yield from (Lineage(names, workspace, target) for target in self.objects)


def _pairs(project: Project, before: Project, names: Sequence[str]) -> Iterator[_Pair]:
    """Yield every spec that was there, under whichever of its names, with what it was."""
    known = {loaded.spec.name: loaded.spec for loaded in before.specs}
    for loaded in project.specs:
        if names and loaded.spec.name not in names:
            continue
        was = next((known[name] for name in reversed(loaded.spec.lineage) if name in known), None)
        if was is not None:
            # A list that git does not hold has no older version: then the one on this disk counts for both.
            is_held = was.suppress is not None and (before.root / was.suppress.keys).is_file()
            yield _Pair(was, before if is_held else replace(before, root=project.root), loaded, project)


def _fields(pairs: Sequence[_Pair], before: Project, environ: Mapping[str, str]) -> dict[str, KnownFields]:
    """Return the objects' fields as they are known now, so that nothing but the spec differs.

    Of an object that nobody tells of now, the snapshot of the revision does: its spec may just have left it.
    """
    objects = set().union(*(pair.objects for pair in pairs))
    known = known_fields(pairs[0].now_at, environ, objects)
    with suppress(InvalidInput):
        return {**known_fields(before, {}, objects - known.keys()), **known}
    return known


@dataclass(frozen=True, slots=True)
class _Comparing:
    pair: _Pair
    log: Log
    judging: Judging

    def compared(self) -> SpecRecheck:
        now = self.pair.now
        told = SpecRecheck(spec=now.spec.name, path=now.path)
        life = last_import(self.log, self.pair.lineages)
        if life is None:
            return replace(told, not_compared="nothing imported yet")
        told = replace(told, file=life.path)
        try:
            check_means(self.pair.was_at, {self.pair.was.name})
            check_means(self.pair.now_at, {now.spec.name})
            source = _source(self.pair, life)
            file = reached(self.judging.sources, source, life)
        except (SourceError, PrepareError) as error:
            return replace(told, not_compared=_in_words(error))
        before = self._judged(self.pair.was, file, source, self.pair.was_at.root)
        return replace(told, before=before, after=self._judged(now.spec, file, source, self.pair.now_at.root))

    def _judged(self, spec: Spec, file: SourceFile, source: Source, lists: Path) -> FileCheck:
        """Judge the file as the spec reads it, from where it was reached."""
        read = source.model_copy(update={"format": spec.source.format, "csv": spec.source.csv})
        try:
            file_format, compression = format_of(file.path, spec.source.format)
        except SourceError as error:
            return FileCheck(spec=spec.name, path=file.path, problem=_in_words(error))
        judging = replace(self.judging, lists=lists)
        return judging.checked(
            spec.model_copy(update={"source": read}), replace(file, format=file_format, compression=compression)
        )


def _source(pair: _Pair, life: Generation) -> Source:
    """Return a source of that one file, so that no folder has to be listed for it."""
    was, now = pair.was.source, pair.now.spec.source
    identity: Literal["tag", "content", "path"] = "tag" if now.identity == "path" else now.identity
    if life.fingerprint == BY_PATH:  # only the bytes tell then, where they were noted
        identity = "content" if life.content is not None else "path"
    return now.model_copy(
        update={
            "uri": life.path,
            "ready": None,
            "identity": identity,
            "connection": now.connection or was.connection,
            "format": now.format or was.format,
        }
    )


def _in_words(error: SyncerError) -> str:
    return error.what + (f" ({error.why})" if error.why else "")
