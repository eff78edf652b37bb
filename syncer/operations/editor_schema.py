"""The copy of the specs' JSON Schema that editors read: `specs/.schema.json`.

A repository need not have syncer where its editor looks, so the copy is committed beside the specs and named by their
first line. Its name begins with a dot, so it is no spec. `syncer schema pull` and `syncer schema --write` refresh it.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Final, Literal

from syncer.errors import SyncerError
from syncer.spec.schema import schema_text

PATH: Final = "specs/.schema.json"
Freshness = Literal["current", "stale", "absent", "written"]


def freshness(root: Path) -> Freshness:
    """Say whether the copy is this version's."""
    try:
        kept = (root / PATH).read_text(encoding="utf-8")
    except FileNotFoundError:
        return "absent"
    except (OSError, UnicodeDecodeError):
        return "stale"
    return "current" if kept == schema_text() else "stale"


def refresh(root: Path, *, create: bool = False) -> Freshness:
    """Write the copy if it is another version's; where there is none, only to `create` it."""
    known = freshness(root)
    if known == "current" or (known == "absent" and not create):
        return known
    try:
        (root / PATH).parent.mkdir(parents=True, exist_ok=True)
        (root / PATH).write_text(schema_text(), encoding="utf-8", newline="\n")
    except OSError as error:
        raise SyncerError(f"the editors' schema cannot be written: {error.strerror or error}", where=PATH) from error
    return "written"


def modeline(spec: str) -> str:
    """Return the first line of a spec, given its path in the project, by which editors find the copy."""
    up = "../" * (len(PurePosixPath(spec).parts) - len(PurePosixPath(PATH).parts))
    return f"# yaml-language-server: $schema={up}{PurePosixPath(PATH).name}\n"
