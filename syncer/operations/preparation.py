"""What shapes the artifacts of a project's specs besides the specs themselves: the mask key and suppress lists."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from syncer.errors import PrepareError
from syncer.model.identity import preparation_digest
from syncer.model.spec import Spec
from syncer.prepare.artifact import PREPARATION_VERSION
from syncer.prepare.transforms.masking import check_key, masked_columns
from syncer.settings import MASK_KEY
from syncer.spec.load import Project

UNREADABLE = "unreadable"


def preparation_of(project: Project, spec: Spec) -> str:
    """Return the digest that names how files of the spec are prepared, in this project, by this version."""
    key, suppress = project.mask_key, ""
    if spec.suppress is not None:
        try:
            suppress = _suppress_digest(project.root, spec)
        except PrepareError:
            suppress = UNREADABLE  # `check_means` refuses before anything is begun with it
    fingerprint = key.fingerprint if key is not None else ""
    return preparation_digest(spec, PREPARATION_VERSION, mask_key=fingerprint, suppress=suppress)


def suppress_list(root: Path, spec: Spec) -> Path | None:
    """Return where the spec's list of suppressed match keys is, None where it has none."""
    return root / spec.suppress.keys if spec.suppress is not None else None


def check_means(project: Project, names: Collection[str]) -> None:
    """Raise PrepareError if one of these specs needs a mask key or a suppress list that the project does not have.

    Nothing may be begun then.
    """
    for loaded in project.specs:
        if loaded.spec.name in names:
            check_key(loaded.spec, project.mask_key)
            if loaded.spec.suppress is not None:
                _suppress_digest(project.root, loaded.spec)


def missing_means(project: Project) -> Iterator[str]:
    """Say in a plan which specs a run could not prepare."""
    masking = [loaded.spec.name for loaded in project.specs if masked_columns(loaded.spec)]
    if masking and project.mask_key is None:
        yield f"{MASK_KEY} is not set: no file of {', '.join(masking)} can be imported without it"
    for loaded in project.specs:
        if loaded.spec.suppress is not None:
            try:
                _suppress_digest(project.root, loaded.spec)
            except PrepareError as error:
                yield f"{error.what}: no file of {loaded.spec.name} can be imported without it"


def _suppress_digest(root: Path, spec: Spec) -> str:
    from syncer.prepare.reshape.suppression import suppress_digest

    path = suppress_list(root, spec)
    if path is None:
        raise AssertionError("only a spec that suppresses rows has a list")
    return suppress_digest(path)
