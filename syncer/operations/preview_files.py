"""Which file a preview shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from syncer.errors import SourceError
from syncer.model.files import SourceFile
from syncer.model.spec import Limits, Spec
from syncer.operations.plan import reconcile
from syncer.operations.stores import open_store
from syncer.plan import Filters
from syncer.source.found import NothingKnown
from syncer.source.sources import Sources, Wanted
from syncer.spec.load import Project


def given_file(spec: Spec, file: str, sources: Sources) -> SourceFile:
    """Find the file that somebody named, by path or URL, as one of the spec's. Raises SourceError."""
    source = spec.source.model_copy(update={"uri": file, "ready": None, "identity": "path"})
    (found,) = sources.find_all([Wanted(source=source, known=NothingKnown())])
    if found.problem is not None:
        raise found.problem
    if not found.files:
        raise SourceError(f"there is no file {file}", next_step="check the path; relative ones start at the project")
    return found.files[0]


def chosen_file(project: Project, spec: Spec, sources: Sources, now: datetime) -> SourceFile:
    """Return the spec's first pending file, or its newest where none is pending. Raises SourceError without any."""
    # Limits on rows would have whole files counted, and nothing is going to be imported.
    unlimited = tuple(
        replace(loaded, spec=loaded.spec.model_copy(update={"limits": Limits()})) for loaded in project.specs
    )
    store = open_store(project.root, project.settings, only_read=True)
    made = reconcile(
        replace(project, specs=unlimited),
        store,
        sources,
        filters=Filters(specs=(spec.name,)),
        now=now,
        ask=lambda: None,
    )
    pending = [item.file for item in made.runnable if item.job is None and item.spec == spec.name]
    if pending:
        return pending[0]
    (found,) = sources.find_all([Wanted(source=spec.source, known=NothingKnown())])
    if found.problem is not None:
        raise found.problem
    if not found.files:
        raise SourceError(
            f"spec {spec.name} finds no file", next_step=f"name one: syncer preview {spec.name} --file PATH"
        )
    return found.files[-1]
