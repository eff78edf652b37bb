"""Whether the specs and settings load."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from syncer.operations.doctor.check import BAD_SPEC, Check
from syncer.operations.validate import validate

SUBJECT = "syncer.yaml and specs/"


def check_specs(
    root: Path, environ: Mapping[str, str], overrides: Mapping[str, Any] | None, usable: int | None
) -> Iterator[Check]:
    """Hold every file against the schema and the rules. `usable` specs are looked at further, None for no settings."""
    checked = validate(root, environ=environ, overrides=overrides)
    counted = f"{checked.specs} spec{'s' if checked.specs != 1 else ''}"
    if checked.problems:
        count = len(checked.problems)
        left_out = f"of {counted}, {usable} can be looked at further" if usable is not None else ""
        yield Check(
            area="specs",
            subject=SUBJECT,
            status="failed",
            what=f"{count} problem{'s' if count != 1 else ''}",
            why=left_out or "without settings nothing else can be looked at",
            next_step="mend the files, then run: syncer validate",
            problems=checked.problems,
            exit_code=BAD_SPEC,
        )
    elif not checked.specs:
        yield Check(
            area="specs",
            subject=SUBJECT,
            status="warning",
            what="there is no spec",
            next_step="write a first one below specs/; its keys are in: syncer schema",
        )
    else:
        yield Check(area="specs", subject=SUBJECT, status="ok", what=f"{counted}, no problems")
    if checked.warnings:
        yield Check(
            area="specs",
            subject=SUBJECT,
            status="warning",
            what="allowed, and worth a look",
            problems=checked.warnings,
        )
