"""Make a first draft of a spec from a file: its columns, their types, and a mapping onto the object's fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from syncer.errors import ApiError, NotFound, Problem, SyncerError, UsageError
from syncer.model.draft import Draft
from syncer.model.files import SourceFormat
from syncer.model.objects import FieldSchema, ObjectSchema
from syncer.model.spec import Source
from syncer.operations.connect import has_credentials, open_api, open_sources
from syncer.operations.editor_schema import modeline, refresh
from syncer.operations.init.look import look_at
from syncer.operations.init.names import snake
from syncer.operations.init.propose import Proposal, propose
from syncer.operations.init.scaffold import make_file
from syncer.operations.init.write import spec_text
from syncer.operations.snapshots import PULL, path_of, read_snapshot
from syncer.operations.validate import validate
from syncer.spec.fault import did_you_mean
from syncer.spec.load import Project, load_project
from syncer.spec.rules.sources import source_faults

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_LONGEST: Final = 64
_FORMATS: Final[Mapping[str, SourceFormat]] = {
    ".tsv": "csv",
    ".tab": "csv",
    ".psv": "csv",
    ".txt": "csv",
    ".json": "jsonl",
}
"""What files of these names usually hold; the draft then says so by `format`."""
_READS: Final = "name a file or URL of CSV, JSONL or Parquet; a workbook has to be saved as CSV"


def infer(
    root: Path,
    file: str,
    target: str,
    *,
    environ: Mapping[str, str],
    overrides: Mapping[str, Any] | None = None,
    name: str = "",
    connection: str = "",
    dry_run: bool = False,
) -> Draft:
    """Write `specs/<name>.yaml` for a file (a path in the project, or a URL) and an object; only show it on `dry_run`.

    The object's fields are asked of the platform with credentials, else taken from the committed snapshot, else
    guessed from the columns. No value of the file is in the draft. Raises UsageError for a name that will not do or an
    object that does not exist, SyncerError where the spec is there already or no column can be mapped, and whatever
    reading the file or asking raises.
    """
    project = load_project(root, environ=environ, overrides=overrides)
    uri = _relative(root, file)
    name = _checked(project, name or _name_of(uri))
    path = f"specs/{name}.yaml"
    source = _source(project, uri, connection)
    known = _known(project, environ, target)
    with open_sources(root, project.settings, environ) as sources:
        looked = look_at(sources, source)
    proposals = propose(looked.columns, known.fields)
    _check_any(proposals, uri, target, known.fields)
    filled = {one.to for one in proposals if one.active}
    merged_by = (known.schema.match_key or "") if known.schema is not None else ""
    text = spec_text(
        looked,
        proposals,
        modeline=modeline(path),
        source=source,
        target=target,
        match_key=merged_by if merged_by in filled else "",
        merged_by=merged_by,
        about_fields=known.about,
    )
    draft = Draft(
        path=path,
        name=name,
        text=text,
        source=uri,
        rows=looked.rows,
        more=looked.more,
        mapped=tuple(one.column for one in proposals if one.active),
        unmapped=(*(one.column for one in proposals if not one.active), *looked.repeated),
        never_send=tuple(one.column for one in proposals if one.sensitive),
        fields_from=known.origin,
        written=not dry_run,
    )
    if dry_run:
        return draft
    return _written(root, draft, environ, overrides)


def _written(root: Path, draft: Draft, environ: Mapping[str, str], overrides: Mapping[str, Any] | None) -> Draft:
    if not make_file(root, draft.path, draft.text.encode()):
        raise _is_there(draft.path)
    refresh(root, create=True)
    checked = validate(root, environ=environ, overrides=overrides)
    return replace(draft, problems=_of(draft.path, checked.problems))


def _of(path: str, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    return tuple(problem for problem in problems if problem.path == path)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    schema: ObjectSchema | None = None
    origin: str = ""
    about: str

    @property
    def fields(self) -> Mapping[str, FieldSchema]:
        return self.schema.fields if self.schema is not None else {}


def _known(project: Project, environ: Mapping[str, str], target: str) -> _Known:
    if has_credentials(project.root, environ):
        return _Known(
            schema=_asked(project, environ, target), origin="platform", about="The object's fields are the platform's."
        )
    kept = read_snapshot(project.root, target)
    if kept is not None:
        return _Known(schema=kept, origin="snapshot", about=f"The object's fields are those of {path_of(target)}.")
    return _Known(
        about=f"The object's fields are not known, so their names are guesses: {PULL}, or syncer validate --online."
    )


def _asked(project: Project, environ: Mapping[str, str], target: str) -> ObjectSchema:
    with open_api(project.root, project.settings, environ) as api:
        try:
            return api.get_object(target).schema
        except NotFound as error:
            try:
                names = [each.name for each in api.list_objects()]
            except ApiError:
                names = []
            hint = did_you_mean(target, names, otherwise=f"objects here: {', '.join(sorted(names)) or 'none is named'}")
            raise UsageError(f"no object is called {target!r}", why=hint) from error


def _relative(root: Path, file: str) -> str:
    """Return a path inside the project relative to it, with forward slashes; a URL stays as it is."""
    if "://" in file:
        return file
    path = Path(file)
    if path.is_absolute() and path.resolve().is_relative_to(root.resolve()):
        path = path.resolve().relative_to(root.resolve())
    return path.as_posix()


def _source(project: Project, uri: str, connection: str) -> Source:
    """Return what the draft reads. Raises UsageError for what no spec could name."""
    name = uri.rpartition("/")[2].lower().removesuffix(".gz")
    declared = next((kind for ending, kind in _FORMATS.items() if name.endswith(ending)), None)
    source = Source(uri=uri, connection=connection or None, format=declared, identity="path")
    for fault in source_faults(source, project.settings):
        raise UsageError(f"--from: {fault.message}", why=fault.hint, next_step=_READS)
    return source


def _name_of(uri: str) -> str:
    """Name a spec after its file, without the extensions and what looks like a date or a number."""
    stem = uri.rpartition("/")[2].partition(".")[0]
    words = [word for word in snake(stem).split("_") if word.isascii() and not word.isdigit()]
    return "-".join(words)[:_LONGEST].rstrip("-") or "draft"


def _checked(project: Project, name: str) -> str:
    if not _NAME.fullmatch(name):
        rule = "letters, digits, - and _, at most 64 of them, beginning with a letter or a digit"
        raise UsageError(f"{name!r} is not a valid name of a spec", why=rule)
    taken = next((loaded.path for loaded in project.specs if loaded.spec.name == name), "")
    if taken or (project.root / f"specs/{name}.yaml").exists():
        raise _is_there(taken or f"specs/{name}.yaml")
    return name


def _is_there(path: str) -> SyncerError:
    return SyncerError(
        f"{path} is there already, and is left as it is",
        why="init overwrites nothing",
        next_step="choose another name: --name SPEC",
    )


def _check_any(proposals: tuple[Proposal, ...], uri: str, target: str, fields: Mapping[str, FieldSchema]) -> None:
    """Raise SyncerError where nothing would be mapped: a spec without a mapping is none."""
    if not any(one.active for one in proposals):
        known = f"fields there: {', '.join(sorted(fields))}" if fields else "its columns are all likely secret"
        raise SyncerError(
            f"no column of {uri} can be mapped onto {target}",
            why=known,
            next_step="check --object, or write the spec by hand from specs/example.yaml",
        )
