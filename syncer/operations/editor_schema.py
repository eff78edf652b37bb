"""The copies of the JSON Schemas that editors read: `specs/.schema.json`, and `specs/.tests.schema.json` for tests.

A repository need not have syncer where its editor looks, so the copies are committed beside the specs and named by the
first line of these and of their tests. `syncer schema pull` and `syncer schema --write` refresh them.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Final, Literal

from syncer.errors import SyncerError
from syncer.spec.schema import schema_text, schema_text_of_tests

PATH: Final = "specs/.schema.json"
TESTS_PATH: Final = "specs/.tests.schema.json"
Freshness = Literal["current", "stale", "absent", "written"]


def freshness(root: Path) -> Freshness:
    """Say whether the copies are this version's; a repository that has none of the specs' has none."""
    if not (root / PATH).exists():
        return "absent"
    return "current" if all(_kept(root / path) == text for path, text in copies().items()) else "stale"


def refresh(root: Path, *, create: bool = False) -> Freshness:
    """Write the copies if they are another version's; where there are none, only to `create` them."""
    known = freshness(root)
    if known == "current" or (known == "absent" and not create):
        return known
    for path, text in copies().items():
        try:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            what = f"the editors' schema cannot be written: {error.strerror or error}"
            raise SyncerError(what, where=path) from error
    return "written"


def copies() -> dict[str, str]:
    """Return what stands in each copy, by its path in the project."""
    return {PATH: schema_text(), TESTS_PATH: schema_text_of_tests()}


def _kept(copy: Path) -> str | None:
    try:
        return copy.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def modeline(spec: str) -> str:
    """Return the first line of a spec, given its path in the project, by which editors find the copy."""
    up = "../" * (len(PurePosixPath(spec).parts) - len(PurePosixPath(PATH).parts))
    return f"# yaml-language-server: $schema={up}{PurePosixPath(PATH).name}\n"
