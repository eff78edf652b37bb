"""Gather what a plan is made from: the files that specs find, and what is known of the target objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from syncer.errors import ApiError, SourceError, SyncerError, Unavailable, UsageError
from syncer.model.files import SourceFile
from syncer.model.log import Lineage, Log, WriteMode
from syncer.model.spec import Spec
from syncer.operations.preparation import preparation_of
from syncer.operations.rejects_kept import Kept, kept_repairs
from syncer.operations.snapshots import read_snapshots
from syncer.plan import Filters, Plan, SpecInput
from syncer.plan.window import earliest_day
from syncer.source.found import Found
from syncer.source.sources import Sources, Wanted
from syncer.spec.load import LoadedSpec, Project

if TYPE_CHECKING:
    from syncer.api.client import ImportApi

_CANNOT_TELL = frozenset((403, 404, 405, 501))
"""HTTP: no scope for it, no such object or path, no such method, not built."""


def spec_inputs(
    project: Project, filters: Filters, sources: Sources, log: Log, *, in_full: bool = False
) -> tuple[SpecInput, ...]:
    """List the files of every spec that the filters concern. A source that cannot be listed is noted, not raised.

    Files that the log knows as imported are counted only, unless they are wanted `in_full`. For a repair none are
    listed.
    """
    check_names(project, filters)
    _check_objects(project, filters, log)
    needed = _with_dependencies(project, filters)
    listed = [loaded.spec for loaded in project.specs if loaded.spec.name in needed and not filters.repair]
    wanted = [_wanted(project, spec, filters, log, in_full=in_full) for spec in listed]
    found = dict(zip((spec.name for spec in listed), sources.find_all(wanted), strict=True))
    kept = kept_repairs(project.root)
    return tuple(_spec_input(project, loaded, found.get(loaded.spec.name, Found()), kept) for loaded in project.specs)


def _wanted(project: Project, spec: Spec, filters: Filters, log: Log, *, in_full: bool) -> Wanted:
    lineage = Lineage(spec.lineage, project.settings.api.workspace, spec.target.object)
    return Wanted(
        source=spec.source,
        known=_LogKnows(log, lineage, in_full),
        earliest=earliest_day(log, lineage, spec, filters),
    )


@dataclass(frozen=True, slots=True)
class _LogKnows:
    """What the log says of a source's paths. See `source.found.Known`."""

    log: Log
    lineage: Lineage
    in_full: bool

    def is_settled(self, path: str, fingerprint: str) -> bool:
        return not self.in_full and self.log.is_settled(self.lineage, path, fingerprint)

    def content_of(self, path: str, tag: str) -> str | None:
        for life in self.log.generations(self.lineage, path):
            if any(claim.tag == tag for claim in life.claims):
                return life.fingerprint
            if life.fingerprint == tag and life.content is not None:  # imported while the tag told versions apart
                return life.content
        return None


def check_names(project: Project, filters: Filters) -> None:
    """Raise UsageError for a spec or tag that the filters name and the project does not have."""
    from difflib import get_close_matches

    names = {loaded.spec.name for loaded in project.specs}
    tags = {tag for loaded in project.specs for tag in loaded.spec.tags}
    named = (*filters.specs, *filters.exclude, *filters.over_limits, *filters.out_of_order)
    asked = [("spec", name, names) for name in named]
    asked += [("tag", tag, tags) for tag in filters.tags]
    for kind, name, known in asked:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            raise UsageError(
                f"there is no {kind} {name!r}",
                why=f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(known)) or 'none'}",
                next_step="see all of them: syncer status" if kind == "spec" else _about_tags(tags),
            )


def _check_objects(project: Project, filters: Filters, log: Log) -> None:
    """Raise UsageError for an object that nothing is written into, by a spec or by a job that is not finished yet."""
    known = {loaded.spec.target.object for loaded in project.specs}
    unknown = set(filters.objects) - known
    if unknown:
        unknown -= {permit.object for permit in log.open_permits(project.settings.api.workspace)}
    if unknown:
        raise UsageError(
            f"no spec writes into the object {min(unknown)!r}", why=f"known: {', '.join(sorted(known)) or 'none'}"
        )


