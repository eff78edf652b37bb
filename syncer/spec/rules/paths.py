"""Local paths stay inside the project, or inside the folders that `allow.local_roots` names."""

from __future__ import annotations

import posixpath
import re

from syncer.settings import Settings
from syncer.spec.fault import Fault
from syncer.spec.yaml_values import Keys

_DRIVE = re.compile(r"[A-Za-z]:")


def local_path_fault(path: str, keys: Keys, settings: Settings | None) -> Fault | None:
    """Return what is wrong with a local path of a spec. Symlinks are the reader's business."""
    if path.startswith("~"):
        return Fault(keys, "~ is not expanded", "give a path relative to the project")
    if settings is None:
        return None
    resolved = _normal(path)
    if any(_inside(resolved, _normal(root)) for root in settings.allow.local_roots):
        return None
    return Fault(
        keys,
        f"{path!r} is outside the project"
        if settings.allow.local_roots == (".",)
        else f"{path!r} is in no allowed folder",
        "move the file into the project, or add its folder to allow.local_roots in syncer.yaml",
    )


def _normal(path: str) -> str:
    """Normalise to forward slashes; relative paths are relative to the project and begin with neither `/` nor `.`."""
    path = path.replace("\\", "/")
    normal = posixpath.normpath(path)
    if normal.startswith("//"):
        normal = normal[1:]
    return normal.casefold() if _DRIVE.match(normal) else normal


def _inside(path: str, root: str) -> bool:
    if root == ".":
        return path != ".." and not path.startswith(("/", "../")) and _DRIVE.match(path) is None
    return path == root or path.startswith(root.rstrip("/") + "/")
