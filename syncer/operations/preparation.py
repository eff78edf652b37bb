"""What shapes the artifacts of a project's specs besides the specs themselves: the key that values are masked with."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from syncer.model.identity import preparation_digest
from syncer.model.spec import Spec
from syncer.prepare.artifact import PREPARATION_VERSION
from syncer.prepare.transforms.masking import check_key, masked_columns
from syncer.settings import MASK_KEY
from syncer.spec.load import Project


def preparation_of(project: Project, spec: Spec) -> str:
    """Return the digest that names how files of the spec are prepared, in this project, by this version."""
    key = project.mask_key
    return preparation_digest(spec, PREPARATION_VERSION, key.fingerprint if key is not None else "")


def check_mask_key(project: Project, names: Collection[str]) -> None:
    """Raise PrepareError if one of these specs masks a column and the project has no key: nothing may be begun then."""
    for loaded in project.specs:
        if loaded.spec.name in names:
            check_key(loaded.spec, project.mask_key)


def missing_mask_key(project: Project) -> Iterator[str]:
    """Say in a plan which specs a run could not prepare."""
    masking = [loaded.spec.name for loaded in project.specs if masked_columns(loaded.spec)]
    if masking and project.mask_key is None:
        yield f"{MASK_KEY} is not set: no file of {', '.join(masking)} can be imported without it"