def _about_tags(tags: Iterable[str]) -> str:
    known = ", ".join(sorted(tags))
    return f"choose among the tags {known}" if known else "give specs `tags`, or choose them by name: --spec NAME"


def _with_dependencies(project: Project, filters: Filters) -> set[str]:
    """Return the specs whose files the plan needs: the chosen ones and what they depend on."""
    specs = {loaded.spec.name: loaded.spec for loaded in project.specs}
    wanted = [name for name, spec in specs.items() if filters.includes(name, spec.tags, spec.target.object)]
    needed: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name in specs and name not in needed:
            needed.add(name)
            wanted += specs[name].depends_on
    return needed


def _spec_input(project: Project, loaded: LoadedSpec, found: Found, kept: Sequence[Kept]) -> SpecInput:
    return SpecInput(
        spec=loaded.spec,
        path=loaded.path,
        digest=loaded.digest,
        preparation=preparation_of(project, loaded.spec),
        files=tuple(found.files),
        settled=found.settled,
        problem=_in_words(found.problem) if found.problem is not None else "",
        repairs=tuple(each.repair for each in kept if each.spec == loaded.spec.name),
    )


def _in_words(problem: SyncerError) -> str:
    """Say in one line what is wrong and what to check: a plan has room for no more."""
    why = f" ({problem.why})" if problem.why else ""
    return f"{problem.what}{why}" + (f"; {problem.next_step}" if problem.next_step else "")


def with_contents(inputs: Iterable[SpecInput], plan: Plan, sources: Sources) -> tuple[SpecInput, ...]:
    """Read the files of which only the bytes tell whether they changed. One that cannot be read stays undecided."""

    def read(own: SpecInput) -> SpecInput:
        if not any(spec == own.spec.name for spec, _ in plan.unread):
            return own
        files = [_read(file, own, sources) if (own.spec.name, file.path) in plan.unread else file for file in own.files]
        return replace(own, files=tuple(files))

    return tuple(read(own) for own in inputs)


def _read(file: SourceFile, own: SpecInput, sources: Sources) -> SourceFile:
    try:
        return replace(file, content=sources.read_content(file, own.spec.source))
    except SourceError:
        return file


def _next_step(error: ApiError) -> str:
    if isinstance(error, Unavailable):
        return "when the API answers again, run: syncer apply"
    return "see what the API is asked and how it answers: syncer apply -vv"


def object_facts(api: ImportApi, names: Iterable[str]) -> tuple[dict[str, WriteMode], frozenset[str]]:
    """Ask the Metadata API for the write mode of each object, and which of them take no import jobs.

    Where the API cannot tell (it has no such object or no metadata at all, or the token may not read it) the object is
    left open, and creating the job decides. Raises what else the API's client raises.
    """
    modes: dict[str, WriteMode] = {}
    closed: set[str] = set()
    for name in sorted(set(names)):
        try:
            known = api.get_object(name)
        except ApiError as error:
            if error.status not in _CANNOT_TELL:
                error.next_step = error.next_step or _next_step(error)
                raise
            continue
        if known.write_mode is not None:
            modes[name] = known.write_mode
        if known.file_import is False:
            closed.add(name)
    return modes, frozenset(closed)


def snapshot_facts(root: Path, names: Iterable[str]) -> tuple[dict[str, WriteMode], frozenset[str]]:
    """Return the same from the committed snapshots, for a run that has nobody to ask.

    Raises InvalidInput for a snapshot that cannot be read.
    """
    kept = read_snapshots(root, names)
    modes = {name: schema.write_mode for name, schema in kept.items() if schema.write_mode is not None}
    return modes, frozenset(name for name, schema in kept.items() if schema.file_import is False)
