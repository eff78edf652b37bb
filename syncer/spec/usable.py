"""What can be used of a project although other things in it are wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from syncer.spec.configuration import read_settings
from syncer.spec.document import read_document
from syncer.spec.effective import Effective
from syncer.spec.load import LoadedSpec, Project, check, digest, spec_files


def load_usable(
    root: Path, *, environ: Mapping[str, str], overrides: Mapping[str, Any] | None = None
) -> Project | None:
    """Load the settings and every spec that is valid by itself; None when the settings cannot be used.

    For looking around only: what is left out is in no list here, so nothing may be imported on the strength of it.
    """
    settings, settings_document, _ = read_settings(root, environ=environ, overrides=overrides)
    if settings is None:
        return None
    loaded = []
    for file, path in spec_files(root):
        document = read_document(file, path)
        if document.problems or not isinstance(document.value, dict):
            continue
        effective = Effective(document, settings_document, settings.defaults, Path(path).stem)
        spec, faults = check(effective.value(), settings)
        if spec is not None and not faults:
            loaded.append(LoadedSpec(spec, path, digest(spec), effective))
    return Project(root, settings, tuple(loaded))
